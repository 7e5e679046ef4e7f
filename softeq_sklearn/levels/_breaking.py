"""Whether what a function adds to its symmetric part is in the data, or is noise of the fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from softeq_sklearn._sizes import power_of_two
from softeq_sklearn.groups import inverse, linear_part
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._row_action import act_on_each_row

# Score from which on a symmetry is broken. One test in seven hundred has it by chance.
BROKEN_SCORE = 3.0
# Relative spreads below this are rounding.
_ROUNDING = 1e-9
# Sizes of numbers whose products are numbers with all their digits.
_SMALLEST, _LARGEST = 1e-100, 1e100


def values_on_orbits(
    function: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    elements: np.ndarray,
    rep_in: Rep,
    rep_out: Rep,
    *,
    of_differences: bool = False,
) -> np.ndarray:
    r"""Return :math:`g^{-1} f(g x)` for several elements g, others for every row.

    For an orthogonal group their mean estimates the symmetric part of f, its average over the group
    (the Reynolds operator; Elesedy and Zaidi, ICML 2021).

    Parameters
    ----------
    function : callable
        From rows of shape (n_samples, n_columns) to values of shape (n_functions, n_samples,
        n_outputs), float64.
    X : ndarray of shape (n_samples, n_columns)
        Rows.
    elements : ndarray of shape (n_elements, n_samples, d, d) or (n_elements, n_samples, d, d + 1)
        The elements, as :class:`Orbits` draws them.
    rep_in, rep_out : Rep
        How they act on rows and on values.
    of_differences : bool, default=False
        Whether values are differences, which no translation moves, as those of residuals.

    Returns
    -------
    ndarray of shape (n_elements, n_functions, n_samples, n_outputs)
        The values, moved back by the inverse of the element that had moved their row.

    Raises
    ------
    ValueError
        If the elements have another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.groups import C
    >>> from softeq_sklearn.levels import values_on_orbits
    >>> from softeq_sklearn.representations import Scalar, Vector
    >>> turns = C(4).sample(3, 0)[:, None]
    >>> values = values_on_orbits(lambda X: X[None], np.eye(2)[:1], turns, Vector, Vector)
    >>> values.round(12)[:, 0, 0].tolist()  # equivariant: the same for every element
    [[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    """
    # One call for all elements: forests and networks take long to begin.
    moved = np.concatenate([act_on_each_row(rep_in, some, X) for some in elements])
    orbit = []
    for some, values in zip(elements, np.split(function(moved), len(elements), 1), strict=True):
        back = linear_part(inverse(some)) if of_differences else inverse(some)
        orbit.append(np.stack([act_on_each_row(rep_out, back, v) for v in values]))
    return np.stack(orbit)


def asymmetric_products(
    targets: np.ndarray, values: np.ndarray, part: np.ndarray, other: np.ndarray
) -> np.ndarray:
    r"""Multiply what a symmetric function misses with what the function has beside it.

    With the symmetric part :math:`\bar f` of a function f, which was not fitted to these rows,

    .. math:: q = \langle y - \bar f, f - \bar f \rangle

    has mean 0 if the symmetry holds and the law of the rows has it, too: the first factor is an
    equivariant function and noise, and the second is orthogonal to all equivariant functions. If
    the data break the symmetry as f does, the mean is positive. The group has to keep lengths of
    values; where it does not, take all four arrays to the anchor (:meth:`Orbits.at_anchor`). Two
    estimates of the symmetric part take turns, since the same in both factors would add the square
    of its own error (docs/method.md, "Ratio and explore").

    Parameters
    ----------
    targets : ndarray of shape (n_samples, n_outputs)
        The targets y.
    values : ndarray of shape (n_samples, n_outputs)
        Values f.
    part, other : ndarray of shape (n_samples, n_outputs)
        Symmetric parts from independent elements.

    Returns
    -------
    ndarray of shape (n_samples,)
        The products, in the squared units of the targets. Where these would be 0 or infinite, all
        are divided by one number, which changes no score.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import asymmetric_products
    >>> asymmetric_products(*np.array([[[3.0]], [[2.0]], [[1.0]], [[1.0]]]))
    array([2.])
    """
    largest = max(_largest(some) for some in (targets, values, part, other))
    if not _SMALLEST < largest < _LARGEST:
        unit = power_of_two(largest)
        targets, values, part, other = (some / unit for some in (targets, values, part, other))
    first = np.einsum("ij,ij->i", targets - part, values - other)
    return 0.5 * (first + np.einsum("ij,ij->i", targets - other, values - part))


def breaking_score(products: np.ndarray) -> float:
    r"""Score whether products of :func:`asymmetric_products` are positive.

    It is Wilcoxon's signed-rank statistic, since products have heavy tails (F. Wilcoxon, Biometrics
    Bulletin 1, 1945), divided by :math:`\sqrt 2`. For each row has been predicted by functions
    fitted to others: what row i has told of row j comes back as what row j has told of row i, so
    that products agree in pairs, and the variance of their sum doubles.

    Parameters
    ----------
    products : ndarray of shape (n_samples,)
        The products.

    Returns
    -------
    float
        About standard normal if the symmetry holds; 0 if all products are.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import breaking_score
    >>> noise, delta = np.random.RandomState(0).randn(2, 500)
    >>> abs(breaking_score(noise * delta)) < 2
    True
    >>> breaking_score((noise + 0.5 * delta) * delta) > 5
    True
    """
    products = products[products != 0]
    ranks = rankdata(np.abs(products))
    if not len(ranks):
        return 0.0
    return float(np.sign(products) @ ranks / np.sqrt(2 * np.sum(ranks**2)))


def orbit_score(residuals: np.ndarray, values: np.ndarray, moved: np.ndarray) -> float:
    r"""Score whether values agree with residuals better than the same function moved on the orbit.

    For residuals r of a symmetric function and K elements g that moved the row x,

    .. math:: a_0 = \langle r, f(x) \rangle, \quad a_k = \langle r, g_k^{-1} f(g_k x) \rangle.

    If the symmetry holds, and the law of the rows has it, x is one of the K + 1 places on the orbit
    by chance. So :math:`a_0` is one of K + 1 numbers by chance, whatever their law; minus their
    mean and over their spread it has mean 0 and variance 1. The score is the sum over rows with
    weights, which are the ranks of the spreads, divided by its standard deviation and by
    :math:`\sqrt 2`, as in :func:`breaking_score`. That one takes products to be symmetric around 0;
    those of classes are not, since a function that is sure of a class errs rarely and then by much
    (docs/classification.md).

    Parameters
    ----------
    residuals : ndarray of shape (n_samples, n_outputs)
        What a symmetric function misses of the targets, not made from these elements.
    values : ndarray of shape (n_samples, n_outputs)
        Values f(x) of a function that was not fitted to these rows.
    moved : ndarray of shape (n_elements, n_samples, n_outputs)
        Its values :func:`values_on_orbits`. The group must keep lengths of values.

    Returns
    -------
    float
        About standard normal if the symmetry holds; 0 if no value changes on an orbit.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import orbit_score
    >>> rng = np.random.RandomState(0)
    >>> values, moved = rng.randn(500, 1), rng.randn(8, 500, 1)
    >>> abs(orbit_score(rng.exponential(size=(500, 1)), values, moved)) < 2
    True
    >>> orbit_score(0.5 * values + rng.randn(500, 1), values, moved) > 5
    True
    """
    values = np.concatenate([values[None], moved])
    # The score has no units: of size 1, neither products nor their squares are 0 or infinite.
    residuals, values = (some / power_of_two(_largest(some)) for some in (residuals, values))
    agreement = np.einsum("ij,kij->ki", residuals, values)
    spread = agreement.std(axis=0)
    rows = spread > _ROUNDING * np.abs(agreement).max(axis=0)
    if not rows.any():
        return 0.0
    standardised = (agreement[0] - agreement.mean(axis=0))[rows] / spread[rows]
    weights = rankdata(spread[rows])
    return float(weights @ standardised / np.sqrt(2 * np.sum(weights**2)))


def _largest(values: np.ndarray) -> float:
    """Largest absolute value of an array, without a copy of it."""
    return float(max(values.max(initial=0.0), -values.min(initial=0.0)))
