"""Representations and what groups fix, by dense matrices, sharing no code with the package.

The notation that a representation prints is read as a formula of matrices: sums are block
diagonal, products Kronecker products, or their derivatives for elements of a Lie algebra.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.linalg import block_diag, svd

# Singular values of the constraints below this are zero.
ZERO = 1e-8


@dataclass(frozen=True)
class _Matrices:
    """How one element acts on some columns and on their duals, and by how much it moves them."""

    matrix: np.ndarray
    dual: np.ndarray
    offset: np.ndarray
    product: Callable[[np.ndarray, np.ndarray], np.ndarray]

    @property
    def T(self):
        return _Matrices(self.dual, self.matrix, 0 * self.offset, self.product)

    def __add__(self, other):
        return _Matrices(
            block_diag(self.matrix, other.matrix),
            block_diag(self.dual, other.dual),
            np.concatenate([self.offset, other.offset]),
            self.product,
        )

    def __mul__(self, other):
        matrix = self.product(self.matrix, other.matrix)
        dual = self.product(self.dual, other.dual)
        return _Matrices(matrix, dual, np.zeros(len(matrix)), self.product)

    def __rmul__(self, multiplicity):
        return reduce(lambda left, right: left + right, [self] * multiplicity)


def _kronecker_sum(A, B):
    return np.kron(A, np.eye(len(B))) + np.kron(np.eye(len(A)), B)


def _read(rep, scalar, linear, dual, translation, product):
    """Matrix and offset of a representation, from those of a number and of a vector."""
    d = len(linear)
    one = _Matrices(np.array([[scalar]]), np.array([[scalar]]), np.zeros(1), product)
    vector = _Matrices(linear, dual, np.zeros(d), product)

    def tensor(p, q=0):
        return reduce(lambda left, right: left * right, [vector] * p + [vector.T] * q, one)

    names = {
        "Scalar": one,
        "Vector": vector,
        "Point": _Matrices(linear, dual, translation, product),
        "T": tensor,
    }
    read = eval(repr(rep), {"__builtins__": {}}, names)  # noqa: S307
    return read.matrix, read.offset


def _split(g):
    d = len(g)
    return g[:, :d], g[:, d] if g.shape[1] > d else np.zeros(d)


def of_group(rep, g):
    """Matrix and offset by which a group element acts."""
    linear, translation = _split(np.asarray(g, dtype=float))
    return _read(rep, 1.0, linear, np.linalg.inv(linear).T, translation, np.kron)


def of_algebra(rep, A):
    """Matrix and offset by which an element of the Lie algebra acts."""
    linear, translation = _split(np.asarray(A, dtype=float))
    return _read(rep, 0.0, linear, -linear.T, translation, _kronecker_sum)


def act(rep, g, X):
    """Rows after a group element."""
    matrix, offset = of_group(rep, g)
    return X @ matrix.T + offset


def null_projector(constraints):
    """Orthogonal projector onto what a matrix of shape (m, n) sends to zero."""
    _, values, rows = svd(constraints, full_matrices=False)
    rows = rows[values > ZERO]
    return np.eye(constraints.shape[1]) - rows.T @ rows


def constraints(rep, group):
    """Matrix of shape (m, n) that is zero on what a group fixes; there are no Points."""
    n = rep.dim(group)
    parts = [np.zeros((1, n)), *(of_algebra(rep, _of_norm_1(A))[0] for A in group.lie_algebra)]
    parts += [of_group(rep, h)[0] - np.eye(n) for h in group.discrete_generators]
    return np.concatenate(parts)


def projector(rep, group):
    """Orthogonal projector onto what a group fixes; the representation has no Points."""
    return null_projector(constraints(rep, group))


def map_projector(rep_in, rep_out, group):
    """Orthogonal projector onto the equivariant matrices W of shape (out, in), row by row.

    M_out W = W M_in for all generators, and W t = 0 where they move the input by t.
    """
    n_in, n_out = rep_in.dim(group), rep_out.dim(group)
    parts = [np.zeros((1, n_in * n_out))]
    for generators, read in (
        (map(_of_norm_1, group.lie_algebra), of_algebra),
        (group.discrete_generators, of_group),
    ):
        for g in generators:
            (M_in, t), (M_out, _) = read(rep_in, g), read(rep_out, g)
            parts.append(np.kron(M_out, np.eye(n_in)) - np.kron(np.eye(n_out), M_in.T))
            parts.append(np.kron(np.eye(n_out), t))
    return null_projector(np.concatenate(parts))


def _of_norm_1(A):
    """The same direction: what it fixes does not depend on its size, singular values do."""
    norm = np.linalg.norm(A, ord=2)
    return A / norm if norm else A
