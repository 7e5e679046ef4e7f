"""A randomisation test of conditional equivariance, which trains no network."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state, check_scalar, check_X_y

from softeq_sklearn._classes import check_class_names, classes_of, one_hot
from softeq_sklearn._columns import representation_of, select_columns
from softeq_sklearn.groups import Group, inverse
from softeq_sklearn.inspection._cross_residuals import cross_residuals
from softeq_sklearn.inspection._orbit_moments import OrbitMoments
from softeq_sklearn.levels._canonical_rows import canonical_rows
from softeq_sklearn.representations import ColumnSchema, Rep
from softeq_sklearn.representations._row_action import act_on_each_row
from softeq_sklearn.representations._words import POINT

_MIN_ROWS = 20
# Moments whose values differ by rounding errors only say nothing, and ties count as ties.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class EquivarianceTest:
    """Result of a randomisation test.

    Parameters
    ----------
    statistic : float
        The largest of the standardised moments of the data.
    p_value : float
        Share of the permutations, the data's own order among them, whose statistic is as large. At
        most 0.05: the data break the symmetry (at a significance of 5 %).
    n_permutations : int
        Number of permutations.

    Examples
    --------
    >>> from softeq_sklearn.inspection import EquivarianceTest
    >>> EquivarianceTest(statistic=0.4, p_value=0.31, n_permutations=199).p_value
    0.31
    """

    statistic: float
    p_value: float
    n_permutations: int


def equivariance_test(
    X: ArrayLike,
    y: ArrayLike,
    group: Group,
    rep_in: Rep | ColumnSchema | str | None = None,
    rep_out: Rep | ColumnSchema | str | None = None,
    *,
    n_permutations: int = 199,
    random_state=None,
) -> EquivarianceTest:
    r"""Test whether the law of y given x is equivariant, whatever the law of x.

    For any map :math:`\gamma` from rows to elements of the group, with
    :math:`M = \gamma(x)^{-1} x` and :math:`z = \gamma(x)^{-1} y`, equivariance of the law of y
    given x implies that z and :math:`\gamma` are independent given M (Chiu and Bloem-Reddy [1]_).
    Here :math:`\gamma(x)` is the element, of a pool of 256, that brings x nearest to an anchor. The
    statistic looks for dependence of :math:`\gamma` and the residuals of z after a smooth function
    of M, in six kinds of moments; the largest counts, each standardised by its mean and
    spread over the permutations. Its null law is that of permuted :math:`\gamma`. All moments are
    linear in the residuals: a law whose mean is equivariant and whose noise is not passes.

    **Validity.** The p-value is valid, for every number of rows, where :math:`\gamma` is
    independent of M: for an orthogonal linear group whose ``sample`` is its Haar measure (SO, O,
    finite groups, and those embedded), if the law of x is invariant under the group, whatever the
    law of y and however bad the smooth function. Otherwise it is valid approximately, as that of
    every test of conditional independence must be [2]_: what :math:`\gamma` and z have in common
    through M is taken from the residuals twice, once from z and once from the moments of
    :math:`\gamma`, so that the product of the two errors is what is left. Non-compact and affine
    groups have no invariant law, and are always in this case. Their elements are bounded, as
    ``group.sample`` says: choose units in which the data is of size 1.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, at least 20, independent of each other.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets; or class labels, which are texts or other objects, numbers being taken as such.
    group : Group
        The symmetry.
    rep_in, rep_out : Rep, ColumnSchema, str or None, default=None
        How it acts on the columns of X and of y, or on the sorted classes of y; None means that all
        are scalars.
    n_permutations : int, default=199
        Number of permutations; the smallest p-value is one over their number plus one.
    random_state : int, RandomState instance or None, default=None
        Governs anchor, elements and permutations. Another one gives another p-value.

    Returns
    -------
    EquivarianceTest
        Statistic and p-value. The p-value is 1 where nothing depends on the group: a group without
        elements other than the identity, or targets that have no residuals.

    Raises
    ------
    ValueError
        If columns and representations do not fit, there are fewer than 20 rows, or a number is not
        finite.
    TypeError
        If `group` is no Group.

    Notes
    -----
    The cost grows with the number of rows; 1000 rows take about a second. More than 1000 rows are
    smoothed in parts of at most 1000. A small p-value says that the symmetry is broken, not by how
    much; a large one that these rows do not show it.

    References
    ----------
    .. [1] K. Chiu, B. Bloem-Reddy. Non-parametric hypothesis tests for distributional group
       symmetry. 2023. https://arxiv.org/abs/2307.15834
    .. [2] R. D. Shah, J. Peters. The hardness of conditional independence testing and the
       generalised covariance measure. Annals of Statistics 48(3), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.inspection import equivariance_test
    >>> X = np.random.default_rng(0).normal(size=(200, 4))
    >>> length, east = np.hypot(X[:, 0], X[:, 1]), X[:, 0]
    >>> equivariance_test(X, length, SO(2), "2*Vector", "Scalar", random_state=0).p_value > 0.05
    True
    >>> equivariance_test(X, east, SO(2), "2*Vector", "Scalar", random_state=0).p_value
    0.005
    """
    check_scalar(n_permutations, "n_permutations", Integral, min_val=1)
    X, Y, rep_in, rep_out = _checked(X, y, group, rep_in, rep_out)
    # A stream of its own: data drawn from the same seed would be dependent on the elements.
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    rng = np.random.RandomState(seed)
    elements, M = canonical_rows(X, group, rep_in, rng)
    Z = act_on_each_row(rep_out, inverse(elements), _scaled(Y, rep_out, group.dim))
    residuals, smoothed = cross_residuals(M, Z, rng)
    moments = OrbitMoments(elements, M, Z - residuals, smoothed, rep_in, rep_out, rng)
    orders = [np.arange(len(X)), *(rng.permutation(len(X)) for _ in range(n_permutations))]
    statistics = _largest_standardised(np.array([moments(order) for order in orders]))
    p_value = np.mean(statistics >= statistics[0] - _ROUNDING)
    return EquivarianceTest(float(statistics[0]), float(p_value), int(n_permutations))


def _largest_standardised(moments):
    """The largest of the moments of each permutation, standardised over all permutations."""
    spread = moments.std(axis=0)
    used = spread > _ROUNDING * np.abs(moments).max(axis=0)
    if not used.any():
        return np.zeros(len(moments))
    return ((moments - moments.mean(axis=0))[:, used] / spread[used]).max(axis=1)


def _checked(X, y, group, rep_in, rep_out):
    """Data as float64 arrays of two axes, and representations that fit them."""
    if not isinstance(group, Group):
        raise TypeError(f"group must be a Group. Got {group!r}.")
    X, y = select_columns(rep_in, X, "X"), select_columns(rep_out, y, "y")
    classes, each = classes_of(y), None
    if classes is not None:
        check_class_names(rep_out, classes)
        y, each = one_hot(y, classes), "class of y"
    X, y = check_X_y(
        X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_samples=_MIN_ROWS
    )
    Y = y.reshape(len(y), -1).astype(np.float64)
    rep_in, _ = representation_of("rep_in", rep_in, X.shape[1], group.dim)
    rep_out, _ = representation_of("rep_out", rep_out, Y.shape[1], group.dim, each)
    return X, Y, rep_in, rep_out


def _scaled(Y, rep, dim):
    """Divide every tensor by its size, which commutes with linear maps; leave Points alone."""
    scaled = Y.copy()
    for block in rep.blocks(dim):
        if block.word == (POINT,):
            continue
        for index in block.index.reshape(-1, block.index.shape[-1]):
            values = Y[:, index]
            centred = values if block.word else values - values.mean(axis=0)
            size = np.sqrt(np.mean(centred**2))
            scaled[:, index] /= size if size > 0 else 1.0
    return scaled
