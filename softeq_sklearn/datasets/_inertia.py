"""The inertia tensor of point masses, with one axis broken to a chosen degree."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state, check_scalar

from softeq_sklearn.datasets._parameters import (
    check_choice,
    check_finite,
    check_sign,
    checked_rows,
    checked_shift,
)
from softeq_sklearn.datasets._points import moved_points, point_names
from softeq_sklearn.datasets._synthetic import SyntheticTask
from softeq_sklearn.groups import O
from softeq_sklearn.representations import Scalar, T, Vector

# Factors of the three columns of J, all times the noise.
_AXES = {0: (1.0, 0.0, 0.0), 1: (0.0, 1.0, 0.0), 2: (0.0, 0.0, 1.0), -1: (-1.0, 1.0, 0.0)}

_DESCR = """\
Inertia tensor of {n_masses} point masses, synthetic
{underline}

Columns: {n_masses} masses m_i (scalars), then {n_masses} positions r_i (vectors).
Masses are softplus(N(0, 1)), positions are N(0, 1) in each coordinate, plus
shift = {shift}; sign = {sign} (0: as drawn; 1 or -1: sign * |position|).

Target: y = J + a J diag(e), a tensor T(2), its rows one after the other, with
J = sum_i m_i (|r_i|^2 I - r_i r_i^T), e = {e} (axis = {axis}) and one
number a per row, drawn from N(noise, noise_std^2), noise = {noise},
noise_std = {noise_std}. The function of this data set is the mean, a = noise.

J is equivariant under O(3). The second term keeps the symmetry under orthogonal
matrices that commute with diag(e), and breaks all others, to a degree that
grows with |noise|; noise = -1 removes column `axis` of J (axis 0, 1 or 2).

