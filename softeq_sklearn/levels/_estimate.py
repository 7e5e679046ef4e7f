"""The level of a group with an interval, from members trained on bootstrap samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from softeq_sklearn._sizes import power_of_two, ratio
from softeq_sklearn.groups import Group
from softeq_sklearn.levels._support import Support
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._row_action import act_on_each_row

# Numbers in one batch of transformed rows, as in `equivariance_error`.
_BATCH_NUMBERS = 2**20
# Errors below this are rounding of float64.
ROUNDING = 1e-12
# Share of moved rows that may lie outside of the data.
_OUTSIDE = 0.5


@dataclass(frozen=True)
class LevelEstimate:
    """How far a function is from equivariance, and how sure that is.

    Parameters
    ----------
    error : float
        Relative equivariance error of the mean of the members, in [0, 1].
    spread : float
        The same measure of what the members do not agree on: the root mean square, over members,
        of the deviation of their f(gx) - g f(x) from the mean, relative to the same sizes.
    member_std : float
        Standard deviation of the members' own errors.
    row_error : float
        Standard error of `error` from the sample of rows and elements.
    share_outside : float, default=0.0
        Share of the moved rows that lie where there are no data. An element that leaves a row where
        it was, as half of those of a reflection do, does not count.
    moves : bool, default=True
        Whether any element moves a row or a value at all.
    n_members : int, default=1
        Number of members k whose mean has this error.

    Examples
    --------
    >>> from softeq_sklearn.levels import LevelEstimate
    >>> LevelEstimate(error=0.05, spread=0.003, member_std=0.002, row_error=0.001).moves
    True
    """

    error: float
    spread: float
    member_std: float
    row_error: float
    share_outside: float = 0.0
    moves: bool = True
    n_members: int = 1

    @property
    def can_tell(self) -> bool:
        """Whether rows can answer: the group moves something, and half of what it moves stays."""
        return self.moves and self.share_outside <= _OUTSIDE


def estimate_level(
    members: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    group: Group,
    rep_in: Rep,
    rep_out: Rep,
    *,
    n_elements: int = 32,
    support: Support | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> LevelEstimate:
    r"""Measure the relative equivariance error of the mean of several functions, and their spread.

    With :math:`\Delta_i = f_i(gx) - g f_i(x)` of member i, their mean :math:`\bar\Delta` and
    :math:`D = |\bar f(gx)| + |g \bar f(x)|` the error is the mean of :math:`|\bar\Delta| / D`, and
    the spread that of :math:`\sqrt{\sum_i |\Delta_i - \bar\Delta|^2 / (k - 1)} / D`. The error is
    the measure of Kim et al. (ICML 2023), the spread is explained in docs/levels.md. Every row is
    transformed by elements of its own, so that the mean over rows is one over elements, too.

    Parameters
    ----------
    members : callable
        From rows of shape (n_samples, n_columns) to values of shape (n_members, n_samples,
        n_outputs), float64.
    X : ndarray of shape (n_samples, n_columns)
        Rows.
    group : Group
        The group.
    rep_in, rep_out : Rep
        How it acts on rows and on values.
    n_elements : int, default=32
        Number of elements for each row.
    support : Support or None, default=None
        Where the data are; None looks at the rows of X alone.
    random_state : int, RandomState instance or None, default=None
        Governs the elements.

    Returns
    -------
    LevelEstimate
        With a single member, the spread and the members' deviation are nan.

    Examples
    --------
    Two functions that agree but for noise; both stretch the plane along x, so that no rotation is
    kept.

    >>> import numpy as np
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.levels import estimate_level
    >>> from softeq_sklearn.representations import Vector
    >>> X = np.random.RandomState(0).randn(200, 2)
    >>> stretches = np.array([[1.2, 1.0], [1.21, 1.0]])
    >>> estimate = estimate_level(
    ...     lambda X: stretches[:, None] * X, X, SO(2), Vector, Vector, random_state=0
    ... )
    >>> round(estimate.error, 2), round(estimate.spread, 3)
    (0.06, 0.002)
    """
    n = len(X)
    elements = group.sample(n_elements * n, random_state)
    elements = elements.reshape(n_elements, n, *elements.shape[1:])
    values, support = members(X), support or Support.of(X, rep_in, group.dim)
    k, n_moved, n_outside, moves = len(values), 0, 0, False
    chunk = max(1, _BATCH_NUMBERS // max(1, k * n * max(X.shape[1], values.shape[2])))
    error, spread = np.zeros((n_elements, n)), np.zeros((n_elements, n))
    own_errors: list[np.ndarray] = []
    for start in range(0, n_elements, chunk):
        some = elements[start : start + chunk]
        m = len(some)
        flat = some.reshape(m * n, *some.shape[2:])
        before, stays = np.tile(X, (m, 1)), np.tile(values, (1, m, 1))
        rows = act_on_each_row(rep_in, flat, before)
        moved = members(rows)
        expected = np.stack([act_on_each_row(rep_out, flat, v) for v in stays])
        is_moved = (rows != before).any(axis=1)
        n_moved += is_moved.sum()
        n_outside += (is_moved & support.is_outside(rows)).sum()
        moves |= bool(is_moved.any() or (expected != stays).any())
        here = slice(start, start + m)
        error[here], spread[here], each = _relative(moved, expected, (m, n))
        own_errors.append(each)
    own = np.concatenate(own_errors, axis=1).mean(axis=(1, 2))
    row_means = error.mean(axis=0)
    return LevelEstimate(
        error=float(row_means.mean()),
        spread=float(spread.mean()) if k > 1 else np.nan,
        member_std=float(own.std(ddof=1)) if k > 1 else np.nan,
        row_error=float(row_means.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan,
        share_outside=float(n_outside / max(1, n_moved)),
        moves=moves,
        n_members=k,
    )


def _relative(
    moved: np.ndarray, expected: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Error and spread of each pair of element and row, and the error of each member."""
    k = len(moved)
    largest = np.maximum(np.abs(moved).max(axis=0), np.abs(expected).max(axis=0)).max(axis=1)
    unit = power_of_two(largest)[:, None]  # so that squares are neither infinite nor 0
    moved, expected = moved / unit, expected / unit
    delta = moved - expected
    own = np.linalg.norm(moved, axis=2) + np.linalg.norm(expected, axis=2)
    sizes = np.linalg.norm(moved.mean(axis=0), axis=1) + np.linalg.norm(
        expected.mean(axis=0), axis=1
    )
    mean = delta.mean(axis=0)
    deviation = np.sqrt(((delta - mean) ** 2).sum(axis=(0, 2)) / max(k - 1, 1))
    return (
        ratio(np.linalg.norm(mean, axis=1), sizes).reshape(shape),
        ratio(deviation, sizes).reshape(shape),
        ratio(np.linalg.norm(delta, axis=2), own).reshape(k, *shape),
    )
