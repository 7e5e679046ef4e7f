"""Columns by name: which are taken, in which order, and what is refused."""

import copy
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from softeq_sklearn.representations import ColumnSchema, Point, Scalar, T, Vector, as_representation

SCHEMA = ColumnSchema({"mass": Scalar, ("x", "y", "z"): Vector}, units={("x", "y", "z"): "m"})
VALUES = np.arange(8.0).reshape(2, 4)
# The same columns in another order, with one more.
SHUFFLED = {"z": VALUES[:, 3], "note": ["a", "b"], "mass": VALUES[:, 0], "y": VALUES[:, 2]}
SHUFFLED |= {"x": VALUES[:, 1]}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_columns_are_taken_by_name(frame):
    selected = SCHEMA.select(frame(SHUFFLED))
    assert isinstance(selected, frame)
    assert list(selected.columns) == ["mass", "x", "y", "z"]
    assert_array_equal(selected.to_numpy(), VALUES)


def test_arrays_have_no_columns_to_choose():
    assert SCHEMA.select(VALUES) is VALUES


def test_a_series_is_one_column():
    schema = ColumnSchema({"mass": Scalar})
    for series in (pd.Series([1.0, 2.0], name="mass"), pd.Series([1.0]), pl.Series("mass", [1])):
        assert schema.select(series) is series
    with pytest.raises(ValueError, match=r"none called \['mass'\]\."):
        schema.select(pd.Series([1.0, 2.0], name="length"))
    with pytest.raises(ValueError, match="Column 'mass' of y must hold finite numbers"):
        schema.select(pd.Series([1.0, np.nan], name="mass"), "y")


def test_case_is_suggested_and_all_that_miss_are_named():
    frame = pd.DataFrame(SHUFFLED).rename(columns={"mass": "Mass", "z": "Z"})
    with pytest.raises(
        ValueError, match=r"called \['mass', 'z'\]; did you mean 'Mass' for 'mass', 'Z' for 'z'\?"
    ):
        SCHEMA.select(frame)


def test_representation_and_dimension():
    names = [f"{a}{b}" for a in "xy" for b in "xy"]
    schema = ColumnSchema({tuple(names): "T(2)", "t": Scalar, ("px", "py", "qx", "qy"): 2 * Point})
    assert schema.rep == T(2) + Scalar + 2 * Point
    assert schema.names == (*names, "t", "px", "py", "qx", "qy")
    assert schema.dim == 2
    assert as_representation(schema) == schema.rep


def test_scalars_alone_have_no_dimension():
    schema = ColumnSchema({"a": Scalar, ("b", "c"): 2 * Scalar})
    assert (schema.dim, schema.rep) == (None, 3 * Scalar)


def test_schemas_are_values():
    same = ColumnSchema({"mass": "Scalar", ("x", "y", "z"): "Vector"}, {("x", "y", "z"): "m"})
    assert SCHEMA == same
    assert hash(SCHEMA) == hash(same)
    for other in (pickle.loads(pickle.dumps(SCHEMA)), copy.copy(SCHEMA), copy.deepcopy(SCHEMA)):
        assert other == SCHEMA
    assert eval(repr(SCHEMA)) == SCHEMA
    assert SCHEMA != ColumnSchema({"mass": Scalar, ("x", "y", "z"): Vector})
    assert SCHEMA != ColumnSchema({"m": Scalar, ("x", "y", "z"): Vector}, {("x", "y", "z"): "m"})
    with pytest.raises(AttributeError, match="cannot be changed"):
        SCHEMA.names = ()
    with pytest.raises(AttributeError, match="cannot be changed"):
        del SCHEMA.names


