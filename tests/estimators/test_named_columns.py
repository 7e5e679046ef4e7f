"""Frames whose columns are named by a schema, in every estimator and function that takes rows."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softeq_sklearn import (
    AugmentedRegressor,
    EquivariantRegressor,
    RepresentationScaler,
    SoftEquivariantRegressor,
    SymmetryLevels,
)
from softeq_sklearn.groups import SO
from softeq_sklearn.inspection import (
    OrbitDisplay,
    equivariance_test,
    local_equivariance_bound,
    symmetry_gap,
    symmetry_report,
)
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import ColumnSchema, Scalar, Vector
from softeq_sklearn.testing import assert_equivariant

INPUTS = ColumnSchema({"mass": Scalar, ("x", "y", "z"): Vector})
OUTPUTS = ColumnSchema({("fx", "fy", "fz"): Vector})
ROTATIONS = {"rotations": SO(3)}
QUICK = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=3, random_state=0)

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
Y = X[:, :1] * X[:, 1:]
# One table with all of it, in another order and beside a text.
TABLE = {name: X[:, 1 + i] for i, name in enumerate("xyz")}
TABLE |= {"fz": Y[:, 2], "who": ["someone"] * 60, "mass": X[:, 0], "fx": Y[:, 0], "fy": Y[:, 1]}
LIBRARIES = [pd.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def soft():
    """A model of named columns, fitted to a frame."""
    table = pd.DataFrame(TABLE)
    return SoftEquivariantRegressor(ROTATIONS, INPUTS, OUTPUTS, **QUICK).fit(table, table)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "model",
    [
        SoftEquivariantRegressor(ROTATIONS, INPUTS, OUTPUTS, **QUICK),
        SoftEquivariantRegressor(ROTATIONS, INPUTS, OUTPUTS, n_members=2, **QUICK),
        EquivariantRegressor(SO(3), INPUTS, OUTPUTS, **QUICK),
        AugmentedRegressor(LinearRegression(), SO(3), INPUTS, OUTPUTS, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_table_gives_what_its_arrays_give(library, model):
    table = library(TABLE)
    by_name = clone(model).fit(table, table)
    by_place = clone(model).set_params(rep_in=INPUTS.rep, rep_out=OUTPUTS.rep).fit(X, Y)
    assert list(by_name.feature_names_in_) == list(INPUTS.names)
    expected = by_place.predict(X[:5])
    assert_array_equal(by_name.predict(table[:5]), expected)
    assert_array_equal(
        by_name.predict(library({n: TABLE[n][:5] for n in "zyx"} | {"mass": X[:5, 0]})), expected
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_functions_take_tables(library, soft):
    table, ordered = library(TABLE), pd.DataFrame(X, columns=INPUTS.names)

    def levels(rows):
        return SymmetryLevels(soft, prefit=True).fit(rows, None).transform(rows)

    assert_array_equal(levels(table), levels(ordered))
    assert_array_equal(
        local_equivariance_bound(soft, SO(3), table),
        local_equivariance_bound(soft, SO(3), ordered),
    )
    by_name = equivariance_error(soft, table, SO(3), INPUTS, OUTPUTS, random_state=0)
    assert by_name == equivariance_error(
        soft._function(), X, SO(3), INPUTS.rep, OUTPUTS.rep, random_state=0
    )
    test = equivariance_test(table, table, SO(3), INPUTS, OUTPUTS, random_state=0)
    assert test == equivariance_test(X, Y, SO(3), INPUTS.rep, OUTPUTS.rep, random_state=0)


def test_fits_of_parts_of_a_table(soft):
    table = pd.DataFrame(TABLE)
    gap = symmetry_gap(soft, table, table, "rotations", cv=2, random_state=0)
    by_place = clone(soft).set_params(rep_in=INPUTS.rep, rep_out=OUTPUTS.rep)
    expected = symmetry_gap(by_place, X, Y, "rotations", cv=2, random_state=0)
    assert_array_equal(gap.row_gaps, expected.row_gaps)
    report = symmetry_report(soft, table, table, cv=2, random_state=0)
    assert report.index.tolist() == ["rotations"]
    search = GridSearchCV(soft, {"max_epochs": [1, 2]}, cv=2).fit(table, table[["fx", "fy", "fz"]])
    assert search.predict(table).shape == (60, 3)


def test_scores_are_of_named_outputs(soft):
    table = pd.DataFrame(TABLE)
    linear = AugmentedRegressor(LinearRegression(), SO(3), INPUTS, OUTPUTS, random_state=0)
    for model in (soft, linear.fit(table, table)):
        expected = model.score(table, table[["fx", "fy", "fz"]])
        assert model.score(table, table[["fz", "fx", "fy"]]) == expected
        assert model.score(table, table) == expected


def test_outputs_and_rows_of_functions_may_be_tables(soft):
    table = pd.DataFrame(TABLE)

    def force(rows):
        mass, *place = (rows[name].to_numpy() for name in INPUTS.names)
        return pd.DataFrame({"fz": mass * place[2], "fx": mass * place[0], "fy": mass * place[1]})

    assert equivariance_error(force, table, SO(3), INPUTS, OUTPUTS, random_state=0) < 1e-12
    exact = EquivariantRegressor(SO(3), INPUTS, OUTPUTS, **QUICK).fit(table, table)
    assert_equivariant(lambda X: exact._function()(X), SO(3), INPUTS, OUTPUTS, X=table)
    for row in (table.iloc[[0]], pl.DataFrame(TABLE)[:1], table[["z", "y", "x", "mass"]].iloc[0]):
        display = OrbitDisplay.from_estimator(exact, row, SO(3))
        assert_allclose(display.values, display.expected, atol=1e-9)
        plt.close(display.figure_)


def test_other_columns_are_another_structure():
    table = pd.DataFrame(TABLE)
    model = SoftEquivariantRegressor(ROTATIONS, INPUTS, OUTPUTS, warm_start=True, **QUICK)
    model.fit(table, table)
    model.set_params(rep_out=ColumnSchema({("fz", "fx", "fy"): Vector}))
    with pytest.raises(ValueError, match=r"columns of rep_out=\('fz', 'fx', 'fy'\) after"):
        model.fit(table, table)


def test_a_report_is_of_the_columns_of_the_fit():
    table = pd.DataFrame(TABLE)
    model = SoftEquivariantRegressor(ROTATIONS, INPUTS, OUTPUTS, **QUICK).fit(table, table)
    settings = dict(cv=None, n_permutations=99, random_state=0)
    before = symmetry_report(model, table, table, **settings).p_value
    model.set_params(rep_in=INPUTS.rep, rep_out=OUTPUTS.rep)
    assert_array_equal(symmetry_report(model, table, table, **settings).p_value, before)


def test_a_scaler_takes_tables():
    table = pd.DataFrame(TABLE)
    scaler = RepresentationScaler(INPUTS, [SO(3)]).set_output(transform="pandas").fit(table)
    scaled = scaler.transform(table)
    assert tuple(scaled.columns) == INPUTS.names
    by_place = RepresentationScaler(INPUTS.rep, [SO(3)]).fit_transform(X)
    assert_array_equal(scaled.to_numpy(), by_place)
    assert_allclose(scaler.inverse_transform(scaled[["z", "y", "x", "mass"]]), X, atol=1e-12)
    chosen = ColumnTransformer([("s", scaler, ["x", "y", "z", "mass"])])
    assert list(chosen.fit(table).get_feature_names_out()) == [f"s__{n}" for n in INPUTS.names]
    with pytest.raises(ValueError, match="input_features"):
        scaler.get_feature_names_out(["a", "b", "c", "d"])


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_a_scaler_of_arrays_takes_back_what_it_gave(output):
    scaler = RepresentationScaler(INPUTS, [SO(3)]).set_output(transform=output)
    with pytest.warns(UserWarning, match="rep names columns, but X has no names"):
        scaler.fit(X)
    scaled = scaler.transform(X)
    assert tuple(scaled.columns) == INPUTS.names
    assert_allclose(scaler.inverse_transform(scaled), X, atol=1e-12)


def test_a_fitted_model_keeps_its_columns(soft):
    table = pd.DataFrame(TABLE)
    expected = soft.predict(table)
    changed = SoftEquivariantRegressor(ROTATIONS, INPUTS, OUTPUTS, **QUICK).fit(table, table)
    changed.set_params(rep_in=ColumnSchema({"other": Scalar, ("x", "y", "z"): Vector}))
    assert_array_equal(changed.predict(table), expected)


def test_targets_among_the_inputs_are_told():
    table = pd.DataFrame(TABLE)
    inputs = ColumnSchema({("fx", "fy", "fz"): Vector, "mass": Scalar})
    model = AugmentedRegressor(LinearRegression(), SO(3), inputs, OUTPUTS, random_state=0)
    with pytest.warns(UserWarning, match=r"\['fx', 'fy', 'fz'\] are inputs and targets at once"):
        model.fit(table, table)


def test_a_missing_column_is_named(soft):
    with pytest.raises(ValueError, match=r"X must have the columns .* none called \['mass'\]"):
        soft.predict(pd.DataFrame(TABLE).drop(columns="mass"))
    with pytest.raises(ValueError, match=r"y must have the columns .* none called \['fy'\]"):
        clone(soft).fit(pd.DataFrame(TABLE), pd.DataFrame(TABLE).drop(columns="fy"))


def test_vectors_of_another_dimension_are_refused():
    table = pd.DataFrame(TABLE)
    plane = ColumnSchema({"mass": Scalar, ("x", "y"): Vector})
    model = SoftEquivariantRegressor(ROTATIONS, plane, OUTPUTS, **QUICK)
    with pytest.raises(ValueError, match="rep_in must have vectors of dimension 3.*dimension 2"):
        model.fit(table, table)


def test_behind_a_column_transformer():
    """Which scales the masses, and leaves the columns of vectors by their names."""
    table = pd.DataFrame(TABLE)
    chosen = ColumnTransformer(
        [("masses", StandardScaler(), ["mass"])],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    model = make_pipeline(chosen, SoftEquivariantRegressor(ROTATIONS, INPUTS, OUTPUTS, **QUICK))
    target = OUTPUTS.select(table)
    expected = model.fit(table, target).predict(table)
    shuffled = table[sorted(table, reverse=True)]
    assert_array_equal(model.predict(shuffled), expected)
    assert model[-1].feature_names_in_.tolist() == list(INPUTS.names)
