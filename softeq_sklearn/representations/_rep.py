"""Representations as immutable values: sums, products, duals, spaces of linear maps."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable
from itertools import islice, zip_longest
from numbers import Number
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.representations import _action, _layout
from softeq_sklearn.representations._terms import (
    MAX_WRITTEN_TERMS,
    Product,
    Term,
    centred_term,
    count_words,
    dual_term,
    merged,
    product,
    runs,
    simplified,
    term_text,
)
from softeq_sklearn.representations._words import DUAL_POINT, POINT, Word

if TYPE_CHECKING:
    from softeq_sklearn.groups import Group


class Rep:
    """How a group acts on the columns of a table.

    A representation is made from `Scalar`, `Vector`, `T` and `Point` with ``+`` (columns side by
    side), integer multiples, ``*`` (tensor product, row-major), ``.T`` (dual) and
    ``rep_in >> rep_out`` (linear maps, matrices of shape (out, in) flattened row-major). It knows
    no group: the same representation is used with every group, whatever the dimension.

    Columns stand in the order in which the sum was written. Representations with the same columns
    are equal, print as the notation they are made from, and cannot be changed.

    Raises
    ------
    TypeError
        When called: build representations from the names above, or from text with `Rep.parse`.

    See Also
    --------
    parse_representation : The same notation from text.

    Examples
    --------
    >>> from softeq_sklearn.representations import Scalar, T, Vector
    >>> rep = 2 * Scalar + Vector
    >>> rep.dim(3)
    5
    >>> rep >> Vector
    Vector * (2*Scalar + Vector.T)
    >>> rep + Vector == 2 * Scalar + 2 * Vector
    True
    >>> Vector * Vector == T(2)
    True
    """

    __slots__ = ("_counts", "_terms")
    # numpy integers hand `3 * rep` over to us instead of looping over an array.
    __array_ufunc__ = None

    _counts: Counter[Word]
    _terms: tuple[tuple[int, Term], ...]

    def __init__(self) -> None:
        raise TypeError(
            "Rep is not called: write Scalar, Vector, T(p, q) or Point and combine them with "
            "+, *, >> and .T, or use Rep.parse(text)."
        )

    @staticmethod
    def parse(text: str) -> Rep:
        """Return the representation that a text such as ``"5*Scalar + 5*Vector"`` describes.

        Parameters
        ----------
        text : str
            Notation of `parse_representation`.

        Returns
        -------
        Rep
            The representation.

        Raises
        ------
        ValueError
            If the text is not the notation of a representation.
        TypeError
            If `text` is not a str.

        Examples
        --------
        >>> from softeq_sklearn.representations import Rep
        >>> Rep.parse("5*Scalar + 5*Vector").dim(3)
        20
        """
        from softeq_sklearn.representations._parsing import parse_representation

        return parse_representation(text)

    @property
    def T(self) -> Rep:
        """The dual representation: the same columns, g acting by the inverse transpose.

        Raises
        ------
        ValueError
            If there are products with duals of Points, as in ``Point >> Vector``.
        """
        return from_pairs((m, dual_term(term)) for m, term in self._terms)

    @property
    def centred(self) -> Rep:
        """The same columns with Vectors for Points: what is left of them once a mean is removed."""
        return from_pairs((m, centred_term(term)) for m, term in self._terms)

    def dim(self, group: Group | int) -> int:
        """Return the number of columns.

        Parameters
        ----------
        group : Group or int
            The group, or the dimension d of the space it acts on.

        Returns
        -------
        int
            The number of columns.

        Raises
        ------
        TypeError
            If `group` is neither a group nor an integer.
        ValueError
            If the dimension is less than 1.

        Examples
        --------
        >>> from softeq_sklearn.representations import T
        >>> T(2, 1).dim(3)
        27
        """
        d = _layout.base_dimension(group)
        return sum(count * d ** len(word) for word, count in self._counts.items())

    def blocks(self, group: Group | int) -> tuple[_layout.Block, ...]:
        """Return the columns of every tensor type.

        Parameters
        ----------
        group : Group or int
            The group, or the dimension d of the space it acts on.

        Returns
        -------
        tuple of Block
            One for each type, in order of first appearance; the indices together are a permutation
            of range(dim).

        Raises
        ------
        ProblemTooLargeError
            If there are more than 2^27 columns, whose positions would take 1 GB.
        TypeError
            If `group` is neither a group nor an integer.

        Examples
        --------
        >>> from softeq_sklearn.representations import Scalar, Vector
        >>> for block in (Vector + Scalar + Vector).blocks(2):
        ...     print(block.word, block.index.tolist())
        (1,) [[[0, 1]], [[3, 4]]]
        () [[[2]]]
        """
        return _layout.blocks(self, _layout.base_dimension(group))

    @property
    def words(self) -> tuple[Word, ...]:
        """The tensor types, as words of letters; see `Block`."""
        return tuple(self._counts)

    def rho(self, g: ArrayLike) -> np.ndarray:
        """Return the matrix by which a group element acts on a column vector.

        V is acted on by the linear part A of g, V* by its inverse transpose, products by Kronecker
        products. Dual Points, coefficients of Points in a linear map, are acted on as V*.

        Parameters
        ----------
        g : array-like of shape (d, d) or (d, d + 1)
            Element of a linear group, or [A | t] of an affine one.

        Returns
        -------
        ndarray of shape (dim, dim) or (dim, dim + 1)
            [M | t] if there are Points and `g` is affine.

        Raises
        ------
        ValueError
            If `g` has another shape.
        TypeError
            If the entries of `g` are not real.
        ProblemTooLargeError
            If the matrix would be too large.

        Examples
        --------
        >>> from softeq_sklearn.representations import Scalar, Vector
        >>> (Scalar + Vector).rho([[0.0, -1.0], [1.0, 0.0]])
        array([[ 1.,  0.,  0.],
               [ 0.,  0., -1.],
               [ 0.,  1.,  0.]])
        """
        return _action.rho(self, g)

    def drho(self, A: ArrayLike) -> np.ndarray:
        """Return the derivative of rho(exp(s A)) at s = 0.

        Parameters
        ----------
        A : array-like of shape (d, d) or (d, d + 1)
            Element of the Lie algebra.

        Returns
        -------
        ndarray of shape (dim, dim) or (dim, dim + 1)
            [M | t] if there are Points and `A` is affine.

        Raises
        ------
        ValueError
            If `A` has another shape.
        TypeError
            If the entries of `A` are not real.
        ProblemTooLargeError
            If the matrix would be too large.

        Examples
        --------
        >>> from softeq_sklearn.representations import T
        >>> T(1, 1).drho([[2.0]])
        array([[0.]])
        """
        return _action.drho(self, A)

    def act(self, g: ArrayLike, X: ArrayLike) -> np.ndarray:
        """Return the rows of X transformed by g, without forming rho(g).

        Parameters
        ----------
        g : array-like of shape (d, d) or (d, d + 1)
            Element of a linear group, or [A | t] of an affine one.
        X : array-like of shape (n_samples, dim)
            Rows, in any units; t is in those of the Points.

        Returns
        -------
        ndarray of shape (n_samples, dim)
            ``X @ rho(g).T``, plus the translation of Points.

        Raises
        ------
        ValueError
            If a shape does not fit.
        TypeError
            If the entries of `g` are not real.

        Examples
        --------
        >>> from softeq_sklearn.representations import Point, Scalar
        >>> (Scalar + Point).act([[1.0, 0.0, 5.0], [0.0, 1.0, 6.0]], [[1.0, 0.0, 0.0]])
        array([[1., 5., 6.]])
        """
        return _action.act(self, g, X)

    def __add__(self, other: Rep) -> Rep:
        if not isinstance(other, Rep):
            return NotImplemented
        return from_pairs(self._terms + other._terms)

    def __radd__(self, other: int) -> Rep:
        # sum([...]) starts from the integer 0.
        if isinstance(other, int) and other == 0:
            return self
        return NotImplemented

    def __mul__(self, other: Rep | SupportsIndex) -> Rep:
        if isinstance(other, Rep):
            return _tensor_product(self, other)
        return self.__rmul__(other)

    def __rmul__(self, multiplicity: SupportsIndex) -> Rep:
        if not isinstance(multiplicity, Number | np.generic):
            return NotImplemented
        rule = "The multiplicity of a representation must be a non-negative integer."
        return from_pairs([(check_count(rule, multiplicity), self)])

    def __rshift__(self, other: Rep) -> Rep:
        if not isinstance(other, Rep):
            return NotImplemented
        if other.has_points:
            raise ValueError(
                "'rep_out' in rep_in >> rep_out must have no Points: linear maps into Points that "
                "respect translations form an affine set, not a linear space. "
                f"Got rep_out = {other!r} instead; predict Vectors, such as differences of Points."
            )
        return other * self.T

    @property
    def has_points(self) -> bool:
        """Whether there are Points, which translations move."""
        return any(POINT in word for word in self._counts)

    @property
    def has_dual_points(self) -> bool:
        """Whether there are duals of Points, as in ``Point >> Vector``."""
        return any(DUAL_POINT in word for word in self._counts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rep):
            return NotImplemented
        if self._counts != other._counts:
            return False
        if self._terms == other._terms:
            return True
        # Repeated sums can be written in several ways: compare them written out.
        pairs = zip_longest(merged(runs(self)), merged(runs(other)))
        same = all(a == b for a, b in islice(pairs, MAX_WRITTEN_TERMS))
        return same and next(pairs, None) is None

    def __hash__(self) -> int:
        return hash(frozenset(self._counts.items()))

    def __repr__(self) -> str:
        return " + ".join(term_text(m, term) for m, term in self._terms) or "0*Scalar"

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A representation cannot be changed. Got a new value for {name!r}.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A representation cannot be changed. Got del of {name!r}.")

    def __getstate__(self) -> dict[str, str]:
        # The notation, so that files of pickles and of skops hold nothing else.
        return {"notation": repr(self)}

    def __setstate__(self, state: dict[str, str]) -> None:
        _set_terms(self, Rep.parse(state["notation"])._terms)

    def __copy__(self) -> Rep:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Rep:
        return self


def from_pairs(pairs: Iterable[tuple[int, Term]]) -> Rep:
    """Return the sum of (multiplicity, term), neighbours of equal content merged."""
    terms = tuple(merged(simplified(pairs)))
    rep = object.__new__(Rep)
    _set_terms(rep, terms)
    return rep


def _set_terms(rep: Rep, terms: tuple[tuple[int, Term], ...]) -> None:
    object.__setattr__(rep, "_terms", terms)
    object.__setattr__(rep, "_counts", count_words(terms))


def _tensor_product(left: Rep, right: Rep) -> Rep:
    """Return left * right; (A + B) * C = A * C + B * C keeps the order of the columns."""
    if left.has_points or right.has_points or left.has_dual_points:
        raise ValueError(
            "Points may stand only in sums and on the left of >>: the product of a Point with "
            "something else has no linear action of translations. "
            f"Got ({left!r}) * ({right!r}) instead; use Vector for differences of Points."
        )
    return from_pairs((m, _times(term, right)) for m, term in left._terms)


def _times(term: Term, right: Rep) -> Term:
    if isinstance(term, tuple):
        return product(term, right)
    if isinstance(term, Product):
        return product(term.word, term.factor * right)
    return term * right


def check_count(rule: str, value: Any) -> int:
    """Return a non-negative integer as an int; anything else is refused."""
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{rule} Got {value!r} of type {type(value).__name__} instead.") from None
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{rule} Got the boolean {value!r} instead.")
    if count < 0:
        raise ValueError(f"{rule} Got {value!r} instead.")
    return count
