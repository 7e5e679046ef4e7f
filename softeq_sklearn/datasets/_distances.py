"""Distances between points, with rotations, translations or both broken."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.datasets._parameters import check_choice, check_finite
from softeq_sklearn.datasets._points import as_points, points_dataset
from softeq_sklearn.groups import SE, SO, Translation
from softeq_sklearn.representations import Point

_DESCR = """\
Distances between points of space, synthetic
============================================

Columns: {n_points} points x_i of R^3, N(0, 1) in each coordinate, plus shift = {shift};
sign = {sign} (0: as drawn; 1 or -1: sign * |coordinate|).

Target: D - noise * b, with D a function of the distances |x_i - x_(i+1)|, where x_1 comes
after the last point; by `symmetry`, here "{symmetry}", with noise = {noise}:

                    D                      b
    "se3"           sum of their squares   0
    "rotations"     sum of their squares   sum of |x_i|^2
    "translations"  sum of their squares   sum of |x_i - x_(i+1)|_1, the last term three times
    "none"          sum of their squares   the sum of the two b above
    "ball"          their mean             |x_1|
    "l1"            their mean             |first coordinate of x_1 - x_2|

Rotations (about the origin) are exact symmetries for "se3", "rotations" and "ball",
translations for "se3", "translations" and "l1".

