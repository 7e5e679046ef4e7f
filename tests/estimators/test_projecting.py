"""A fitted model moved into a group's subspace, or part of the way there."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import GL, SE, SL, SO, C, E, O, Reflection, S, Scaling, Translation, Z
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import as_representation

SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=4, batch_size=16, random_state=0)
PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]


def error_of(model, X, group, rep_in="2*Vector", rep_out="Vector"):
    return equivariance_error(model, X, group, rep_in, rep_out, n_elements=8, random_state=0)


def state(model):
    return {name: value.clone() for name, value in model.module_.state_dict().items()}


@pytest.fixture
def fitted(make_soft, plane):
    """A model that breaks both of its candidates, and the rows it was fitted to."""
    X, Y = plane
    return make_soft(strengths=0.01, max_epochs=15).fit(X, Y + 0.3 * X[:, [1, 0]]), X


# Candidates, a group to project onto, and columns.
CASES = [
    (PLANES, PLANES[0], "Scalar + 2*Vector", "T(2)"),
    (PLANES, SO(3), "2*Vector", "Vector + Scalar"),  # no candidate, from here on
    ([SO(2)], Reflection(2), "2*Vector", "Vector + T(2)"),
    ([C(4)], O(2), "2*Vector", "Vector"),
    ([Scaling(2), SL(2)], GL(2), "Vector + Vector.T", "T(1, 1)"),
    ([SL(2), SO(2)], Scaling(2), "Vector + Vector.T", "Vector"),
    ([SO(2), Scaling(2)], Scaling(2), "Scalar + 2*Vector + T(2)", "Vector.T + T(2) + Scalar"),
    ([SO(2), Scaling(2)], O(2), "2*Vector", "Vector + Scalar"),
    ([Scaling(2), Translation(2)], SE(2), "3*Point", "Point + Vector"),
    ([Scaling(2), SE(2)], Scaling(2), "3*Point", "Point + Vector"),
    ([S(4)], Z(4), "Vector", "Vector + Scalar"),
    ([Translation(2)], SE(2), "3*Point", "Point + Vector"),
    ([SE(2)], E(2), "3*Point + Scalar", "Scalar + Vector"),
]
cases = pytest.mark.parametrize("groups, group, rep_in, rep_out", CASES, ids=str)


@cases
@pytest.mark.parametrize("architecture", ["factored", "emlp"])
def test_predictions_become_equivariant(groups, group, rep_in, rep_out, architecture):
    rng = np.random.RandomState(0)
    n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
    X = rng.standard_normal((60, n_in))
    Y = X @ rng.standard_normal((n_in, n_out)) + np.sin(3 * X[:, :1])
    model = SoftEquivariantRegressor(
        groups,
        rep_in,
        rep_out,
        strengths=1e-3,
        tuning="fixed",
        architecture=architecture,
        scale_columns=False,
        **SMALL,
    ).fit(X, Y)
    projected = model.project_to(group)
    before, after = (error_of(m, X, group, rep_in, rep_out) for m in (model, projected))
    # Weights are rounded to single precision, predictions made in double.
    assert after < 1e-6
    assert before > 1e-3
    assert np.ptp(projected.predict(X), axis=0).max() > 1e-3


@pytest.mark.parametrize("name", ["rotations", "reflection"])
def test_name_or_group(fitted, name):
    model, X = fitted
    by_name, by_group = (model.project_to(group) for group in (name, model.groups[name]))
    assert_array_equal(by_name.predict(X), by_group.predict(X))
    assert error_of(by_name, X, model.groups[name]) < 1e-6
    other = {"rotations": "reflection", "reflection": "rotations"}[name]
    assert error_of(by_name, X, model.groups[other]) > 1e-3


def test_softness_of_one_changes_nothing(fitted):
    model, X = fitted
    assert_allclose(model.project_to("rotations", 1.0).predict(X), model.predict(X), rtol=1e-6)


def test_error_grows_with_softness(fitted):
    model, X = fitted
    errors = [
        error_of(model.project_to("rotations", softness), X, SO(2))
        for softness in (0, 0.01, 0.1, 0.5, 1.0)
    ]
    assert errors == sorted(errors)
    assert 1e3 * errors[0] < errors[1] < 0.1 * errors[-1]


def test_weights_move_in_a_straight_line(fitted):
    model, _ = fitted
    inside, between, start = (
        state(model.project_to("rotations", softness)) for softness in (0.0, 0.3, 1.0)
    )
    for name, value in inside.items():
        if value.is_floating_point():
            torch.testing.assert_close(between[name], value + 0.3 * (start[name] - value))


def test_projecting_again_changes_nothing(fitted):
    model, X = fitted
    once = model.project_to("rotations")
    assert_allclose(once.project_to("rotations").predict(X), once.predict(X), rtol=1e-5, atol=1e-6)


def test_original_is_left_alone(fitted):
    model, X = fitted
    before, levels, weights = model.predict(X), repr(model.levels_), state(model)
    projected = model.project_to("rotations", X=X[:5])
    assert_array_equal(model.predict(X), before)
    assert repr(model.levels_) == levels
    assert all(torch.equal(value, weights[name]) for name, value in state(model).items())
    assert projected is not model and projected.net_ is not model.net_
    assert type(projected) is type(model)
    assert clone(projected).get_params().keys() == model.get_params().keys()


def test_levels_only_with_rows(fitted):
    model, X = fitted
    assert not hasattr(model.project_to("rotations"), "levels_")
    levels = model.project_to("rotations", X=X).levels_
    assert levels.name.tolist() == ["rotations", "reflection"]
    assert levels.error[0] < 1e-6 < 1e-3 < levels.error[1]
    assert levels.penalty[0] < 1e-10 < levels.penalty[1]
    assert_array_equal(levels.strength, model.levels_.strength)
    # Errors are those of the projected function, on these rows.
    half = model.project_to("rotations", 0.5, X=X)
    again = equivariance_error(half, X, SO(2), "2*Vector", "Vector", n_elements=200, random_state=1)
    assert half.levels_.error[0] == pytest.approx(again, rel=0.25)
    assert half.levels_.penalty[0] == pytest.approx(
        model.project_to("rotations", 1.0, X=X).levels_.penalty[0] / 4, rel=1e-4
    )


def test_a_seed_for_the_levels(fitted):
    model, X = fitted
    errors = [model.project_to("rotations", 0.5, X).levels_.error for _ in range(2)]
    assert_array_equal(*errors)


def test_rows_are_checked(fitted):
    model, X = fitted
    with pytest.raises(ValueError, match="X has 3 features"):
        model.project_to("rotations", X=X[:, :3])
    with pytest.raises(ValueError, match="NaN"):
        model.project_to("rotations", X=np.full_like(X, np.nan))


@pytest.mark.parametrize("rows", [None, slice(20)])
def test_pickle_and_copy(fitted, rows):
    model, X = fitted
    projected = model.project_to("rotations", X=None if rows is None else X[rows])
    for twin in (pickle.loads(pickle.dumps(projected)), copy.deepcopy(projected)):
        assert_array_equal(twin.predict(X), projected.predict(X))
        assert hasattr(twin, "levels_") == (rows is not None)


def test_training_goes_on_from_the_projected_weights(fitted, plane):
    model, X = fitted
    projected = model.project_to("rotations")
    projected.set_params(learning_rate=1e-9).partial_fit(X, plane[1])
    assert error_of(projected, X, SO(2)) < 1e-4
    assert projected.levels_.error[0] < 1e-4


def test_columns_with_a_mean(make_soft, plane):
    """Means that all candidates keep were removed; not every group keeps them."""
    X, Y = (part + 5 for part in plane)
    model = make_soft(groups={"reflection": Reflection(2)}).fit(X, Y)
    assert error_of(model.project_to("reflection"), X, Reflection(2)) < 1e-6
    with pytest.raises(ValueError, match=r"keep the means .*scale_columns=False. Got SO\(2\)"):
        model.project_to(SO(2))
    free = make_soft(groups={"reflection": Reflection(2)}, scale_columns=False).fit(X, Y)
    assert error_of(free.project_to(SO(2)), X, SO(2)) < 1e-6
    both = make_soft().fit(X, Y)
    assert error_of(both.project_to("rotations"), X, SO(2)) < 1e-6


def test_points_with_a_mean():
    rng = np.random.RandomState(0)
    X = 5 + rng.standard_normal((60, 4))
    Y = X[:, :2] + (X[:, 2:] - X[:, :2]) * [1, 3]

    def fit(group, **changes):
        model = SoftEquivariantRegressor([group], "2*Point", "Point", **(SMALL | changes))
        return model.fit(X, Y)

    # Translations notice no move of the origin, rotations about a point do.
    moved = fit(Translation(2))
    assert error_of(moved.project_to(SE(2)), X, SE(2), "2*Point", "Point") < 1e-6
    with pytest.raises(ValueError, match="keep the means"):
        moved.project_to(SO(2))
    free = fit(Translation(2), scale_columns=False)
    assert error_of(free.project_to(SO(2)), X, SO(2), "2*Point", "Point") < 1e-6


@pytest.mark.parametrize(
    "group, softness, error, message",
    [
        ("rotation", 0, ValueError, r"one of \['rotations', 'reflection'\]. Got 'rotation'"),
        (None, 0, ValueError, r"one of \['rotations', 'reflection'\]. Got None"),
        (SO(3), 0, ValueError, r"space of dimension 2. Got SO\(3\)"),
        (Scaling(2), 0, ValueError, r"must be orthogonal .* Got Scaling\(2\)"),
        (SL(2), 1, ValueError, r"must be orthogonal .* Got SL\(2\)"),
        ("rotations", -0.1, ValueError, "softness == -0.1, must be >= 0"),
        ("rotations", 1.1, ValueError, "softness == 1.1, must be <= 1"),
        ("rotations", "0", TypeError, "softness must be an instance of"),
        ("rotations", None, TypeError, "softness must be an instance of"),
    ],
)
def test_refusals(fitted, group, softness, error, message):
    model, X = fitted
    before = model.predict(X)
    with pytest.raises(error, match=message):
        model.project_to(group, softness)
    assert_array_equal(model.predict(X), before)


def test_softness_must_be_a_number(fitted):
    model, _ = fitted
    with pytest.raises(ValueError, match="softness"):
        model.project_to("rotations", np.nan)


def test_only_permutations_of_a_network_of_permutations(make_soft, plane):
    X = plane[0]
    model = make_soft(groups=[S(4)], rep_in="Vector", rep_out="Vector", scale_columns=False).fit(
        X, X[:, ::-1]
    )
    assert error_of(model.project_to(Z(4)), X, Z(4), "Vector") < 1e-6
    with pytest.raises(ValueError, match=r"must permute coordinates .* Got SO\(4\)"):
        model.project_to(SO(4))


def test_not_fitted(make_soft):
    with pytest.raises(NotFittedError):
        make_soft().project_to("rotations")


def test_own_module(make_soft, plane):
    model = make_soft(module=torch.nn.Linear, regularizer="sampled").fit(*plane)
    with pytest.raises(TypeError, match="network of ours. Got module=<class .*Linear"):
        model.project_to("rotations")


def test_no_candidates(make_soft, plane):
    X, Y = plane
    model = make_soft(groups=(), scale_columns=False).fit(X, Y)
    assert error_of(model.project_to(SO(2)), X, SO(2)) < 1e-6
    with pytest.raises(ValueError, match=r"group must be one of \[\]. Got 'rotations'"):
        model.project_to("rotations")


def test_groups_without_strength_shape_nothing(make_soft, plane):
    X, Y = plane
    strengths = {"rotations": 0.0, "reflection": 1.0}
    model = make_soft(strengths=strengths, scale_columns=False).fit(X, Y)
    assert error_of(model.project_to("rotations"), X, SO(2)) < 1e-6
    scaled = make_soft(strengths=strengths).fit(X + 5, Y)
    with pytest.raises(ValueError, match="keep the means .* give it a strength among the groups"):
        scaled.project_to("rotations")


def test_on_a_device(make_soft, plane, device):
    X, Y = plane
    projected = make_soft(device=device).fit(X, Y).project_to("rotations", X=X)
    assert next(projected.module_.parameters()).device.type == device
    assert projected.levels_.error[0] < 1e-6
