"""What generators do to tensors, by acting on one axis at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from softeq_sklearn.projection._generators import Generators
from softeq_sklearn.representations._words import COVECTOR, VECTOR, Word, apply_letters

# Largest norm of a discrete generator on tensors: rounding errors of 1e-16 of it stay below what
# counts as a clear motion.
MAX_NORM = 1e7


@dataclass(frozen=True, eq=False)
class Constraint:
    """One linear condition on tensors: drho(A) x = 0, or rho(h) x = x.

    Parameters
    ----------
    matrix : ndarray of shape (d, d)
        The generator, A or h.
    is_lie : bool
        Whether it belongs to the Lie algebra.
    """

    matrix: np.ndarray
    is_lie: bool

    def operators(self) -> dict[int, np.ndarray]:
        """The operator on an axis, for each letter."""
        if self.is_lie:
            return {VECTOR: self.matrix, COVECTOR: -self.matrix.T}
        return {VECTOR: self.matrix, COVECTOR: np.linalg.inv(self.matrix).T}

    def apply(self, word: Word, tensors: np.ndarray) -> np.ndarray:
        """Return how far tensors, rows of shape (m, n), are from being fixed.

        Discrete generators of large norm are scaled so that rounding errors stay below 1e-11.

        Raises
        ------
        ValueError
            If the norm is so large that rounding errors look like motions.
        """
        return self._apply(word, self.operators(), tensors)

    def adjoint(self, word: Word, tensors: np.ndarray) -> np.ndarray:
        """Return the adjoint of `apply` on rows of shape (m, n)."""
        adjoints = {letter: M.conj().T for letter, M in self.operators().items()}
        return self._apply(word, adjoints, tensors)

    def _apply(
        self, word: Word, operators: dict[int, np.ndarray], tensors: np.ndarray
    ) -> np.ndarray:
        if self.is_lie:
            return apply_sum(word, operators, tensors)
        norm = np.prod([np.linalg.norm(operators[letter], ord=2) for letter in word])
        if norm > MAX_NORM:
            raise ValueError(
                f"A discrete generator stretches tensors of type {word} by up to {norm:.1e}; at "
                f"most {MAX_NORM:.0e} leaves enough digits to tell what it fixes. Use generators "
                "closer to orthogonal ones, or tensors with fewer axes."
            )
        return (apply_letters(word, operators, tensors) - tensors) / max(1.0, 1e-4 * norm)


def constraints_of(generators: Generators) -> list[Constraint]:
    """Return one constraint for each generator."""
    lie = [Constraint(A, True) for A in generators.lie]
    return lie + [Constraint(h, False) for h in generators.discrete]


def apply_sum(word: Word, operators: dict[int, np.ndarray], tensors: np.ndarray) -> np.ndarray:
    """Return the sum over the axes of tensors (m, n) of an operator applied to that axis."""
    shape = m, n = tensors.shape
    total = np.zeros_like(tensors)
    for letter in word:
        # Both are turned by one axis in each step; after all axes the order is back.
        d = len(operators[letter])
        tensors = tensors.reshape(m, d, n // d).transpose(0, 2, 1)
        total = total.reshape(m, d, n // d).transpose(0, 2, 1)
        total = total + tensors @ operators[letter].T
    return total.reshape(shape)


def digits_of(positions: np.ndarray, d: int, order: int) -> np.ndarray:
    """Return the index tuples of flat positions, shape (order, len(positions))."""
    return np.stack(np.unravel_index(positions, (d,) * order)) if order else np.empty((0, 1), int)


def sparse_sum(word: Word, operators: dict[int, np.ndarray], positions: np.ndarray) -> csr_array:
    """Return the columns `positions` of the matrix of `apply_sum`, rows that vanish left out.

    A column has at most d entries for each axis of the word.
    """
    d = len(operators[VECTOR])
    digits = digits_of(positions, d, len(word))
    rows, columns, values = [], [], []
    for axis, letter in enumerate(word):
        stride = d ** (len(word) - 1 - axis)
        entries = operators[letter][:, digits[axis]]
        target, column = np.nonzero(entries)
        rows.append(positions[column] + (target - digits[axis][column]) * stride)
        columns.append(column)
        values.append(entries[target, column])
    kept, row = np.unique(np.concatenate(rows), return_inverse=True)
    shape = (len(kept), len(positions))
    return coo_array((np.concatenate(values), (row, np.concatenate(columns))), shape).tocsr()
