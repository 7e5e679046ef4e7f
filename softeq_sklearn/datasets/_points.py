"""Data sets whose rows are points, or vectors, of space and whose target is a scalar."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state, check_scalar

from softeq_sklearn.datasets._parameters import check_sign, checked_rows, checked_shift
from softeq_sklearn.datasets._synthetic import SyntheticTask
from softeq_sklearn.groups import Group
from softeq_sklearn.representations import Rep, Scalar


def moved_points(points: np.ndarray, *, shift: np.ndarray, sign: int) -> np.ndarray:
    """Add `shift` to points of shape (..., 3), then give all coordinates the sign, unless 0."""
    points = points + shift
    return sign * np.abs(points) if sign else points


def point_names(n_points: int) -> list[str]:
    """Return x_1, y_1, z_1, x_2 and so on."""
    return [f"{x}_{i}" for i in range(1, n_points + 1) for x in "xyz"]


def as_points(X: ArrayLike, n_points: int) -> np.ndarray:
    """Return rows of shape (n_samples, 3 * n_points) as shape (n_samples, n_points, 3)."""
    return checked_rows(X, 3 * n_points, "3 * n_points").reshape(-1, n_points, 3)


def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, and 0 where b is 0."""
    out = np.zeros(np.broadcast_shapes(a.shape, b.shape))
    return np.divide(a, b, out=out, where=b != 0)


def _draw(
    n_samples: int,
    random_state: np.random.RandomState,
    *,
    n_points: int,
    shift: np.ndarray,
    sign: int,
) -> np.ndarray:
    """Draw rows of shape (n_samples, 3 * n_points)."""
    normal = random_state.standard_normal((n_samples, n_points, 3))
    return moved_points(normal, shift=shift, sign=sign).reshape(n_samples, -1)


def points_dataset(
    function: Callable,
    *,
    n_samples: int,
    n_points: int,
    shift,
    sign: int,
    random_state,
    rep: Rep,
    groups: dict[str, Group],
    target_name: str,
    **contents,
):
    """Return a data set of points with normal coordinates and the values of a function of them.

    Parameters
    ----------
    function : callable (n_samples, 3 * n_points) -> ndarray of shape (n_samples,)
        The function to learn, with ``n_points`` as a keyword.
    n_samples, n_points, shift, sign, random_state
        As in the public functions; checked here.
    rep : Rep
        How a group acts on one of the points.
    groups : dict
        The candidates.
    target_name : str
    **contents
        What else belongs into the Bunch, and the form of it; see `dataset`.
    """
    check_scalar(n_samples, "n_samples", int, min_val=1)
    # A cyclic pair needs two points, and so does a share of a sum.
    check_scalar(n_points, "n_points", int, min_val=2)
    check_sign(sign)
    task = SyntheticTask(
        draw=partial(_draw, n_points=n_points, shift=checked_shift(shift), sign=sign),
        function=partial(function, n_points=n_points),
        rep_in=n_points * rep,
        rep_out=Scalar,
    )
    data = task.draw(n_samples, check_random_state(random_state))
    return task.bunch(
        data,
        task.function(data),
        feature_names=point_names(n_points),
        target_names=[target_name],
        groups=groups,
        **contents,
    )
