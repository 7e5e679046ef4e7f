"""Representations as immutable values: scalars, vectors, tensors, points, sums and products."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.representations import _action, _layout
from softeq_sklearn.representations._words import (
    COVECTOR,
    DUAL_POINT,
    POINT,
    VECTOR,
    Word,
    check_order,
    dual,
    word_text,
)


@dataclass(frozen=True)
class Product:
    """A word times a representation that a single word cannot express, columns row-major.

    Parameters
    ----------
    word : tuple of int
    factor : Rep
        Several blocks, or dual Points: those keep the product, because the Points that stand
        together in `factor` share their translation.
    """

    word: Word
    factor: Rep


Term = Any  # Word | Product | Rep; a Rep is a sum that is repeated


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

        Raises
        ------
        ValueError
            If the text is not the notation of a representation.

        Examples
        --------
        >>> Rep.parse("5*Scalar + 5*Vector").dim(3)
        20
        """
        from softeq_sklearn.representations._parsing import parse_representation

        return parse_representation(text)

    @property
    def T(self) -> Rep:
        """The dual representation: the same columns, g acting by the inverse transpose."""
        return _from_pairs((m, _dual_term(term)) for m, term in self._terms)

    def dim(self, group: Any) -> int:
        """Return the number of columns.

        Parameters
        ----------
        group : Group or int
            The group, or the dimension d of the space it acts on.

        Returns
        -------
        int

        Examples
        --------
        >>> T(2, 1).dim(3)
        27
        """
        d = _layout.base_dimension(group)
        return sum(count * d ** len(word) for word, count in self._counts.items())

    def blocks(self, group: Any) -> tuple[_layout.Block, ...]:
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
            If there are too many columns to be listed.

        Examples
        --------
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
        ProblemTooLargeError
            If the matrix would be too large.

        Examples
        --------
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
        ProblemTooLargeError
            If the matrix would be too large.

        Examples
        --------
        >>> T(1, 1).drho([[2.0]])
        array([[0.]])
        """
        return _action.drho(self, A)

    def act(self, g: ArrayLike, X: ArrayLike) -> np.ndarray:
        """Return the rows of X transformed by g, without forming rho(g).

        Parameters
        ----------
        g : array-like of shape (d, d) or (d, d + 1)
        X : array-like of shape (n_samples, dim)

        Returns
        -------
        ndarray of shape (n_samples, dim)
            ``X @ rho(g).T``, plus the translation of Points.

        Raises
        ------
        ValueError
            If a shape does not fit.

        Examples
        --------
        >>> (Scalar + Point).act([[1.0, 0.0, 5.0], [0.0, 1.0, 6.0]], [[1.0, 0.0, 0.0]])
        array([[1., 5., 6.]])
        """
        return _action.act(self, g, X)

    def __add__(self, other: Any) -> Rep:
        if not isinstance(other, Rep):
            return NotImplemented
        return _from_pairs(self._terms + other._terms)

    def __radd__(self, other: Any) -> Rep:
        # sum([...]) starts from the integer 0.
        if isinstance(other, int) and other == 0:
            return self
        return NotImplemented

    def __mul__(self, other: Any) -> Rep:
        if isinstance(other, Rep):
            return _tensor_product(self, other)
        return self.__rmul__(other)

    def __rmul__(self, multiplicity: Any) -> Rep:
        if not isinstance(multiplicity, Number | np.generic):
            return NotImplemented
        rule = "The multiplicity of a representation must be a non-negative integer."
        return _from_pairs([(_check_count(rule, multiplicity), self)])

    def __rshift__(self, other: Any) -> Rep:
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

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Rep):
            return NotImplemented
        if self._terms is other._terms:
            return True
        if self._counts != other._counts:
            return False
        return all(a == b for a, b in zip_longest(_merged(_runs(self)), _merged(_runs(other))))

    def __hash__(self) -> int:
        return hash(frozenset(self._counts.items()))

    def __repr__(self) -> str:
        return " + ".join(_term_text(m, term) for m, term in self._terms) or "0*Scalar"

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A representation cannot be changed. Got a new value for {name!r}.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A representation cannot be changed. Got del of {name!r}.")

    def __reduce__(self) -> tuple:
        return _from_pairs, (self._terms,)


def _from_pairs(pairs) -> Rep:
    """Return the sum of (multiplicity, term), neighbours of equal content merged."""
    terms = tuple(_merged(_simplified(pairs)))
    rep = object.__new__(Rep)
    object.__setattr__(rep, "_terms", terms)
    object.__setattr__(rep, "_counts", _count_words(terms))
    return rep


def _simplified(pairs) -> Iterator[tuple[int, Term]]:
    """Yield the pairs without empty ones, and repeated sums written out where that is short."""
    for m, term in pairs:
        if isinstance(term, Rep):
            if len(term._terms) == 1:
                ((k, term),) = term._terms
                m *= k
            elif m == 1:
                yield from term._terms
                continue
            elif not term._terms:
                continue
        if m:
            yield m, term


def _merged(pairs) -> Iterator[tuple[int, Term]]:
    """Yield the pairs with neighbours of the same term added up."""
    count, last = 0, None
    for m, term in pairs:
        if count and term == last:
            count += m
            continue
        if count:
            yield count, last
        count, last = m, term
    if count:
        yield count, last


def _runs(rep: Rep) -> Iterator[tuple[int, Term]]:
    """Yield the terms from left to right with repeated sums written out."""
    for m, term in rep._terms:
        if isinstance(term, Rep):
            for _ in range(m):
                yield from _runs(term)
        else:
            yield m, term


def _count_words(terms) -> Counter[Word]:
    """Number of copies of each word: equal for representations of equal content."""
    counts: Counter[Word] = Counter()
    for m, term in terms:
        if isinstance(term, tuple):
            counts[term] += m
            continue
        prefix, inner = (term.word, term.factor) if isinstance(term, Product) else ((), term)
        for word, count in inner._counts.items():
            counts[prefix + word] += m * count
    return counts


def _dual_term(term: Term) -> Term:
    if isinstance(term, tuple):
        return dual(term)
    if isinstance(term, Rep):
        return term.T
    if term.factor.has_dual_points:
        raise ValueError(
            "The dual of a space of linear maps from Points is not available: Points may stand "
            f"only in sums and on the left of >>. Got ({_term_text(1, term)}).T instead."
        )
    return Product(dual(term.word), term.factor.T)


def _tensor_product(left: Rep, right: Rep) -> Rep:
    """Return left * right; (A + B) * C = A * C + B * C keeps the order of the columns."""
    if left.has_points or right.has_points or left.has_dual_points:
        raise ValueError(
            "Points may stand only in sums and on the left of >>: the product of a Point with "
            "something else has no linear action of translations. "
            f"Got ({left!r}) * ({right!r}) instead; use Vector for differences of Points."
        )
    return _from_pairs((m, _times(term, right)) for m, term in left._terms)


def _times(term: Term, right: Rep) -> Term:
    if isinstance(term, tuple):
        return _product(term, right)
    if isinstance(term, Product):
        return _product(term.word, term.factor * right)
    return term * right


def _product(word: Word, factor: Rep) -> Term:
    """Return word * factor as a word where the columns allow it."""
    check_order(len(word) + max(map(len, factor._counts), default=0))
    if not factor._terms or (not word and not _has_open_points(factor)):
        return factor
    m, term = factor._terms[0]
    if len(factor._terms) == 1 and m == 1:
        if isinstance(term, Product):
            return Product(word + term.word, term.factor)
        if isinstance(term, tuple) and DUAL_POINT not in term:
            return word + term
    return Product(word, factor)


def _has_open_points(rep: Rep) -> bool:
    """Whether dual Points stand in the sum itself, where they share their translation."""
    return any(
        term == (DUAL_POINT,) or (isinstance(term, Rep) and _has_open_points(term))
        for _, term in rep._terms
    )


def _term_text(m: int, term: Term) -> str:
    if isinstance(term, tuple):
        text = word_text(term)
    elif isinstance(term, Rep):
        text = f"({term!r})"
    else:
        factor = repr(term.factor)
        is_atom = term.factor._terms == ((1, (DUAL_POINT,)),)
        text = f"{word_text(term.word)} * {factor if is_atom else f'({factor})'}"
    return text if m == 1 else f"{m}*{text}"


def T(p: int, q: int = 0) -> Rep:
    """Return the tensors with p axes in V and q axes in its dual V*.

    ``T(0)`` is `Scalar` and ``T(1)`` is `Vector`; columns are row-major, the last axis fastest.

    Parameters
    ----------
    p : int
        Number of axes that transform by A.
    q : int, default=0
        Number of axes that transform by the inverse transpose of A; for orthogonal groups these
        are the same.

    Returns
    -------
    Rep
        With d**(p + q) columns.

    Raises
    ------
    TypeError, ValueError
        If `p` or `q` is not a non-negative integer, or p + q is above 62.

    Examples
    --------
    >>> T(2) == Vector * Vector
    True
    >>> T(1, 1) == (Vector >> Vector)
    True
    """
    p = _check_count("The 'p' parameter of T must be a non-negative integer.", p)
    q = _check_count("The 'q' parameter of T must be a non-negative integer.", q)
    check_order(p + q)
    return _from_pairs([(1, (VECTOR,) * p + (COVECTOR,) * q)])


def _check_count(rule: str, value: Any) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{rule} Got {value!r} of type {type(value).__name__} instead.") from None
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{rule} Got the boolean {value!r} instead.")
    if count < 0:
        raise ValueError(f"{rule} Got {value!r} instead.")
    return count


Scalar = T(0)
Vector = T(1)
Point = _from_pairs([(1, (POINT,))])
