"""Tracks of Atlantic tropical cyclones, as windows from the past to the future."""

from __future__ import annotations

import csv
import gzip

import numpy as np
from sklearn.utils import check_scalar

from softeq_sklearn.datasets._bunch import dataset
from softeq_sklearn.datasets._files import data_file, description
from softeq_sklearn.datasets._tracks import tangent_plane, window_rows
from softeq_sklearn.groups import SO, C, O, Reflection, Scaling
from softeq_sklearn.representations import Scalar, Vector

_SCALARS = ("latitude", "longitude", "wind_knots", "pressure_hpa")
_HOURS = 6
"""Hours between two fixes."""


def _read_fixes() -> dict[str, np.ndarray]:
    """Return the columns of the table, without fixes at odd hours or at an hour seen before."""
    with (
        data_file("storms.csv.gz").open("rb") as packed,
        gzip.open(packed, "rt", encoding="utf-8", newline="") as text,
    ):
        names, *rows = csv.reader(text)
    columns = zip(*rows, strict=True)
    fixes = {name: np.array(column) for name, column in zip(names, columns, strict=True)}
    for name in ("year", "month", "day", "hour"):
        fixes[name] = fixes[name].astype(np.int64)
    for name in _SCALARS:
        fixes[name] = fixes[name].astype(np.float64)
    fixes["storm"] = np.array(
        [f"{name} {year}" for name, year in zip(fixes["name"], fixes["year"], strict=True)]
    )
    fixes["time"] = (
        (fixes["year"] - 1970).astype("datetime64[Y]")
        + (fixes["month"] - 1).astype("timedelta64[M]")
        + (fixes["day"] - 1).astype("timedelta64[D]")
        + fixes["hour"].astype("timedelta64[h]")
    )
    # The table has no minutes, so a fix at landfall can share its hour with the regular one, which
    # stands first.
    seen = (fixes["storm"][1:] == fixes["storm"][:-1]) & (fixes["time"][1:] == fixes["time"][:-1])
    keep = (fixes["hour"] % _HOURS == 0) & ~np.concatenate([[False], seen])
    return {name: column[keep] for name, column in fixes.items()}


def _check_scalars(scalars) -> list[str]:
    """Return the names of scalars as a list, or raise an error."""
    if isinstance(scalars, str) or not all(name in _SCALARS for name in scalars):
        raise ValueError(f"'scalars' must be a sequence of names in {_SCALARS}. Got {scalars!r}.")
    return list(scalars)


