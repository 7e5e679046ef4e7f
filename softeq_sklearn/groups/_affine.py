"""Affine groups: translations, and rotations (and reflections) with translations."""

from __future__ import annotations

from typing import Any

import numpy as np

from softeq_sklearn.groups._base import Group
from softeq_sklearn.groups._elements import with_translation
from softeq_sklearn.groups._orthogonal import (
    preserves_form,
    reflection_matrix,
    rotation_generators,
    sample_orthogonal,
    sample_rotations,
)
from softeq_sklearn.groups._validation import check_generator_count, check_integer


def translation_generators(n: int) -> np.ndarray:
    """Return [0 | e_i] for every axis i, shape (n, n, n + 1)."""
    return with_translation(np.zeros((n, n, n)), np.eye(n))


def euclidean_generators(n: int) -> np.ndarray:
    """Return the rotations [A | 0], then the translations [0 | e_i]."""
    return np.concatenate([with_translation(rotation_generators(n)), translation_generators(n)])


def sample_translations(n: int, dim: int, rng: np.random.RandomState) -> np.ndarray:
    """Draw `n` vectors uniformly from the box [-1, 1]^dim, shape (n, dim)."""
    return rng.uniform(-1.0, 1.0, size=(n, dim))


class Translation(Group):
    """Translations x -> x + t of the points of R^n.

    Elements are [I | t] of shape (n, n + 1). In samples t is uniform in the box [-1, 1]^n, in the
    units of the points.

    Parameters
    ----------
    n : int
        Dimension, at least 1.

    Raises
    ------
    TypeError
        If `n` is no integer.
    ValueError
        If `n` is less than 1.
    ProblemTooLargeError
        If the generators would take more than 0.8 GB.

    Examples
    --------
    >>> from softeq_sklearn.groups import Translation
    >>> Translation(1).lie_algebra
    array([[[0., 1.]]])
    >>> Translation(2).contains([[1.0, 0.0, 5.0], [0.0, 1.0, -7.0]])
    True
    """

    def __init__(self, n: int) -> None:
        n = check_integer("Translation", "n", n, minimum=1)
        check_generator_count(f"Translation({n})", n, n)
        super().__init__(n, translation_generators(n))

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return (self.dim,)

    def _contains(self, g: np.ndarray, tol: float) -> np.ndarray:
        return np.abs(g[:, :, :-1] - np.eye(self.dim)).max(axis=(1, 2)) <= tol

    def _sample(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        identity = np.broadcast_to(np.eye(self.dim), (n, self.dim, self.dim))
        return with_translation(identity, sample_translations(n, self.dim, rng))


class SE(Group):
    """Rotations and translations of the points of R^n: rigid motions.

    Elements are [R | t] of shape (n, n + 1). In samples R is Haar-distributed and t uniform in the
    box [-1, 1]^n, in the units of the points.

    Parameters
    ----------
    n : int
        Dimension, at least 1.

    Raises
    ------
    TypeError
        If `n` is no integer.
    ValueError
        If `n` is less than 1.
    ProblemTooLargeError
        If the generators would take more than 0.8 GB.

    Examples
    --------
    >>> from softeq_sklearn.groups import SE, SO, Translation, generated_by
    >>> SE(3).sample(10, random_state=0).shape
    (10, 3, 4)
    >>> SE(3) == generated_by(SO(3), Translation(3))
    True
    """

    def __init__(self, n: int) -> None:
        n = check_integer("SE", "n", n, minimum=1)
        check_generator_count(f"SE({n})", n * (n + 1) // 2, n)
        super().__init__(n, euclidean_generators(n))

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return (self.dim,)

    def _contains(self, g: np.ndarray, tol: float) -> np.ndarray:
        linear = g[:, :, :-1]
        return preserves_form(linear, np.eye(self.dim), tol) & (np.linalg.slogdet(linear)[0] > 0)

    def _sample(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        rotations = sample_rotations(n, self.dim, rng)
        return with_translation(rotations, sample_translations(n, self.dim, rng))


class E(Group):
    """Rotations, reflections and translations of the points of R^n: all isometries.

    Elements are [Q | t] of shape (n, n + 1). In samples Q is Haar-distributed and t uniform in the
    box [-1, 1]^n, in the units of the points.

    Parameters
    ----------
    n : int
        Dimension, at least 1.

    Raises
    ------
    TypeError
        If `n` is no integer.
    ValueError
        If `n` is less than 1.
    ProblemTooLargeError
        If the generators would take more than 0.8 GB.

    Examples
    --------
    >>> from softeq_sklearn.groups import E
    >>> E(2).is_affine, E(2).is_orthogonal
    (True, True)
    >>> E(2).discrete_generators
    array([[[-1.,  0.,  0.],
            [ 0.,  1.,  0.]]])
    """

    def __init__(self, n: int) -> None:
        n = check_integer("E", "n", n, minimum=1)
        check_generator_count(f"E({n})", n * (n + 1) // 2 + 1, n)
        reflection = with_translation(reflection_matrix(n)[None])
        super().__init__(n, euclidean_generators(n), reflection)

    @property
    def _arguments(self) -> tuple[Any, ...]:
        return (self.dim,)

    def _contains(self, g: np.ndarray, tol: float) -> np.ndarray:
        return preserves_form(g[:, :, :-1], np.eye(self.dim), tol)

    def _sample(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        orthogonal = sample_orthogonal(n, self.dim, rng)
        return with_translation(orthogonal, sample_translations(n, self.dim, rng))
