"""The bound holds, is sharp where it can be, vanishes for exact networks, and needs every layer."""

import copy
import dataclasses
import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from softeq_sklearn import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
)
from softeq_sklearn.groups import SE, SO, C, MatrixGroup, O, Reflection, S, Scaling, generated_by
from softeq_sklearn.inspection import equivariance_bound
from softeq_sklearn.inspection._error_search import largest_error
from softeq_sklearn.nn import stack_members
from softeq_sklearn.representations import as_representation

TURN = SO(2).embed(3, axes=(0, 1))
# Group, columns, outputs.
CASES = {
    "SO(2)": (SO(2), "2*Vector", "Vector"),
    "SO(2) in space": (TURN, "Scalar + Vector", "T(2)"),
    "SO(3)": (SO(3), "2*Vector", "Scalar + Vector"),
    "O(3)": (O(3), "T(2)", "Vector"),
    "S(3)": (S(3), "Scalar + Vector", "Vector"),
    "C(4)": (C(4), "Vector", "2*Scalar"),
    "covectors": (generated_by(TURN, Reflection(3, axis=0)), "Vector + Vector.T", "Scalar"),
}


def fitted(cls, group, rep_in, rep_out, n_rows=24, **changes):
    rng = np.random.RandomState(0)
    n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
    X = 1 + rng.standard_normal((n_rows, n_in)) * rng.uniform(0.5, 3)
    Y = 3 * rng.standard_normal((n_rows, n_out)) - 1
    small = dict(hidden_channels=10, max_epochs=1, random_state=0, n_hidden_layers=2)
    if cls is SoftEquivariantRegressor:
        group = [group, *changes.pop("beside", [])]
    return cls(group, rep_in, rep_out, **(small | changes)).fit(X, Y)


@functools.cache
def case(name, architecture, scale_columns=True):
    """A small soft network, hardly trained."""
    return fitted(
        SoftEquivariantRegressor,
        *CASES[name],
        architecture=architecture,
        scale_columns=scale_columns,
    )


def shaken(model, seed, size, only=None):
    """A copy with random weights added to all linear layers, or to one of them."""
    model = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    linear = [layer for layer in model.module_.layers if hasattr(layer, "weight")]
    with torch.no_grad():
        for number, layer in enumerate(linear, start=1):
            if only in (None, number):
                for p in layer.parameters():
                    p.add_(size * torch.randn(p.shape, generator=generator))
    return model


