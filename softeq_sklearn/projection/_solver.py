"""The fixed space of one tensor type: which solver, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from threading import RLock

import numpy as np
from threadpoolctl import ThreadpoolController

from softeq_sklearn.projection._dense import null_rows, reduced
from softeq_sklearn.projection._generators import Generators
from softeq_sklearn.projection._limits import MAX_DENSE_ENTRIES, check_dense
from softeq_sklearn.projection._orbits import OrbitSpace, orbit_space, signed_permutations
from softeq_sklearn.projection._reduced_problem import ReducedProblem
from softeq_sklearn.projection._tensor_operators import constraints_of
from softeq_sklearn.projection._weights import Eigenframe, eigenframe_of
from softeq_sklearn.representations._words import Word

# The limit is one for the whole process, and what it was comes back at its end: threads take turns.
_turn = RLock()


@dataclass(frozen=True, eq=False)
class DenseSpace:
    """A space given by an orthonormal basis.

    Parameters
    ----------
    columns : ndarray of shape (n, rank)
    """

    columns: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", np.ascontiguousarray(self.columns))
        self.columns.flags.writeable = False

    def __reduce__(self) -> tuple[type[DenseSpace], tuple[np.ndarray]]:
        return DenseSpace, (self.columns,)  # arrays come out of a pickle writeable

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
    with _turn, _controller().limit(limits=1, user_api="blas"):
        return _solve(word, generators)


@cache
def _controller() -> ThreadpoolController:
    """Return what limits BLAS to one thread.

    The order of sums, and with it the last digits of a basis, then does not depend on the number
    of threads; and threads that wait for each other make small problems slow on a busy machine.
    """
    return ThreadpoolController()


def _solve(word: Word, generators: Generators) -> DenseSpace | OrbitSpace:
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
    return DenseSpace(rows.T)


def _candidates(word: Word, frame: Eigenframe) -> np.ndarray:
    """Return orthonormal rows (m, n) that contain the fixed space, close to it if not equal."""
    n = len(frame.vectors) ** len(word)
    problem = ReducedProblem.of(word, frame)
    vectors = problem.fixed_by_lie()
    if vectors.shape[1] * n > MAX_DENSE_ENTRIES and problem.discrete:
        vectors = problem.fixed_by_all()
    hint = "Use tensors with fewer axes."
    check_dense(f"A basis for the tensor type {word}", n, vectors.shape[1], hint)
    coordinates = (vectors.T @ problem.real_basis.T).astype(problem.real_basis.dtype, copy=False)
    return frame.to_tensors(word, problem.positions, coordinates)