def test_printing_is_a_table():
    assert str(SCHEMA).splitlines() == ["mass     Scalar", "x, y, z  Vector  m"]
    assert SCHEMA.names_with_units == ("mass", "x (m)", "y (m)", "z (m)")


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    "column, values, message",
    [
        (
            "x",
            None,
            r"y must have the columns \['mass', 'x', 'y', 'z'\] once\. Got none called \['x'\]",
        ),
        ("y", ["a", "b"], r"Column 'y' of y must hold numbers\. Got ([sS]tr|object)"),
        ("y", [1.0, np.nan], r"Column 'y' of y must hold finite numbers\. Got 1 of 2 that are mis"),
        ("y", [1.0, None], r"Column 'y' of y must hold finite numbers\. Got 1 of 2 that are mis"),
        ("y", [True, None], r"Column 'y' of y must hold finite numbers\. Got 1 of 2 that are mis"),
        ("mass", [np.inf, -np.inf], r"Column 'mass' of y must hold finite numbers\. Got 2 of 2"),
    ],
)
def test_messages_name_the_column(frame, column, values, message):
    columns = SHUFFLED | {column: values}
    if values is None:
        del columns[column]
    with pytest.raises(ValueError, match=message):
        SCHEMA.select(frame(columns), "y")


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, 2], dtype="Int64"),
        pd.array([True, False], dtype="boolean"),
        np.array([1.0, 2.0], dtype=object),
        [Decimal("1.5"), Decimal(2)],
        np.array([1, 2], dtype=np.longdouble),
    ],
    ids=lambda values: str(getattr(values, "dtype", "Decimal")),
)
def test_numbers_of_every_kind(values):
    frame = pd.DataFrame(SHUFFLED | {"x": values})
    assert_array_equal(SCHEMA.select(frame)["x"].astype(float), [float(v) for v in values])


def test_names_that_stand_twice():
    frame = pd.DataFrame([[1.0] * 6], columns=["mass", "x", "y", "z", "w", "w"])
    assert list(SCHEMA.select(frame).columns) == ["mass", "x", "y", "z"]
    with pytest.raises(ValueError, match=r"once\. Got several called \['y'\]"):
        SCHEMA.select(frame.rename(columns={"w": "y"}))


def test_names_are_no_patterns():
    frame = pl.DataFrame({"^x.*$": [1], "xa": [2], "*": [3]})
    assert ColumnSchema({"*": Scalar, "^x.*$": Scalar}).select(frame).columns == ["*", "^x.*$"]


def test_rows_have_to_be_there():
    class Elsewhere:
        columns = ("mass", "x", "y", "z")

    for frame in (pl.DataFrame(SHUFFLED).lazy(), Elsewhere()):
        with pytest.raises(TypeError, match="rows are there.*Got <class"):
            SCHEMA.select(frame)


def test_a_close_name_is_suggested():
    frame = pd.DataFrame(SHUFFLED).rename(columns={"mass": "maas"})
    with pytest.raises(
        ValueError, match=r"none called \['mass'\]; did you mean 'maas' for 'mass'\?"
    ):
        SCHEMA.select(frame)


@pytest.mark.parametrize(
    "columns, units, error, message",
    [
        ({("x", "y"): Scalar}, {}, ValueError, r"Got 2 names for Scalar: \('x', 'y'\)"),
        ({("x", "y", "z"): T(2)}, {}, ValueError, r"Got 3 names for T\(2\)"),
        ({"x": 0 * Scalar}, {}, ValueError, "Got 1 names for 0"),
        (
            {("x", "y"): Vector, ("u", "v", "w"): Vector},
            {},
            ValueError,
            r"one dimension\. Got 2 for \('x', 'y'\), 3 for \('u', 'v', 'w'\)",
        ),
        ({("x", "x"): Vector}, {}, ValueError, r"once\. Got \['x'\] twice"),
        ({"x": Scalar, ("x",): Scalar}, {}, ValueError, "once"),
        ({"x": Scalar}, {"y": "m"}, ValueError, r"Got 'y', which is none of \['x'\]"),
        ({"x": Scalar}, {"x": 3}, TypeError, "units must be strings. Got 3 for 'x'"),
        ({}, {}, ValueError, "at least one column. Got none"),
        ({"x": Scalar}, "kg", TypeError, "units must be a mapping .* Got 'kg'"),
        ({1: Scalar}, {}, TypeError, "a string or a tuple of strings. Got 1"),
        ({("x", 2): Vector}, {}, TypeError, "a string or a tuple of strings"),
        ({"x": 3}, {}, TypeError, "'x' must be a representation"),
        ({"x": "Skalar"}, {}, ValueError, "Skalar"),
        ([("x", Scalar)], {}, TypeError, "columns must be a mapping"),
    ],
    ids=str,
)
def test_bad_schemas(columns, units, error, message):
    with pytest.raises(error, match=message):
        ColumnSchema(columns, units)
