"""Windows of tracks that are observed at regular times."""

from __future__ import annotations

import numpy as np

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def window_rows(
    track: np.ndarray, time: np.ndarray, *, interval: int, n_past: int, n_ahead: int
) -> np.ndarray:
    """Rows around which a track is complete, from `n_past` rows before to `n_ahead` after.

    Parameters
    ----------
    track : ndarray of shape (n_rows,)
        What each row is a position of; the rows of a track stand together, in order of time.
    time : ndarray of shape (n_rows,)
        Time of each row, integer.
    interval : int
        Time between neighbouring rows of a window. A gap or a row in between ends all windows.
    n_past, n_ahead : int
        Number of intervals before and after the row.

    Returns
    -------
    rows : ndarray of shape (n_windows,)
        Indices of the rows, ascending.
    """
    regular = (track[1:] == track[:-1]) & (np.diff(time) == interval)
    n_regular_before = np.concatenate([[0], np.cumsum(regular)])
    rows = np.arange(n_past, len(track) - n_ahead)
    n_regular = n_regular_before[rows + n_ahead] - n_regular_before[rows - n_past]
    return rows[n_regular == n_past + n_ahead]


def tangent_plane(
    latitude: np.ndarray, longitude: np.ndarray, origin: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    r"""Positions on the Earth as kilometres to the east and the north of an origin.

    With :math:`(\phi_0, \lambda_0)` the origin and :math:`R` the mean radius of the Earth:
    :math:`east = R \cos\phi_0 \, (\lambda - \lambda_0)` and
    :math:`north = R \, (\phi - \phi_0)`, the shorter way around the Earth.

    Parameters
    ----------
    latitude, longitude : ndarray of shape (...)
        Positions in degrees.
    origin : tuple of two ndarrays that broadcast to the same shape
        Latitude and longitude of the origins, in degrees.

    Returns
    -------
    position : ndarray of shape (..., 2)
        East and north in km.
    """
    latitude_0, longitude_0 = origin
    turn = (longitude - longitude_0 + 180.0) % 360.0 - 180.0
    east = np.cos(np.radians(latitude_0)) * np.radians(turn)
    north = np.radians(latitude - latitude_0)
    return EARTH_RADIUS_KM * np.stack(np.broadcast_arrays(east, north), axis=-1)
