import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.estimators._exact import held_exactly
from softeq_sklearn.groups import (
    SE,
    SL,
    SO,
    C,
    D,
    E,
    O,
    Reflection,
    S,
    Scaling,
    SO13p,
    Translation,
)
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import DistancePenalty, ProjectionPenalty

ROWS = np.random.RandomState(1).standard_normal((20, 4))


def level_of(model, group, X=ROWS):
    rep_in, rep_out = model.rep_in, model.rep_out
    return equivariance_error(model, X, group, rep_in, rep_out, random_state=0)


@pytest.mark.parametrize("exact", ["rotations", "reflection", SO(2), Reflection(2), C(4), O(2)])
def test_function_is_exactly_equivariant(plane, make_soft, exact):
    model = make_soft(exact_group=exact).fit(*plane)
    group = model.groups[exact] if isinstance(exact, str) else exact
    assert level_of(model, group) < 1e-12
    free = make_soft(strengths={"rotations": 0.01, "reflection": 0.01}).fit(*plane)
    assert level_of(free, group) > 1e-3


def test_others_stay_soft(plane, make_soft):
    model = make_soft(exact_group="reflection").fit(*plane)
    strength = dict(zip(model.levels_.name, model.levels_.strength, strict=True))
    error = dict(zip(model.levels_.name, model.levels_.error, strict=True))
    assert strength == {"rotations": 1.0, "reflection": np.inf}
    assert error["reflection"] < 1e-12
    assert error["rotations"] > 1e-3


def test_strength_of_a_soft_group_pulls(plane, make_soft):
    """The penalty reaches the coefficients of the exact layers."""
    errors = []
    for strength in (1e-3, 1e3):
        model = make_soft(
            exact_group="reflection",
            strengths={"rotations": strength, "reflection": 0.0},
            tuning="fixed",
            max_epochs=30,
        )
        errors.append(level_of(model.fit(*plane), SO(2)))
    assert errors[1] < errors[0] / 3


def test_a_further_group_joins_the_candidates(plane, make_soft):
    model = make_soft(exact_group=C(4)).fit(*plane)
    assert model.levels_.name.tolist() == ["rotations", "reflection", "C(4)"]
    assert model.strengths_[2] == np.inf


def test_a_group_that_equals_a_candidate_is_that_candidate(plane, make_soft):
    models = [make_soft(exact_group=exact).fit(*plane) for exact in ("rotations", SO(2))]
    assert models[1].levels_.name.tolist() == ["rotations", "reflection"]
    predictions = [model.predict(plane[0]) for model in models]
    np.testing.assert_array_equal(*predictions)


def test_candidates_may_be_missing(plane, make_soft):
    model = make_soft(groups=(), exact_group=SO(2)).fit(*plane)
    assert model.levels_.name.tolist() == ["SO(2)"]
    assert model.levels_.error[0] < 1e-12


def test_what_the_exact_group_contains_is_not_tuned(plane, make_soft):
    groups = {
        "quarters": C(4),
        "rotations": SO(2),
        "reflection": Reflection(2),
        "sizes": Scaling(2),
    }
    model = make_soft(groups=groups, exact_group="rotations", tuning="ratio", max_epochs=8)
    model.fit(*plane)
    assert model.strengths_[:2].tolist() == [np.inf, np.inf]
    assert max(model.strengths_[2:]) == 1.0  # rounding errors were not taken for a penalty
    assert set(model.net_.penalty_.groups) == {"reflection", "sizes"}
    assert model.levels_.error[0] < 1e-12


@pytest.mark.parametrize(
    ("larger", "group", "contained"),
    [
        (SO(2), C(4), True),
        (C(4), SO(2), False),
        (SO(2), Reflection(2), False),
        (O(2), Reflection(2), True),
        (D(4), C(4), True),
        (O(3), O(2).embed(3, axes=(0, 2)), True),
        (SO(3), O(2).embed(3, axes=(0, 2)), False),
        (O(3), S(3), True),
        (SL(2), SO(2), True),
        (SL(2), Scaling(2), False),
        (SE(2), SO(2), True),
        (SE(2), Translation(2), True),
        (SO(2), Translation(2), False),
        (SE(2), E(2), False),
        (SO13p(), SO(3).embed(4, axes=(1, 2, 3)), True),
    ],
)
def test_held_exactly(larger, group, contained):
    held = held_exactly({"larger": larger, "group": group}, "larger")
    assert held == ["larger"] + ["group"] * contained


