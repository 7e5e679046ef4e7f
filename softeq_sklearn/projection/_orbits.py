"""Fixed spaces of groups that permute the basis of V, up to signs, from orbits of index tuples.

A signed permutation h sends the basis tensor e_i (i a tuple of indices) to s_h(i) e_h(i). A tensor
is fixed exactly if its entries agree, up to those signs, along each orbit of index tuples; an orbit
that returns to its start with the opposite sign carries only zeros.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from softeq_sklearn.projection._generators import TOLERANCE, Generators
from softeq_sklearn.projection._limits import USE_THE_PROJECTOR, check_dense
from softeq_sklearn.representations._words import Word


@dataclass(frozen=True, eq=False)
class OrbitSpace:
    """The tensors that are constant, up to signs, on orbits.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Number of the orbit of each component, -1 for components that vanish.
    signs : ndarray of shape (n,) or None
        Sign of each component relative to its orbit, None where all are +1.
    sizes : ndarray of shape (rank,)
        Number of components of each orbit.
    """

    labels: np.ndarray
    signs: np.ndarray | None
    sizes: np.ndarray

    @property
    def rank(self) -> int:
        """Dimension of the space."""
        return len(self.sizes)

    @property
    def nbytes(self) -> int:
        """Memory held."""
        signs = 0 if self.signs is None else self.signs.nbytes
        return self.labels.nbytes + signs + self.sizes.nbytes

    def basis(self) -> np.ndarray:
        """Return the orthonormal basis of shape (n, rank): one column for each orbit."""
        check_dense("A basis", len(self.labels), self.rank, USE_THE_PROJECTOR)
        basis = np.zeros((len(self.labels), self.rank))
        rows = np.flatnonzero(self.labels >= 0)
        basis[rows, self.labels[rows]] = self._coefficients()[rows]
        return basis

    def project(self, tensors: np.ndarray) -> np.ndarray:
        """Return the orthogonal projection of tensors of shape (n, m)."""
        rows = np.flatnonzero(self.labels >= 0)
        coefficients = self._coefficients()[rows]
        averaging = coo_array(
            (coefficients, (self.labels[rows], rows)), shape=(self.rank, len(self.labels))
        ).tocsr()
        return averaging.T @ (averaging @ tensors)

    def _coefficients(self) -> np.ndarray:
        """Entry of each component in the normalised column of its orbit."""
        scale = np.append(1 / np.sqrt(self.sizes), 0.0)[self.labels]
        return scale if self.signs is None else scale * self.signs


def signed_permutations(generators: Generators) -> tuple[np.ndarray, np.ndarray] | None:
    """Return images and signs, each of shape (m, d), or None if a generator is not of this kind.

    h_k e_j = signs[k, j] e_images[k, j].
    """
    if len(generators.lie):
        return None
    h = generators.discrete
    images = np.abs(h).argmax(axis=1) if len(h) else np.empty((0, generators.dim), dtype=np.int64)
    signs = np.sign(np.take_along_axis(h, images[:, None, :], axis=1)[:, 0])
    exact = np.zeros_like(h)
    np.put_along_axis(exact, images[:, None, :], signs[:, None, :], axis=1)
    is_bijective = (np.sort(images, axis=1) == np.arange(generators.dim)).all()
    return (
        (images, signs) if is_bijective and np.abs(h - exact).max(initial=0) <= TOLERANCE else None
    )


def orbit_space(word: Word, images: np.ndarray, signs: np.ndarray) -> OrbitSpace:
    """Return the fixed tensors of a word under signed permutations; V* is V here."""
    n = images.shape[1] ** len(word)
    edges = [_tuple_map(len(word), *pair) for pair in zip(images, signs, strict=True)]
    if all((s > 0).all() for s in signs):
        n_orbits, labels = _components(n, [to for to, _ in edges])
        return OrbitSpace(labels, None, np.bincount(labels, minlength=n_orbits))
    return _signed_orbits(n, edges)


def _tuple_map(order: int, images: np.ndarray, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each index tuple goes, shape (n,), and with which sign (int8)."""
    to, sign = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int8)
    signs = signs.astype(np.int8)
    for _ in range(order):
        to = (to[:, None] * len(images) + images).ravel()
        sign = (sign[:, None] * signs).ravel()
    return to, sign


def _signed_orbits(n: int, edges: list[tuple[np.ndarray, np.ndarray]]) -> OrbitSpace:
    """Orbits of the 2 n signed tuples; a tuple joined to its own opposite carries zeros."""
    doubled = []
    for to, sign in edges:
        plus = np.where(sign > 0, to, to + n)
        minus = np.where(sign > 0, to + n, to)
        doubled.append(np.concatenate([plus, minus]))
    _, signed = _components(2 * n, doubled)
    plus, minus = signed[:n], signed[n:]
    # Each surviving orbit appears twice, once for each overall sign: keep the one met first.
    first = np.minimum(plus, minus)
    survives = plus != minus
    _, labels = np.unique(first[survives], return_inverse=True)
    all_labels = np.full(n, -1, dtype=np.int64)
    all_labels[survives] = labels
    signs = np.where(plus <= minus, 1, -1).astype(np.int8)
    return OrbitSpace(all_labels, signs, np.bincount(labels))


def _components(n: int, maps: list[np.ndarray]) -> tuple[int, np.ndarray]:
    """Label the orbits of range(n) under permutations, numbered by their smallest element.

    The order is ours: scipy does not promise one.
    """
    if not maps:
        return n, np.arange(n)
    # Half the memory of int64; limits keep n far below 2^31.
    start = np.tile(np.arange(n, dtype=np.int32), len(maps))
    end = np.concatenate(maps, dtype=np.int32, casting="same_kind")
    graph = coo_array((np.ones(len(start), dtype=np.int8), (start, end)), (n, n))
    n_orbits, labels = connected_components(graph, directed=False)
    _, first = np.unique(labels, return_index=True)
    number = np.empty(n_orbits, dtype=np.int64)
    number[labels[np.sort(first)]] = np.arange(n_orbits)
    return n_orbits, number[labels]
