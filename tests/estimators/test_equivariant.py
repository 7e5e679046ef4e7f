"""The exact regressor: equivariant to the last digits, whatever it has learnt."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from softeq_sklearn import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
)
from softeq_sklearn.groups import (
    GL,
    O11,
    O13,
    SE,
    SL,
    SO,
    C,
    Cube,
    D,
    E,
    MatrixGroup,
    O,
    Reflection,
    RubiksCube,
    S,
    Scaling,
    SO11p,
    SO13p,
    Sp,
    Translation,
    Trivial,
    Z,
    generated_by,
)
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import Scalar, Vector, as_representation

SMALL = dict(hidden_channels=24, n_hidden_layers=2, max_epochs=3, random_state=0)

LINEAR = [
    (SO(2), "2*Vector", "Vector"),
    (SO(2), "Scalar + Vector", "Scalar + T(3)"),
    (O(3), "Scalar + 2*Vector", "T(2)"),
    (O(2).embed(3, axes=(0, 1)), "2*Vector + Scalar", "T(2) + Scalar"),
    (SO(3).embed(4, axes=(3, 0, 1)), "2*Vector", "Scalar + Vector"),
    (Reflection(3, axis=1), "Vector", "Vector + T(2)"),
    (C(4), "2*Vector", "Vector"),
    (D(3), "2*Vector", "Vector + Scalar"),
    (Trivial(3), "Vector", "Vector"),
    (generated_by(SO(2), Scaling(2)), "2*Vector", "Scalar + Vector"),
    (MatrixGroup(discrete_generators=[[[0.0, 2.0], [0.5, 0.0]]]), "Vector", "Vector + Vector.T"),
    (SL(2), "2*Vector", "Vector + Scalar"),
    (GL(2), "2*Vector + T(0, 1)", "Vector + Scalar"),
    (Scaling(3), "2*Vector + T(0, 1)", "Scalar + Vector + T(2)"),
    (Sp(1), "2*Vector", "Scalar + Vector"),
    (SO11p(), "2*Vector", "Vector + Scalar"),
    (O11(), "2*Vector", "Vector.T + Scalar"),
    (SO13p(), "3*Vector", "Scalar + Vector"),
    (O13(), "3*Vector", "Scalar + T(1, 1)"),
    (S(4), "2*Vector", "Vector + Scalar"),
    (S(3), "T(2)", "Vector + T(2)"),
    (Z(5), "Vector", "Vector"),
    (Cube(), "Vector", "Scalar + Vector"),
    (RubiksCube(), "Vector", "Scalar + Vector"),
]

WITH_POINTS = [
    (group, "3*Point", rep_out)
    for group in (SE(2), E(3), Translation(2))
    for rep_out in ("Scalar", "Vector", "Point", "Point + Scalar + 2*Vector + Point")
] + [
    (SE(3), "2*Point", "Point"),
    (E(2), "Point", "Point + Vector"),
    (Translation(3), "Scalar + 2*Point + Vector", "2*Point"),
    (SO(2), "3*Point", "Point + Vector"),
    (generated_by(SE(2), Scaling(2)), "3*Point", "Point"),
]


def columns(rep, group, n_rows=40, seed=0):
    """Rows with a mean that no group but the trivial one leaves fixed."""
    rng = np.random.RandomState(seed)
    n_columns = as_representation(rep).dim(group)
    return 3 * rng.standard_normal((n_rows, n_columns)) + np.arange(5, 5 + n_columns)


def fit(group, rep_in, rep_out, **changes):
    """Fit the regressor to a target that is not equivariant, with a mean, too."""
    X = columns(rep_in, group)
    mix = np.random.RandomState(1).standard_normal(
        (X.shape[1], as_representation(rep_out).dim(group))
    )
    Y = X @ mix + np.sin(X[:, :1]) + 7
    return EquivariantRegressor(group, rep_in, rep_out, **(SMALL | changes)).fit(X, Y), X


@pytest.mark.filterwarnings("ignore:The columns .* lie")  # of y of some of the groups
@pytest.mark.parametrize("group, rep_in, rep_out", LINEAR + WITH_POINTS, ids=str)
def test_predictions_are_exactly_equivariant(group, rep_in, rep_out):
    model, X = fit(group, rep_in, rep_out)
    prediction = model.predict(X)
    assert np.ptp(prediction, axis=0).max() > 1e-3 * abs(prediction).max(), "a constant"
    error = equivariance_error(
        model, X, group, rep_in, rep_out, n_elements=8, per_sample=True, random_state=0
    )
    assert error.max() < 1e-12


@pytest.mark.parametrize("changes", [{"n_hidden_layers": 0}, {"hidden_channels": "T(3) + Vector"}])
@pytest.mark.parametrize("group, rep_in, rep_out", LINEAR[:3] + WITH_POINTS[:4], ids=str)
def test_whatever_the_hidden_layers(group, rep_in, rep_out, changes):
    model, X = fit(group, rep_in, rep_out, **changes)
    error = equivariance_error(model, X, group, rep_in, rep_out, n_elements=8, random_state=0)
    assert error < 1e-12


def test_other_symmetries_are_not_built_in():
    model, X = fit(O(2).embed(3, axes=(0, 1)), "2*Vector", "Vector")
    assert equivariance_error(model, X, SO(3), "2*Vector", "Vector", random_state=0) > 0.01


def test_continued_training_stays_exact():
    model, X = fit(SO(2), "2*Vector", "Vector", warm_start=True)
    Y = X[:, 2:] + 1
    for fitted in (model.fit(X, Y), model.partial_fit(X, Y)):
        error = equivariance_error(fitted, X, SO(2), "2*Vector", "Vector", random_state=0)
        assert error < 1e-12


def test_rows_in_other_orientations_need_no_training():
    """Trained on vectors that point east, it knows those that point anywhere."""
    rng = np.random.RandomState(0)
    X = np.column_stack([1 + rng.rand(200), 0.1 * rng.standard_normal(200)])
    y = (X**2).sum(axis=1)
    model = EquivariantRegressor(
        SO(2), "Vector", hidden_channels=16, max_epochs=40, n_hidden_layers=1, random_state=0
    ).fit(X, y)
    g = SO(2).sample(1, 0)[0]
    assert model.score(X @ g.T, y) == pytest.approx(model.score(X, y), abs=1e-9)
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize(
    "reps", [(None, None), ("2*Vector", "Vector"), ("Vector.T + Vector", "T(1)")]
)
def test_without_a_group_it_is_the_plain_network(plane, reps):
    X, Y = plane
    arguments = SMALL | dict(rep_in=reps[0], rep_out=reps[1])
    model = EquivariantRegressor(None, **arguments).fit(X, Y)
    plain = SoftEquivariantRegressor((), **arguments).fit(X, Y)
    assert_array_equal(model.predict(X), plain.predict(X))
    assert type(model.module_) is type(plain.module_)


def test_text_and_values_say_the_same(plane):
    X, Y = plane
    text = EquivariantRegressor(SO(2), "Vector + 2 * Scalar", "Vector", **SMALL).fit(X, Y)
    value = EquivariantRegressor(SO(2), Vector + 2 * Scalar, Vector, **SMALL).fit(X, Y)
    assert_array_equal(text.predict(X), value.predict(X))


def test_parameters_are_those_of_the_soft_regressor():
    def parameters(estimator):
        return {
            p.name: (p.default, p.kind) for p in inspect.signature(estimator).parameters.values()
        }

    soft = parameters(SoftEquivariantRegressor)
    own = {"groups", "module", "strengths", "exact_group", "regularizer", "penalty", "tuning"}
    own.add("n_members")
    shared = [item for item in soft.items() if item[0] not in own]
    for estimator in (EquivariantRegressor, ResidualPathwayRegressor):
        exact = parameters(estimator)
        assert exact.pop("group")[0] is None
        exact.pop("relax_to", None)
        exact.pop("residual_strength", None)
        assert list(exact.items()) == shared


def test_group_and_representations_may_be_positional():
    model = EquivariantRegressor(SO(2), "Vector", "Scalar")
    assert (model.group, model.rep_in, model.rep_out) == (SO(2), "Vector", "Scalar")
    with pytest.raises(TypeError, match="positional"):
        EquivariantRegressor(SO(2), "Vector", "Scalar", 128)


@pytest.mark.parametrize("kind", ["exact", "soft", "residual"])
def test_groups_that_act_on_points_about_another_centre_are_refused(kind):
    """Such a fit predicted a constant, in silence."""
    centre = np.array([3.0, 1.0])
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    group = MatrixGroup([np.column_stack([turn, -turn @ centre])], name="about a point")
    X = centre + np.random.RandomState(0).randn(60, 2)
    y = ((X - centre) ** 2).sum(axis=1)
    settings = {"rep_in": "Point", "max_epochs": 2, "random_state": 0}
    model = {
        "exact": EquivariantRegressor(group, **settings),
        "soft": SoftEquivariantRegressor({"turns": group}, **settings),
        "residual": ResidualPathwayRegressor(group, **settings),
    }[kind]
    with pytest.raises(ValueError, match=r"about \[3.0, 1.0\]. Subtract .* name='about a point'"):
        model.fit(X, y)


def test_levels_of_groups_about_another_centre_are_measured_without_a_penalty():
    turns = MatrixGroup([[[0.0, -1.0, 1.0], [1.0, 0.0, -3.0]]])
    X = np.random.RandomState(0).randn(60, 2)
    model = SoftEquivariantRegressor(
        {"all": SE(2), "turns": turns},
        rep_in="Point",
        strengths={"all": 1.0, "turns": 0.0},
        max_epochs=2,
        random_state=0,
    ).fit(X, X[:, 0])
    assert np.isfinite(model.levels_.error).all()
    np.testing.assert_array_equal(np.isnan(model.levels_.penalty), [False, True])
