"""Which unknowns of a tensor type the projectors of its groups couple with each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

# Entries of a projector below this are rounding error.
_UNCOUPLED = 1e-12


def uncoupled_sets(bases: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Split the unknowns of a type so that no projector has entries between two sets.

    Groups that are aligned with the axes couple few components with each other: a reflection of
    an axis separates odd from even, and most of what is left stands alone. Under reflections and
    turns in three planes the 729 unknowns of T(6) are 546 that stand alone and one set of 183.

    Parameters
    ----------
    bases : sequence of ndarray of shape (n, rank)
        Basis Q_G of the type for each group.

    Returns
    -------
    list of ndarray of int
        The sets, by their first unknowns.
    """
    coupled = sum(np.abs(basis @ basis.T) > _UNCOUPLED for basis in bases)
    n_sets, label = connected_components(csr_array(coupled))
    order = np.argsort(label, kind="stable")
    return np.split(order, np.cumsum(np.bincount(label, minlength=n_sets))[:-1])


def stacked_by_size(sets: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Sets of the same size as the rows of one array, for products of stacked matrices.

    Parameters
    ----------
    sets : sequence of ndarray of int
        The sets.

    Returns
    -------
    list of ndarray of int of shape (n_sets, size)
        By size.
    """
    sizes = sorted({len(members) for members in sets})
    return [np.stack([s for s in sets if len(s) == size]) for size in sizes]


def complements(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """I - Q Q^T on sets of unknowns.

    Parameters
    ----------
    basis : ndarray of shape (n, rank)
        Basis Q of the type.
    columns : ndarray of int of shape (n_sets, size)
        The unknowns of each set, which Q Q^T does not couple to others.

    Returns
    -------
    ndarray of shape (n_sets, size, size)
    """
    parts = basis[columns]
    return np.eye(columns.shape[1]) - parts @ parts.swapaxes(1, 2)
