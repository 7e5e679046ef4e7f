"""The product of the shares of vectors in their radii, with rotations or scalings broken."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.datasets._parameters import check_choice, check_finite
from softeq_sklearn.datasets._points import as_points, points_dataset, quotient
from softeq_sklearn.groups import SO, Scaling
from softeq_sklearn.representations import Vector

_DESCR = """\
Product of the shares of vectors in their radii, synthetic
==========================================================

Columns: {n_points} vectors x_i of R^3, N(0, 1) in each coordinate, plus shift = {shift};
sign = {sign} (0: as drawn; 1 or -1: sign * |coordinate|).

Target: the product over i of p_i - noise * b_i, where p_i = |x_i| / sum_l |x_l|; by
`symmetry`, here "{symmetry}", with noise = {noise}:

    "so3-scale"  b_i = 0; rotations and scalings are exact symmetries
    "so3"        b_i = |x_i|; only rotations are exact
    "scale"      b_i = s_i; only scalings are exact
    "none"       b_i = |x_i| + s_i; none is exact

Here s_i is the sum of the coordinates of x_i, divided by the sum of |x_l|_1 over all vectors.

The task is from the code of Kim, Lee, Yang, Lee: Regularizing Towards Soft
Equivariance Under Mixed Symmetries, ICML 2023, arXiv 2306.00356; see Notes in the
documentation of make_radius for what is different.
"""


def _radii(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=2)


def _coordinate_shares(vectors: np.ndarray) -> np.ndarray:
    return quotient(vectors.sum(axis=2), np.abs(vectors).sum(axis=(1, 2))[:, None])


# What is subtracted, `noise` times, from the shares.
_TERMS = {
    "so3-scale": (),
    "so3": (_radii,),
    "scale": (_coordinate_shares,),
    "none": (_radii, _coordinate_shares),
}


def _radius(X: ArrayLike, *, n_points: int, symmetry: str, noise: float) -> np.ndarray:
    """Return the targets, shape (n_samples,), of rows of shape (n_samples, 3 * n_points)."""
    vectors = as_points(X, n_points)
    radii = _radii(vectors)
    shares = quotient(radii, radii.sum(axis=1, keepdims=True))
    return (shares - noise * sum(term(vectors) for term in _TERMS[symmetry])).prod(axis=1)


def make_radius(
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
    r"""Generate products of the shares of vectors in their radii, with symmetries broken.

    For vectors :math:`x_1, \dots, x_k` the target is

    .. math:: y = \prod_i \left(p_i - noise \, b_i\right),
       \qquad p_i = \frac{|x_i|}{\sum_l |x_l|},

    with terms :math:`b_i` that break what `symmetry` does not name. They are made of the radii
    :math:`|x_i|`, which are invariant under rotations only, and of the shares in the coordinates

    .. math:: s_i = \frac{x_{i1} + x_{i2} + x_{i3}}{\sum_l |x_l|_1},

    which are invariant under scalings only. The task is from the code of [1]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.

    n_points : int, default=3
        Number of vectors in a row, at least 2.

    symmetry : {"so3-scale", "so3", "scale", "none"}, default="so3-scale"
        Which symmetries are exact:

        - "so3-scale": rotations and scalings, :math:`b_i = 0`;
        - "so3": rotations, :math:`b_i = |x_i|`;
        - "scale": scalings, :math:`b_i = s_i`;
        - "none": neither, :math:`b_i = |x_i| + s_i`.

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
    radius : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, 3 * n_points)
            The vectors, drawn as N(0, 1): lengths are in units of the standard deviation of a
            coordinate.
        target : ndarray or Series of shape (n_samples,)
            The products, as pure numbers: lengths are counted in the unit of `data`. For three
            vectors, "so3-scale" has values from 0 to 1/27.
        rep_in, rep_out : Rep
            ``n_points * Vector`` and ``Scalar``.
        groups : dict
            The candidates: "SO(3)" and "Scaling(3)".
        function : callable
            From rows of shape (n, 3 * n_points) to targets of shape (n,). All shares are 0 where
            all vectors are zero.
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

    Notes
    -----
    The code of [1]_ has no "none", and another :math:`s_i` for "scale": the sum over the vectors of
    their coordinate i, divided by the sum of all coordinates. That needs three vectors, and its
    denominator comes as close to zero as you like: the targets then have no mean, and among 100,000
    rows with `noise` 1 the largest was 7.7e12.

    References
    ----------
    .. [1] H. Kim, H. Lee, H. Yang, J. Lee. Regularizing Towards Soft Equivariance Under Mixed
       Symmetries. ICML 2023. https://arxiv.org/abs/2306.00356

    Examples
    --------
    >>> from softeq_sklearn.datasets import make_radius
    >>> radius = make_radius(100, symmetry="scale", random_state=0)
    >>> radius.data.shape, radius.target.shape
    ((100, 9), (100,))
    >>> radius.rep_in, radius.rep_out
    (3*Vector, Scalar)
    >>> for name, group in radius.groups.items():
    ...     print(name, round(radius.true_error(group), 1))
    SO(3) 0.7
    Scaling(3) 0.0
    """
    check_choice(symmetry, "symmetry", _TERMS)
    check_finite(noise, "noise")
    return points_dataset(
        partial(_radius, symmetry=symmetry, noise=noise),
        n_samples=n_samples,
        n_points=n_points,
        shift=shift,
        sign=sign,
        random_state=random_state,
        rep=Vector,
        groups={"SO(3)": SO(3), "Scaling(3)": Scaling(3)},
        target_name="product",
        return_X_y=return_X_y,
        as_frame=as_frame,
        DESCR=_DESCR.format(
            n_points=n_points, shift=shift, sign=sign, symmetry=symmetry, noise=noise
        ),
    )
