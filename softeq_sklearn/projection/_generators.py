"""The generators of a group in the form in which the solvers use them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.groups import Group, linear_part
from softeq_sklearn.groups._elements import unit_generators

# Entries below this size, relative to those of their kind, are rounding.
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Generators:
    """Linear parts and translations.

    Parameters
    ----------
    dim : int
        Dimension d of V.
    lie : ndarray of shape (n, d, d)
        Linear parts of the Lie algebra generators, of spectral norm 1; zeros are left out. The
        fixed space does not depend on their size, thresholds would.
    discrete : ndarray of shape (m, d, d)
        Linear parts of the discrete generators without the identity.
    translations : ndarray of shape (t, d)
        Orthonormal basis of the span of all translations.
    """

    dim: int
    lie: np.ndarray
    discrete: np.ndarray
    translations: np.ndarray


def generators_of(group: Group) -> Generators:
    """Return the generators of a group, scaled."""
    d = group.dim
    lie = unit_generators(linear_part(group.lie_algebra))
    norms = np.linalg.norm(lie, ord=2, axis=(1, 2))
    moves = norms > 0
    discrete = linear_part(group.discrete_generators)
    changes = np.abs(discrete - np.eye(d)).max(axis=(1, 2), initial=0.0) > TOLERANCE
    return Generators(
        d, lie[moves] / norms[moves, None, None], discrete[changes], _translations(group)
    )


def _translations(group: Group) -> np.ndarray:
    if not group.is_affine:
        return np.empty((0, group.dim))
    lie = unit_generators(group.lie_algebra)
    is_pure = ~linear_part(lie).any(axis=(1, 2))
    # Pure translations have no size but their own; others move by so much for a turn by so much.
    others = np.concatenate([lie[~is_pure, :, -1], group.discrete_generators[:, :, -1]])
    others = others[np.linalg.norm(others, axis=1) > TOLERANCE * np.abs(others).max(initial=0.0)]
    rows = np.concatenate([lie[is_pure, :, -1], others])
    rows = rows[rows.any(axis=1)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[values > TOLERANCE * max(rows.shape)]
