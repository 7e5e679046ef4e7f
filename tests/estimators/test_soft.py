"""The soft regressor: penalties, strengths and what it reports."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

import softeq_sklearn.estimators._measured_levels as levels_module
import softeq_sklearn.estimators._soft as soft_module
from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_distances, make_inertia
from softeq_sklearn.groups import (
    O13,
    SE,
    SL,
    SO,
    MatrixGroup,
    O,
    Reflection,
    S,
    Scaling,
    Translation,
)
from softeq_sklearn.levels import estimate_level
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import as_representation

ZERO = {"rotations": 0.0, "reflection": 0.0}


@pytest.mark.parametrize("strengths", [0, 0.0, ZERO])
def test_strength_zero_is_the_plain_network(make_soft, plane, strengths):
    X, Y = plane
    plain = make_soft(groups=()).fit(X, Y)
    model = make_soft(strengths=strengths).fit(X, Y)
    assert_array_equal(model.predict(X), plain.predict(X))
    assert_array_equal(model.strengths_, [0, 0])
    # Their levels are reported all the same.
    assert (model.levels_.error > 0.01).all() and (model.levels_.penalty > 0.01).all()


def test_strength_zero_of_a_group_that_is_not_orthogonal(make_soft, plane):
    """Such a group would make V and its dual different types, if it counted."""
    X, Y = plane
    model = make_soft(
        groups={"rotations": SO(2), "scalings": Scaling(2)},
        strengths={"rotations": 1, "scalings": 0},
        tuning="fixed",
    ).fit(X, Y)
    alone = make_soft(groups=[SO(2)], tuning="fixed").fit(X, Y)
    # The sum of penalties has more terms, which are zero but may be added in another order.
    assert_allclose(model.predict(X), alone.predict(X), atol=1e-4)
    assert model.levels_.penalty[0] == pytest.approx(alone.levels_.penalty[0], rel=1e-3)
    # Its error is known, but not its subspace among weights that take V for its dual.
    assert np.isnan(model.levels_.penalty[1]) and model.levels_.error[1] > 0.01


def test_growing_strength_shrinks_penalty_and_error(make_soft, plane):
    X, Y = plane
    levels = [
        make_soft(strengths=strength, tuning="fixed", max_epochs=15).fit(X, Y).levels_
        for strength in (0.0, 0.1, 10.0)
    ]
    penalties = np.array([level.penalty for level in levels])
    assert (np.diff(penalties, axis=0) < 0).all()
    errors = np.array([level.error for level in levels])
    assert (errors[-1] < 0.5 * errors[0]).all()


def test_tuning_lowers_the_strength_of_the_broken_group(make_soft, plane):
    X, Y = plane
    model = make_soft(max_epochs=40, n_hidden_layers=2).fit(X, Y)
    rotations, reflection = model.strengths_
    assert reflection == 1.0
    assert rotations < 0.5
    levels = model.levels_
    assert levels.error[0] > 2 * levels.error[1]
    assert levels.penalty[0] > levels.penalty[1]


def test_levels_find_the_axis_of_the_data():
    data = make_inertia(300, noise=-1.0, axis=2, random_state=0)
    model = SoftEquivariantRegressor(
        data.groups,
        data.rep_in,
        data.rep_out,
        hidden_channels=48,
        n_hidden_layers=2,
        max_epochs=25,
        random_state=0,
    ).fit(data.data, data.target)
    assert model.levels_.name[0] == "O(2) xy"
    assert np.argmin(model.levels_.error) == np.argmax(model.levels_.strength) == 0


@pytest.mark.parametrize("strengths", [2.5, {"rotations": 3.0, "reflection": 0.25}])
def test_fixed_strengths_stay(make_soft, plane, strengths):
    model = make_soft(strengths=strengths, tuning="fixed").fit(*plane)
    expected = list(strengths.values()) if isinstance(strengths, dict) else [2.5, 2.5]
    assert_array_equal(model.strengths_, expected)
    assert model.net_.penalty_.strengths == dict(zip(model.levels_.name, expected, strict=True))


def test_one_strength_for_all_is_one_for_each(make_soft, plane):
    X, Y = plane
    one = make_soft(strengths=0.5).fit(X, Y)
    each = make_soft(strengths={"reflection": 0.5, "rotations": 0.5}).fit(X, Y)
    assert_array_equal(one.predict(X), each.predict(X))


def test_each_strength_belongs_to_its_group(make_soft, plane):
    X, Y = plane
    penalties = [
        make_soft(strengths={"rotations": a, "reflection": b}, tuning="fixed", max_epochs=15)
        .fit(X, Y)
        .levels_.penalty
        for a, b in ((1000.0, 0.001), (0.001, 1000.0))
    ]
    assert penalties[0][0] < 0.1 * penalties[1][0]
    assert penalties[1][1] < 0.1 * penalties[0][1]


@pytest.mark.parametrize("missing, method", [(0, "explore"), (1, "ratio")])
def test_automatic_tuning_explores_where_it_can(make_soft, plane, monkeypatch, missing, method):
    """There are 80 rows, hence 72 for training and 3 steps an epoch."""
    X, Y = plane
    options = {"validation_fraction": 0.1}
    n_steps = make_soft(**options)._n_steps(72)
    monkeypatch.setattr(soft_module, "_EXPLORED_STEPS", n_steps + missing)
    auto, same = (make_soft(tuning=tuning, **options).fit(X, Y) for tuning in ("auto", method))
    assert_array_equal(auto.predict(X), same.predict(X))
    assert_array_equal(auto.strengths_, same.strengths_)
    assert (auto._exploration is None) == (method == "ratio")


def test_automatic_tuning_of_another_penalty_is_the_ratio_rule(make_soft, plane, monkeypatch):
    monkeypatch.setattr(soft_module, "_EXPLORED_STEPS", 1)
    X, Y = plane
    auto, ratio = (
        make_soft(tuning=tuning, penalty="cosine").fit(X, Y) for tuning in ("auto", "ratio")
    )
    assert_array_equal(auto.predict(X), ratio.predict(X))
    with pytest.raises(ValueError, match="tuning must not be 'explore' .* penalty='cosine'"):
        make_soft(tuning="explore", penalty="cosine").fit(X, Y)


def test_translations_are_found_broken():
    """Few weights read where the points are as a whole, and the gain is 1% of the variance."""
    data = make_distances(1000, symmetry="rotations", random_state=0)
    groups = {name: data.groups[name] for name in ("SO(3)", "Translation(3)")}
    levels = {}
    for tuning, n_epochs in (("explore", 200), ("ratio", 60)):
        model = SoftEquivariantRegressor(
            groups,
            data.rep_in,
            data.rep_out,
            hidden_channels=64,
            n_hidden_layers=2,
            tuning=tuning,
            max_epochs=n_epochs,
            random_state=0,
        ).fit(data.data, data.target)
        levels[tuning] = dict(zip(groups, model.levels_.error, strict=True))
    true_error = data.true_error(groups["Translation(3)"])
    assert levels["explore"]["Translation(3)"] == pytest.approx(true_error, rel=0.3)
    assert levels["explore"]["SO(3)"] < 0.005
    assert levels["ratio"]["Translation(3)"] < 0.1 * true_error  # the rule of the paper is blind


@pytest.mark.parametrize("tuning", ["auto", "fixed"])
def test_one_group_has_nothing_to_be_compared_with(make_soft, plane, tuning):
    model = make_soft(groups=[SO(2)], tuning=tuning, strengths=0.3).fit(*plane)
    assert_array_equal(model.strengths_, [0.3])
    assert model.levels_.name.tolist() == ["SO(2)"]


def test_no_groups(make_soft, plane):
    X, Y = plane
    for groups in ((), [], {}):
        model = make_soft(groups=groups, strengths={}).fit(X, Y)
        assert model.strengths_.shape == model.levels_.error.shape == (0,)
        assert len(model.levels_) == 0


def test_a_sequence_is_named_by_repr(make_soft, plane):
    X, Y = plane
    groups = [SO(2), O(2), Reflection(2, axis=1)]
    model = make_soft(groups=groups, strengths={"SO(2)": 1, "O(2)": 2, repr(groups[2]): 3})
    expected = [repr(group) for group in groups]
    assert model.fit(X, Y).levels_.name.tolist() == expected
    named = make_soft(groups=dict(zip("abc", groups, strict=True)), strengths=1.0).fit(X, Y)
    assert_array_equal(make_soft(groups=tuple(groups)).fit(X, Y).predict(X), named.predict(X))


@pytest.mark.filterwarnings("ignore:The groups .* move no column")
def test_columns_without_representations_are_scalars(make_soft, plane):
    """Groups do nothing to scalars: every function is equivariant."""
    X, Y = plane
    model = make_soft(rep_in=None, rep_out=None).fit(X, Y)
    assert_allclose(model.levels_.error, 0, atol=1e-14)
    assert_array_equal(model.levels_.penalty, [0, 0])
    spelt = make_soft(rep_in="4*Scalar", rep_out="2*Scalar").fit(X, Y)
    assert_array_equal(model.predict(X), spelt.predict(X))


@pytest.mark.parametrize(
    "groups, rep_in, rep_out",
    [
        ([SL(2), SO(2)], "2*Vector", "Vector"),
        ([Scaling(2), SL(2)], "Vector + Vector.T", "T(1, 1)"),
        ([S(4), Scaling(4)], "Vector", "Vector + Scalar"),
        ([O13()], "Vector", "Vector + T(2)"),
        ([O(4), O(2).embed(4, axes=(1, 2)), Reflection(4, axis=3)], "Vector", "T(2)"),
    ],
    ids=str,
)
def test_groups_of_all_kinds(plane, groups, rep_in, rep_out):
    X = plane[0]
    n_outputs = as_representation(rep_out).dim(groups[0])
    Y = X @ np.random.RandomState(1).standard_normal((4, n_outputs)) + X[:, :1] ** 2 + 3
    model = SoftEquivariantRegressor(
        groups, rep_in, rep_out, hidden_channels=24, n_hidden_layers=1, max_epochs=3, random_state=0
    ).fit(X, Y)
    levels = model.levels_
    assert ((levels.error > 0) & (levels.error <= 1)).all()
    assert (levels.penalty > 0).all()
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("rep_out", ["Scalar", "Vector", "Point", "Vector + Point"])
def test_points(rep_out):
    """y moves with a translation where it is a Point, and the data break rotations."""
    X = np.random.RandomState(0).standard_normal((300, 6)) + 4
    target = {
        "Scalar": X[:, :1] - X[:, 2:3],
        "Vector": (X[:, :2] - X[:, 2:4]) * [1, 3],
        "Point": X[:, :2] + (X[:, 2:4] - X[:, :2]) * [1, 3],
    }
    Y = np.column_stack([target[part] for part in rep_out.split(" + ")])
    groups = {"all": SE(2), "translations": Translation(2)}
    model = SoftEquivariantRegressor(
        groups,
        "3*Point",
        rep_out,
        hidden_channels=16,
        n_hidden_layers=1,
        max_epochs=40,
        random_state=0,
    ).fit(X, Y)
    assert model.score(X, Y) > 0.6
    all_, translations = model.levels_.error
    assert all_ > 3 * translations


def test_what_is_reported_is_what_was_trained(make_soft, plane):
    model = make_soft().fit(*plane)
    levels, penalty = model.levels_, model.net_.penalty_
    assert levels.name.tolist() == list(penalty.groups)
    assert_array_equal(levels.strength, list(penalty.strengths.values()))
    assert_array_equal(levels.strength, model.strengths_)
    assert_array_equal(levels.penalty, list(penalty.values(model.module_).values()))
    assert levels.error.dtype == levels.penalty.dtype == levels.strength.dtype == np.float64


@pytest.fixture
def level_rows(monkeypatch):
    """Rows on which levels were measured, one array a group."""
    rows = []

    def spy(function, X, *args, **kwargs):
        rows.append(X)
        return estimate_level(function, X, *args, **kwargs)

    monkeypatch.setattr(levels_module, "estimate_level", spy)
    return rows


def positions(rows, X):
    """Where each of the rows stands in X."""
    places = [np.flatnonzero((X == row).all(axis=1)) for row in rows]
    assert all(len(place) == 1 for place in places)
    return np.concatenate(places)


def test_levels_are_measured_on_held_out_rows(make_soft, plane, level_rows, recorder):
    X, Y = plane
    model = make_soft(validation_fraction=0.25, callbacks=[recorder]).fit(X, Y)
    assert len(level_rows) == 2
    trained = model._scale_in.inverse_transform(recorder.inputs.numpy().astype(float))
    for rows in level_rows:
        held_out = positions(rows, X)
        assert len(set(held_out)) == 20
        distance = np.abs(trained[:, None] - X[held_out]).max(axis=2)
        assert distance.min() > 1e-4, "a level was measured on a row that was trained on"


def test_levels_without_held_out_rows_use_all(make_soft, plane, level_rows):
    X, Y = plane
    make_soft(validation_fraction=0).fit(X, Y)
    assert set(positions(level_rows[0], X)) == set(range(80))


def test_levels_of_many_rows_are_measured_on_some_of_all(make_soft, plane, level_rows, monkeypatch):
    X, Y = plane
    monkeypatch.setattr(levels_module, "_ROWS", 20)
    make_soft(validation_fraction=0).fit(X, Y)
    chosen = positions(level_rows[0], X)
    assert len(set(chosen)) == 20
    assert chosen.max() > 50
    assert_array_equal(*level_rows)


def test_levels_are_relative_equivariance_errors(make_soft, plane):
    X, Y = plane
    model = make_soft(validation_fraction=0).fit(X, Y)
    for name, error in zip(model.levels_.name, model.levels_.error, strict=True):
        group = model.groups[name]
        again = equivariance_error(
            model, X, group, "2*Vector", "Vector", n_elements=200, random_state=1
        )
        assert error == pytest.approx(again, rel=0.25)


def test_levels_are_in_the_users_columns_and_units(make_soft, plane):
    """A function of scaled columns has the same symmetries only if the scaling commutes."""
    X, Y = plane
    model = make_soft(validation_fraction=0).fit(X + 5, 100 * Y + [1, 0])
    again = equivariance_error(
        model, X + 5, SO(2), "2*Vector", "Vector", n_elements=200, random_state=1
    )
    assert model.levels_.error[0] == pytest.approx(again, rel=0.25)


def test_an_error_of_a_soft_model_is_not_zero(make_soft, plane):
    levels = make_soft(groups=[Reflection(2)]).fit(*plane).levels_
    assert levels.error[0] > 1e-6


def test_the_start_is_equivariant_under_all_groups(make_soft, plane):
    model = make_soft(learning_rate=1e-12, max_epochs=1).fit(*plane)
    assert (model.levels_.penalty < 1e-8).all()
    assert (model.levels_.error < 1e-3).all()


def test_training_in_batches_of_all_rows_and_one_row(make_soft, plane):
    X, Y = (part[:12] for part in plane)
    for batch_size in (1, 1000):
        model = make_soft(batch_size=batch_size, max_epochs=2).fit(X, Y)
        assert np.isfinite(model.levels_.error).all()


def test_levels_on_a_device(make_soft, plane, device):
    model = make_soft(device=device).fit(*plane)
    on_cpu = make_soft(device="cpu").fit(*plane)
    assert_allclose(model.levels_.error, on_cpu.levels_.error, atol=1e-2)
    assert torch.device(device).type == next(model.module_.parameters()).device.type


def test_one_group_only(make_soft, plane):
    levels = make_soft(groups=[SO(2)]).fit(*plane).levels_
    assert len(levels) == 1
    assert len(repr(levels).splitlines()) == 2


def test_levels_of_a_fit(make_soft, plane):
    levels = make_soft().fit(*plane).levels_
    assert len(levels) == 2
    for field in ("name", "strength", "penalty", "error"):
        assert getattr(levels, field).shape == (2,)
    assert levels.name.dtype.kind == "U"
    assert ((levels.error >= 0) & (levels.error <= 1)).all()
    assert (levels.penalty >= 0).all()


def test_groups_of_a_sequence_have_their_names(make_soft, plane):
    mirror = MatrixGroup(discrete_generators=[[[1, 0], [0, -1]]], name="my mirror")
    model = make_soft(groups=[mirror, SO(2)]).fit(*plane)
    assert model.levels_.name.tolist() == ["my mirror", "SO(2)"]
