"""Rows moved along their orbits towards a common anchor, with the elements that moved them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from softeq_sklearn.groups import Group, compose, inverse
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._row_action import act_on_each_row
from softeq_sklearn.representations._words import POINT

_POOL = 256
# A pool of bounded elements may not reach far enough along the orbits of other groups at once.
_ROUNDS = 3
_WEIGHT_OF_SIZE = 100.0
_BATCH_NUMBERS = 2**22


def canonical_rows(
    X: np.ndarray, group: Group, rep: Rep, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    r"""Choose an element for each row, and take it off.

    Each row is brought as near as a pool of elements can to an anchor, a random row. For an
    orthogonal group the row is first turned by a random element h of its own: with a Haar
    distributed h, and a law of the rows that the group leaves alone, the elements chosen are
    independent of the rows that they leave behind, whatever the pool.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows x.
    group : Group
        The group.
    rep : Rep
        How it acts on rows.
    rng : RandomState
        Draws anchor and elements.

    Returns
    -------
    elements : ndarray of shape (n_samples, d, d) or (n_samples, d, d + 1)
        The elements :math:`\gamma`.
    canonical : ndarray of shape (n_samples, n_features)
        :math:`\gamma^{-1} x`.
    """
    anchor = _anchor(X, group, rep, rng)
    if group.is_orthogonal and not group.is_affine:
        elements = group.sample(len(X), rng)
        turned = act_on_each_row(rep, inverse(elements), X)
        pool = group.sample(_POOL, rng)
        reached = act_on_each_row(rep, pool, np.tile(anchor, (len(pool), 1)))
        # |p^-1 x - a| is smallest where <x, p a> is largest.
        elements = compose(elements, pool[np.argmax(turned @ reached.T, axis=1)])
        return elements, act_on_each_row(rep, inverse(elements), X)
    identity = np.eye(group.dim, group.dim + group.is_affine)[None]
    elements, rows = np.repeat(identity, len(X), axis=0), X
    for _ in range(_ROUNDS):
        pool = np.concatenate([identity, group.sample(_POOL, rng)])
        distance = _distance_of_points if group.is_affine else _distance_of_sizes
        elements = compose(elements, pool[_nearest(rows, anchor, pool, rep, distance)])
        rows = act_on_each_row(rep, inverse(elements), X)
    return elements, rows


def _anchor(X: np.ndarray, group: Group, rep: Rep, rng: np.random.RandomState) -> np.ndarray:
    """A random row with the sizes of the data and, for Points, their mean."""
    anchor = rng.standard_normal((X.shape[1],))
    for block in rep.blocks(group.dim):
        index = block.index.reshape(-1, block.index.shape[-1])
        values = X[:, index]
        mean = values.mean(axis=(0, 1)) if block.word == (POINT,) else 0.0
        anchor[index] = mean + np.sqrt(np.mean((values - mean) ** 2)) * anchor[index]
    return anchor


def _distance_of_points(rows: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    return np.sum((rows - anchor) ** 2, axis=-1)


def _distance_of_sizes(rows: np.ndarray, anchor: np.ndarray) -> np.ndarray:
    """The size counts most: the nearest to an anchor behind it that scaling can bring is 0."""
    sizes, size = np.linalg.norm(rows, axis=-1), np.linalg.norm(anchor)
    sizes = np.where(sizes > 0, sizes, 1.0)
    directions = np.sum((rows / sizes[:, None] - anchor / (size or 1.0)) ** 2, axis=-1)
    return _WEIGHT_OF_SIZE * np.log(sizes / (size or 1.0)) ** 2 + directions


def _nearest(
    rows: np.ndarray,
    anchor: np.ndarray,
    pool: np.ndarray,
    rep: Rep,
    distance: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Number of the element p of the pool for which p^-1 x is nearest to the anchor."""
    best, nearest = np.full(len(rows), np.inf), np.zeros(len(rows), dtype=int)
    inverses = inverse(pool)
    step = max(1, _BATCH_NUMBERS // rows.size)
    for start in range(0, len(pool), step):
        part = inverses[start : start + step]
        repeated = np.repeat(part, len(rows), axis=0)
        moved = act_on_each_row(rep, repeated, np.tile(rows, (len(part), 1)))
        far = distance(moved, anchor).reshape(len(part), -1)
        number = np.argmin(far, axis=0)
        value = far[number, np.arange(len(rows))]
        nearest = np.where(value < best, start + number, nearest)
        best = np.minimum(best, value)
    return nearest
