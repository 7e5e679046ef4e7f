"""The residual pathway network, on the table of groups and representations of conftest.py."""

import copy
import pickle

import numpy as np
import pytest
import torch

from softeq_sklearn.groups import SE, SO, C, O, Reflection, S, Scaling, Translation, Trivial, Z
from softeq_sklearn.nn import (
    EquivariantLinear,
    EquivariantNetwork,
    ResidualLinear,
    ResidualPathwayNetwork,
    SoftLinear,
)

SMALL = {"hidden_channels": 40, "n_hidden_layers": 2}

# A group, a part of it that the residual keeps, and columns.
PAIRS = [
    (O(3), SO(3), "V V V", "VV 1"),
    (O(3), O(2).embed(3, axes=(0, 1)), "1 V V", "VV"),
    (SO(3), SO(2).embed(3, axes=(1, 2)), "V V", "1 V"),
    (SO(2), C(3), "V V", "V 1"),
    (O(2), Reflection(2), "1 V", "V VV"),
    (S(3), Z(3), "V V", "V"),
    (Scaling(2), Trivial(2), "V W", "V"),
    (SE(2), Translation(2), "P P 1", "P V 1"),
    (SE(2), SO(2), "P P", "P 1"),
]
pairs = pytest.mark.parametrize(
    ("group", "part", "rep_in", "rep_out"),
    PAIRS,
    ids=[f"{g!r} > {h!r}: {rep_in} -> {rep_out}" for g, h, rep_in, rep_out in PAIRS],
)
architectures = pytest.mark.parametrize("architecture", ["factored", "emlp"])


def layers_of(network, kind):
    return [module for module in network.modules() if isinstance(module, kind)]


def shake(network, size=0.3, seed=0):
    """Move all weights away from the start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in network.parameters():
            p += size * torch.randn(p.shape, generator=generator, dtype=p.dtype)
    return network


def test_start_is_the_equivariant_network(case, dense, equivariance_gap):
    columns = dense.notation(case.rep_in), dense.notation(case.rep_out)
    residual = ResidualPathwayNetwork(*columns, case.group, seed=3, **SMALL).double()
    exact = EquivariantNetwork(*columns, case.group, seed=3, **SMALL).double()
    X = np.random.RandomState(0).standard_normal((5, dense.dim(case.rep_in, case.group.dim)))
    X = torch.from_numpy(X)
    torch.testing.assert_close(residual(X), exact(X), rtol=1e-12, atol=1e-13)
    assert equivariance_gap(residual, case.group, case.rep_in, case.rep_out) < 1e-11


@pairs
def test_free_residual_breaks_the_symmetry(dense, equivariance_gap, group, part, rep_in, rep_out):
    columns = dense.notation(rep_in), dense.notation(rep_out)
    network = ResidualPathwayNetwork(*columns, group, **SMALL).double()
    for layer in layers_of(network, ResidualLinear):
        shake(layer.residual)
    assert equivariance_gap(network, group, rep_in, rep_out) > 1e-2
    if part != Trivial(2):
        assert equivariance_gap(network, part, rep_in, rep_out) > 1e-2


@architectures
@pairs
def test_start_keeps_both_groups(
    dense, equivariance_gap, group, part, rep_in, rep_out, architecture
):
    columns = dense.notation(rep_in), dense.notation(rep_out)
    network = ResidualPathwayNetwork(*columns, group, part, architecture=architecture, **SMALL)
    for kept in (group, part):
        assert equivariance_gap(network.double(), kept, rep_in, rep_out) < 1e-11


@architectures
@pairs
def test_residual_keeps_the_group_it_relaxes_to(
    dense, equivariance_gap, group, part, rep_in, rep_out, architecture
):
    columns = dense.notation(rep_in), dense.notation(rep_out)
    network = ResidualPathwayNetwork(*columns, group, part, architecture=architecture, **SMALL)
    network = shake(network.double(), 0.1)
    assert equivariance_gap(network, part, rep_in, rep_out) < 1e-11
    assert equivariance_gap(network, group, rep_in, rep_out) > 1e-4


def test_exact_pathway_stays_exact(equivariance_gap):
    # Whatever its coefficients are, only the residual can break the symmetry.
    network = ResidualPathwayNetwork("2*Vector", "Vector", SO(3), **SMALL).double()
    for layer in layers_of(network, ResidualLinear):
        shake(layer.exact)
    assert equivariance_gap(network, SO(3), "V V", "V") < 1e-11


def test_every_linear_layer_has_both_pathways():
    free = ResidualPathwayNetwork("2*Vector", "Vector", SO(3), **SMALL)
    mixed = ResidualPathwayNetwork("2*Vector", "Vector", O(3), SO(3), **SMALL)
    for network, kind in ((free, SoftLinear), (mixed, EquivariantLinear)):
        layers = layers_of(network, ResidualLinear)
        assert len(layers) == 3
        for layer in layers:
            assert type(layer.exact) is EquivariantLinear
            assert type(layer.residual) is kind
            assert not any(p.any() for p in layer.residual.parameters())


def test_free_term_of_the_reference_breaks_the_start_a_little(equivariance_gap):
    network = ResidualPathwayNetwork("2*Vector", "Vector", SO(3), architecture="emlp", **SMALL)
    assert 1e-6 < equivariance_gap(network.double(), SO(3), "V V", "V") < 1e-2


def test_same_seed_same_weights(global_generators_untouched):
    X = torch.randn(4, 6, generator=torch.Generator())
    first, again, other = (
        ResidualPathwayNetwork("2*Vector", "Vector", O(3), SO(3), seed=seed, **SMALL)(X)
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_network_survives_pickle_copy_and_state():
    def network(seed):
        free = ResidualPathwayNetwork("2*Point + Vector", "Vector", SE(2), seed=seed, **SMALL)
        return shake(free, seed=seed)

    original, other = network(0), network(1)
    X = torch.randn(4, 6, generator=torch.Generator())
    assert not torch.equal(original(X), other(X))
    other.load_state_dict(original.state_dict())
    for same in (other, pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):
        assert torch.equal(original(X), same(X))


def test_on_a_device(device, equivariance_gap):
    network = ResidualPathwayNetwork("2*Vector", "Vector", O(3), SO(3), **SMALL).double()
    network = shake(network).to(device)
    assert equivariance_gap(network, SO(3), "V V", "V", device=device) < 1e-11


def test_gradients_reach_every_parameter(case, dense):
    columns = dense.notation(case.rep_in), dense.notation(case.rep_out)
    network = ResidualPathwayNetwork(*columns, case.group, **SMALL)
    X = torch.randn(20, dense.dim(case.rep_in, case.group.dim), generator=torch.Generator())
    network(X).square().sum().backward()
    for layer in layers_of(network, ResidualLinear):
        for p in layer.parameters():
            assert p.grad is not None and p.grad.isfinite().all()
        # A residual of zero must be able to move away from it.
        assert layer.residual.bias.grad.any()
