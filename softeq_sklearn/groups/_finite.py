"""Finite groups known by their generators only: permutation groups, and small matrix groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from softeq_sklearn.groups._elements import (
    compose,
    identity_elements,
    is_affine_shape,
    linear_part,
    translation_unit,
    with_unit,
)
from softeq_sklearn.groups._schreier_sims import PermutationGroup

if TYPE_CHECKING:
    from softeq_sklearn.groups._base import Group

# Larger matrix groups count as infinite: these limits cost a fraction of a second and 16 MB.
MAX_ENUMERATED = 10_000
MAX_ENUMERATED_ENTRIES = 2 * 10**6
MIN_ENUMERATED = 4
_MAX_ENTRY = 1e6
# Entries of equal products differ by rounding only, about 1e-12 after thousands of factors.
_SAME = 1e-9
# The powers of a matrix of another determinant are all different, however close they come.
_UNIT_DETERMINANT = 1e-9


class FiniteGroup(Protocol):
    """What a group asks its finite part."""

    order: int

    def sample(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        """Draw `n` elements uniformly."""

    def contains(self, elements: np.ndarray, tol: float) -> np.ndarray:
        """Return for each element of a stack whether it is in the group."""


def permutation_matrices(permutations: np.ndarray) -> np.ndarray:
    """Return the matrices that take e_i to e_p(i), shape (n, d, d), for rows p of shape (n, d)."""
    permutations = np.asarray(permutations)
    return np.swapaxes(np.eye(permutations.shape[-1])[permutations], -1, -2).copy()


def are_permutation_matrices(elements: np.ndarray, tol: float) -> np.ndarray:
    """Return for each matrix of a stack (n, d, d) whether it is a permutation matrix."""
    rounded = np.rint(elements)
    close = (np.abs(elements - rounded) <= tol).all(axis=(1, 2))
    binary = ((rounded == 0) | (rounded == 1)).all(axis=(1, 2))
    one_each = (rounded.sum(axis=1) == 1).all(axis=1) & (rounded.sum(axis=2) == 1).all(axis=1)
    return close & binary & one_each


class PermutationMatrices:
    """A permutation group whose elements are written as permutation matrices."""

    def __init__(self, generators: np.ndarray) -> None:
        self._group = PermutationGroup(generators.argmax(axis=1))
        self.order = self._group.order

    def sample(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        return permutation_matrices(self._group.sample(n, rng))

    def contains(self, elements: np.ndarray, tol: float) -> np.ndarray:
        valid = are_permutation_matrices(elements, tol)
        valid[valid] = self._group.contains(elements[valid].argmax(axis=1))
        return valid


class EnumeratedGroup:
    """A finite group as the list of its elements, shape (order, d, d) or (order, d, d + 1)."""

    def __init__(self, elements: np.ndarray) -> None:
        self.elements = elements
        self.order = len(elements)

    def sample(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        return self.elements[rng.randint(self.order, size=n)]

    def contains(self, elements: np.ndarray, tol: float) -> np.ndarray:
        unit = translation_unit(self.elements)
        own, elements = with_unit(self.elements, unit), with_unit(elements, unit)
        scale = max(1.0, np.abs(own).max())
        return np.array(
            [np.abs(own - g).max(axis=(1, 2)).min() <= tol * scale for g in elements],
            dtype=bool,
        )


def enumerate_elements(generators: np.ndarray) -> np.ndarray | None:
    """Return all products of the generators, identity first, or None if there are too many.

    Translations are compared in a unit of the size of the largest among the generators.
    """
    if (np.abs(np.linalg.slogdet(linear_part(generators))[1]) > _UNIT_DETERMINANT).any():
        return None
    unit = translation_unit(generators)
    generators = with_unit(generators, unit)
    affordable = max(MIN_ENUMERATED, MAX_ENUMERATED_ENTRIES // generators.shape[1] ** 2)
    limit = min(MAX_ENUMERATED, affordable)
    known = _KnownElements(generators.shape[1:])
    known.add(identity_elements(1, generators.shape[1], is_affine_shape(generators))[0])
    # The list grows while it is read: breadth first.
    for element in known.elements:
        products = compose(element, generators)
        if not np.abs(products).max(initial=0.0) <= _MAX_ENTRY:
            return None
        for product in products:
            known.add(product)
        if len(known.elements) > limit:
            return None
    return with_unit(np.array(known.elements), 1 / unit)


def all_elements(group: Group, limit: int) -> np.ndarray | None:
    """Return every element of a finite group, None if there are more than `limit`.

    Examples
    --------
    >>> from softeq_sklearn.groups import S
    >>> from softeq_sklearn.groups._finite import all_elements
    >>> all_elements(S(3), 6).shape
    (6, 3, 3)
    >>> all_elements(S(3), 5) is None
    True
    """
    if group.order is None or group.order > limit:
        return None
    return enumerate_elements(group.discrete_generators)


class _KnownElements:
    """A list of different elements, where different means by more than rounding errors.

    Looked up by a projection to a number, rounded to cells wider than the tolerance: an element
    that is known lies in the cell of its projection or in a neighbour.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.elements: list[np.ndarray] = []
        self._cells: dict[int, list[np.ndarray]] = {}
        self._weights = np.cos(np.arange(1.0, 1 + np.prod(shape))).reshape(shape)
        self._width = _SAME * np.abs(self._weights).sum()

    def add(self, element: np.ndarray) -> None:
        cell = int(np.rint((element * self._weights).sum() / self._width))
        for neighbour in (cell - 1, cell, cell + 1):
            for known in self._cells.get(neighbour, ()):
                if np.abs(known - element).max() <= _SAME:
                    return
        self.elements.append(element)
        self._cells.setdefault(cell, []).append(element)


def finite_group(generators: np.ndarray, are_permutations: bool) -> FiniteGroup | None:
    """Return the finite group that the matrices generate, None if infinite or unknown."""
    if are_permutations and len(generators):
        return PermutationMatrices(generators)
    elements = enumerate_elements(generators)
    return None if elements is None else EnumeratedGroup(elements)
