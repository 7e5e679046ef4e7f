"""Sums of terms in normal form: what a representation holds.

A sum is a tuple of pairs (multiplicity, term). A term is a word, a `Product` of a word and a
representation, or a representation that is repeated as a whole. Terms know nothing of `Rep`: what
is neither a word nor a product is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from softeq_sklearn.representations._words import (
    DUAL_POINT,
    POINT,
    VECTOR,
    Word,
    check_order,
    dual,
    word_text,
)

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from softeq_sklearn.representations._rep import Rep

# Every factor (Vector + Vector.T) of a product doubles the number of types.
MAX_TYPES = 1000
# Repeated sums are written out to be compared, up to so many terms: 10^18 copies are a short text.
# Beyond, sums that are written in different ways count as different.
MAX_WRITTEN_TERMS = 10_000


@dataclass(frozen=True)
class Product:
    """A word times a representation, where no single word has the same columns; row-major.

    Parameters
    ----------
    word : tuple of int
    factor : Rep
        Several blocks, or dual Points: those keep the product, because the Points that stand
        together in `factor` share their translation.
    """

    word: Word
    factor: Rep


Term: TypeAlias = "Word | Product | Rep"


def is_repeated(term: Term) -> TypeIs[Rep]:
    """Whether a term is a representation that is repeated as a whole."""
    return not isinstance(term, tuple | Product)


def simplified(pairs: Iterable[tuple[int, Term]]) -> Iterator[tuple[int, Term]]:
    """Yield the pairs without empty ones, and repeated sums written out where that is short."""
    for m, term in pairs:
        if is_repeated(term):
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


def merged(pairs: Iterable[tuple[int, Term]]) -> Iterator[tuple[int, Term]]:
    """Yield the pairs with neighbours of the same term added up."""
    count = 0
    last: Term = ()
    for m, term in pairs:
        if count and term == last:
            count += m
            continue
        if count:
            yield count, last
        count, last = m, term
    if count:
        yield count, last


def runs(rep: Rep) -> Iterator[tuple[int, Term]]:
    """Yield the terms from left to right with repeated sums written out."""
    for m, term in rep._terms:
        if is_repeated(term):
            for _ in range(m):
                yield from runs(term)
        else:
            yield m, term


def count_words(terms: Iterable[tuple[int, Term]]) -> Counter[Word]:
    """Number of copies of each word: equal for representations of equal content."""
    counts: Counter[Word] = Counter()
    for m, term in terms:
        if isinstance(term, tuple):
            counts[term] += m
            continue
        prefix, inner = (term.word, term.factor) if isinstance(term, Product) else ((), term)
        for word, count in inner._counts.items():
            counts[prefix + word] += m * count
        if len(counts) > MAX_TYPES:
            raise ValueError(
                f"A representation must have at most {MAX_TYPES} different tensor types. Got more "
                "instead: products of sums of V and V* have very many."
            )
    return counts


def dual_term(term: Term) -> Term:
    """Return the dual, axis by axis."""
    if isinstance(term, tuple):
        return dual(term)
    if is_repeated(term):
        return term.T
    if term.factor.has_dual_points:
        raise ValueError(
            "The dual of a space of linear maps from Points is not available: Points may stand "
            f"only in sums and on the left of >>. Got ({term_text(1, term)}).T instead."
        )
    return Product(dual(term.word), term.factor.T)


def centred_term(term: Term) -> Term:
    """Return a term with Vectors in the place of Points."""
    if is_repeated(term):
        return term.centred
    return (VECTOR,) if term == (POINT,) else term


def product(word: Word, factor: Rep) -> Term:
    """Return word * factor as a word where the columns allow it."""
    check_order(len(word) + max(map(len, factor._counts), default=0))
    if not factor._terms or (not word and not has_open_points(factor)):
        return factor
    m, term = factor._terms[0]
    if len(factor._terms) == 1 and m == 1:
        if isinstance(term, Product):
            return Product(word + term.word, term.factor)
        if isinstance(term, tuple) and DUAL_POINT not in term:
            return word + term
    return Product(word, factor)


def has_open_points(rep: Rep) -> bool:
    """Whether dual Points stand in the sum itself, where they share their translation."""
    return any(
        term == (DUAL_POINT,) or (is_repeated(term) and has_open_points(term))
        for _, term in rep._terms
    )


def term_text(m: int, term: Term) -> str:
    """Return the notation of m copies of a term."""
    if isinstance(term, tuple):
        text = word_text(term)
    elif is_repeated(term):
        text = f"({term!r})"
    else:
        factor = repr(term.factor)
        is_atom = term.factor._terms == ((1, (DUAL_POINT,)),)
        text = f"{word_text(term.word)} * {factor if is_atom else f'({factor})'}"
    return text if m == 1 else f"{m}*{text}"
