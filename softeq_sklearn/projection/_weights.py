"""The fixed space of commuting normal generators in closed form.

Normal matrices that commute have a common unitary basis of eigenvectors u_j. In the tensor
products of these every such generator is diagonal: a Lie generator has the sum of the eigenvalues
of the axes (V* counted negative), a discrete one their product (V* inverted). So the tensors that
these generators fix are spanned by the index tuples of zero sum and unit product, and this shrinks
the problem for all other generators before any large matrix is formed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import schur
from scipy.sparse import coo_array, csr_array, eye_array

from softeq_sklearn.projection._dense import is_zero
from softeq_sklearn.projection._tensor_operators import Constraint, digits_of
from softeq_sklearn.representations._words import COVECTOR, VECTOR, Word, apply_letters

# Generators this close to commuting are tried together, and kept if this close to diagonal then.
_COMMUTE, _DIAGONAL = 1e-12, 1e-11
_CHUNK = 2**18


@dataclass(frozen=True, eq=False)
class Eigenframe:
    """Common eigenvectors of some of the constraints.

    Parameters
    ----------
    vectors : ndarray of shape (d, d)
        Unitary; real where all eigenvalues are.
    conjugate : ndarray of shape (d,)
        The complex conjugate of column j is column ``conjugate[j]``.
    eigenvalues : list of (ndarray of shape (d,), bool)
        For each constraint that is diagonal here, its eigenvalues and whether it is of Lie type.
    remaining : list of Constraint
        The other constraints.
    """

    vectors: np.ndarray
    conjugate: np.ndarray
    eigenvalues: list[tuple[np.ndarray, bool]]
    remaining: list[Constraint]

    @property
    def is_real(self) -> bool:
        """Whether all eigenvectors are real."""
        return not np.iscomplexobj(self.vectors)

    def fixed_positions(self, word: Word) -> np.ndarray:
        """Return the flat index tuples on which every diagonal generator is trivial, ascending."""
        n = len(self.vectors) ** len(word)
        chunks = [
            self._fixed_among(np.arange(start, min(start + _CHUNK, n)), word)
            for start in range(0, n, _CHUNK)
        ]
        return np.concatenate(chunks)

    def _fixed_among(self, positions: np.ndarray, word: Word) -> np.ndarray:
        for eigenvalues, is_lie in self.eigenvalues:
            digits = digits_of(positions, len(eigenvalues), len(word))
            weight = _total_weight(digits, word, eigenvalues, is_lie)
            positions = positions[is_zero(weight, word)]
        return positions

    def matrix_of(self, constraint: Constraint) -> Constraint:
        """Return a constraint in the coordinates of the eigenvectors."""
        matrix = self.vectors.conj().T @ constraint.matrix @ self.vectors
        matrix[np.abs(matrix) < 1e-15] = 0.0
        return Constraint(matrix, constraint.is_lie)

    def real_basis(self, positions: np.ndarray, word: Word) -> csr_array:
        """Return the unitary matrix from real coordinates to those at `positions`.

        Products of eigenvectors come in conjugate pairs; u and its conjugate are replaced by
        sqrt(2) Re u and sqrt(2) Im u.
        """
        m = len(positions)
        if self.is_real:
            return eye_array(m, format="csr")
        digits = self.conjugate[digits_of(positions, len(self.vectors), len(word))]
        strides = len(self.vectors) ** np.arange(len(word) - 1, -1, -1)
        partner = np.searchsorted(positions, strides @ digits)
        own = np.arange(m)
        itself, first = own[partner == own], own[own < partner]
        second, half = partner[first], np.full(len(first), np.sqrt(0.5))
        rows = np.concatenate([itself, first, second, first, second])
        columns = np.concatenate([itself, first, first, second, second])
        values = np.concatenate([np.ones(len(itself)), half, half, -1j * half, 1j * half])
        return coo_array((values, (rows, columns)), (m, m)).tocsr()

    def to_tensors(
        self, word: Word, positions: np.ndarray, coordinates: np.ndarray | csr_array
    ) -> np.ndarray:
        """Return real tensors, rows (m, n), from eigenvector coordinates, rows (m, positions)."""
        n = len(self.vectors) ** len(word)
        tensors = np.empty((coordinates.shape[0], n))
        operators = {VECTOR: self.vectors, COVECTOR: self.vectors.conj()}
        rows_at_once = max(1, 2**20 // n)
        for start in range(0, len(tensors), rows_at_once):
            part = coordinates[start : start + rows_at_once]
            full = np.zeros((part.shape[0], n), dtype=coordinates.dtype)
            full[:, positions] = part if isinstance(part, np.ndarray) else part.toarray()
            tensors[start : start + len(full)] = apply_letters(word, operators, full).real
        return tensors


def _total_weight(
    digits: np.ndarray, word: Word, eigenvalues: np.ndarray, is_lie: bool
) -> np.ndarray:
    """Return how far each index tuple is from being fixed."""
    if is_lie:
        per_letter = {VECTOR: eigenvalues, COVECTOR: -eigenvalues}
        total = sum((per_letter[a][i] for a, i in zip(word, digits, strict=True)), 0.0)
        return np.abs(np.broadcast_to(total, digits.shape[1]))
    per_letter = {VECTOR: eigenvalues, COVECTOR: 1 / eigenvalues}
    total = np.ones(digits.shape[1], dtype=eigenvalues.dtype)
    for letter, index in zip(word, digits, strict=True):
        total = total * per_letter[letter][index]
    return np.abs(total - 1)


def eigenframe_of(constraints: list[Constraint], d: int) -> Eigenframe:
    """Choose commuting normal generators, diagonal ones first, and diagonalise them."""
    chosen: list[Constraint] = []
    for constraint in sorted(constraints, key=lambda c: not _is_diagonal(c.matrix)):
        M = constraint.matrix
        if _commute(M, M.T) and all(_commute(M, other.matrix) for other in chosen):
            chosen.append(constraint)
    vectors, conjugate = _common_eigenvectors([c.matrix for c in chosen], d)
    chosen = [c for c in chosen if _off_diagonal(c.matrix, vectors) <= _DIAGONAL]
    eigenvalues = [(_diagonal_in(c.matrix, vectors), c.is_lie) for c in chosen]
    remaining = [c for c in constraints if all(c is not other for other in chosen)]
    return Eigenframe(vectors, conjugate, eigenvalues, remaining)


def _is_diagonal(M: np.ndarray) -> bool:
    return not (M - np.diag(np.diag(M))).any()


def _commute(M: np.ndarray, N: np.ndarray) -> bool:
    scale = np.abs(M).max() * np.abs(N).max()
    return bool(np.abs(M @ N - N @ M).max() <= _COMMUTE * scale)


def _common_eigenvectors(matrices: list[np.ndarray], d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return unitary columns and the position of the complex conjugate of each."""
    conjugate = np.arange(d)
    if all(_is_diagonal(M) for M in matrices):
        return np.eye(d), conjugate
    # Square roots have no rational relations, so that different joint eigenvalues stay different.
    mixed = sum(np.sqrt(2 + 3 * k) * M / np.abs(M).max() for k, M in enumerate(matrices))
    triangular, frame = schur(mixed, output="real")
    pairs = np.flatnonzero(np.abs(np.diag(triangular, -1)) > 1e-9)
    if not len(pairs):
        return frame, conjugate
    vectors = frame.astype(np.complex128)
    vectors[:, pairs] = (frame[:, pairs] + 1j * frame[:, pairs + 1]) * np.sqrt(0.5)
    vectors[:, pairs + 1] = vectors[:, pairs].conj()
    conjugate[pairs], conjugate[pairs + 1] = pairs + 1, pairs
    return vectors, conjugate


def _diagonal_in(matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the diagonal of a matrix in the coordinates of unitary columns."""
    return np.diag(vectors.conj().T @ matrix @ vectors)


def _off_diagonal(matrix: np.ndarray, vectors: np.ndarray) -> float:
    """Return the largest other entry, relative to the largest entry of the matrix."""
    rotated = vectors.conj().T @ matrix @ vectors
    return np.abs(rotated - np.diag(np.diag(rotated))).max() / np.abs(matrix).max()
