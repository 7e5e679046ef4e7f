"""Players of a football match, as windows from the past to the future."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_scalar

from softeq_sklearn.datasets._bunch import dataset
from softeq_sklearn.datasets._files import arrays, description
from softeq_sklearn.datasets._windows import track_windows
from softeq_sklearn.groups import SO, D, E, O, Reflection, Translation
from softeq_sklearn.representations import Point, Vector

_FRAMES_PER_SECOND = 10
_INTERVAL = 2
"""Frames between two rows of the file."""
_MAX_STEP = 2.4
"""Metres in that time, 12 m/s: nobody runs faster, so a longer step is an error of tracking."""
_NOT_SEEN = -32768
"""Stands in the file for a position outside the picture."""


def _read_match() -> dict[str, np.ndarray]:
    """Return what is known of every player seen at every moment; positions in metres."""
    match = arrays("soccer")
    moment, player = np.nonzero(match["x_cm"].T != _NOT_SEEN)
    x, y = match["x_cm"][player, moment], match["y_cm"][player, moment]
    return {
        "position": np.column_stack([x, y]) / 100.0,
        "player": player,
        "team": match["team"][player],
        "moment": moment,
        "frame": match["frame"][moment],
        "period": match["period"][moment],
    }


def _windows(match, n_past, n_ahead):
    """Steps, displacements and rows of all players; see `track_windows`."""
    return track_windows(
        match["position"],
        track=match["player"],
        time=match["frame"],
        n_past=n_past,
        n_ahead=n_ahead,
        interval=_INTERVAL,
        max_step=_MAX_STEP,
    )


def _at_the_same_time(match, known, rows):
    """The rows of all players at the time of `rows`, or -1 where that row is not in `known`."""
    table = np.full((match["moment"].max() + 1, match["player"].max() + 1), -1)
    table[match["moment"][known], match["player"][known]] = known
    return table[match["moment"][rows]]


def _nearest(match, others, rows, n_neighbours):
    """The nearest team-mates, then the nearest opponents, as rows; and whether there are enough.

    Their order is the same after any rotation, reflection or translation.
    """
    distance = np.linalg.norm(match["position"][others] - match["position"][rows, None], axis=2)
    is_mate = match["team"][others] == match["team"][rows, None]
    known = (others >= 0) & (others != rows[:, None])
    nearest, enough = [], np.ones(len(rows), dtype=bool)
    for wanted in (known & is_mate, known & ~is_mate):
        order = np.argsort(np.where(wanted, distance, np.inf), axis=1, kind="stable")
        nearest.append(np.take_along_axis(others, order[:, :n_neighbours], axis=1))
        enough &= wanted.sum(axis=1) >= n_neighbours
    return np.concatenate(nearest, axis=1), enough


def _neighbour_columns(match, rows, n_past, n_neighbours):
    """Offset and motion of the neighbours for those of `rows` that have enough; and which have."""
    past, _, known = _windows(match, n_past, 0)
    position, motion = match["position"], np.zeros_like(match["position"])
    motion[known] = past.reshape(len(known), n_past, 2).sum(axis=1)
    nearest, enough = _nearest(match, _at_the_same_time(match, known, rows), rows, n_neighbours)
    nearest, rows = nearest[enough], rows[enough]
    offset = position[nearest] - position[rows, None]
    columns = np.concatenate([offset, motion[nearest]], axis=2)
    return columns.reshape(len(rows), 8 * n_neighbours), enough


def _names(n_past: int, n_neighbours: int) -> list[str]:
    seconds = np.arange(-n_past, 0) * _INTERVAL / _FRAMES_PER_SECOND
    vectors = [f"step_{second:.1f}s" for second in seconds]
    for side in ("mate", "opponent"):
        for k in range(1, n_neighbours + 1):
            vectors += [f"{side}_{k}_offset", f"{side}_{k}_motion"]
    return [f"{axis}_{name}" for name in ["position", *vectors] for axis in "xy"]


def load_soccer(*, n_past=5, n_ahead=10, n_neighbours=2, return_X_y=False, as_frame=False):
    """Load windows of the motion of the players of a football match.

    A row is one player at one time. Its columns are the position of the player on the pitch, the
    player's steps over the past, each of 0.2 s, the oldest first, and the nearest team-mates and
    opponents: where each is, seen from the player, and how far each moved over the past. The target
    is the displacement of the player over the time to come. With the default 1 s of past, 2 s of
    future and 2 + 2 neighbours there are 131,021 rows of 28 players. Lengths are in metres.

    The origin is the centre of the pitch, x goes along and y across it, so that the reflections of
    the pitch are those of the two axes. The position is a Point, which translations move; steps,
    offsets and displacements are Vectors, which they leave alone.

    .. warning::
        Rows overlap: neighbouring rows share most of their positions, and players of one time are
        in each other's rows. Split them by `period`, or by `time` with a gap of at least the length
        of a window, never at random, or the test rows will be known from training::

            train = soccer.period == 1

    Parameters
    ----------
    n_past : int, default=5
        Number of steps of 0.2 s in the past of a row.

    n_ahead : int, default=10
        Number of steps of 0.2 s from the current position to the target.

    n_neighbours : int, default=2
        Number of nearest team-mates, and of nearest opponents. Rows where fewer are seen over
        the whole past are left out.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, data and target are pandas DataFrames.

    Returns
    -------
    soccer : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, 2 + 2 * n_past + 8 * n_neighbours)
            The position; the steps; then for each team-mate, the nearest first, and each opponent
            the offset from the player and the motion over the past. All in metres.
        target : ndarray or DataFrame of shape (n_samples, 2)
            Displacement of the player in metres.
        rep_in, rep_out : Rep
            ``Point + (n_past + 4 * n_neighbours) * Vector`` and ``Vector``.
        groups : dict
            Candidates in the plane: "SO(2)", "flip x" (the ends of the pitch change places),
            "flip y" (its sides do), "translations", "D(2)", which the two flips generate, "O(2)"
            and "E(2)", which has all others in it.
        period : ndarray of shape (n_samples,)
            1 or 2, to split by.
        time : ndarray of shape (n_samples,)
            Time of the row in the video, in seconds; the second period begins at 3998.6 s.
        player : ndarray of shape (n_samples,)
            Number of the player, 0 to 27.
        team : ndarray of shape (n_samples,)
            Number of the player's team, 1 or 2.
        frame : DataFrame or None
            Data and target together, if `as_frame`.
        feature_names, target_names : list of str
            Names of the columns; ``"x_step_-1.0s"`` is from the step that began 1 s ago.
        DESCR : str
            A description of the data with its source and terms.

    (data, target) : tuple, if `return_X_y`
        These two alone.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range, or no window is long enough.
    ImportError
        If `as_frame` is set and pandas is not installed (it comes with the extra ``plot``).

    See Also
    --------
    track_windows : Windows of your own tracks.

    Notes
    -----
    Source: SkillCorner open data (MIT licence), tracking from the broadcast of a match: players
    outside the picture are missing, and windows are only where all their positions are seen. A
    step of more than 2.4 m (12 m/s) is an error of tracking and counts as a gap.

    The target is a Vector, not the Point where the player will be: that is the position plus the
    target, so that a model need not learn to copy the position, and a constant error is one of
    metres, not of a pitch.

    Sampled translations are moves of up to 1 unit along each axis, which is little on a pitch. All
    columns are lengths, so that ``soccer.data / 20`` and ``soccer.target / 20`` have another unit
    and translations of up to 20 m.

    Examples
    --------
    >>> from softeq_sklearn.datasets import load_soccer
    >>> soccer = load_soccer()
    >>> soccer.data.shape, soccer.target.shape
    ((131021, 28), (131021, 2))
    >>> soccer.rep_in, soccer.rep_out
    (Point + 13*Vector, Vector)
    >>> train = soccer.period == 1
    >>> soccer.data[train].shape, soccer.data[~train].shape
    ((64717, 28), (66304, 28))
    """
    check_scalar(n_past, "n_past", int, min_val=1)
    check_scalar(n_ahead, "n_ahead", int, min_val=1)
    check_scalar(n_neighbours, "n_neighbours", int, min_val=0)
    match = _read_match()
    steps, target, rows = _windows(match, n_past, n_ahead)
    neighbours, enough = _neighbour_columns(match, rows, n_past, n_neighbours)
    if not enough.any():
        raise ValueError(
            "'n_past' + 'n_ahead' must be at most the time that a player is seen, together with "
            f"'n_neighbours' of each team. Got {n_past} + {n_ahead} steps of 0.2 s and "
            f"{n_neighbours} neighbours, and there is no such window."
        )
    rows = rows[enough]
    return dataset(
        np.column_stack([match["position"][rows], steps[enough], neighbours]),
        target[enough],
        feature_names=_names(n_past, n_neighbours),
        target_names=[f"{axis}_+{n_ahead * _INTERVAL / _FRAMES_PER_SECOND:.1f}s" for axis in "xy"],
        return_X_y=return_X_y,
        as_frame=as_frame,
        rep_in=Point + (n_past + 4 * n_neighbours) * Vector,
        rep_out=Vector,
        groups={
            "SO(2)": SO(2),
            "flip x": Reflection(2, axis=0),
            "flip y": Reflection(2, axis=1),
            "translations": Translation(2),
            "D(2)": D(2),
            "O(2)": O(2),
            "E(2)": E(2),
        },
        period=match["period"][rows],
        time=match["frame"][rows] / _FRAMES_PER_SECOND,
        player=match["player"][rows],
        team=match["team"][rows],
        DESCR=description("soccer"),
    )