def sampled_error(model, group, radius, seed, n=300):
    """The largest error of predictions over random rows and elements, by the public methods."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, model.n_features_in_))
    X *= radius * rng.uniform(size=(n, 1)) ** 0.1 / np.linalg.norm(X, axis=1, keepdims=True)
    X = model._scale_in.inverse_transform(X)
    rep_in, rep_out = as_representation(model.rep_in), as_representation(model.rep_out)
    here = model.predict(X).reshape(n, -1)
    largest = 0.0
    for g in group.sample(8, rng):
        there = model.predict(rep_in.act(g, X)).reshape(n, -1)
        largest = max(largest, np.linalg.norm(there - rep_out.act(g, here), axis=1).max())
    return largest


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(CASES)),
    architecture=st.sampled_from(["factored", "emlp"]),
    scale_columns=st.booleans(),
    seed=st.integers(0, 1000),
    size=st.sampled_from([0.0, 0.01, 0.1, 0.5, 2.0]),
    radius=st.floats(0.1, 10),
    double=st.booleans(),
)
def test_no_error_is_larger_than_the_bound(
    name, architecture, scale_columns, seed, size, radius, double
):
    model, group = shaken(case(name, architecture, scale_columns), seed, size), CASES[name][0]
    if double:
        model.module_.double()
    result = equivariance_bound(model, group, radius, n_search=32, random_state=seed)
    assert sampled_error(model, group, radius, seed) <= result.bound * (1 + 1e-9) + 1e-9
    assert result.largest_found <= result.bound * (1 + 1e-9) + 1e-9
    assert result.bound == pytest.approx(sum(result.per_layer.values()))


@pytest.mark.parametrize("architecture", ["factored", "emlp"])
@pytest.mark.parametrize("name", sorted(CASES))
def test_an_exact_network_has_no_error(name, architecture):
    group = CASES[name][0]
    model = shaken(case(name, architecture), 0, 0.1).project_to(group)
    # Projecting rounds to float32 when it is stored; the network is exact in float64.
    model.module_.double()
    model.module_.project(group)
    assert equivariance_bound(model, group, 1.0, n_search=8, random_state=0).bound < 1e-10
    exact = fitted(EquivariantRegressor, *CASES[name], architecture=architecture)
    assert equivariance_bound(exact, group, 1.0, n_search=8, random_state=0).bound < 1e-10


def test_the_bound_shrinks_with_what_is_outside_the_subspace():
    group = CASES["SO(3)"][0]
    model = shaken(case("SO(3)", "factored"), 0, 0.1)
    model.module_.double()

    def bound(softness):
        softer = model.project_to(group, softness)
        return equivariance_bound(softer, group, 1.0, n_search=8, random_state=0).bound

    assert bound(1e-5) == pytest.approx(10 * bound(1e-6), rel=1e-2)
    assert bound(1e-6) == pytest.approx(10 * bound(1e-7), rel=1e-2)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("name", ["SO(2)", "S(3)"])
def test_every_layer_counts(name, number):
    """A bound without the one layer that is off the subspace would be wrong."""
    group = CASES[name][0]
    model = case(name, "factored").project_to(group)
    model.module_.double()
    model.module_.project(group)
    model = shaken(model, 0, 0.05, only=number)
    result = equivariance_bound(model, group, 2.0, random_state=0)
    rest = {k: v for k, v in result.per_layer.items() if k != f"linear {number}"}
    assert sum(rest.values()) < 1e-6 * result.largest_found
    assert sum(rest.values()) < result.largest_found <= result.bound


@pytest.mark.parametrize("group", [Reflection(2, axis=0), SO(2), S(2)])
def test_a_linear_map_has_its_closed_form(group):
    """|f(gx) - g f(x)| = |W g x - g W x|; at most twice the residual, and reached by half turns."""
    model = fitted(
        SoftEquivariantRegressor,
        group,
        "Vector",
        "Vector",
        n_hidden_layers=0,
        scale_columns=False,
    )
    model = shaken(model, 0, 1.0)
    layer = model.module_.layers[0]
    with torch.no_grad():
        layer.bias.zero_()
    W = layer.weight.detach().numpy().astype(float)
    turns = np.linspace(0, 2 * np.pi, 2001)
    elements = (
        group.sample(64, 0)
        if not len(group.lie_algebra)
        else [np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) for t in turns]
    )
    exact = max(np.linalg.norm(W @ g - g @ W, 2) for g in elements)
    result = equivariance_bound(model, group, 3.0, random_state=0)
    assert result.bound == pytest.approx(3 * exact, rel=1e-5)
    assert result.largest_found == pytest.approx(3 * exact, rel=1e-3)
    assert result.looseness == pytest.approx(1, rel=1e-3)


def test_a_bias_that_the_group_moves_counts():
    model = fitted(SoftEquivariantRegressor, SO(2), "Vector", "Vector", n_hidden_layers=0)
    with torch.no_grad():
        layer = model.module_.layers[0]
        layer.weight.zero_()
        layer.bias.copy_(torch.tensor([3.0, 4.0]))
    result = equivariance_bound(model, SO(2), 1.0, random_state=0)
    factor = model._scale_out.factor[0]
    assert result.bound == pytest.approx(2 * 5 * factor)
    assert result.looseness == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("group", [O(3), SO(2).embed(3, axes=(1, 2))])
def test_a_removed_mean_that_the_group_moves_counts(group):
    """Turns about z let the mean along z be removed; turns about x do not leave it alone."""
    model = fitted(SoftEquivariantRegressor, TURN, "2*Vector", "Vector")
    assert np.abs(model._scale_in.offset).max() > 0.1
    result = equivariance_bound(model, group, 1.0, random_state=0)
    assert result.per_layer["removed mean"] > 0
    assert sampled_error(model, group, 1.0, 0) <= result.bound
    assert equivariance_bound(model, TURN, 1.0).per_layer["removed mean"] < 1e-9


def test_the_mean_of_an_output_that_the_group_moves_counts():
    model = fitted(SoftEquivariantRegressor, TURN, "Vector", "Vector", n_hidden_layers=0)
    with torch.no_grad():
        for p in model.module_.parameters():
            p.zero_()
    result = equivariance_bound(model, SO(3), 1.0, random_state=0)
    assert result.bound == pytest.approx(2 * np.linalg.norm(model._scale_out.offset))
    assert result.looseness == pytest.approx(1, rel=1e-2)


@pytest.mark.parametrize("relax_to", [None, SO(2)])
def test_residual_pathways(relax_to):
    group = O(2)
    model = fitted(
        ResidualPathwayRegressor,
        group,
        "2*Vector",
        "Vector",
        relax_to=relax_to,
        residual_strength=0.0,
        max_epochs=10,
    )
    result = equivariance_bound(model, group, 2.0, random_state=0)
    assert 0 < sampled_error(model, group, 2.0, 0) <= result.bound
    if relax_to is not None:
        assert equivariance_bound(model, relax_to, 0.5, random_state=0).bound < 1e-10


def test_the_bound_of_members_is_the_mean_of_their_bounds():
    group = CASES["SO(3)"][0]
    members = [shaken(case("SO(3)", "factored"), seed, 0.2) for seed in range(3)]
    model = copy.deepcopy(members[0])
    model.net_.module_ = stack_members([member.module_ for member in members])
    results = [equivariance_bound(m, group, 1.5, random_state=0) for m in members]
    result = equivariance_bound(model, group, 1.5, random_state=0)
    assert result.bound == pytest.approx(np.mean([r.bound for r in results]))
    assert sampled_error(model, group, 1.5, 0) <= result.bound
    mean = np.mean([m.predict(np.ones((1, 6))) for m in members], axis=0)
    assert model.predict(np.ones((1, 6))) == pytest.approx(mean)


def test_fitted_members():
    model = fitted(SoftEquivariantRegressor, SO(2), "2*Vector", "Vector", n_members=3)
    result = equivariance_bound(model, SO(2), 2.0, random_state=0)
    assert sampled_error(model, SO(2), 2.0, 0) <= result.bound


def test_a_pointwise_term_counts_for_groups_that_turn():
    model = case("S(3)", "factored")
    result = equivariance_bound(model, SO(3), 1.0, random_state=0)
    assert result.per_layer["gated 1"] > 0
    assert sampled_error(model, SO(3), 1.0, 0) <= result.bound
    permuted = equivariance_bound(model, S(3), 1.0, random_state=0)
    assert permuted.per_layer["gated 1"] == 0


def test_hidden_vectors_alone():
    model = fitted(
        SoftEquivariantRegressor, SO(3), "2*Vector", "Vector", hidden_channels="4*Vector"
    )
    model = shaken(model, 0, 0.2)
    result = equivariance_bound(model, SO(3), 1.0, random_state=0)
    assert sampled_error(model, SO(3), 1.0, 0) <= result.bound


@pytest.mark.filterwarnings("ignore:The groups .* move no column")
def test_a_network_of_scalars():
    model = fitted(SoftEquivariantRegressor, SO(2), "3*Scalar", "Scalar")
    assert equivariance_bound(model, SO(2), 1.0, random_state=0).bound < 1e-12


def test_the_search_finds_more_than_sampling_and_repeats_itself():
    model, group = shaken(case("SO(3)", "factored"), 0, 0.3), SO(3)
    first = equivariance_bound(model, group, 1.0, random_state=3)
    assert (
        first.largest_found == equivariance_bound(model, group, 1.0, random_state=3).largest_found
    )
    assert first.largest_found > 1.05 * sampled_error(model, group, 1.0, 0)


def test_the_result_is_a_value_and_the_estimator_is_left_alone():
    model = case("SO(2)", "factored")
    before = {name: p.clone() for name, p in model.module_.state_dict().items()}
    state = torch.get_rng_state()
    result = equivariance_bound(model, SO(2), 1.0, random_state=0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.bound = 0.0
    after = model.module_.state_dict()
    assert all(
        torch.equal(p, after[name]) and p.dtype == after[name].dtype for name, p in before.items()
    )
    assert all(p.grad is None or not p.grad.isnan().any() for p in model.module_.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert list(result.per_layer)[0] == "removed mean"


def test_what_is_not_covered_is_refused():
    model = case("SO(3)", "factored")
    with pytest.raises(ValueError, match="group must be linear and orthogonal.*Got Scaling"):
        equivariance_bound(model, Scaling(3), 1.0)
    with pytest.raises(ValueError, match="group must be linear and orthogonal.*Got SE"):
        equivariance_bound(model, SE(3), 1.0)
    with pytest.raises(ValueError, match="space of dimension 3"):
        equivariance_bound(model, SO(2), 1.0)
    with pytest.raises(TypeError, match="group must be a Group. Got 'SO"):
        equivariance_bound(model, "SO(3)", 1.0)
    for radius in (0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="radius must be positive and finite"):
            equivariance_bound(model, SO(3), radius)
    with pytest.raises(TypeError, match="radius must be a number"):
        equivariance_bound(model, SO(3), "1")
    with pytest.raises(TypeError, match="n_search must be an integer"):
        equivariance_bound(model, SO(3), 1.0, n_search=1.5)
    with pytest.raises(ValueError, match="n_search must be positive"):
        equivariance_bound(model, SO(3), 1.0, n_search=0)
    with pytest.raises(TypeError, match="estimator must be a SoftEquivariantRegressor"):
        equivariance_bound(LinearRegression(), SO(3), 1.0)
    with pytest.raises(NotFittedError):
        equivariance_bound(EquivariantRegressor(SO(3)), SO(3), 1.0)


def test_networks_that_are_not_covered_are_refused():
    points = fitted(SoftEquivariantRegressor, SO(2), "2*Point", "Scalar")
    with pytest.raises(ValueError, match="no Points"):
        equivariance_bound(points, SO(2), 1.0)
    sized = fitted(SoftEquivariantRegressor, SO(2), "2*Vector", "Vector", beside=[Scaling(2)])
    with pytest.raises(ValueError, match="rows are divided by their size"):
        equivariance_bound(sized, SO(2), 1.0)
    own = fitted(
        SoftEquivariantRegressor,
        SO(2),
        "2*Vector",
        "Vector",
        module=torch.nn.Linear(4, 2),
        regularizer="sampled",
    )
    with pytest.raises(ValueError, match="network of the package.*Linear"):
        equivariance_bound(own, SO(2), 1.0)


class Displacement:
    """How far elements move rows: an error that is largest for half turns."""

    def matrices(self, elements):
        return torch.tensor(elements)

    def __call__(self, x, matrices):
        return torch.linalg.vector_norm((matrices @ x[:, :, None])[:, :, 0] - x, dim=1)


def test_the_search_does_not_depend_on_the_size_of_generators():
    found = [
        largest_error(
            Displacement(),
            3,
            1.0,
            MatrixGroup(size * SO(3).lie_algebra),
            8,
            np.random.RandomState(0),
        )
        for size in (1.0, 1e-6)
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-9)
