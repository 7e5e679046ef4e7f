"""Trajectories of road users, read from the files of the Waymo Open Motion Dataset."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from softeq_sklearn.datasets._bunch import dataset
from softeq_sklearn.datasets._parameters import check_choice
from softeq_sklearn.datasets._waymo_tracks import N_PAST, TIMES, read_tracks
from softeq_sklearn.groups import O
from softeq_sklearn.representations import Vector

_TYPES = ("unset", "vehicle", "pedestrian", "cyclist", "other")


class _Normalization(NamedTuple):
    """What is subtracted from positions, and by what they are divided then, in metres."""

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    centred: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Part of the mean of each trajectory that is subtracted before."""


_NORMALIZATIONS = {
    None: _Normalization(),
    "scale-aware": _Normalization(scale=(1.23, 1.34, 0.05)),
    "symmetry-aware": _Normalization(scale=(1.05, 1.05, 1.05)),
    "both": _Normalization((0.0, 0.0, -0.23), (1.31, 1.31, 1.31), (1.0, 1.0, 0.993)),
}

_DESCR = """\
Trajectories of road users from the Waymo Open Motion Dataset
=============================================================

{n_rows} trajectories of {n_scenarios} scenarios, out of {n_records} in {n_files} file(s).

Columns: six positions (x, y, z) of the past, 0.2 s apart, the last one the current position.
Target: the six positions that follow. x and y are horizontal, z points up.

Kept are trajectories that are valid at their first 24 steps of 0.1 s, of which every
second one is a position, and that move, from the first to the sixth position, by more
than 0.05 m in z and by less than 5 m in each of x and y.

Normalization: {normalization}
Subtracted from every trajectory: {centred} times the mean of its positions
(center_on: {center_on}), component by component.
Then subtracted from all positions, in metres: {mean}
Then all positions were divided by, in metres: {scale}

The task is the one of Kim, Lee, Yang, Lee: Regularizing Towards Soft Equivariance Under Mixed
Symmetries, ICML 2023, arXiv 2306.00356. The files belong to Waymo, whose licence allows
non-commercial use: https://waymo.com/open/terms.
"""


def _check_paths(paths) -> list[str | os.PathLike]:
    """Return one or more paths as a list, or raise an error."""
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    if not isinstance(paths, Iterable) or isinstance(paths, bytes):
        raise TypeError(f"'paths' must be a path or a sequence of paths. Got {paths!r} instead.")
    paths = list(paths)
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"'paths' must hold paths only. Got {path!r} in it.")
    if not paths:
        raise ValueError("'paths' must hold at least one path. Got none.")
    return paths


def _names(times: list[float]) -> list[str]:
    return [f"{axis}_{time:+.1f}s" for time in times for axis in "xyz"]


