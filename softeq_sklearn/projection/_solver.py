"""The fixed space of one tensor type: which solver, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.projection._dense import near_null_vectors, null_rows, reduced
from softeq_sklearn.projection._generators import Generators
from softeq_sklearn.projection._iterative import null_space_by_iteration
from softeq_sklearn.projection._limits import (
    MAX_DENSE_ENTRIES,
    MAX_EIGH_SIZE,
    MAX_ITERATIVE_SIZE,
    check_dense,
    check_unknowns,
)
from softeq_sklearn.projection._orbits import OrbitSpace, orbit_space, signed_permutations
from softeq_sklearn.projection._tensor_operators import Constraint, constraints_of, sparse_sum
from softeq_sklearn.projection._weights import Eigenframe, eigenframe_of
from softeq_sklearn.representations._words import Word


@dataclass(frozen=True, eq=False)
class DenseSpace:
    """A space given by an orthonormal basis.

    Parameters
    ----------
    columns : ndarray of shape (n, rank)
    """

    columns: np.ndarray

    @property
    def rank(self) -> int:
        """Dimension of the space."""
        return self.columns.shape[1]

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return self.columns.nbytes

    def basis(self) -> np.ndarray:
        """Return the orthonormal basis, shape (n, rank)."""
        return self.columns

    def project(self, tensors: np.ndarray) -> np.ndarray:
        """Return the orthogonal projection of tensors of shape (n, m)."""
        return self.columns @ (self.columns.T @ tensors)


def fixed_space(word: Word, generators: Generators) -> DenseSpace | OrbitSpace:
    """Return the tensors that the linear parts of all generators fix.

    Signed permutations: orbits of index tuples. Otherwise the diagonalisable generators that
    commute are solved in closed form, then the rest of the Lie algebra on what is left (dense, or
    iterative where that is too large), then the rest of the discrete generators, and a singular
    value decomposition of all constraints on the few candidates left decides.

    Parameters
    ----------
    word : tuple of int
        Letters 1 and -1.
    generators : Generators

    Returns
    -------
    DenseSpace or OrbitSpace

    Raises
    ------
    ProblemTooLargeError
        If no solver can hold the problem.
    ValueError
        If the rank is not clear to working precision, or an iteration does not converge.
    """
    check_unknowns(generators.dim ** len(word), f"The tensor type {word} for d = {generators.dim}")
    permutations = signed_permutations(generators)
    if permutations is not None:
        return orbit_space(word, *permutations)
    if not word:
        return DenseSpace(np.ones((1, 1)))
    frame = eigenframe_of(constraints_of(generators), generators.dim)
    rows = _candidates(word, frame)
    for constraint in frame.remaining:
        if not constraint.is_lie:
            rows = reduced(constraint, word, rows)
    rows = null_rows(frame.remaining, word, rows)
    return DenseSpace(np.ascontiguousarray(rows.T))


def _candidates(word: Word, frame: Eigenframe) -> np.ndarray:
    """Return orthonormal rows (m, n) that contain the fixed space, close to it if not equal."""
    positions = frame.fixed_positions(word)
    real_basis = frame.real_basis(positions, word)
    lie = [frame.matrix_of(c) for c in frame.remaining if c.is_lie]
    if not lie or not len(positions):
        check_dense((len(positions), len(frame.vectors) ** len(word)), "The candidates")
        return frame.to_tensors(word, positions, real_basis.T.toarray())
    gram = _gram(word, lie, positions, real_basis)
    if len(positions) <= MAX_EIGH_SIZE:
        vectors = near_null_vectors(gram.toarray())
    else:
        vectors = null_space_by_iteration(gram, f"the tensor type {word}")
    check_dense((vectors.shape[1], len(frame.vectors) ** len(word)), "The candidates")
    return frame.to_tensors(word, positions, (real_basis @ vectors).T)


def _gram(word: Word, lie: list[Constraint], positions: np.ndarray, real_basis):
    """Return the sum of C^T C over Lie generators on the real coordinates, sparse."""
    entries = len(positions) * len(word) * max(len(c.matrix) for c in lie)
    if len(positions) > MAX_ITERATIVE_SIZE or entries > MAX_DENSE_ENTRIES:
        raise ProblemTooLargeError(
            f"The tensor type {word} leaves {len(positions)} unknowns after its diagonal "
            f"generators; at most {MAX_ITERATIVE_SIZE} can be solved for. Use tensors of lower "
            "rank or a smaller group."
        )
    gram = 0
    for constraint in lie:
        columns = sparse_sum(word, constraint.operators(), positions) @ real_basis
        gram = gram + (columns.conj().T @ columns).real
    return gram
