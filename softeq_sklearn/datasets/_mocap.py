"""Joints of a moving person, as windows from the past to the future."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_scalar

from softeq_sklearn.datasets._bunch import dataset
from softeq_sklearn.datasets._files import arrays, description
from softeq_sklearn.datasets._windows import track_windows
from softeq_sklearn.groups import SO, O, Reflection
from softeq_sklearn.representations import Scalar, Vector

_FRAMES_PER_SECOND = 20
_UP = 1
"""The axis that points up."""


def _check_joints(joints, names: list[str]) -> np.ndarray:
    """Return which of the joints of the file are wanted, as a mask."""
    if joints is None:
        return np.ones(len(names), dtype=bool)
    if isinstance(joints, str) or not len(joints) or not set(joints) <= set(names):
        raise ValueError(
            f"'joints' must be None or a sequence of at least one name in {tuple(names)}. "
            f"Got {joints!r}."
        )
    return np.isin(names, list(joints))


def _vector_names(n_past: int, root: bool) -> list[str]:
    times = [f"{-step / _FRAMES_PER_SECOND:.2f}s" for step in range(n_past, 0, -1)]
    names = [f"step_{time}" for time in times]
    if root:
        names += ["offset", *(f"root_step_{time}" for time in times)]
    return [f"{axis}_{name}" for name in names for axis in "xyz"]


def load_mocap(
    *, n_past=5, n_ahead=5, joints=None, root=True, height=False, return_X_y=False, as_frame=False
):
    """Load windows of the motion of a person's joints.

    A row is one joint at one time. Its columns are the steps of the joint over the past, each of
    0.05 s, the oldest first; its offset from the root of the body, which is between the hips, and
    the steps of the root; and, if asked for, its height above the floor. The target is the
    displacement of the joint over the time to come. With the default 0.25 s of past and of future
    there are 13,919 rows: 449 times, 31 joints. Lengths are in metres; y points up.

    .. warning::
        Rows overlap: neighbouring rows share most of their positions, and the joints of a body move
        together. Split them by `time`, with a gap between the parts of at least the length of a
        window, ``0.05 * (n_past + n_ahead)`` seconds; never at random, or the test rows will be
        known from training::

            train, test = mocap.time < 15.0, mocap.time > 15.5

    Parameters
    ----------
    n_past : int, default=5
        Number of steps of 0.05 s in the past of a row.

    n_ahead : int, default=5
        Number of steps of 0.05 s from the current position to the target.

    joints : sequence of str, default=None
        The joints that rows are about, such as ``["lhand", "rhand"]``; None means all 31.

    root : bool, default=True
        If True, a row also has the offset from the root and the steps of the root.

    height : bool, default=False
        If True, the last column is the height of the joint, a scalar: known, but moved by no group.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, data and target are pandas DataFrames.

    Returns
    -------
    mocap : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, n_features)
            The steps, 3 * n_past columns; with `root` the offset and the steps of the root,
            3 + 3 * n_past columns; with `height` one more. All in metres.
        target : ndarray or DataFrame of shape (n_samples, 3)
            Displacement of the joint in metres.
        rep_in, rep_out : Rep
            ``n_past * Vector``, or ``(2 * n_past + 1) * Vector`` with `root`, and a ``Scalar`` with
            `height`; ``Vector``.
        groups : dict
            Candidates in space: "O(2) about x", "O(2) about y" (the vertical axis), "O(2) about z",
            "flip x" (left becomes right for a person who walks along z), "SO(3)" and "O(3)".
        time : ndarray of shape (n_samples,)
            Time since the take began, in seconds, to split by.
        joint : ndarray of shape (n_samples,)
            Name of the joint.
        frame : DataFrame or None
            Data and target together, if `as_frame`.
        feature_names, target_names : list of str
            Names of the columns; ``"y_step_-0.25s"`` is from the step that began 0.25 s ago.
        DESCR : str
            A description of the data with its source and terms.

    (data, target) : tuple, if `return_X_y`
        These two alone.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range, or the take is too short for a window.
    ImportError
        If `as_frame` is set and pandas is not installed (it comes with the extra ``plot``).

    See Also
    --------
    track_windows : Windows of your own tracks.

    Notes
    -----
    Source: mocap.cs.cmu.edu, created with funding from NSF EIA-0196217.

    Rows stand in order of time and, at one time, of the joints in the file. So with k joints,
    ``mocap.data.reshape(-1, k * mocap.data.shape[1])`` has a row for the whole body, with the
    representation ``k * mocap.rep_in``, and likewise the target.

    Examples
    --------
    >>> from softeq_sklearn.datasets import load_mocap
    >>> mocap = load_mocap(height=True)
    >>> mocap.data.shape, mocap.target.shape
    ((13919, 34), (13919, 3))
    >>> mocap.rep_in, mocap.rep_out
    (11*Vector + Scalar, Vector)
    >>> train, test = mocap.time < 15.0, mocap.time > 15.5
    >>> mocap.data[train].shape, mocap.data[test].shape
    ((9145, 34), (4433, 34))
    """
    check_scalar(n_past, "n_past", int, min_val=1)
    check_scalar(n_ahead, "n_ahead", int, min_val=1)
    take = arrays("mocap")
    wanted = _check_joints(joints, take["joint"].tolist())
    position = take["position_mm"] / 1000.0
    n_frames, n_joints = position.shape[:2]
    if n_past + n_ahead >= n_frames:
        raise ValueError(
            f"'n_past' + 'n_ahead' must be less than the {n_frames} frames of the take. "
            f"Got {n_past} + {n_ahead}."
        )
    steps, target, rows = track_windows(
        position.reshape(-1, 3),
        track=np.tile(np.arange(n_joints), n_frames),
        time=np.repeat(np.arange(n_frames), n_joints),
        n_past=n_past,
        n_ahead=n_ahead,
    )
    keep = wanted[rows % n_joints]
    steps_of_root = np.repeat(steps[rows % n_joints == 0], n_joints, axis=0)
    frame, joint = rows // n_joints, rows % n_joints
    columns, rep_in = [steps], n_past * Vector
    if root:
        offset = position[frame, joint] - position[frame, 0]
        columns, rep_in = [*columns, offset, steps_of_root], rep_in + (n_past + 1) * Vector
    if height:
        columns, rep_in = [*columns, position[frame, joint, _UP]], rep_in + Scalar
    return dataset(
        np.column_stack(columns)[keep],
        target[keep],
        feature_names=_vector_names(n_past, root) + ["height"] * bool(height),
        target_names=[f"{axis}_+{n_ahead / _FRAMES_PER_SECOND:.2f}s" for axis in "xyz"],
        return_X_y=return_X_y,
        as_frame=as_frame,
        rep_in=rep_in,
        rep_out=Vector,
        groups={
            "O(2) about x": O(2).embed(3, axes=(1, 2)),
            "O(2) about y": O(2).embed(3, axes=(0, 2)),
            "O(2) about z": O(2).embed(3, axes=(0, 1)),
            "flip x": Reflection(3, axis=0),
            "SO(3)": SO(3),
            "O(3)": O(3),
        },
        time=frame[keep] / _FRAMES_PER_SECOND,
        joint=take["joint"][joint[keep]],
        DESCR=description("mocap"),
    )
