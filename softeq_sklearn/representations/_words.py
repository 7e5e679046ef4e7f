"""Words: the type of a tensor as a tuple of letters, one letter per axis.

The letter of an axis says how a group element A of V = R^d acts on it:

====  ===========  =========================================================================
  1   V            A
 -1   V*           the inverse transpose of A
  0   dual Point   as V*; an equivariant map also has to cancel the translations
  2   Point        x -> A x + t
====  ===========  =========================================================================

The empty word is a scalar. 0 and 2 stand alone in a representation; only in the blocks of a hom
space does 0 follow other letters.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np

Word = tuple[int, ...]

VECTOR, COVECTOR, DUAL_POINT, POINT = 1, -1, 0, 2

# 2^63 components do not fit an int64 index.
MAX_ORDER = 62

_DUAL_LETTER = {VECTOR: COVECTOR, COVECTOR: VECTOR, POINT: DUAL_POINT, DUAL_POINT: POINT}


def dual(word: Word) -> Word:
    """Return the word of the dual representation, axis by axis."""
    return tuple(_DUAL_LETTER[letter] for letter in word)


def check_order(order: int) -> None:
    """Refuse tensors with more axes than an int64 index can hold."""
    if order > MAX_ORDER:
        raise ValueError(
            f"A tensor must have at most {MAX_ORDER} axes, so that its components can be counted "
            f"in 64 bits. Got {order} axes instead."
        )


def word_text(word: Word) -> str:
    """Return the notation of a word: runs V...V V*...V* are T(p, q), joined as a product.

    Examples
    --------
    >>> word_text((-1, 1, 1, -1))
    'Vector.T * T(2, 1)'
    """
    if not word:
        return "Scalar"
    if word == (POINT,):
        return "Point"
    if word == (DUAL_POINT,):
        return "Point.T"
    return " * ".join(_tensor_text(p, q) for p, q in _sorted_runs(word))


def _sorted_runs(word: Word) -> list[tuple[int, int]]:
    """Split a word into the longest pieces with every V before every V*, as pairs (p, q)."""
    lengths = [(letter, len(list(run))) for letter, run in groupby(word)]
    if lengths[0][0] == COVECTOR:
        lengths.insert(0, (VECTOR, 0))
    if lengths[-1][0] == VECTOR:
        lengths.append((COVECTOR, 0))
    counts = [n for _, n in lengths]
    return list(zip(counts[::2], counts[1::2], strict=True))


def _tensor_text(p: int, q: int) -> str:
    if (p, q) == (1, 0):
        return "Vector"
    if (p, q) == (0, 1):
        return "Vector.T"
    return f"T({p}, {q})" if q else f"T({p})"


def apply_letters(word: Word, operators: dict[int, np.ndarray], tensors: np.ndarray) -> np.ndarray:
    """Apply one d x d operator to each axis of tensors, without forming their Kronecker product.

    Parameters
    ----------
    word : tuple of int
    operators : dict of ndarray of shape (..., d, d)
        The operator of each letter in the word, the same for all tensors or one for each.
    tensors : ndarray of shape (..., d**len(word))

    Returns
    -------
    ndarray of shape (..., d**len(word))

    Examples
    --------
    >>> apply_letters((1, 1), {1: np.diag([1.0, 2.0])}, np.ones((1, 4)))
    array([[1., 2., 2., 4.]])
    """
    shape = *copies, size = tensors.shape
    for letter in word:
        # The first axis is transformed and moved to the end; after all axes the order is back.
        transposed = np.swapaxes(operators[letter], -1, -2)
        d = transposed.shape[-1]
        split = tensors.reshape(*copies, d, size // d)
        tensors = np.swapaxes(split, -1, -2) @ transposed
    return tensors.reshape(shape)
