"""The generators of a group in the form in which the solvers use them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.groups import Group, linear_part

# Entries below this size, relative to the generator, are rounding.
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
    lie = linear_part(group.lie_algebra)
    norms = np.linalg.norm(lie, ord=2, axis=(1, 2))
    moves = norms > TOLERANCE
    discrete = linear_part(group.discrete_generators)
    changes = np.abs(discrete - np.eye(d)).max(axis=(1, 2), initial=0.0) > TOLERANCE
    return Generators(
        d, lie[moves] / norms[moves, None, None], discrete[changes], _translations(group)
    )


def _translations(group: Group) -> np.ndarray:
    if not group.is_affine:
        return np.empty((0, group.dim))
    rows = np.concatenate([group.lie_algebra[:, :, -1], group.discrete_generators[:, :, -1]])
    norms = np.linalg.norm(rows, axis=1)
    rows = rows[norms > TOLERANCE] / norms[norms > TOLERANCE, None]
    _, values, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[values > TOLERANCE * max(rows.shape)]
