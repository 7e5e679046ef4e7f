"""The columns of rows and of targets: what representations and schemas say of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from softeq_sklearn._warnings import warn_user
from softeq_sklearn.representations import ColumnSchema, Rep, Scalar, as_representation

# What a parameter that is a representation may be.
REPRESENTATION = [Rep, ColumnSchema, str, None]
# Said of arrays beside schemas.
_NO_NAMES = (
    " Columns are chosen by name from data frames only: where a tool makes arrays of them, give it "
    "schema.select(X)."
)
_UNNAMED = (
    "{parameter} names columns, but {name} has no names: its columns are taken in the order of the "
    "schema, {names}. Give a data frame (a step before it may make one, by "
    'set_output(transform="pandas")), or {parameter}=schema.rep if they stand in this order.'
)


def representation_of(name, value, n_columns, dim, each=None):
    """Representation of the columns of X or y.

    Parameters
    ----------
    name : {"rep_in", "rep_out", "rep"}
        Name of the parameter, for messages; "rep_out" is that of the columns of y.
    value : Rep, ColumnSchema, str or None
        What the user gave; None means that all columns are scalars.
    n_columns : int
        Number of columns of the data.
    dim : int or None
        Dimension of the groups; None without groups, where it follows from the columns.
    each : str or None, default=None
        What each column is one of, for messages; None is "column of X", or of y.

    Returns
    -------
    rep : Rep
        The representation.
    dim : int or None
        The dimension; None as long as no column needs one.

    Raises
    ------
    ValueError
        If the representation does not parse, does not have `n_columns` columns, or is of a schema
        whose vectors have another dimension.
    TypeError
        If the value is of another type.
    """
    try:
        rep = n_columns * Scalar if value is None else as_representation(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
    if isinstance(value, ColumnSchema) and dim and value.dim not in (None, dim):
        raise ValueError(
            f"{name} must have vectors of dimension {dim}, as the groups or the other columns. "
            f"Got {value!r}, whose vectors have dimension {value.dim}."
        )
    if dim is None and rep.dim(1) != rep.dim(2):
        dim = next((d for d in range(1, n_columns + 1) if rep.dim(d) == n_columns), None)
        n_wanted = None if dim is None else n_columns
    else:
        n_wanted = rep.dim(dim or 1)
    if n_wanted != n_columns:
        data = "y" if name == "rep_out" else "X"
        rule = each or f"column of {data}"
        there = f"{n_columns} of them" if each else f"{data} with {n_columns} columns"
        wanted = "in no dimension" if n_wanted is None else f"{n_wanted} columns"
        hint = (
            _NO_NAMES if isinstance(value, ColumnSchema) else _other_dimension(rep, dim, n_columns)
        )
        raise ValueError(
            f"{name} must have one column for each {rule}. "
            f"Got {name}={rep!r} ({wanted}) for {there}.{hint}"
        )
    return rep, dim


def _other_dimension(rep, dim, n_columns):
    """Say in which other dimension than that of the groups a representation would fit."""
    fitting = next((d for d in range(1, n_columns + 1) if rep.dim(d) == n_columns), None)
    if fitting is None or dim in (None, fitting):
        return ""
    hint = f" The groups act on {dim} dimensions; in {fitting} it would have {n_columns} columns"
    return hint + (f" (Group.embed({fitting}))." if dim < fitting else ".")


def schema_of(rep):
    """Return what a user gave as a representation if it is a schema, else None."""
    return rep if isinstance(rep, ColumnSchema) else None


def select_columns(rep: Rep | ColumnSchema | str | None, data: Any, name: str) -> Any:
    """Return the columns that a schema names, or the data as they are.

    Parameters
    ----------
    rep : Rep, ColumnSchema, str or None
        What says which columns there are.
    data : array-like or data frame
        X or y.
    name : str
        "X" or "y", for messages.

    Returns
    -------
    array-like or data frame

    Raises
    ------
    ValueError
        If a data frame does not have the columns of the schema, or not as numbers.
    """
    return rep.select(data, name) if isinstance(rep, ColumnSchema) else data


def rows_to_learn(parameter, rep, X):
    """Return the columns that a schema names, of data that a fit learns from.

    Parameters
    ----------
    parameter : {"rep_in", "rep_out", "rep"}
        Name of the parameter, for messages; "rep_out" is that of the columns of y.
    rep : Rep, ColumnSchema, str or None
        What says which columns there are.
    X : array-like or data frame
        The data.

    Returns
    -------
    array-like or data frame

    Warns
    -----
    UserWarning
        If a schema meets two columns or more without names, whose order is not known.
    """
    name = "y" if parameter == "rep_out" else "X"
    schema, rows = schema_of(rep), select_columns(rep, X, name)
    if schema and len(schema.names) > 1 and rows is X:  # a frame comes back as another
        warn_user(_UNNAMED.format(parameter=parameter, name=name, names=list(schema.names)))
    return rows


def named_rows(rep_in, rep_out, X, y):
    """Return X and y with the columns that schemas name, if they do.

    Parameters
    ----------
    rep_in, rep_out : Rep, ColumnSchema, str or None
        What says which columns there are.
    X, y : array-like or data frame
        The data; one table may be both.

    Returns
    -------
    X, y : array-like or data frame

    Warns
    -----
    UserWarning
        If a column of one table is an input and a target, or columns have no names
        (`rows_to_learn`).
    """
    if X is y and schema_of(rep_in) and schema_of(rep_out):
        both = [name for name in rep_in.names if name in rep_out.names]
        if both:
            warn_user(
                f"The columns {both} are inputs and targets at once: take them out of rep_in."
            )
    return rows_to_learn("rep_in", rep_in, X), rows_to_learn("rep_out", rep_out, y)


def checked_rows(estimator, X, dtype=np.float64):
    """Return rows as a fitted estimator takes them, after all checks.

    Parameters
    ----------
    estimator : estimator
        Fitted, with the schema of its rows, or None, as `_schema_in`.
    X : array-like or data frame of shape (n_samples, n_features)
        The rows.
    dtype : dtype or list of dtype, default=float64
        As for `validate_data`.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
    """
    X = select_columns(estimator._schema_in, X, "X")
    return validate_data(estimator, X, dtype=dtype, reset=False)


def fitted_columns(estimator):
    """Return what a fitted estimator knows of its columns and targets.

    Parameters
    ----------
    estimator : BaseEquivariantEstimator
        Fitted.

    Returns
    -------
    columns, targets : ColumnSchema or Rep
        The schema, with names and units, where it was given.
    """
    return (
        estimator._schema_in or estimator._rep_in,
        estimator._schema_out or estimator._rep_out,
    )
