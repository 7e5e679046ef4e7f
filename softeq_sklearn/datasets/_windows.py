"""Windows of any tracks, from the past to the future."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_scalar

from softeq_sklearn.datasets._tracks import window_rows


def _check_labels(values: ArrayLike | None, name: str, n_rows: int) -> np.ndarray:
    """Return one label for each row; None is the same label everywhere."""
    values = np.zeros(n_rows, dtype=np.int64) if values is None else np.asarray(values)
    if values.shape != (n_rows,):
        raise ValueError(
            f"'{name}' must have one value for each of the {n_rows} rows of 'position'. "
            f"Got shape {values.shape} instead."
        )
    return values


def _check_time(time: ArrayLike | None, n_rows: int) -> np.ndarray:
    """Return the time of each row; None is the number of the row."""
    time = np.arange(n_rows) if time is None else _check_labels(time, "time", n_rows)
    # Steps of 0.2 s are not equal as floats.
    if time.dtype.kind not in "iu":
        raise TypeError(
            "'time' must be integers, such as numbers of frames, so that steps can be compared. "
            f"Got dtype {time.dtype} instead."
        )
    return time.astype(np.int64)


def _split_at_jumps(position: np.ndarray, track: np.ndarray, max_step: float) -> np.ndarray:
    """Return the number of the piece that each row is in; a jump or another track begins one."""
    jumps = np.linalg.norm(np.diff(position, axis=0), axis=1) > max_step
    return np.concatenate([[0], np.cumsum(jumps | (track[1:] != track[:-1]))])


def track_windows(
    position, *, track=None, time=None, n_past, n_ahead, interval=1, max_step=None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut tracks into windows: steps of the past, and displacement over the time to come.

    A window is a row with all rows of the same track from `n_past` intervals before to `n_ahead`
    intervals after it. A gap ends the windows on both sides.

    .. warning::
        Windows overlap: neighbours share most of their rows. Split them by track, or by time with a
        gap of at least ``(n_past + n_ahead) * interval``, never at random.

    Parameters
    ----------
    position : array-like of shape (n_rows, d)
        A position at every row, in any unit.

    track : array-like of shape (n_rows,), default=None
        What the row is a position of: names or numbers. None means one track. The order of the rows
        does not matter.

    time : array-like of int of shape (n_rows,), default=None
        Time of the row in any unit, such as the number of a frame; None means the number of the
        row. Two rows of a track at the same time end the windows, as a gap does.

    n_past : int
        Number of steps in the past, at least 1.

    n_ahead : int
        Number of intervals from the row to the end of the displacement; 0 asks for the past only.

    interval : int, default=1
        Time of one step, in the unit of `time`.

    max_step : float, default=None
        A step that is longer, in the unit of `position`, counts as a gap: such are jumps from one
        object to another, where tracking has lost the first.

    Returns
    -------
    steps : ndarray of shape (n_windows, n_past * d)
        The steps of the past, the oldest first: `n_past` Vectors in the unit of `position`.
    displacement : ndarray of shape (n_windows, d)
        From the position of the row to that `n_ahead` intervals later: a Vector in the unit of
        `position`.
    rows : ndarray of shape (n_windows,)
        The row that each window is about, ascending.

    Raises
    ------
    ValueError, TypeError
        If a shape does not fit, times are no integers, a position is not finite, or a number is out
        of its range.

    Examples
    --------
    The steps between square numbers: two of the past, and the one to come:

    >>> import numpy as np
    >>> from softeq_sklearn.datasets import track_windows
    >>> position = np.arange(5.0)[:, None] ** 2
    >>> steps, displacement, rows = track_windows(position, n_past=2, n_ahead=1)
    >>> steps
    array([[1., 3.],
           [3., 5.]])
    >>> displacement.ravel(), rows
    (array([5., 7.]), array([2, 3]))
    """
    check_scalar(n_past, "n_past", int, min_val=1)
    check_scalar(n_ahead, "n_ahead", int, min_val=0)
    check_scalar(interval, "interval", int, min_val=1)
    position = check_array(position, dtype=np.float64, input_name="position")
    _, track = np.unique(_check_labels(track, "track", len(position)), return_inverse=True)
    time = _check_time(time, len(position))

    order = np.lexsort((time, track))
    position, track, time = position[order], track[order], time[order]
    if max_step is not None:
        check_scalar(max_step, "max_step", Real, min_val=0)
        track = _split_at_jumps(position, track, max_step)
    found = window_rows(track, time, interval=interval, n_past=n_past, n_ahead=n_ahead)
    found = found[np.argsort(order[found])]

    around = position[found[:, None] + np.arange(-n_past, 1)]
    steps = np.diff(around, axis=1).reshape(len(found), n_past * position.shape[1])
    return steps, position[found + n_ahead] - position[found], order[found]
