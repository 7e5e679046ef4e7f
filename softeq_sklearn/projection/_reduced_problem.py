"""The constraints that are left on the tensors fixed by the diagonal generators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, eye_array

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.projection import _limits
from softeq_sklearn.projection._dense import near_null_vectors
from softeq_sklearn.projection._iterative import Operator, null_space_by_iteration
from softeq_sklearn.projection._tensor_operators import Constraint, sparse_sum
from softeq_sklearn.projection._weights import Eigenframe
from softeq_sklearn.representations._words import Word


@dataclass(frozen=True, eq=False)
class ReducedProblem:
    """Constraints in real coordinates on the tensors that the diagonal generators fix.

    Parameters
    ----------
    word : tuple of int
    dim : int
        Dimension d of V.
    positions : ndarray of shape (m,)
        Flat index tuples, in the eigenvectors, that span the space.
    real_basis : csr_array of shape (m, m)
        From real coordinates to those.
    lie, discrete : list of Constraint
        In the coordinates of the eigenvectors.
    """

    word: Word
    dim: int
    positions: np.ndarray
    real_basis: csr_array
    lie: list[Constraint]
    discrete: list[Constraint]

    @classmethod
    def of(cls, word: Word, frame: Eigenframe) -> ReducedProblem:
        """Return what is left of a tensor type."""
        positions = frame.fixed_positions(word)
        rest = [frame.matrix_of(c) for c in frame.remaining]
        lie, discrete = [c for c in rest if c.is_lie], [c for c in rest if not c.is_lie]
        real_basis = frame.real_basis(positions, word)
        return cls(word, len(frame.vectors), positions, real_basis, lie, discrete)

    def fixed_by_lie(self) -> np.ndarray | csr_array:
        """Return orthonormal columns that contain what the Lie algebra fixes, or the identity."""
        size = len(self.positions)
        if not self.lie or not size:
            return eye_array(size, format="csr")
        gram = self._lie_gram()
        if size <= _limits.MAX_EIGH_SIZE:
            return near_null_vectors(gram.toarray())
        return self._iterate(gram.__matmul__)

    def fixed_by_all(self) -> np.ndarray:
        """Return orthonormal columns that span what all generators fix, without dense tensors."""
        operators = [self._gram_operator(constraint) for constraint in self.discrete]
        if self.lie:
            operators.append(self._lie_gram().__matmul__)
        zero = np.zeros(())
        return self._iterate(lambda vectors: sum((apply(vectors) for apply in operators), zero))

    def _lie_gram(self) -> csr_array:
        """Return the sum of C^T C over the Lie generators, sparse."""
        size = len(self.positions)
        entries = size * len(self.word) * self.dim
        if size > _limits.MAX_ITERATIVE_SIZE or entries > _limits.MAX_DENSE_ENTRIES:
            raise ProblemTooLargeError(
                f"The tensor type {self.word} for d = {self.dim} leaves {size} unknowns after its "
                f"diagonal generators; at most {_limits.MAX_ITERATIVE_SIZE} can be solved for. "
                "Use tensors of lower rank or a smaller group."
            )
        gram = csr_array((size, size))
        for constraint in self.lie:
            columns = sparse_sum(self.word, constraint.operators(), self.positions)
            columns = columns @ self.real_basis
            gram = gram + (columns.conj().T @ columns).real
        return gram

    def _gram_operator(self, constraint: Constraint) -> Operator:
        """Return C^T C of a constraint as a function of real coordinates, columns (m, k)."""
        n = self.dim ** len(self.word)
        at_once = max(1, 2**20 // n)

        def apply(vectors: np.ndarray) -> np.ndarray:
            parts = np.split(vectors, range(at_once, vectors.shape[1], at_once), axis=1)
            return np.concatenate([apply_part(part) for part in parts], axis=1)

        def apply_part(vectors: np.ndarray) -> np.ndarray:
            coordinates = (self.real_basis @ vectors).T
            tensors = np.zeros((len(coordinates), n), dtype=coordinates.dtype)
            tensors[:, self.positions] = coordinates
            image = constraint.adjoint(self.word, constraint.apply(self.word, tensors))
            return (self.real_basis.conj().T @ image[:, self.positions].T).real

        return apply

    def _iterate(self, apply: Operator) -> np.ndarray:
        size = len(self.positions)
        max_block = _limits.MAX_BLOCK_ENTRIES // size
        result = null_space_by_iteration(apply, size, max_block=max_block)
        if not result.converged:
            raise ValueError(
                f"The iteration for the tensor type {self.word}, {size} unknowns, did not converge "
                f"within {result.n_iterations} steps: {result.vectors.shape[1]} null vectors, "
                f"residual {result.residual:.1e}. Generators that move some tensors very little "
                "make it slow: use tensors of lower rank, or generators with larger angles."
            )
        return result.vectors
