"""Where the components of each tensor type stand among the user's columns."""

from __future__ import annotations

import operator
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.representations._terms import Product
from softeq_sklearn.representations._words import DUAL_POINT, POINT, Word

if TYPE_CHECKING:
    from softeq_sklearn.groups import Group
    from softeq_sklearn.representations._rep import Rep

# 2^27 positions of 8 bytes are 1 GB.
MAX_COLUMNS = 2**27

# Word, index and whether these are Points that others may join.
_Piece: TypeAlias = tuple[Word, np.ndarray, bool]


@dataclass(frozen=True, eq=False)
class Block:
    """All columns of one tensor type.

    Parameters
    ----------
    word : tuple of int
        One letter per axis: 1 for V, -1 for its dual V*, 0 for the dual of a Point (last, if
        any), and 2, alone, for Points.
    index : ndarray of shape (n_copies, n_points, d**len(word)), dtype int64
        Positions of the components of every copy among the columns, row-major over the axes of
        the word. n_points is 1 except for Points and their duals, where the Points that share
        one translation stand along this axis.

    Examples
    --------
    >>> from softeq_sklearn.representations import Point, Vector
    >>> (block,) = (3 * Point >> 2 * Vector).blocks(2)
    >>> block.word, block.index.shape
    ((1, 0), (2, 3, 4))
    """

    word: Word
    index: np.ndarray


def base_dimension(group: Group | int) -> int:
    """Return the dimension d of V, from a group or from d itself."""
    value: Any = getattr(group, "dim", group)
    try:
        d = operator.index(value)
    except TypeError:
        raise TypeError(
            "'group' must be a Group or the dimension of its space as an integer. "
            f"Got {group!r} of type {type(group).__name__} instead."
        ) from None
    if d < 1 or isinstance(value, bool | np.bool_):
        raise ValueError(f"The dimension of the space must be at least 1. Got {value!r} instead.")
    return d


def blocks(rep: Rep, d: int) -> tuple[Block, ...]:
    """Return the columns of every tensor type; see `Rep.blocks`."""
    n_columns = rep.dim(d)
    if n_columns > MAX_COLUMNS:
        raise ProblemTooLargeError(
            f"The {n_columns} columns of the representation for d = {d} are too many to be "
            f"listed; at most {MAX_COLUMNS} are allowed."
        )
    merged: dict[tuple[Word, int], list[np.ndarray]] = {}
    for word, index in _closed(_pieces(rep, d)):
        merged.setdefault((word, index.shape[1]), []).append(index)
    return tuple(Block(word, _read_only(parts)) for (word, _), parts in merged.items())


def point_columns(rep: Rep, d: int) -> np.ndarray:
    """Return the columns of all Points, of shape (n_points, d)."""
    points = [block.index.reshape(-1, d) for block in blocks(rep, d) if block.word == (POINT,)]
    return np.concatenate([np.zeros((0, d), dtype=np.int64), *points])


def _read_only(parts: list[np.ndarray]) -> np.ndarray:
    index = parts[0] if len(parts) == 1 else np.concatenate(parts)
    index.flags.writeable = False
    return index


def _pieces(rep: Rep, d: int) -> Iterator[_Piece]:
    """Yield (word, index, is_open) for each term; open ones are Points that others may join."""
    start = 0
    for m, term in rep._terms:
        if isinstance(term, tuple):
            size = d ** len(term)
            index = start + np.arange(m * size, dtype=np.int64).reshape(m, 1, size)
            yield term, index, term in ((POINT,), (DUAL_POINT,))
        else:
            size = yield from _composite(m, term, start, d)
        start += m * size


def _composite(m: int, term: Product | Rep, start: int, d: int) -> Generator[_Piece, None, int]:
    """Yield the pieces of m copies of a product or of a repeated sum; return the size of one."""
    prefix, inner = (term.word, term.factor) if isinstance(term, Product) else ((), term)
    inner_size, n_prefix = inner.dim(d), d ** len(prefix)
    copies = start + inner_size * np.arange(m * n_prefix, dtype=np.int64).reshape(m, 1, 1, -1, 1)
    pieces = _pieces(inner, d)
    if isinstance(term, Product):
        pieces = ((word, index, False) for word, index in _closed(pieces))
    for word, index, is_open in pieces:
        # axes: copy of the term, copy in it, Point, component of the prefix, component of the word
        c, k, n = index.shape
        joint = (copies + index[None, :, :, None, :]).reshape(m * c, k, n_prefix * n)
        yield prefix + word, joint, is_open
    return n_prefix * inner_size


def _closed(pieces: Iterable[_Piece]) -> Iterator[tuple[Word, np.ndarray]]:
    """Yield pieces with the open Points, which share one translation, gathered along an axis."""
    gathered: dict[Word, list[np.ndarray]] = {}
    kept: list[tuple[Word, np.ndarray | None]] = []
    for word, index, is_open in pieces:
        if not is_open:
            kept.append((word, index))
            continue
        if word not in gathered:
            kept.append((word, None))
        gathered.setdefault(word, []).append(index.reshape(1, -1, index.shape[2]))
    for word, own in kept:
        yield word, np.concatenate(gathered[word], axis=1) if own is None else own
