"""Null spaces by dense linear algebra: shrink by eigenvalues, decide by singular values."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from softeq_sklearn.projection._tensor_operators import Constraint
from softeq_sklearn.representations._words import Word

# Eigenvalues of a Gram matrix are squares, so that small ones lose half of their digits. Directions
# are dropped only where the constraints are far from zero, which leaves an error of about
# 1e-16 / NEAR_NULL; what is kept is decided by singular values of the constraints themselves.
NEAR_NULL = 1e-4
# Above this size computing only the lowest eigenvectors is faster.
_SUBSET_SIZE = 200
# Figures below the first count as zero; between the two the rank is not clear.
ZERO, CLEARLY_NONZERO = 1e-9, 1e-6


def near_null_vectors(gram: np.ndarray) -> np.ndarray:
    """Return orthonormal columns that span the eigenspaces near 0 of a Gram matrix.

    The generators behind it have norm 1, so that a matrix far below 1 is all rounding.
    """
    bound = NEAR_NULL * max(1.0, np.abs(gram).sum(axis=1).max(initial=0.0))
    if len(gram) < _SUBSET_SIZE:
        values, vectors = np.linalg.eigh(gram)
        return vectors[:, values <= bound]
    _, vectors = eigh(gram, subset_by_value=(-np.inf, bound), driver="evr")
    return np.linalg.qr(vectors)[0]


def reduced(constraint: Constraint, word: Word, tensors: np.ndarray) -> np.ndarray:
    """Return fewer orthonormal rows (m', n) that still contain what the constraint fixes."""
    image = constraint.apply(word, tensors)
    return near_null_vectors(image @ image.T).T @ tensors


def null_rows(constraints: list[Constraint], word: Word, tensors: np.ndarray) -> np.ndarray:
    """Return the orthonormal combinations of rows (m, n) that all constraints annihilate.

    Raises
    ------
    ValueError
        If a singular value is neither clearly zero nor clearly nonzero.
    """
    if not len(tensors) or not constraints:
        return tensors
    triangle: np.ndarray = np.zeros((0, len(tensors)))
    for constraint in constraints:
        image = constraint.apply(word, tensors).T
        triangle = triangular(np.concatenate([triangle, image]))
    return null_combinations(triangle, word) @ tensors


def triangular(matrix: np.ndarray) -> np.ndarray:
    """Return R of matrix = Q R, which has the same null space and no more rows than columns.

    Also of stacked matrices, of shape (..., m, n).
    """
    # The stubs of numpy know one mode only.
    return np.linalg.qr(matrix, mode="r")  # type: ignore[return-value]


def null_combinations(matrix: np.ndarray, word: Word) -> np.ndarray:
    """Return orthonormal rows that span the null space of a matrix, of shape (rank, n_columns)."""
    _, values, combinations = np.linalg.svd(matrix)
    values = np.append(values, np.zeros(len(combinations) - len(values)))
    return combinations[is_zero(values, word)]


def is_zero(moves: np.ndarray, word: Word) -> np.ndarray:
    """Tell which tensors are not moved by the generators, given how far each is.

    Raises
    ------
    ValueError
        If some figure is neither clearly zero nor clearly nonzero.
    """
    unclear = moves[(moves > ZERO) & (moves < CLEARLY_NONZERO)]
    if len(unclear):
        raise ValueError(
            f"The rank of the tensor type {word} is not clear: the generators move some tensors "
            f"of length 1 by {unclear.min():.1e}, neither rounding (at most {ZERO}) nor a real "
            f"motion (at least {CLEARLY_NONZERO}). Give the generators in full precision."
        )
    return moves <= ZERO
