"""The mean cosine similarity of vectors, with rotations, scalings or both broken."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.datasets._parameters import check_choice, check_finite
from softeq_sklearn.datasets._points import as_points, points_dataset, quotient
from softeq_sklearn.groups import SO, Scaling
from softeq_sklearn.representations import Vector

_DESCR = """\
Mean cosine similarity of vectors of space, synthetic
=====================================================

Columns: {n_points} vectors x_i of R^3, N(0, 1) in each coordinate, plus shift = {shift};
sign = {sign} (0: as drawn; 1 or -1: sign * |coordinate|).

Target: C - noise * b, where C is the mean over i of cos(x_i, x_(i+1)), with x_1 after the
last vector; by `symmetry`, here "{symmetry}", with noise = {noise}:

    "so3-scale"  b = 0; rotations and scalings are exact symmetries
    "so3"        b = radius; only rotations are exact
    "scale"      b = ratio; only scalings are exact
    "none"       b = radius - ratio; none is exact

Here radius is the mean of |x_i|, and ratio the sum of |x_i|_1 over the first half of the
vectors, divided by that over the others.

The task is the one of Kim, Lee, Yang, Lee: Regularizing Towards Soft
Equivariance Under Mixed Symmetries, ICML 2023, arXiv 2306.00356.
"""


def _mean_cosine(vectors: np.ndarray) -> np.ndarray:
    """Return the mean cosine of neighbours, shape (n_samples,); 0 for that of a zero vector."""
    unit = quotient(vectors, np.linalg.norm(vectors, axis=2, keepdims=True))
    return (unit * np.roll(unit, -1, axis=1)).sum(axis=2).mean(axis=1)


def _mean_radius(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=2).mean(axis=1)


def _ratio_of_halves(vectors: np.ndarray) -> np.ndarray:
    half = vectors.shape[1] // 2
    sums = np.abs(vectors).sum(axis=2)
    return quotient(sums[:, :half].sum(axis=1), sums[:, half:].sum(axis=1))


# Coefficients of the mean radius and of the ratio of halves in what is subtracted.
_COEFFICIENTS = {"so3-scale": (0, 0), "so3": (1, 0), "scale": (0, 1), "none": (1, -1)}


def _cosine_similarity(X: ArrayLike, *, n_points: int, symmetry: str, noise: float) -> np.ndarray:
    """Return the targets, shape (n_samples,), of rows of shape (n_samples, 3 * n_points)."""
    vectors = as_points(X, n_points)
    radius, ratio = _COEFFICIENTS[symmetry]
    broken = radius * _mean_radius(vectors) + ratio * _ratio_of_halves(vectors)
    return _mean_cosine(vectors) - noise * broken


def make_cosine_similarity(
    n_samples=1000,
    *,
    n_points=3,
    symmetry="so3-scale",
    noise=1.0,
    shift=0.0,
    sign=0,
    random_state=None,
    return_X_y=False,
    as_frame=False,
):
    r"""Generate the mean cosine similarity of vectors, with rotations or scalings broken.

    For vectors :math:`x_1, \dots, x_k` and :math:`x_{k+1} = x_1` the target is

    .. math:: y = \frac1k \sum_i \frac{x_i \cdot x_{i+1}}{|x_i| |x_{i+1}|} - noise \, b,

    with a term :math:`b` that breaks what `symmetry` does not name. It is made of the mean radius
    :math:`r` and of the ratio of halves :math:`q`,

    .. math:: r = \frac1k \sum_i |x_i|, \qquad
       q = \frac{\sum_{i \le h} |x_i|_1}{\sum_{i > h} |x_i|_1},
       \qquad h = \lfloor k / 2 \rfloor.

    The cosines are invariant under rotations and scalings, :math:`r` only under rotations, and
    :math:`q` only under scalings. The task is from [1]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.

    n_points : int, default=3
        Number of vectors in a row, at least 2.

    symmetry : {"so3-scale", "so3", "scale", "none"}, default="so3-scale"
        Which symmetries are exact:

        - "so3-scale": rotations and scalings, :math:`b = 0`;
        - "so3": rotations, :math:`b = r`;
        - "scale": scalings, :math:`b = q`;
        - "none": neither, :math:`b = r - q`.

    noise : float, default=1.0
        How much the other symmetries are broken, a pure number. Without effect for "so3-scale".

    shift : float or array-like of shape (3,), default=0.0
        Added to all vectors, in units of the standard deviation of a coordinate, for test sets
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
    similarity : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, 3 * n_points)
            The vectors, drawn as N(0, 1): lengths are in units of the standard deviation of a
            coordinate.
        target : ndarray or Series of shape (n_samples,)
            The similarities, as pure numbers: lengths are counted in the unit of `data`.
        rep_in, rep_out : Rep
            ``n_points * Vector`` and ``Scalar``.
        groups : dict
            The candidates: "SO(3)" and "Scaling(3)".
        function : callable
            From rows of shape (n, 3 * n_points) to targets of shape (n,). A zero vector has cosine
            0 with all others, and the ratio of halves is 0 where the second half is zero.
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
    >>> from softeq_sklearn.datasets import make_cosine_similarity
    >>> similarity = make_cosine_similarity(100, symmetry="so3", random_state=0)
    >>> similarity.data.shape, similarity.target.shape
    ((100, 9), (100,))
    >>> similarity.rep_in, similarity.rep_out
    (3*Vector, Scalar)
    >>> for name, group in similarity.groups.items():
    ...     print(name, round(similarity.true_error(group), 1))
    SO(3) 0.0
    Scaling(3) 0.2
    """
    check_choice(symmetry, "symmetry", _COEFFICIENTS)
    check_finite(noise, "noise")
    return points_dataset(
        partial(_cosine_similarity, symmetry=symmetry, noise=noise),
        n_samples=n_samples,
        n_points=n_points,
        shift=shift,
        sign=sign,
        random_state=random_state,
        rep=Vector,
        groups={"SO(3)": SO(3), "Scaling(3)": Scaling(3)},
        target_name="similarity",
        return_X_y=return_X_y,
        as_frame=as_frame,
        DESCR=_DESCR.format(
            n_points=n_points, shift=shift, sign=sign, symmetry=symmetry, noise=noise
        ),
    )
