"""The action of group and Lie algebra elements on the columns of a representation."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.representations._words import (
    COVECTOR,
    DUAL_POINT,
    POINT,
    VECTOR,
    Word,
    apply_letters,
)

if TYPE_CHECKING:
    from softeq_sklearn.representations._rep import Rep

# 2^27 numbers of 8 bytes are 1 GB.
MAX_MATRIX_ENTRIES = 2**27


def rho(rep: Rep, g: ArrayLike) -> np.ndarray:
    """Return the matrix of g; see `Rep.rho`."""
    linear, translation = _split(g, "g")
    operators = _group_operators(rep, linear)
    return _matrix(rep, translation, linear, lambda word: _kronecker(word, operators))


def drho(rep: Rep, A: ArrayLike) -> np.ndarray:
    """Return the matrix of the Lie algebra element A; see `Rep.drho`."""
    linear, translation = _split(A, "A")
    operators = _letter_operators(linear, -linear.T)
    return _matrix(rep, translation, linear, lambda word: _kronecker_sum(word, operators))


def act(rep: Rep, g: ArrayLike, X: ArrayLike) -> np.ndarray:
    """Return transformed rows; see `Rep.act`."""
    linear, translation = _split(g, "g")
    X = _check_rows(rep, len(linear), X)
    transformed = np.empty_like(X)
    transform(rep, linear, translation, X, transformed)
    return transformed


def transform(
    rep: Rep, linear: np.ndarray, translation: np.ndarray | None, X: np.ndarray, out: np.ndarray
) -> None:
    """Write transformed rows to `out`.

    Parameters
    ----------
    rep : Rep
    linear : ndarray of shape (d, d) or (n_samples, 1, d, d)
        Linear part of the element of all rows or of each, which all copies of a tensor share.
    translation : ndarray of shape (d,) or (n_samples, 1, d), or None
        What is added to Points.
    X, out : ndarray of shape (n_samples, dim)
    """
    d, n = linear.shape[-1], len(X)
    operators = _group_operators(rep, linear)
    for block in rep.blocks(d):
        size = d ** len(block.word)
        tensors = X[:, block.index].reshape(n, block.index.size // size, size)
        result = apply_letters(block.word, operators, tensors)
        if block.word == (POINT,) and translation is not None:
            result = result + translation
        out[:, block.index] = result.reshape(n, *block.index.shape)


def _check_rows(rep: Rep, d: int, X: ArrayLike) -> np.ndarray:
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] != rep.dim(d):
        raise ValueError(
            f"'X' must have shape (n_samples, {rep.dim(d)}), the number of columns of {rep!r} for "
            f"d = {d}. Got shape {X.shape} instead."
        )
    return X


def _split(g: ArrayLike, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the linear part (d, d), and the translation (d,) of an affine element or None."""
    g = np.asarray(g)
    if g.dtype.kind not in "biuf":
        raise TypeError(f"'{name}' must be a real array. Got dtype {g.dtype} instead.")
    if g.ndim != 2 or not len(g) or g.shape[1] - g.shape[0] not in (0, 1):
        raise ValueError(
            f"'{name}' must have shape (d, d), or (d, d + 1) for an affine group. "
            f"Got shape {g.shape} instead."
        )
    g, d = g.astype(np.float64), len(g)
    return g[:, :d], g[:, d] if g.shape[1] > d else None


def _matrix(
    rep: Rep,
    translation: np.ndarray | None,
    linear: np.ndarray,
    word_matrix: Callable[[Word], np.ndarray],
) -> np.ndarray:
    """Return the matrix with the matrix of each word at the columns of every copy."""
    d = len(linear)
    n_columns = rep.dim(d)
    if n_columns**2 > MAX_MATRIX_ENTRIES:
        raise ProblemTooLargeError(
            f"A matrix of shape ({n_columns}, {n_columns}) is too large; at most "
            f"{MAX_MATRIX_ENTRIES} entries are allowed. 'act' transforms rows without it."
        )
    is_affine = rep.has_points and translation is not None
    matrix = np.zeros((n_columns, n_columns + is_affine))
    for block in rep.blocks(d):
        matrix[block.index[..., :, None], block.index[..., None, :]] = word_matrix(block.word)
        if is_affine and block.word == (POINT,):
            matrix[block.index, -1] = translation
    return matrix


def _group_operators(rep: Rep, linear: np.ndarray) -> dict[int, np.ndarray]:
    needs_inverse = any(COVECTOR in word or DUAL_POINT in word for word in rep._counts)
    inverse = np.linalg.inv(linear) if needs_inverse else None
    return _letter_operators(linear, None if inverse is None else np.swapaxes(inverse, -1, -2))


def _letter_operators(
    linear: np.ndarray, contragredient: np.ndarray | None
) -> dict[int, np.ndarray]:
    operators = {VECTOR: linear, POINT: linear}
    if contragredient is not None:
        operators |= {COVECTOR: contragredient, DUAL_POINT: contragredient}
    return operators


def _kronecker(word: Word, operators: dict[int, np.ndarray]) -> np.ndarray:
    return reduce(np.kron, (operators[letter] for letter in word), np.eye(1))


def _kronecker_sum(word: Word, operators: dict[int, np.ndarray]) -> np.ndarray:
    """Return the sum over axes of I x ... x A x ... x I."""
    total: np.ndarray = np.zeros((1, 1))
    for letter in word:
        A = operators[letter]
        total = np.kron(total, np.eye(len(A))) + np.kron(np.eye(len(total)), A)
    return total