The task is the one of Kim, Lee, Yang, Lee: Regularizing Towards Soft
Equivariance Under Mixed Symmetries, ICML 2023, arXiv 2306.00356.
"""


def _draw(
    n_samples: int,
    random_state: np.random.RandomState,
    *,
    n_masses: int,
    shift: np.ndarray,
    sign: int,
) -> np.ndarray:
    """Draw rows of shape (n_samples, 4 * n_masses)."""
    normal = random_state.standard_normal((n_samples, 4 * n_masses))
    masses = np.logaddexp(0.0, normal[:, :n_masses])
    positions = normal[:, n_masses:].reshape(n_samples, n_masses, 3)
    positions = moved_points(positions, shift=shift, sign=sign)
    return np.hstack([masses, positions.reshape(n_samples, -1)])


def _inertia(
    X: ArrayLike, *, n_masses: int, noise: float | np.ndarray, e: np.ndarray
) -> np.ndarray:
    """Return the targets, shape (n_samples, 9), of rows of shape (n_samples, 4 * n_masses).

    `noise` is one number, or one per row.
    """
    X = checked_rows(X, 4 * n_masses, "4 * n_masses")
    masses, positions = X[:, :n_masses], X[:, n_masses:].reshape(len(X), n_masses, 3)
    second_moment = np.einsum("nk,nki,nkj->nij", masses, positions, positions, optimize=True)
    trace = np.trace(second_moment, axis1=1, axis2=2)[:, None, None]
    tensor = trace * np.eye(3) - second_moment
    return (tensor * (1 + np.reshape(noise, (-1, 1, 1)) * e)).reshape(len(X), 9)


def make_inertia(
    n_samples=1000,
    *,
    n_masses=5,
    noise=0.0,
    noise_std=0.0,
    axis=2,
    shift=0.0,
    sign=0,
    random_state=None,
    return_X_y=False,
    as_frame=False,
):
    r"""Generate the inertia tensors of point masses, with one axis broken.

    For masses :math:`m_i` at positions :math:`r_i` the target is

    .. math:: y = J + noise \, J \, \mathrm{diag}(e),
       \qquad J = \sum_i m_i \left(|r_i|^2 I - r_i r_i^T\right).

    :math:`J` is equivariant under O(3). The second term, which scales column `axis` of :math:`J` by
    ``1 + noise``, is equivariant only under those elements that commute with the diagonal matrix.
    So with ``axis=2`` the group O(2) of the xy plane is an exact symmetry for every
    `noise`, and those of the other two planes are broken to a degree that grows with `noise`.
    The task is from [1]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.

    n_masses : int, default=5
        Number of point masses in a row.

    noise : float, default=0.0
        How much the axis is broken, a pure number. 0 leaves O(3) intact, -1 removes the column.

    noise_std : float, default=0.0
        Above 0, every row has a pure number of its own in the place of `noise`: normal, with mean
        `noise` and this standard deviation. It is not in the columns, so no model can predict it:
        `function` stays the mean of the target for given columns, and `true_error` is the error of
        that mean.

    axis : {0, 1, 2, -1}, default=2
        The broken axis: :math:`e` is the unit vector of x, y or z. For -1 it is (-1, 1, 0): column
        x is scaled by ``1 - noise`` and column y by ``1 + noise``, so that all groups are broken.

    shift : float or array-like of shape (3,), default=0.0
        Added to all positions, in units of the standard deviation of a coordinate, for test sets
        outside the distribution of the training set.

    sign : {-1, 0, 1}, default=0
        With 1 or -1 every coordinate of a position is made positive or negative, after `shift`;
        0 leaves it as drawn.

    random_state : int, RandomState instance or None, default=None
        Governs the rows. The same seed with another `shift` or `sign` moves the same draws, and
        with another `noise_std` gives the same rows.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, data and target are pandas DataFrames.

    Returns
    -------
    inertia : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, 4 * n_masses)
            The masses, drawn as softplus(N(0, 1)), then the positions, drawn as N(0, 1). Lengths
            are in units of the standard deviation of a coordinate, masses are pure numbers.
        target : ndarray or DataFrame of shape (n_samples, 9)
            The tensors, row after row: masses times squared lengths, in the units of `data`.
        rep_in, rep_out : Rep
            ``n_masses * Scalar + n_masses * Vector`` and ``T(2)``.
        groups : dict
            The candidates: "O(2) xy", "O(2) yz" and "O(2) xz".
        function : callable
            From rows of shape (n, 4 * n_masses) to targets of shape (n, 9), without what
            `noise_std` adds to them.
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
    >>> from softeq_sklearn.datasets import make_inertia
    >>> inertia = make_inertia(100, noise=-1.0, axis=2, random_state=0)
    >>> inertia.data.shape, inertia.target.shape
    ((100, 20), (100, 9))
    >>> inertia.rep_in, inertia.rep_out
    (5*Scalar + 5*Vector, T(2))
    >>> for name, group in inertia.groups.items():
    ...     print(name, round(inertia.true_error(group), 1))
    O(2) xy 0.0
    O(2) yz 0.3
    O(2) xz 0.3
    """
    check_scalar(n_samples, "n_samples", int, min_val=1)
    check_scalar(n_masses, "n_masses", int, min_val=1)
    check_choice(axis, "axis", sorted(_AXES))
    check_sign(sign)
    check_finite(noise, "noise")
    check_finite(noise_std, "noise_std", minimum=0.0)
    inertia = partial(_inertia, n_masses=n_masses, e=np.array(_AXES[axis]))
    task = SyntheticTask(
        draw=partial(_draw, n_masses=n_masses, shift=checked_shift(shift), sign=sign),
        function=partial(inertia, noise=noise),
        rep_in=n_masses * Scalar + n_masses * Vector,
        rep_out=T(2),
    )
    random_state = check_random_state(random_state)
    data = task.draw(n_samples, random_state)
    row_noise = random_state.normal(noise, noise_std, size=n_samples) if noise_std else noise
    return task.bunch(
        data,
        inertia(data, noise=row_noise),
        feature_names=[f"mass_{i}" for i in range(1, n_masses + 1)] + point_names(n_masses),
        target_names=[f"J_{a}{b}" for a in "xyz" for b in "xyz"],
        return_X_y=return_X_y,
        as_frame=as_frame,
        groups={
            "O(2) xy": O(2).embed(3, axes=(0, 1)),
            "O(2) yz": O(2).embed(3, axes=(1, 2)),
            "O(2) xz": O(2).embed(3, axes=(0, 2)),
        },
        DESCR=_DESCR.format(
            n_masses=n_masses,
            underline="=" * len(f"Inertia tensor of {n_masses} point masses, synthetic"),
            shift=shift,
            sign=sign,
            noise=noise,
            noise_std=noise_std,
            e=_AXES[axis],
            axis=axis,
        ),
    )