def load_storms(*, n_past=4, n_ahead=4, scalars=("latitude",), return_X_y=False, as_frame=False):
    """Load windows of the tracks of Atlantic tropical cyclones, 1975 to 2022.

    A row is one position of a storm. Its columns are the steps of the storm over the past, each of
    six hours, in kilometres to the east and to the north, the oldest first; then a few scalars. The
    target is the displacement of the storm over the hours to come, in the same plane. With the
    default 24 h of past and of future there are 13,836 rows from 593 storms.

    The steps and the target are vectors of the plane that touches the Earth at the current
    position, so a rotation of the plane acts on all of them together.

    .. warning::
        Rows overlap: neighbouring rows share most of their fixes. Split them by `year` (or by
        `storm`), never at random, or the test rows will be known from training::

            train = storms.year < 2010

    Parameters
    ----------
    n_past : int, default=4
        Number of six-hour steps in the past of a row.

    n_ahead : int, default=4
        Number of six-hour steps from the current position to the target.

    scalars : sequence of str, default=("latitude",)
        What else is known of the current position, as columns on which no group acts: any of
        "latitude" and "longitude" in degrees, "wind_knots" in knots, and "pressure_hpa" in hPa.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, data and target are pandas DataFrames.

    Returns
    -------
    storms : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, 2 * n_past + n_scalars)
            The steps in km, then the `scalars` in their units.
        target : ndarray or DataFrame of shape (n_samples, 2)
            Displacement to the east and to the north, in km.
        rep_in, rep_out : Rep
            ``n_past * Vector + n_scalars * Scalar`` and ``Vector``.
        groups : dict
            Candidates in the plane: "SO(2)", "flip east" (east becomes west), "flip north", "C(4)",
            "Scaling(2)", and "O(2)", which SO(2) and a flip generate.
        year : ndarray of shape (n_samples,)
            The season, to split by.
        storm : ndarray of shape (n_samples,)
            Name and year of the storm, such as "Katrina 2005"; the `groups` of
            :class:`~sklearn.model_selection.GroupKFold`.
        time : ndarray of shape (n_samples,), dtype datetime64[h]
            Time of the current position, UTC.
        latitude, longitude : ndarray of shape (n_samples,)
            The current position in degrees.
        frame : DataFrame or None
            Data and target together, if `as_frame`.
        feature_names, target_names : list of str
            Names of the columns; ``"east_step_-24h"`` is the step that began 24 h ago.
        DESCR : str
            A description of the data with its source and terms.

    (data, target) : tuple, if `return_X_y`
        These two alone.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range, or no storm is long enough.
    ImportError
        If `as_frame` is set and pandas is not installed (it comes with the extra ``plot``).

    Notes
    -----
    Source: HURDAT2, the best tracks of the National Hurricane Center (NOAA), public domain [1]_;
    the table is the one of the R package dplyr (MIT licence). Positions are projected as
    east = R cos(latitude_0) (longitude - longitude_0), north = R (latitude - latitude_0) with the
    current position as origin and R = 6371.0088 km.

    References
    ----------
    .. [1] C. W. Landsea, J. L. Franklin. Atlantic hurricane database uncertainty and presentation
       of a new database format. Monthly Weather Review 141, 3576-3592, 2013.

    Examples
    --------
    >>> from softeq_sklearn.datasets import load_storms
    >>> storms = load_storms()
    >>> storms.data.shape, storms.target.shape
    ((13836, 9), (13836, 2))
    >>> storms.rep_in, storms.rep_out
    (4*Vector + Scalar, Vector)
    >>> train = storms.year < 2010
    >>> storms.data[train].shape, storms.data[~train].shape
    ((8814, 9), (5022, 9))
    """
    check_scalar(n_past, "n_past", int, min_val=1)
    check_scalar(n_ahead, "n_ahead", int, min_val=1)
    scalars = _check_scalars(scalars)
    fixes = _read_fixes()
    rows = window_rows(
        fixes["storm"],
        fixes["time"].astype(np.int64),
        interval=_HOURS,
        n_past=n_past,
        n_ahead=n_ahead,
    )
    if not len(rows):
        raise ValueError(
            f"'n_past' + 'n_ahead' must be at most the length of a storm. Got {n_past} + {n_ahead} "
            "steps of six hours, and no storm has as many without a gap."
        )
    current = {name: column[rows] for name, column in fixes.items()}

    offsets = [*range(-n_past, 1), n_ahead]
    around = rows[:, None] + offsets
    positions = tangent_plane(
        fixes["latitude"][around],
        fixes["longitude"][around],
        origin=(current["latitude"][:, None], current["longitude"][:, None]),
    )
    steps = np.diff(positions[:, :-1], axis=1).reshape(len(rows), -1)
    data = np.column_stack([steps, *(current[name] for name in scalars)])

    hours = [_HOURS * offset for offset in offsets]
    return dataset(
        data,
        positions[:, -1],
        feature_names=[
            f"{direction}_step_{hour}h" for hour in hours[:-2] for direction in ("east", "north")
        ]
        + scalars,
        target_names=[f"{direction}_+{hours[-1]}h" for direction in ("east", "north")],
        return_X_y=return_X_y,
        as_frame=as_frame,
        rep_in=n_past * Vector + len(scalars) * Scalar if scalars else n_past * Vector,
        rep_out=Vector,
        groups={
            "SO(2)": SO(2),
            "flip east": Reflection(2, axis=0),
            "flip north": Reflection(2, axis=1),
            "C(4)": C(4),
            "Scaling(2)": Scaling(2),
            "O(2)": O(2),
        },
        year=current["year"],
        storm=current["storm"],
        time=current["time"],
        latitude=current["latitude"],
        longitude=current["longitude"],
        DESCR=description("storms"),
    )
