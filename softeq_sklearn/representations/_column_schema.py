"""Representations of the named columns of a table."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np

from softeq_sklearn.representations._conversion import as_representation
from softeq_sklearn.representations._rep import Rep
from softeq_sklearn.representations._tensors import Scalar

_NO_UNIT = ""
# Similarity of a name that is suggested for one that is not there.
_CLOSE = 0.7
_NO_NUMBERS = (nw.String, nw.Categorical, nw.Enum, nw.Date, nw.Time, nw.Datetime, nw.Duration)


class ColumnSchema:
    """Which columns of a table are scalars, vectors or tensors, by their names.

    It stands where an estimator takes a representation, as `rep_in` or `rep_out`. From a data frame
    it then takes the columns that it names, in its own order, whatever else is there and in
    whatever order; arrays have no names, and their columns stand in the order of the schema.

    Parameters
    ----------
    columns : mapping of str or tuple of str to Rep or str
        For each column, or for the columns of a vector or tensor, what they are:
        ``{"mass": Scalar, ("x", "y", "z"): Vector}``. Components of tensors are row-major; several
        copies may stand in one tuple, as in ``("ax", "ay", "bx", "by"): 2 * Vector``.
    units : mapping of str or tuple of str to str, default=None
        Units of some of these columns, for the reader: ``{("x", "y", "z"): "m"}``. They are printed
        and stand in pictures; nothing is converted.

    Attributes
    ----------
    names : tuple of str
        Names of the columns, in the order of the representation.
    rep : Rep
        Representation of all columns.
    dim : int or None
        Dimension d of V; None where all columns are scalars.

    Raises
    ------
    TypeError
        If a name or a representation is of another type.
    ValueError
        If a name stands twice, a representation does not have one component for each name, the
        dimensions differ, or a unit is given for what is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> from softeq_sklearn.representations import ColumnSchema, Scalar, Vector
    >>> schema = ColumnSchema(
    ...     {"mass": Scalar, ("x", "y", "z"): Vector}, units={"mass": "kg", ("x", "y", "z"): "m"}
    ... )
    >>> schema.rep, schema.dim
    (Scalar + Vector, 3)
    >>> print(schema)
    mass     Scalar  kg
    x, y, z  Vector  m
    >>> schema.names_with_units
    ('mass (kg)', 'x (m)', 'y (m)', 'z (m)')
    >>> frame = pd.DataFrame({"z": [0.0], "y": [2.0], "x": [1.0], "mass": [5.0], "note": ["a"]})
    >>> schema.select(frame).columns.tolist()
    ['mass', 'x', 'y', 'z']
    """

    __slots__ = ("_entries", "_units", "dim", "names", "rep")

    names: tuple[str, ...]
    rep: Rep
    dim: int | None
    _entries: dict[tuple[str, ...], Rep]
    _units: dict[tuple[str, ...], str]

    def __init__(
        self, columns: Mapping[Any, Rep | str], units: Mapping[Any, str] | None = None
    ) -> None:
        if not isinstance(columns, Mapping):
            raise TypeError(
                "columns must be a mapping from names to representations, such as "
                f"{{'mass': Scalar, ('x', 'y', 'z'): Vector}}. Got {columns!r}."
            )
        if not isinstance(units, Mapping | None):
            raise TypeError(f"units must be a mapping from names to units. Got {units!r}.")
        if not columns:
            raise ValueError("columns must name at least one column. Got none.")
        entries = {_names(key): as_representation(rep, f"{key}") for key, rep in columns.items()}
        units = {_names(key): unit for key, unit in (units or {}).items()}
        _check_units(units, entries)
        names = tuple(name for key in entries for name in key)
        twice = sorted(name for name, n in Counter(names).items() if n > 1)
        if twice or len(entries) < len(columns):
            raise ValueError(f"columns must name each column once. Got {twice or names} twice.")
        set_ = object.__setattr__
        set_(self, "_entries", entries)
        set_(self, "_units", units)
        set_(self, "names", names)
        set_(self, "rep", sum(entries.values(), 0 * Scalar))
        set_(self, "dim", _common_dimension(entries))

    @property
    def names_with_units(self) -> tuple[str, ...]:
        """Names of the columns with their units, such as "x (m)", for pictures and tables."""
        units = [self._units.get(names, _NO_UNIT) for names in self._entries for _ in names]
        named = zip(self.names, units, strict=True)
        return tuple(f"{name} ({unit})" if unit else name for name, unit in named)

    def select(self, X: Any, name: str = "X") -> Any:
        """Return the columns of a data frame that the schema names, in its order.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            A frame of any library that narwhals reads, such as pandas or polars.
        name : str, default="X"
            What error messages call it.

        Returns
        -------
        data frame of shape (n_samples, len(names)) or array-like
            A frame of the same library; what is not a frame comes back as it is.

        Raises
        ------
        ValueError
            If a column is missing or stands twice, holds something other than numbers, or has
            missing or infinite entries; the message names it.
        TypeError
            If it is a frame whose rows are not there yet.
        """
        if hasattr(X, "iloc") and hasattr(X, "columns"):
            # pandas, where other columns may have one name twice
            self._check_names(list(X.columns), name)
            X = X.loc[:, list(self.names)]
        frame = nw.from_native(X, allow_series=True, pass_through=True)
        if isinstance(frame, nw.Series) and len(self.names) == 1:
            # Without a name it may be this column; as one column it keeps its shape.
            self._check_names([frame.name or self.names[0]], name)
            _check_numbers(frame, self.names[0], name)
        if not isinstance(frame, nw.DataFrame):
            if not isinstance(frame, nw.LazyFrame) and not hasattr(X, "columns"):
                return X
            raise TypeError(
                f"{name} must be a data frame whose rows are there (after X.collect() or "
                f"X.compute(), say) or an array. Got {type(X)}."
            )
        self._check_names(frame.columns, name)
        frame = frame[list(self.names)]
        for column in self.names:
            _check_numbers(frame[column], column, name)
        return frame.to_native()

    def _check_names(self, there: Sequence[object], name: str) -> None:
        """Refuse tables without one of the columns, or with two of one name."""
        counts = Counter(there)  # of tables with thousands of columns, too
        twice = [column for column in self.names if counts[column] > 1]
        missing = [column for column in self.names if not counts[column]]
        if not twice and not missing:
            return
        got = f"several called {twice}." if twice else f"none called {missing}"
        if missing:
            similar = {column: _similar(column, there) for column in missing}
            meant = [f"{other!r} for {column!r}" for column, other in similar.items() if other]
            got += f"; did you mean {', '.join(meant)}?" if meant else "."
        raise ValueError(f"{name} must have the columns {list(self.names)} once. Got {got}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ColumnSchema):
            return NotImplemented
        return (self.names, self.rep, self._units) == (other.names, other.rep, other._units)

    def __hash__(self) -> int:
        return hash((self.names, self.rep))

    def __repr__(self) -> str:
        columns = ", ".join(f"{_key(names)!r}: {rep!r}" for names, rep in self._entries.items())
        units = {_key(names): unit for names, unit in self._units.items()}
        return f"ColumnSchema({{{columns}}}" + (f", units={units!r})" if units else ")")

    def __str__(self) -> str:
        rows = [
            (", ".join(names), repr(rep), self._units.get(names, _NO_UNIT))
            for names, rep in self._entries.items()
        ]
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(2)]
        return "\n".join(
            f"{names:{widths[0]}}  {rep:{widths[1]}}  {unit}".rstrip() for names, rep, unit in rows
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A schema cannot be changed. Got a new value for {name!r}.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A schema cannot be changed. Got del of {name!r}.")

    def __getstate__(self) -> dict[str, list[Any]]:
        # Lists, since files of skops have no dicts whose keys are tuples.
        entries, units = self._entries, self._units
        return {
            "columns": [list(names) for names in entries],
            "reps": list(entries.values()),
            "units": [[list(names), unit] for names, unit in units.items()],
        }

    def __setstate__(self, state: dict[str, list[Any]]) -> None:
        names = [tuple(names) for names in state["columns"]]
        units = {tuple(names): unit for names, unit in state["units"]}
        ColumnSchema.__init__(self, dict(zip(names, state["reps"], strict=True)), units)


def _similar(column: str, there: Sequence[object]) -> str | None:
    """A name that the user may have meant: one that differs in case, or in a few letters."""
    lower = {str(name).lower(): str(name) for name in there}
    close = difflib.get_close_matches(column.lower(), lower, n=1, cutoff=_CLOSE)
    return lower[close[0]] if close else None


def _check_numbers(series: nw.Series[Any], column: str, name: str) -> None:
    """Refuse a column of anything else than finite numbers."""
    values = _as_floats(series)
    if values is None:
        dtype = getattr(series.to_native(), "dtype", series.dtype)
        raise ValueError(f"Column {column!r} of {name} must hold numbers. Got {dtype}.")
    n_bad = np.count_nonzero(~np.isfinite(values))
    if n_bad:
        raise ValueError(
            f"Column {column!r} of {name} must hold finite numbers. Got {n_bad} of {len(values)} "
            "that are missing, NaN or infinite."
        )


def _as_floats(series: nw.Series[Any]) -> np.ndarray | None:
    """Entries as float64, NaN where they are missing; None if they are not numbers."""
    if isinstance(series.dtype, _NO_NUMBERS) or series.dtype in _NO_NUMBERS:
        return None
    if series.dtype == nw.Boolean:
        series = series.cast(nw.Int8)
    values = series.to_numpy()
    if values.dtype.kind in "fiu":
        return values.astype(np.float64)
    try:
        return np.array([np.nan if v is None else v for v in series.to_list()], dtype=np.float64)
    except (TypeError, ValueError):
        return None


def _names(key: Any) -> tuple[str, ...]:
    """Names of the columns of one entry."""
    names = (key,) if isinstance(key, str) else key
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"Names of columns must be a string or a tuple of strings. Got {key!r}.")
    return names


def _key(names: tuple[str, ...]) -> str | tuple[str, ...]:
    """What a user writes for the names of one entry."""
    return names[0] if len(names) == 1 else names


def _common_dimension(entries: dict[tuple[str, ...], Rep]) -> int | None:
    """The d for which every entry has one component for each name."""
    dims = {names: _dimension(names, rep) for names, rep in entries.items()}
    found = {names: d for names, d in dims.items() if d is not None}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{d} for {_key(names)!r}" for names, d in found.items())
        raise ValueError(f"columns must be vectors and tensors of one dimension. Got {listed}.")
    return next(iter(found.values()), None)


def _dimension(names: tuple[str, ...], rep: Rep) -> int | None:
    """The d of one entry; None where it has scalars only."""
    n = len(names)
    if rep.dim(1) == rep.dim(2):
        fits, d = rep.dim(1) == n, None
    else:
        d = next((d for d in range(1, n + 1) if rep.dim(d) >= n), None)
        fits = d is not None and rep.dim(d) == n
    if not fits:
        raise ValueError(
            "columns must have one name for each component of a representation. "
            f"Got {n} names for {rep!r}: {_key(names)!r}."
        )
    return d


def _check_units(
    units: Mapping[tuple[str, ...], str], entries: Mapping[tuple[str, ...], Rep]
) -> None:
    for names, unit in units.items():
        if names not in entries:
            raise ValueError(
                f"units must be given for what stands in columns. Got {_key(names)!r}, which is "
                f"none of {[_key(known) for known in entries]}."
            )
        if not isinstance(unit, str):
            raise TypeError(f"units must be strings. Got {unit!r} for {_key(names)!r}.")
