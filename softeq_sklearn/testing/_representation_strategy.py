"""A hypothesis strategy for representations."""

from __future__ import annotations

import itertools
import math

from softeq_sklearn.groups import Group
from softeq_sklearn.representations import Point, Rep, Scalar, Vector
from softeq_sklearn.testing._hypothesis import st


def representations(
    group: Group | int,
    *,
    max_columns: int = 12,
    max_order: int = 2,
    duals: bool = True,
    points: bool = False,
):
    """Strategy for representations: sums of tensors of any order of axes, and of products of sums.

    Examples shrink towards a single scalar.

    Parameters
    ----------
    group : Group or int
        The group, or the dimension d of the space it acts on.
    max_columns : int, default=12
        Largest number of columns, at least 1.
    max_order : int, default=2
        Largest number of axes of a tensor, at least 0.
    duals : bool, default=True
        Whether there are axes in the dual of V.
    points : bool, default=False
        Whether there are Points.

    Returns
    -------
    hypothesis.strategies.SearchStrategy[Rep]
        The strategy.

    Raises
    ------
    ValueError
        If `max_columns` or `max_order` is out of its range.

    Examples
    --------
    >>> from hypothesis import given
    >>> from softeq_sklearn.representations import Rep
    >>> from softeq_sklearn.testing import representations
    >>> @given(representations(3))
    ... def test_text_is_read_back(rep):
    ...     assert Rep.parse(repr(rep)) == rep
    >>> test_text_is_read_back()
    """
    for name, value, minimum in (("max_columns", max_columns, 1), ("max_order", max_order, 0)):
        if value < minimum:
            raise ValueError(f"{name!r} must be at least {minimum}. Got {value!r} instead.")
    terms = _terms(max_order, duals, points)
    terms = [term for term in terms if term.dim(group) <= max_columns]
    summands = st.tuples(st.integers(1, 3), st.sampled_from(terms))
    return st.lists(summands, min_size=1, max_size=4).map(
        lambda pairs: _sum_that_fits(pairs, group, max_columns)
    )


def _terms(max_order, duals, points):
    """Tensors with each order of their axes, then products that no single tensor can express."""
    letters = (Vector, Vector.T) if duals else (Vector,)
    terms: list[Rep] = [
        math.prod(axes, start=Scalar)
        for order in range(max_order + 1)
        for axes in itertools.product(letters, repeat=order)
    ]
    if max_order >= 2:
        terms += [axis * (Scalar + other) for axis in letters for other in letters]
    return terms + [Point] * points


def _sum_that_fits(pairs, group, max_columns):
    """Sum the terms from the left, leaving out what would exceed the number of columns."""
    rep = 0 * Scalar
    for multiplicity, term in pairs:
        room = max_columns - rep.dim(group)
        rep = rep + min(multiplicity, room // term.dim(group)) * term
    return rep
