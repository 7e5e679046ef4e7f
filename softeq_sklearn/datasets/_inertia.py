"""The inertia tensor of point masses, with one axis broken to a chosen degree."""

from __future__ import annotations

from functools import partial
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_random_state, check_scalar

from softeq_sklearn.datasets._bunch import dataset
from softeq_sklearn.datasets._synthetic import SyntheticTask
from softeq_sklearn.groups import O
from softeq_sklearn.representations import Scalar, T, Vector

_AXES = {0: (1.0, 0.0, 0.0), 1: (0.0, 1.0, 0.0), 2: (0.0, 0.0, 1.0), -1: (-1.0, 1.0, 0.0)}

_DESCR = """\
Inertia tensor of {n_masses} point masses, synthetic
{underline}

Columns: {n_masses} masses m_i (scalars), then {n_masses} positions r_i (vectors).
Masses are softplus(N(0, 1)), positions are N(0, 1) in each coordinate, plus
shift = {shift}; sign = {sign} (0: as drawn; 1 or -1: sign * |position|).

Target: y = J + noise * (J e) e^T, a tensor T(2), its rows one after the other,
with J = sum_i m_i (|r_i|^2 I - r_i r_i^T), noise = {noise} and e = {e} (axis = {axis}).

J is equivariant under O(3). The second term keeps the symmetry under orthogonal
matrices that leave e where it is up to its sign, and breaks all others, to a
degree that grows with |noise|; noise = -1 removes column `axis` of J.

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
    positions = normal[:, n_masses:].reshape(n_samples, n_masses, 3) + shift
    if sign:
        positions = sign * np.abs(positions)
    return np.hstack([masses, positions.reshape(n_samples, -1)])


def _inertia(X: ArrayLike, *, n_masses: int, noise: float, e: np.ndarray) -> np.ndarray:
    """Return the targets, shape (n_samples, 9), of rows of shape (n_samples, 4 * n_masses)."""
    X = check_array(X, dtype=np.float64, input_name="X")
    if X.shape[1] != 4 * n_masses:
        raise ValueError(
            f"'X' must have 4 * n_masses = {4 * n_masses} columns. Got {X.shape[1]} instead."
        )
    masses, positions = X[:, :n_masses], X[:, n_masses:].reshape(len(X), n_masses, 3)
    second_moment = np.einsum("nk,nki,nkj->nij", masses, positions, positions, optimize=True)
    trace = np.trace(second_moment, axis1=1, axis2=2)[:, None, None]
    tensor = trace * np.eye(3) - second_moment
    return (tensor + noise * (tensor @ e)[:, :, None] * e).reshape(len(X), 9)


def _check_parameters(n_samples, n_masses, noise, axis, shift, sign) -> np.ndarray:
    """Raise an error for parameters that break a rule; return `shift` as an array."""
    check_scalar(n_samples, "n_samples", int, min_val=1)
    check_scalar(n_masses, "n_masses", int, min_val=1)
    if axis not in _AXES:
        raise ValueError(f"'axis' must be one of {sorted(_AXES)}. Got {axis!r} instead.")
    if sign not in (-1, 0, 1):
        raise ValueError(f"'sign' must be -1, 0 or 1. Got {sign!r} instead.")
    check_scalar(noise, "noise", Real)
    if not np.isfinite(noise):
        raise ValueError(f"'noise' must be a finite number. Got {noise!r} instead.")
    shift_array = np.asarray(shift, dtype=np.float64)
    if shift_array.shape not in ((), (3,)) or not np.isfinite(shift_array).all():
        raise ValueError(
            f"'shift' must be a finite number or three of them. Got {shift!r} instead."
        )
    return shift_array


def make_inertia(
    n_samples=1000,
    *,
    n_masses=5,
    noise=0.0,
    axis=2,
    shift=0.0,
    sign=0,
    random_state=None,
    return_X_y=False,
    as_frame=False,
):
    r"""Generate the inertia tensors of point masses, with one axis broken.

    For masses :math:`m_i` at positions :math:`r_i` the target is

    .. math:: y = J + noise \, (J e) e^T,
       \qquad J = \sum_i m_i \left(|r_i|^2 I - r_i r_i^T\right).

    :math:`J` is equivariant under O(3). The second term, which scales column `axis` of :math:`J` by
    ``1 + noise``, is equivariant only under those elements that leave :math:`e` where it is up to
    its sign. So with ``axis=2`` the group O(2) of the xy plane is an exact symmetry for every
    `noise`, and those of the other two planes are broken to a degree that grows with `noise`.
    The task is from [1]_.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.

    n_masses : int, default=5
        Number of point masses in a row.

    noise : float, default=0.0
        How much the axis is broken. 0 leaves O(3) intact, -1 removes the column.

    axis : {0, 1, 2, -1}, default=2
        The broken axis: :math:`e` is x, y or z, and -x + y (not normalised) for -1.

    shift : float or array-like of shape (3,), default=0.0
        Added to all positions, for test sets outside the distribution of the training set.

    sign : {-1, 0, 1}, default=0
        With 1 or -1 every coordinate of a position is made positive or negative, after `shift`;
        0 leaves it as drawn.

    random_state : int, RandomState instance or None, default=None
        Governs the rows. The same seed with another `shift` or `sign` moves the same draws.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    as_frame : bool, default=False
        If True, data and target are pandas DataFrames.

    Returns
    -------
    inertia : :class:`~sklearn.utils.Bunch`
        With attributes

        data : ndarray or DataFrame of shape (n_samples, 4 * n_masses)
            The masses, drawn as softplus(N(0, 1)), then the positions, drawn as N(0, 1).
        target : ndarray or DataFrame of shape (n_samples, 9)
            The tensors, row after row.
        rep_in, rep_out : Rep
            ``n_masses * Scalar + n_masses * Vector`` and ``T(2)``.
        groups : dict
            The candidates: "O(2) xy", "O(2) yz" and "O(2) xz".
        function : callable
            From rows of shape (n, 4 * n_masses) to targets of shape (n, 9).
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

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range.

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
    shift_array = _check_parameters(n_samples, n_masses, noise, axis, shift, sign)
    task = SyntheticTask(
        draw=partial(_draw, n_masses=n_masses, shift=shift_array, sign=sign),
        function=partial(_inertia, n_masses=n_masses, noise=noise, e=np.array(_AXES[axis])),
        rep_in=n_masses * Scalar + n_masses * Vector,
        rep_out=T(2),
    )
    data = task.draw(n_samples, check_random_state(random_state))
    numbers = range(1, n_masses + 1)
    return dataset(
        data,
        task.function(data),
        feature_names=[f"mass_{i}" for i in numbers] + [f"{x}_{i}" for i in numbers for x in "xyz"],
        target_names=[f"J_{a}{b}" for a in "xyz" for b in "xyz"],
        return_X_y=return_X_y,
        as_frame=as_frame,
        rep_in=task.rep_in,
        rep_out=task.rep_out,
        groups={
            "O(2) xy": O(2).embed(3, axes=(0, 1)),
            "O(2) yz": O(2).embed(3, axes=(1, 2)),
            "O(2) xz": O(2).embed(3, axes=(0, 2)),
        },
        function=task.function,
        true_error=task.true_error,
        DESCR=_DESCR.format(
            n_masses=n_masses,
            underline="=" * len(f"Inertia tensor of {n_masses} point masses, synthetic"),
            shift=shift,
            sign=sign,
            noise=noise,
            e=_AXES[axis],
            axis=axis,
        ),
    )
