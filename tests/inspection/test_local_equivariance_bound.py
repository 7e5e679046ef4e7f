"""The bound at given rows holds for all elements of the group, and is close to the error."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from softeq_sklearn import EquivariantRegressor, SoftEquivariantRegressor
from softeq_sklearn.groups import SE, SO, C, O, Reflection, S, generated_by
from softeq_sklearn.inspection import local_equivariance_bound
from softeq_sklearn.inspection._bounds import _rows
from softeq_sklearn.representations import as_representation

TURN = SO(2).embed(3, axes=(0, 1))
CASES = {
    "SO(2)": (SO(2), "2*Vector", "Vector"),
    "SO(2) in space": (TURN, "Scalar + Vector", "T(2)"),
    "O(3)": (O(3), "2*Vector", "Scalar + Vector"),
    "S(3)": (S(3), "Scalar + Vector", "Vector"),
    "C(4)": (C(4), "T(2)", "2*Scalar"),
    "covectors": (generated_by(TURN, Reflection(3, axis=0)), "Vector + Vector.T", "Scalar"),
}
MODELS = {}


def fitted(name, cls=SoftEquivariantRegressor, **changes):
    """A small network, hardly trained; the same one for the same arguments."""
    key = (name, cls, tuple(changes.items()))
    if key not in MODELS:
        group, rep_in, rep_out = CASES[name]
        rng = np.random.RandomState(0)
        n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
        X, Y = 1 + 2 * rng.standard_normal((24, n_in)), 3 * rng.standard_normal((24, n_out)) - 1
        small = dict(hidden_channels=10, max_epochs=1, random_state=0, n_hidden_layers=2)
        groups = [group] if cls is SoftEquivariantRegressor else group
        MODELS[key] = cls(groups, rep_in, rep_out, **(small | changes)).fit(X, Y)
    return copy.deepcopy(MODELS[key])


def shaken(model, seed, size):
    """The same with random weights of the linear layers added, in float64."""
    model.module_.double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in model.module_.layers:
            if hasattr(layer, "weight"):
                for p in layer.parameters():
                    p.add_(size * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return model


def rows_of(model, seed, size, n=6):
    rng = np.random.RandomState(seed)
    return model._scale_in.inverse_transform(size * rng.standard_normal((n, model.n_features_in_)))


def largest_error(model, group, X, n_elements=200):
    """The largest error of each row over many elements, by the public methods alone."""
    rep_in, rep_out = as_representation(model.rep_in), as_representation(model.rep_out)
    here, largest = model.predict(X).reshape(len(X), -1), np.zeros(len(X))
    for g in group.sample(n_elements, 0):
        there = model.predict(rep_in.act(g, X)).reshape(len(X), -1)
        largest = np.maximum(largest, np.linalg.norm(there - rep_out.act(g, here), axis=1))
    return largest


@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(sorted(CASES)),
    seed=st.integers(0, 1000),
    shake=st.sampled_from([0.0, 1e-3, 0.01, 0.1, 0.5]),
    size=st.floats(0.1, 5),
)
def test_no_error_is_larger_than_the_bound(name, seed, shake, size):
    model, group = shaken(fitted(name), seed, shake), CASES[name][0]
    X = rows_of(model, seed, size)
    bounds = local_equivariance_bound(model, group, X)
    assert bounds.shape == (6,)
    assert (largest_error(model, group, X, 30) <= bounds * (1 + 1e-9) + 1e-9).all()


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_bound_is_close_where_little_is_broken(name):
    """Random weights amplify more than fitted ones: there the ratio is smaller, see the docs."""
    model, group = fitted(name), CASES[name][0]
    model = shaken(shaken(model, 0, 0.1).project_to(group), 0, 1e-5)
    X = rows_of(model, 0, 1.0)
    ratio = local_equivariance_bound(model, group, X) / largest_error(model, group, X)
    assert (ratio >= 1).all()
    assert np.median(ratio) < 30


@pytest.mark.parametrize("name", ["SO(2)", "S(3)"])
def test_second_order_terms_count(name, monkeypatch):
    """With large errors the sum of first-order terms alone is not a bound of anything."""
    model, group = shaken(fitted(name), 0, 0.3), CASES[name][0]
    X = rows_of(model, 0, 1.0)
    bounds = local_equivariance_bound(model, group, X)
    for stage in (_rows._BilinearStage, _rows._GatedStage):
        call = stage.__call__
        monkeypatch.setattr(stage, "__call__", lambda *args, call=call: (*call(*args)[:2], 0.0))
    assert (local_equivariance_bound(model, group, X) < bounds).all()


def test_remainders_of_layers_are_bounds():
    """f(h + e) - f(h) - J e against what a stage says of it, for one layer at a time."""
    rng = np.random.RandomState(0)
    model, group = shaken(fitted("O(3)"), 0, 0.5), O(3)
    layers = model.module_.layers
    stages = [
        _rows._BilinearStage(layers[1], _rows._gated_segments(layers, layers[1])),
        _rows._GatedStage(layers[2], group),
    ]
    segments = _rows._gated_segments(layers, layers[1])
    for layer, stage in zip(layers[1:3], stages, strict=True):
        for size in (0.01, 0.3, 3.0):
            h = torch.tensor(3 * rng.standard_normal(layers[0].layout_out.size))
            e = torch.tensor(size * rng.standard_normal(len(h)))
            error = np.array([float(e[s].norm()) for s in segments])
            value, derivative, remainder = stage(h, error)
            with torch.no_grad():
                exact, moved = layer(h[:, None])[:, 0], layer((h + e)[:, None])[:, 0]
            assert torch.allclose(value, exact)
            assert 0 < float((moved - exact - derivative @ e).norm()) <= remainder


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_exact_network_has_no_error(name):
    model = fitted(name, EquivariantRegressor)
    bounds = local_equivariance_bound(model, CASES[name][0], rows_of(model, 0, 1.0))
    assert (bounds < 1e-10).all()


def test_the_bound_shrinks_with_what_is_outside_the_subspace():
    model = shaken(fitted("O(3)"), 0, 0.1)
    X = rows_of(model, 0, 1.0)
    one, ten = (
        local_equivariance_bound(model.project_to(O(3), softness), O(3), X)
        for softness in (1e-6, 1e-5)
    )
    assert ten == pytest.approx(10 * one, rel=1e-2)


def test_a_linear_map_has_its_closed_form():
    """A reflection turns what is outside the subspace around: the error is twice |R x|."""
    model = shaken(fitted("SO(2)", n_hidden_layers=0), 0, 1.0)
    group, X = Reflection(2, axis=0), rows_of(model, 0, 1.0)
    bounds = local_equivariance_bound(model, group, X)
    found = largest_error(model, group, X)
    assert (found <= bounds * (1 + 1e-9)).all()
    assert (bounds < 2.5 * found).all()


def test_a_removed_mean_that_the_group_moves_counts():
    model = fitted("SO(2) in space")
    assert np.abs(model._scale_in.offset[1:]).max() > 0.1
    X = rows_of(model, 0, 1.0)
    assert (largest_error(model, SO(3), X) <= local_equivariance_bound(model, SO(3), X)).all()


def test_the_bound_of_members_is_a_bound_of_their_mean():
    model = shaken(fitted("SO(2)", n_members=2), 0, 0.01)
    X = rows_of(model, 0, 1.0)
    bounds = local_equivariance_bound(model, SO(2), X)
    assert (largest_error(model, SO(2), X) <= bounds).all()
    singles = []
    for member in range(2):
        single = copy.deepcopy(model)
        single.net_.module_ = _rows.single_network(model.module_, member)
        single._structure = {**single._structure, "n_members": 1}
        singles.append(local_equivariance_bound(single, SO(2), X))
    assert bounds == pytest.approx(np.mean(singles, axis=0))


@pytest.mark.parametrize("changes", [{"hidden_channels": "4*Vector"}, {"n_hidden_layers": 1}])
def test_other_hidden_layers(changes):
    model = shaken(fitted("O(3)", **changes), 0, 0.1)
    X = rows_of(model, 0, 1.0)
    assert (largest_error(model, O(3), X, 30) <= local_equivariance_bound(model, O(3), X)).all()


def test_what_is_not_covered_is_refused():
    model = fitted("O(3)")
    X = rows_of(model, 0, 1.0)
    with pytest.raises(ValueError, match="linear and orthogonal"):
        local_equivariance_bound(model, SE(3), X)
    with pytest.raises(TypeError, match="estimator must be"):
        local_equivariance_bound(LinearRegression(), O(3), X)
    with pytest.raises(ValueError, match="features"):
        local_equivariance_bound(model, O(3), X[:, :2])
    with pytest.raises(ValueError, match="must commute with the group.*Got SO"):
        local_equivariance_bound(fitted("S(3)"), SO(3), rows_of(fitted("S(3)"), 0, 1.0))
    emlp = fitted("O(3)", architecture="emlp")
    with pytest.raises(ValueError, match="must commute with the group"):
        local_equivariance_bound(emlp, O(3), X)
    exact = emlp.project_to(O(3))  # takes the free term away
    assert (local_equivariance_bound(exact, O(3), X) < 1e-4).all()
