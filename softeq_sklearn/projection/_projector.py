"""The orthogonal projector onto the equivariant subspace, as an operator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.groups import Group
from softeq_sklearn.projection._limits import USE_THE_PROJECTOR, check_dense, check_unknowns
from softeq_sklearn.projection._orbits import OrbitSpace
from softeq_sklearn.projection._solver import DenseSpace
from softeq_sklearn.projection._types import check_group, type_space
from softeq_sklearn.representations import Rep, as_representation
from softeq_sklearn.representations._words import COVECTOR, POINT, VECTOR, Word


@dataclass(frozen=True, eq=False)
class Part:
    """Columns that stand for tensors of one type, and the fixed space of the type.

    Parameters
    ----------
    index : ndarray of shape (n_copies, n_points, n)
        Columns of each copy; n_points is the number of Points that share a translation.
    spaces : tuple of (ndarray of shape (n_modes, n_points), space)
        Orthonormal combinations of the Points and the fixed space that belongs to each.
    """

    index: np.ndarray
    spaces: tuple[tuple[np.ndarray, DenseSpace | OrbitSpace], ...]

    @property
    def rank(self) -> int:
        """Dimension of the fixed space of all copies."""
        return len(self.index) * sum(len(modes) * space.rank for modes, space in self.spaces)


class EquivariantProjector:
    """Orthogonal projector onto the equivariant subspace of a representation.

    Made by `equivariant_projector` (Finzi et al. 2021). It is applied with ``@`` and never forms a
    matrix.

    Parameters
    ----------
    rep : Rep
        The representation.
    group : Group
        The group.
    parts : tuple of Part
        Columns and fixed space of each tensor type.

    Attributes
    ----------
    shape : tuple of int
        (dim, dim).
    rank : int
        Dimension of the equivariant subspace.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.projection import equivariant_projector
    >>> from softeq_sklearn.representations import T
    >>> projector = equivariant_projector(T(2), SO(2))
    >>> projector.rank
    2
    >>> projector @ [1.0, 0.0, 0.0, 0.0]
    array([0.5, 0. , 0. , 0.5])
    """

    def __init__(self, rep: Rep, group: Group, parts: tuple[Part, ...]) -> None:
        self._rep, self._group, self._parts = rep, group, parts
        self.shape = (rep.dim(group), rep.dim(group))

    @cached_property
    def rank(self) -> int:
        """Dimension of the equivariant subspace."""
        return sum(part.rank for part in self._parts)

    def __matmul__(self, v: ArrayLike) -> np.ndarray:
        v = np.asarray(v, dtype=np.float64)
        if v.ndim not in (1, 2) or len(v) != self.shape[1]:
            raise ValueError(
                f"'v' must have shape ({self.shape[1]},) or ({self.shape[1]}, n). "
                f"Got shape {v.shape} instead."
            )
        columns = v[:, None] if v.ndim == 1 else v
        result = np.zeros_like(columns)
        for part in self._parts:
            result[part.index] = _project(part, columns[part.index])
        return result.reshape(v.shape)

    def residual(self, v: ArrayLike) -> np.ndarray:
        """Return v - P v, the part of v that is not equivariant.

        Parameters
        ----------
        v : array-like of shape (dim,) or (dim, n)
            Vectors, as columns.

        Returns
        -------
        ndarray of shape (dim,) or (dim, n)
            What is left of each.

        Raises
        ------
        ValueError
            If `v` has another shape.
        """
        return np.asarray(v, dtype=np.float64) - self @ v

    def to_dense(self) -> np.ndarray:
        """Return the matrix of the projector.

        Returns
        -------
        ndarray of shape (dim, dim)
            The matrix P.

        Raises
        ------
        ProblemTooLargeError
            If the matrix would be too large.
        """
        check_dense("The matrix of the projector", *self.shape, USE_THE_PROJECTOR)
        return self @ np.eye(self.shape[0])

    def __repr__(self) -> str:
        return f"EquivariantProjector({self._rep!r}, {self._group!r}, rank={self.rank})"


def equivariant_projector(rep: Rep | str, group: Group) -> EquivariantProjector:
    """Return the orthogonal projector onto the vectors that a group fixes.

    In a hom space these are the equivariant maps (EMLP, Finzi et al. 2021); what the projector
    takes away is what the penalty of Kim et al. (2023, equation 4) measures.

    Parameters
    ----------
    rep : Rep or str
        A representation, often a hom space ``rep_in >> rep_out``.
    group : Group
        The group.

    Returns
    -------
    EquivariantProjector
        The projector, to be applied with ``@``.

    Raises
    ------
    ProblemTooLargeError
        If no solver can hold one of the tensor types.
    ValueError
        If `rep` has Points and the group translations: what those fix is not a linear space; or if
        a rank is not clear to working precision.
    TypeError
        If `rep` is no representation, or `group` no group.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.projection import equivariant_projector
    >>> from softeq_sklearn.representations import Vector
    >>> P = equivariant_projector(Vector >> Vector, SO(2))
    >>> P.rank
    2
    >>> P @ [1.0, 0.0, 0.0, 0.0]
    array([0.5, 0. , 0. , 0.5])
    """
    rep, group = as_representation(rep), check_group(group)
    return EquivariantProjector(rep, group, equivariant_parts(rep, group))


def equivariant_parts(rep: Rep, group: Group) -> tuple[Part, ...]:
    """Return columns and fixed space of every tensor type in a representation."""
    if rep.has_points and group.is_affine:
        raise ValueError(
            f"'rep' must have no Points for the affine group {group!r}: what translations fix "
            f"among Points is not a linear space. Got {rep!r} instead."
        )
    for word in rep.words:
        check_unknowns(len(word), group.dim)
    return tuple(
        Part(block.index, _spaces(block.word, block.index.shape[1], group))
        for block in rep.blocks(group)
    )


def _spaces(
    word: Word, n_points: int, group: Group
) -> tuple[tuple[np.ndarray, DenseSpace | OrbitSpace], ...]:
    """Return for each combination of the Points the fixed space of its coefficients.

    Translations move all Points alike: only the mean of the coefficients has to cancel them.
    """
    if word == (POINT,):
        return ((np.eye(n_points), type_space((VECTOR,), group)),)
    if n_points == 1:
        return ((np.eye(1), type_space(word, group)),)
    modes = helmert(n_points)
    differences = (*word[:-1], COVECTOR)
    return (modes[:1], type_space(word, group)), (modes[1:], type_space(differences, group))


def helmert(n: int) -> np.ndarray:
    """Return the orthogonal matrix of shape (n, n) whose first row takes the mean times sqrt(n)."""
    rows = np.tril(np.ones((n, n)), -1) - np.diag(np.arange(n))
    rows[0] = 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _project(part: Part, values: np.ndarray) -> np.ndarray:
    """Project values of shape (n_copies, n_points, n, m)."""
    result = np.zeros_like(values)
    for modes, space in part.spaces:
        mixed = np.einsum("qp,cpnm->ncqm", modes, values)
        fixed = space.project(mixed.reshape(len(mixed), -1)).reshape(mixed.shape)
        result += np.einsum("qp,ncqm->cpnm", modes, fixed)
    return result