def read_waymo_motion(
    paths,
    *,
    normalization="symmetry-aware",
    center_on="trajectory",
    return_X_y=False,
    as_frame=False,
):
    """Read trajectories of road users from files of the Waymo Open Motion Dataset.

    A row is one vehicle, pedestrian or cyclist in one scenario. Its columns are six positions in
    three dimensions over the past second, 0.2 s apart, the last one the current position; the
    target is the six positions that follow. The filters and normalizations are those of the motion
    forecasting of [1]_. No part of the data set comes with this package, because
    its licence asks every user to get it from https://waymo.com/open; TensorFlow is not needed.

    Parameters
    ----------
    paths : str, path-like or sequence of these
        The files, in the order of their rows: TFRecord files of the folder "tf_example", not those
        of "scenario", and not those of the testing split, which hides the future.

    normalization : {"symmetry-aware", "scale-aware", "both"} or None, default="symmetry-aware"
        What is subtracted from centred positions, and by what they are divided then. The numbers
        are those of [1]_, the same for every file, so that files for training and for testing fit
        together.

        - "symmetry-aware": all components by 1.05 m, so that rotations stay rotations.
        - "scale-aware": x, y, z by 1.23 m, 1.34 m, 0.05 m. Every component varies by about 1; a
          rotation that mixes z with x or y is one no more.
        - "both": only 0.993 of the mean height is taken off by centering, then -0.23 m in z, and
          all components are divided by 1.31 m. What is left of the height varies as much as x and
          y do.
        - None: metres, centred.

    center_on : {"trajectory", "past"}, default="trajectory"
        From which positions the mean is taken that is subtracted from all of a trajectory. With
        "trajectory", as in [1]_, these are past and future, so the data tell the mean of the
        target, which a forecast cannot know. "past" tells nothing of the future; the target then
        has a larger scale than with the numbers of [1]_.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, data and target are pandas DataFrames.

    Returns
    -------
    motion : :class:`~sklearn.utils.Bunch`
        With attributes

        data, target : ndarray or DataFrame of shape (n_samples, 18)
            Six positions x, y, z (z points up), the oldest first, from 1 s before to the current
            time and from 0.2 s to 1.2 s after it. In metres without a `normalization`, else in
            units of `scale`.
        rep_in, rep_out : Rep
            ``6 * Vector`` both.
        groups : dict
            The candidates "O(2) about x", "O(2) about y" and "O(2) about z".
        scenario : ndarray of shape (n_samples,)
            Name of the scenario; the `groups` of :class:`~sklearn.model_selection.GroupKFold`.
            Scenarios are windows of 9 s out of longer drives, and two of them can overlap.
        agent : ndarray of shape (n_samples,), dtype int64
            Number of the road user in its scenario.
        agent_type : ndarray of shape (n_samples,)
            "vehicle", "pedestrian", "cyclist", "other" or "unset".
        origin : ndarray of shape (n_samples, 3)
            What centering subtracted, in metres.
        mean, scale : ndarray of shape (3,)
            What `normalization` subtracted then, and divided by, in metres. A position in metres
            is ``position * scale + mean + origin``.
        frame : DataFrame or None
            Data and target together, if `as_frame`.
        feature_names, target_names : list of str
            Names of the columns; ``"x_-0.2s"`` is x at 0.2 s before the current time.
        DESCR : str
            A description of the data with its source and terms.

    (data, target) : tuple, if `return_X_y`
        These two alone.

    Raises
    ------
    ValueError
        If a file is cut off, damaged or in another format, with the file and the position in it; if
        no trajectory passes the filters; or if a parameter is out of its range.
    TypeError
        If `paths` holds something else than paths.
    OSError
        If a file cannot be opened or read.
    ImportError
        If `as_frame` is set and pandas is not installed (it comes with the extra ``plot``).

    Notes
    -----
    Filters: the first 24 of the 91 steps of 0.1 s are all valid; every second of them is a position
    of the row; from the first to the sixth position, z moves by more than 0.05 m, and each of x and
    y by less than 5 m.

    [1]_ takes the first 100 of the 1000 files of the training split, in order of their names: 68 to
    train, then 16 to validate, then 16 to test. Read each part with a call of its own.

    All checksums are verified, at several hundred megabytes per second on one core. At any time one
    scenario of a file is in memory, and the rows.

    References
    ----------
    .. [1] H. Kim, H. Lee, H. Yang, J. Lee. Regularizing Towards Soft Equivariance Under Mixed
       Symmetries. ICML 2023. https://arxiv.org/abs/2306.00356

    Examples
    --------
    The file of this example is in the format of the data set, but made up:

    >>> from importlib.resources import files
    >>> from softeq_sklearn.datasets import read_waymo_motion
    >>> path = files("softeq_sklearn.datasets") / "data" / "made_up_motion.tfrecord"
    >>> motion = read_waymo_motion(path, normalization="both")
    >>> motion.data.shape, motion.rep_in, motion.rep_out
    ((3, 18), 6*Vector, 6*Vector)
    >>> list(motion.groups)
    ['O(2) about x', 'O(2) about y', 'O(2) about z']

    The positions that follow, of the first row, in metres:

    >>> future = motion.target[0].reshape(6, 3) * motion.scale + motion.mean + motion.origin[0]
    >>> future.round(2)
    array([[103.  ,  38.5 ,  12.19],
           [103.5 ,  38.25,  12.22],
           [104.  ,  38.  ,  12.25],
           [104.5 ,  37.75,  12.28],
           [105.  ,  37.5 ,  12.31],
           [105.5 ,  37.25,  12.34]])
    """
    check_choice(normalization, "normalization", _NORMALIZATIONS)
    check_choice(center_on, "center_on", ("trajectory", "past"))
    paths = _check_paths(paths)
    tracks, n_records = read_tracks(paths)

    mean, scale, centred = map(np.array, _NORMALIZATIONS[normalization])
    center = slice(None) if center_on == "trajectory" else slice(N_PAST)
    origin = centred * tracks.positions[:, center].mean(axis=1)
    positions = (tracks.positions - origin[:, None] - mean) / scale
    types = np.where(np.isin(tracks.agent_type, range(len(_TYPES))), tracks.agent_type, 0)

    return dataset(
        positions[:, :N_PAST].reshape(len(positions), -1),
        positions[:, N_PAST:].reshape(len(positions), -1),
        feature_names=_names(TIMES[:N_PAST]),
        target_names=_names(TIMES[N_PAST:]),
        return_X_y=return_X_y,
        as_frame=as_frame,
        rep_in=N_PAST * Vector,
        rep_out=(len(TIMES) - N_PAST) * Vector,
        groups={
            "O(2) about x": O(2).embed(3, axes=(1, 2)),
            "O(2) about y": O(2).embed(3, axes=(0, 2)),
            "O(2) about z": O(2).embed(3, axes=(0, 1)),
        },
        scenario=tracks.scenario,
        agent=tracks.agent,
        agent_type=np.array(_TYPES)[types],
        origin=origin,
        mean=mean,
        scale=scale,
        DESCR=_DESCR.format(
            n_rows=len(positions),
            n_scenarios=len(np.unique(tracks.scenario)),
            n_files=len(paths),
            n_records=n_records,
            centred=tuple(centred.tolist()),
            center_on=center_on,
            mean=tuple(mean.tolist()),
            scale=tuple(scale.tolist()),
            normalization=normalization,
        ),
    )
