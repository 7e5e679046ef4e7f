"""Warnings of columns with which groups can hardly be right, before any training."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from softeq_sklearn import EquivariantRegressor, SoftEquivariantClassifier, SoftEquivariantRegressor
from softeq_sklearn.groups import SE, SO, MatrixGroup, Translation
from softeq_sklearn.representations import ColumnSchema, Scalar, Vector

ROTATIONS = {"rotations": SO(3)}
QUICK = dict(hidden_channels=8, n_hidden_layers=1, max_epochs=2, random_state=0)
SCHEMA = ColumnSchema({"mass": Scalar, ("x", "y", "z"): Vector})

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
Y = X[:, :1] * X[:, 1:]


def warned(model, X, y, method="fit"):
    """Messages of the warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(model, method)(X, y)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("estimator", [SoftEquivariantRegressor, EquivariantRegressor])
def test_groups_that_move_no_column(estimator, method):
    groups = ROTATIONS if estimator is SoftEquivariantRegressor else SO(3)
    model = estimator(groups, **QUICK)
    (message,) = warned(model, X, Y[:, 0], method)
    assert "move no column of X, all of which are scalars" in message
    assert "rep_in='5 * Scalar + 5 * Vector'" in message and message.endswith("Got 4*Scalar.")
    assert not warned(estimator(groups, "Scalar + Vector", **QUICK), X, Y[:, 0], method)


def test_the_level_of_a_group_that_moves_nothing_has_a_reason_with_one_member_too():
    with pytest.warns(UserWarning, match="move no column"):
        model = SoftEquivariantRegressor(ROTATIONS, **QUICK).fit(X, Y[:, 0])
    assert model.levels_.reason.tolist() == ["the group moves no column"]
    assert "rotations: cannot tell, since the group moves no column." in repr(model.levels_)
    model.set_params(rep_in="Scalar + Vector").fit(X, Y[:, 0])
    assert model.levels_.reason.tolist() == [""]


def test_vectors_far_from_the_origin():
    make = lambda **given: SoftEquivariantRegressor(  # noqa: E731
        ROTATIONS, "Scalar + Vector", "Vector", **(QUICK | given)
    )
    shift = np.array([0, 1, 1, 1])
    assert not warned(make(), X + 100 * np.array([1, 0, 0, 0]), Y)  # a scalar's mean is removed
    assert not warned(make(), X + 3 * shift, Y)
    (message,) = warned(make(), X + 20 * shift, Y)
    assert message.startswith("The columns 1, 2, 3 of X lie 19 times as far from the origin")
    assert "subtract a reference" in message
    for given in ({}, {"scale_columns": False}):
        frame = pd.DataFrame(X + 20 * shift, columns=["mass", *"xyz"])
        (message,) = warned(make(**given).set_params(rep_in=SCHEMA), frame, Y)
        assert message.startswith("The columns 'x', 'y', 'z' of X lie 19 times")
    (message,) = warned(make(), X, Y + 100)
    assert message.startswith("The columns 0, 1, 2 of y lie ")
    assert not warned(make(), np.c_[X[:, 0], np.full((60, 3), 9.8)], Y)  # a direction, say
    assert not warned(SoftEquivariantRegressor((), **QUICK), X + 100, Y)


def test_what_no_group_moves_may_be_far():
    about_z = {"about z": SO(2).embed(3, axes=(0, 1))}
    model = SoftEquivariantRegressor(about_z, "Scalar + Vector", **QUICK)
    assert not warned(model, X + 100 * np.array([0, 0, 0, 1]), Y[:, 2])
    assert len(warned(model, X + 100 * np.array([0, 0, 1, 0]), Y[:, 2])) == 1
    points = SoftEquivariantRegressor({"moves": SE(3)}, "Scalar + Point", **QUICK)
    assert not warned(points, X + 100, Y[:, 2])


def test_weights_count():
    """A row of nearly all the weight is where the mean is."""
    weights = np.full(60, 1e-9)
    weights[0] = 1.0
    model = SoftEquivariantRegressor(
        {"about z": SO(2).embed(3, axes=(0, 1))}, "Scalar + Vector", **QUICK
    )
    rows = X.copy()
    rows[0, 1:] = 0.0, 0.0, 30.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(rows, Y[:, 2], sample_weight=weights)


def test_tensors_of_many_columns_are_shortened():
    model = SoftEquivariantRegressor(ROTATIONS, "T(2) + Scalar", **QUICK)
    many = np.random.default_rng(1).normal(size=(60, 10)) + np.arange(10) * 10
    (message,) = warned(model, many, Y[:, 0])
    assert message.startswith("The columns 0, 1, 2, 3, 4, ..., 8 of X lie")


def test_translations_of_vectors():
    move = {"moves": SE(3), "turns": SO(3)}
    model = SoftEquivariantRegressor(move, "Scalar + Vector", **QUICK)
    (message,) = warned(model, X, Y[:, 0])
    assert message.startswith("The groups ['moves'] translate, but no column of X is of a Point")
    assert not warned(model.set_params(rep_in="Scalar + Point"), X, Y[:, 0])


def test_targets_that_may_be_vectors():
    model = SoftEquivariantRegressor(ROTATIONS, "Scalar + Vector", **QUICK)
    (message,) = warned(model, X, Y)
    assert message.startswith("All 3 columns of y are scalars with rep_out=None")
    assert not warned(model, X, Y[:, :2])  # no vector
    for rep_out in ("3 * Scalar", "Vector"):
        assert not warned(clone(model).set_params(rep_out=rep_out), X, Y)
    labels = np.arange(60) % 3
    assert not warned(SoftEquivariantClassifier(ROTATIONS, "Scalar + Vector", **QUICK), X, labels)


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_points_in_another_unit_than_translations(unit):
    model = SoftEquivariantRegressor({"moves": Translation(3)}, "Scalar + Point", **QUICK)
    (message,) = warned(model, X * unit, Y[:, 0])
    assert "the translations of ['moves'] that levels try are up to 1" in message
    assert not warned(model, X * 5, Y[:, 0])
    lattice = MatrixGroup(discrete_generators=[np.eye(3, 4) + unit * np.eye(3, 4, 3)])
    assert not warned(model.set_params(groups=[lattice]), X * unit, Y[:, 0])  # of their own size


def test_how_many_more_tensors_are_far():
    model = SoftEquivariantRegressor(ROTATIONS, "2 * Vector", **QUICK)
    (message,) = warned(model, np.c_[X[:, 1:] + 20, X[:, 1:] + 30], Y[:, 0])
    assert "columns 3, 4, 5 of X" in message and "(and 1 more tensors)" in message


def test_arrays_beside_a_schema_are_taken_in_its_order_with_a_warning():
    model = SoftEquivariantRegressor(ROTATIONS, SCHEMA, **QUICK)
    (message,) = warned(model, X, Y[:, 0])
    assert "in the order of the schema, ['mass', 'x', 'y', 'z']" in message
    assert "rep_in=schema.rep" in message
    assert not warned(model.set_params(rep_in=SCHEMA.rep), X, Y[:, 0])
    targets = ColumnSchema({("fx", "fy", "fz"): Vector})
    model.set_params(rep_out=targets)
    (message,) = warned(model, X, Y)
    assert message.startswith("rep_out names columns, but y has no names")
    classifier = SoftEquivariantClassifier(ROTATIONS, SCHEMA, **QUICK)
    assert len(warned(classifier, X, X[:, 0] > 0)) == 1
    one = ColumnSchema({"mass": Scalar})  # whose order is known
    assert not warned(SoftEquivariantRegressor((), one, **QUICK), X[:, :1], Y[:, 0])
