"""The Lie algebra that the generators of a group generate."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups._base import Group
from softeq_sklearn.groups._elements import homogeneous, inverse, is_affine_shape, linear_part

# Relative size of what counts as rounding; fixed tensors come from a null space.
TOLERANCE = 1e-8
# Singular values between this and TOLERANCE are neither clearly rounding nor clearly not.
_ROUNDING = 1e-12
# Random elements of the space whose images are looked at.
N_PROBES = 8


def lie_algebra_closure(group: Group) -> np.ndarray:
    """Return an orthonormal basis of the Lie algebra that the generators of a group generate.

    The smallest space of matrices that holds the generators A_i and is invariant under brackets
    with them and conjugation by the h_k; it is closed under all brackets. Random elements of the
    space are probed, from a fixed seed: their images leave the space if any does.

    Returns
    -------
    basis : ndarray of shape (n, d * (d + affine))
        Rows are matrices, row by row.
    """
    return closure_and_clarity(group)[0]


def closure_and_clarity(group: Group) -> tuple[np.ndarray, bool]:
    """Return the basis of `lie_algebra_closure`, and whether its rank is clear.

    It is not if a direction was left out that is more than rounding.
    """
    shape = group.lie_algebra.shape[1:]
    size = shape[0] * shape[1]
    generators = _normalized(group.lie_algebra.reshape(-1, size))
    basis, is_clear = _extended(np.empty((0, size)), generators)
    if not len(basis):
        return basis, is_clear
    h = group.discrete_generators
    h_inverse, rng = inverse(h), np.random.RandomState(0)
    while len(basis) < _largest_dimension(group):
        probes = rng.standard_normal((N_PROBES, len(basis))) @ basis
        left = rng.standard_normal((N_PROBES, len(generators))) @ generators
        matrices = _normalized(probes).reshape(-1, *shape)
        stacks = [_bracket(_normalized(left).reshape(-1, *shape), matrices)]
        stacks += [_conjugated(a, b, matrices) for a, b in zip(h, h_inverse, strict=True)]
        images = np.concatenate(stacks).reshape(-1, basis.shape[1])
        # Brackets of unit matrices may be small but not large; conjugates may be large.
        images /= np.maximum(1.0, np.linalg.norm(images, axis=1, keepdims=True))
        larger, is_clear = _extended(basis, images)
        if len(larger) == len(basis):
            break
        basis = larger
    return basis, is_clear


def _bracket(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Return A B - B A, for affine ones [A | s], [B | t] with A t - B s as last column."""
    return linear_part(A) @ B - linear_part(B) @ A


def _conjugated(h: np.ndarray, h_inverse: np.ndarray, A: np.ndarray) -> np.ndarray:
    """Return h A h^-1 for Lie algebra elements A."""
    if not is_affine_shape(A):
        return h @ A @ h_inverse
    return (linear_part(h) @ A) @ homogeneous(h_inverse)


def _extended(basis: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return an orthonormal basis of the span of both, and whether its rank is clear.

    The given basis is orthonormal.
    """
    for _ in range(2):
        rows = rows - (rows @ basis.T) @ basis
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    new = directions[values > TOLERANCE]
    is_clear = not ((values > _ROUNDING) & (values <= TOLERANCE)).any()
    return np.concatenate([basis, new - (new @ basis.T) @ basis]), is_clear


def _normalized(rows: np.ndarray) -> np.ndarray:
    """Return the rows that are not zero, divided by their norms."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    kept = norms[:, 0] > 0
    return rows[kept] / norms[kept]


def _largest_dimension(group: Group) -> int:
    d = group.dim
    linear = d * (d - 1) // 2 if group.is_orthogonal else d * d
    return linear + d * group.is_affine