The task is from the code of Kim, Lee, Yang, Lee: Regularizing Towards Soft
Equivariance Under Mixed Symmetries, ICML 2023, arXiv 2306.00356.
"""


def _steps(points: np.ndarray) -> np.ndarray:
    """Return x_i - x_(i+1), shape (n_samples, n_points, 3), with x_1 after the last point."""
    return points - np.roll(points, -1, axis=1)


def _squared_distances(points: np.ndarray) -> np.ndarray:
    return (_steps(points) ** 2).sum(axis=(1, 2))


def _mean_distance(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(_steps(points), axis=2).mean(axis=1)


def _squared_radii(points: np.ndarray) -> np.ndarray:
    return (points**2).sum(axis=(1, 2))


def _l1_distances(points: np.ndarray) -> np.ndarray:
    lengths = np.abs(_steps(points)).sum(axis=2)
    return lengths[:, :-1].sum(axis=1) + 3.0 * lengths[:, -1]


def _first_radius(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, 0], axis=1)


def _first_offset(points: np.ndarray) -> np.ndarray:
    return np.abs(points[:, 0, 0] - points[:, 1, 0])


# The function of the distances, and the terms that are subtracted, `noise` times, from it.
_SYMMETRIES = {
    "se3": (_squared_distances, ()),
    "rotations": (_squared_distances, (_squared_radii,)),
    "translations": (_squared_distances, (_l1_distances,)),
    "none": (_squared_distances, (_squared_radii, _l1_distances)),
    "ball": (_mean_distance, (_first_radius,)),
    "l1": (_mean_distance, (_first_offset,)),
}


def _distances(X: ArrayLike, *, n_points: int, symmetry: str, noise: float) -> np.ndarray:
    """Return the targets, shape (n_samples,), of rows of shape (n_samples, 3 * n_points)."""
    points = as_points(X, n_points)
    of_distances, terms = _SYMMETRIES[symmetry]
    return of_distances(points) - noise * sum(term(points) for term in terms)


def make_distances(
    n_samples=1000,
    *,
    n_points=3,
    symmetry="se3",
    noise=0.3,
    shift=0.0,
    sign=0,
    random_state=None,
    return_X_y=False,
    as_frame=False,
):
    r"""Generate distances between points, with rotations or translations broken.

    For points :math:`x_1, \dots, x_k` and :math:`x_{k+1} = x_1` the target is

    .. math:: y = D - noise \, b,

    with :math:`D` either the sum of the squared distances :math:`|x_i - x_{i+1}|^2` or the mean of
    the distances :math:`|x_i - x_{i+1}|`, which all rigid motions leave as they are, and with a
    term :math:`b` that breaks what `symmetry` does not name. The task is from the code of [1]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.

    n_points : int, default=3
        Number of points in a row, at least 2.

    symmetry : {"se3", "rotations", "translations", "none", "ball", "l1"}, default="se3"
        Which symmetries are exact. With the sum of squared distances:

        - "se3": rotations and translations, :math:`b = 0`;
        - "rotations": rotations about the origin, :math:`b = \sum_i |x_i|^2`;
        - "translations": translations,
          :math:`b = \sum_{i < k} |x_i - x_{i+1}|_1 + 3 |x_k - x_1|_1`;
        - "none": neither, :math:`b` is the sum of the two terms above.

        With the mean distance:

        - "ball": rotations about the origin, :math:`b = |x_1|`;
        - "l1": translations, :math:`b` is the first coordinate of :math:`x_1 - x_2` without its
          sign.

    noise : float, default=0.3
        How much the other symmetries are broken, a pure number. Without effect for "se3".

    shift : float or array-like of shape (3,), default=0.0
        Added to all points, in units of the standard deviation of a coordinate, for test sets
        outside the distribution of the training set.

    sign : {-1, 0, 1}, default=0
        With 1 or -1 every coordinate is made positive or negative, after `shift`; 0 leaves it as
        drawn.

    random_state : int, RandomState instance or None, default=None
        Governs the rows. The same seed with another `shift` or `sign` moves the same draws.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, data is a pandas DataFrame and target a Series.

    Returns
    -------
    distances : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, 3 * n_points)
            The points, drawn as N(0, 1): lengths are in units of the standard deviation of a
            coordinate.
        target : ndarray or Series of shape (n_samples,)
            The function of the distances, as pure numbers: lengths are counted in the unit of
            `data`.
        rep_in, rep_out : Rep
            ``n_points * Point`` and ``Scalar``.
        groups : dict
            The candidates: "SO(3)", the rotations about the origin, "Translation(3)", and "SE(3)",
            which both generate.
        function : callable
            From rows of shape (n, 3 * n_points) to targets of shape (n,).
        true_error : callable
            ``true_error(group, n_elements=500, n_samples=200, random_state=0)`` is the relative
            equivariance error of `function` on fresh rows, see
            :func:`softeq_sklearn.metrics.equivariance_error`.
        frame : DataFrame or None
            Data and target together, if `as_frame`.
        feature_names, target_names : list of str
            Names of the columns.
        DESCR : str
            A description of the data.

    (data, target) : tuple, if `return_X_y`
        These two alone.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range.
    ImportError
        If `as_frame` is set and pandas is not installed (it comes with the extra ``plot``).

    References
    ----------
    .. [1] H. Kim, H. Lee, H. Yang, J. Lee. Regularizing Towards Soft Equivariance Under Mixed
       Symmetries. ICML 2023. https://arxiv.org/abs/2306.00356

    Examples
    --------
    >>> from softeq_sklearn.datasets import make_distances
    >>> distances = make_distances(100, symmetry="rotations", random_state=0)
    >>> distances.data.shape, distances.target.shape
    ((100, 9), (100,))
    >>> distances.rep_in, distances.rep_out
    (3*Point, Scalar)
    >>> for name, group in distances.groups.items():
    ...     print(name, round(distances.true_error(group), 1))
    SO(3) 0.0
    Translation(3) 0.1
    SE(3) 0.1
    """
    check_choice(symmetry, "symmetry", _SYMMETRIES)
    check_finite(noise, "noise")
    return points_dataset(
        partial(_distances, symmetry=symmetry, noise=noise),
        n_samples=n_samples,
        n_points=n_points,
        shift=shift,
        sign=sign,
        random_state=random_state,
        rep=Point,
        groups={"SO(3)": SO(3), "Translation(3)": Translation(3), "SE(3)": SE(3)},
        target_name="distance",
        return_X_y=return_X_y,
        as_frame=as_frame,
        DESCR=_DESCR.format(
            n_points=n_points, shift=shift, sign=sign, symmetry=symmetry, noise=noise
        ),
    )
