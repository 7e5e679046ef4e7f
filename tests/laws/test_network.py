"""Laws of networks: those that are exactly equivariant are so, to rounding."""

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from softeq_sklearn.groups import SE, SO, O
from softeq_sklearn.nn import (
    EquivariantNetwork,
    ResidualPathwayNetwork,
    SoftEquivariantNetwork,
)
from softeq_sklearn.representations import Point, Scalar, Vector
from softeq_sklearn.testing import representations
from tests.laws import _reference as reference
from tests.laws._law import law
from tests.laws._networks import shake
from tests.laws._strategies import (
    acts_about_origin,
    any_groups,
    columns,
    elements,
    seeds,
)

# Largest error, relative to the largest row.
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}


def outputs(network, X, dtype, device):
    with torch.no_grad():
        return network(torch.tensor(X, dtype=dtype, device=device)).cpu().double().numpy()


def check_equivariant(network, g, rep_in, rep_out, X, dtype=torch.float64, device="cpu"):
    """f(g x) = g f(x), up to the tolerance of the precision."""
    moved = outputs(network, reference.act(rep_in, g, X), dtype, device)
    expected = reference.act(rep_out, g, outputs(network, X, dtype, device))
    distance = np.linalg.norm(moved - expected, axis=1).max()
    size = max(np.linalg.norm(rows, axis=1).max() for rows in (moved, expected))
    assert distance <= TOLERANCE[dtype] * max(size, 1e-6)


def exact_network(kind, rep_in, rep_out, group, **settings):
    """A network that is exactly equivariant, by one of the ways to make one."""
    if kind == "exact":
        network = EquivariantNetwork(rep_in, rep_out, group, **settings)
    elif kind == "residual":
        network = ResidualPathwayNetwork(rep_in, rep_out, group, **settings)
    elif kind == "soft, held exactly":
        network = SoftEquivariantNetwork(rep_in, rep_out, exact=group, **settings)
    else:
        network = SoftEquivariantNetwork(rep_in, rep_out, [group], **settings)
    return network


@st.composite
def problems(draw):
    """A group, one of its elements, representations, and how the network is made."""
    group = draw(any_groups().filter(acts_about_origin))
    rep_in = draw(columns(group, 6))
    rep_out = draw(representations(group, max_columns=6, points=rep_in.has_points))
    kinds = ["exact", "residual", "soft, held exactly", "soft, projected"]
    return {
        "group": group,
        "g": draw(elements(group)),
        "rep_in": rep_in,
        "rep_out": rep_out,
        "kind": draw(st.sampled_from(kinds)),
        "architecture": draw(st.sampled_from(["factored", "emlp"])),
        "n_hidden_layers": draw(st.integers(0, 2)),
        "seed": draw(seeds),
    }


def shaken(problem, device, dtype):
    """The network of a problem, with random weights that keep the group."""
    names = ("kind", "rep_in", "rep_out", "group", "architecture", "n_hidden_layers")
    arguments = {name: problem[name] for name in names}
    if arguments["kind"] == "residual":
        # The pointwise term of the other one is a part of the residual.
        arguments["architecture"] = "factored"
    network = exact_network(**arguments, hidden_channels=8, seed=problem["seed"] % 1000)
    network.double()
    shake(network, problem["seed"])
    if arguments["kind"] == "soft, projected":
        network.project(problem["group"])
    return network.to(device, dtype)


def arguments_of(problem, device, dtype):
    """What the check takes."""
    rep_in, rep_out = problem["rep_in"], problem["rep_out"]
    X = np.random.default_rng(problem["seed"] + 1).standard_normal(
        (3, rep_in.dim(problem["group"]))
    )
    return shaken(problem, device, dtype), problem["g"], rep_in, rep_out, X, dtype, device


@law(problems())
def test_exact_networks_in_double_precision(device, problem):
    check_equivariant(*arguments_of(problem, device, torch.float64))


@law(problems())
def test_exact_networks_in_single_precision(device, problem):
    check_equivariant(*arguments_of(problem, device, torch.float32))


# What the check is for


def broken_layer(network):
    """A weight from a vector to a scalar."""
    with torch.no_grad():
        network.layers[-1].weight[0, -1] += 0.1


def broken_bias(network):
    """A bias on one component of a vector."""
    with torch.no_grad():
        network.layers[-1].bias[-1] += 0.01


def broken_columns(network):
    """Two columns of the input exchanged."""
    network.entry.columns[[0, 2]] = network.entry.columns[[2, 0]]


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("spoil", [broken_layer, broken_bias, broken_columns])
def test_a_broken_layer_is_told(spoil, dtype, device):
    rep_in, rep_out = Scalar + 2 * Vector, Scalar + Vector
    settings = {"hidden_channels": 12, "n_hidden_layers": 1}
    network = SoftEquivariantNetwork(rep_in, rep_out, [O(2)], **settings).double()
    shake(network, 0)
    network.project(O(2))
    X, (g,) = np.random.default_rng(0).standard_normal((3, 5)), SO(2).sample(1, 1)
    network.to(device, dtype)
    arguments = network, g, rep_in, rep_out, X, dtype, device
    check_equivariant(*arguments)
    spoil(network)
    with pytest.raises(AssertionError):
        check_equivariant(*arguments)


def test_networks_of_other_groups_are_told():
    rep_in, rep_out = 2 * Point, Point
    X, (g,) = np.random.default_rng(0).standard_normal((3, 4)), SE(2).sample(1, 1)
    for group, keeps in ((SE(2), True), (SO(2), False)):
        network = EquivariantNetwork(rep_in, rep_out, group, hidden_channels=12).double()
        shake(network, 0)
        if keeps:
            check_equivariant(network, g, rep_in, rep_out, X)
            continue
        with pytest.raises(AssertionError):
            check_equivariant(network, g, rep_in, rep_out, X)


def test_shaken_networks_depend_on_their_rows():
    # A constant would keep every symmetry: the law is about functions that are none.
    settings = {"hidden_channels": 12, "n_hidden_layers": 1}
    network = EquivariantNetwork("2*Vector", "Vector", O(2), **settings).double()
    shake(network, 0)
    X = np.random.default_rng(0).standard_normal((50, 4))
    assert outputs(network, X, torch.float64, "cpu").std(0).min() > 0.1