@pytest.mark.parametrize("penalty", [ProjectionPenalty, DistancePenalty])
def test_penalty_of_an_exact_network_is_that_of_its_dense_weights(penalty):
    """The same weights in free layers have the same penalty, and the chain rule holds."""
    groups = {"x": O(2).embed(3, axes=(1, 2)), "y": O(2).embed(3, axes=(0, 2))}
    arguments = dict(hidden_channels=24, n_hidden_layers=1, seed=3)
    exact = O(2).embed(3, axes=(0, 1))
    network = SoftEquivariantNetwork(
        "Scalar + 2*Vector", "T(2)", list(groups.values()), exact=exact, **arguments
    ).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype))
    free = SoftEquivariantNetwork(
        "Scalar + 2*Vector", "T(2)", [*groups.values(), exact], **arguments
    ).double()
    for layer, twin in zip(network.layers, free.layers, strict=True):
        if hasattr(layer, "dense"):
            with torch.no_grad():
                twin.weight.copy_(layer.dense()[0])
                twin.bias.copy_(layer.dense()[1])
    strengths = {"x": 0.3, "y": 2.0}
    bound, unbound = penalty(network, groups, strengths), penalty(free, groups, strengths)
    assert bound.values(network) == pytest.approx(unbound.values(free))
    value = bound(network)
    assert value.item() == pytest.approx(unbound(free).item())
    assert value.item() > 0.1
    value.backward()
    parameter = network.layers[0].coefficients[0]
    gradient, step = parameter.grad[0, 0].item(), 1e-6
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            parameter[0, 0] += sign * step
            values.append(bound(network).item())
            parameter[0, 0] -= sign * step
    assert gradient == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4, abs=1e-7)


def test_penalty_of_the_exact_group_is_rounding_error(plane, make_soft):
    model = make_soft(exact_group="rotations").fit(*plane)
    assert model.levels_.penalty[0] < 1e-25
    assert model.levels_.penalty[1] > 1e-8


@pytest.mark.parametrize("regularizer", ["sampled", "lie"])
def test_penalties_of_the_function(plane, make_soft, regularizer):
    groups = {"rotations": SO(2), "sizes": Scaling(2)}
    model = make_soft(groups=groups, exact_group="rotations", regularizer=regularizer)
    model.fit(*plane)
    assert model.strengths_.tolist() == [np.inf, 1.0]
    assert np.isnan(model.levels_.penalty[0])
    assert model.levels_.error[0] < 1e-12


def test_points(make_soft):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 6)) + 3
    y = np.linalg.norm(X[:, :3] - X[:, 3:], axis=1)
    groups = {"turns": SO(3), "moves": Translation(3)}
    for exact in ("turns", "moves", SE(3)):
        model = make_soft(groups=groups, rep_in="2*Point", rep_out="Scalar", exact_group=exact)
        model.fit(X, y)
        group = groups[exact] if isinstance(exact, str) else exact
        assert level_of(model, group, X[:20]) < 1e-12


def test_columns_keep_the_exact_group_whatever_its_strength(plane, make_soft):
    """A strength of 0 must not let the scaling remove a mean that the group turns."""
    X, y = plane
    model = make_soft(exact_group="rotations", strengths={"rotations": 0.0, "reflection": 1.0})
    assert level_of(model.fit(X + 5, y + 5), SO(2)) < 1e-12


def test_clone_pickle_and_seed(plane, make_soft):
    X, y = plane
    model = make_soft(exact_group="rotations").fit(X, y)
    again = clone(model).fit(X, y)
    assert again.exact_group == "rotations"
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    np.testing.assert_array_equal(model.predict(X), pickle.loads(pickle.dumps(model)).predict(X))


def test_warm_start_and_partial_fit(plane, make_soft):
    X, y = plane
    model = make_soft(exact_group="rotations", warm_start=True).fit(X, y).fit(X, y)
    assert level_of(model, SO(2)) < 1e-12
    model.partial_fit(X, y)
    assert level_of(model, SO(2)) < 1e-12
    with pytest.raises(ValueError, match="exact_group=None after 'rotations'"):
        model.set_params(exact_group=None).fit(X, y)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"exact_group": "spin"},
            "exact_group must be a group or one of .*'rotations'.*Got 'spin'",
        ),
        ({"exact_group": SO(3)}, "dimension 2. Got SO\\(3\\), of dimension 3"),
        ({"exact_group": 3}, "'exact_group' parameter .* must be .*Got 3"),
        (
            {"exact_group": SO(2), "module": torch.nn.Linear},
            "exact_group must be None with a module",
        ),
        (
            {"groups": {"SO(2)": C(4)}, "exact_group": SO(2)},
            "exact_group must not have the name of another candidate",
        ),
    ],
)
def test_errors_before_training(plane, make_soft, changes, message):
    with pytest.raises(ValueError, match=message):
        make_soft(**changes).fit(*plane)


def test_projecting_an_exact_network_is_refused(plane, make_soft):
    model = make_soft(exact_group="rotations").fit(*plane)
    with pytest.raises(ValueError, match="exact group cannot be projected"):
        model.project_to("reflection")


def test_default_is_none():
    assert SoftEquivariantRegressor().exact_group is None


def test_members_are_exact_each(plane, make_soft):
    model = make_soft(exact_group="rotations", n_members=3).fit(*plane)
    assert level_of(model, SO(2)) < 1e-12
    assert model.strengths_.tolist() == [np.inf, 1.0]
    assert model.levels_.error[0] < 1e-12 < model.levels_.error[1]
    spread = model.predict(plane[0], return_std=True)[1]
    assert spread.max() > 1e-3


def test_scalings_may_be_exact(plane, make_soft):
    X, _ = plane
    y = X[:, :2] / np.linalg.norm(X, axis=1, keepdims=True)
    model = make_soft(
        groups={"sizes": Scaling(2), "turns": SO(2)},
        rep_out="2*Scalar",
        exact_group="sizes",
        max_epochs=40,
    ).fit(X, y)
    assert level_of(model, Scaling(2)) < 1e-12
    assert model.score(X, y) > 0.1
