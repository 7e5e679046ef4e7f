"""The origin and the unit of length in which affine groups are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softeq_sklearn.groups._base import Group
from softeq_sklearn.groups._centre import common_centre
from softeq_sklearn.groups._elements import (
    as_affine,
    linear_part,
    unit_generators,
    with_translation,
)
from softeq_sklearn.groups._matrix_group import MatrixGroup

# Translations below this size, relative to what they are a difference of, are rounding.
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Frame:
    """Points x = origin + unit * y: groups are compared by what they do to y.

    Written for an origin that is far away, a turn is little but a translation, and what it does
    else is lost in rounding. The origin is the point that the groups move least, the unit the size
    of what they translate it by.

    Parameters
    ----------
    origin : ndarray of shape (d,)
        The new origin.
    unit : float
        The new unit of length.
    largest : float
        The largest translation, in the old frame, but for those that have no size of their own.
    rounding : float
        Size of the translations, in the old unit, that are rounding.
    has_one_centre : bool, default=False
        Whether nothing but rounding is left of the translations.
    """

    origin: np.ndarray
    unit: float
    largest: float
    rounding: float
    has_one_centre: bool = False

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Frame:
        """Return the frame of groups on one space."""
        centre = common_centre(groups)
        old = cls(np.zeros(len(centre)), 1.0, 0.0, 0.0)
        largest = max(_largest(old.moves(group)) for group in groups)
        rounding = _ROUNDING * max(_largest(centre), largest)
        moved = cls(centre, 1.0, largest, rounding)
        unit = max(_largest(moved.moves(group)) for group in groups)
        return cls(centre, unit or 1.0, largest, rounding, has_one_centre=not unit)

    def is_clear(self, tol: float) -> bool:
        """Whether rounding is small beside all that is more than rounding."""
        return self.rounding <= tol * self.unit or self.has_one_centre

    def lie(self, A: np.ndarray) -> np.ndarray:
        """Write a stack of elements of the Lie algebra in this frame, scaled to size 1."""
        A = unit_generators(as_affine(A))
        moves = self._rounded(A[:, :, -1] + linear_part(A) @ self.origin, linear_part(A))
        return unit_generators(with_translation(linear_part(A), moves))

    def elements(self, h: np.ndarray) -> np.ndarray:
        """Write a stack of elements in this frame."""
        h = as_affine(h)
        moved = linear_part(h) - np.eye(h.shape[1])
        return with_translation(
            linear_part(h), self._rounded(h[:, :, -1] + moved @ self.origin, moved)
        )

    def group(self, group: Group) -> Group:
        """Write a group in this frame."""
        h = self.elements(group.discrete_generators)
        if not len(group.lie_algebra) and not len(h):
            return MatrixGroup(discrete_generators=[np.eye(group.dim, group.dim + 1)])
        return MatrixGroup(self.lie(group.lie_algebra), h)

    def moves(self, group: Group) -> np.ndarray:
        """Translations of the generators, but for those that have no size of their own."""
        A = self.lie(group.lie_algebra)
        A = A[np.any(linear_part(A), axis=(1, 2))]
        return np.concatenate([A[:, :, -1], self.elements(group.discrete_generators)[:, :, -1]])

    def _rounded(self, moves: np.ndarray, linear: np.ndarray) -> np.ndarray:
        """Turn the unit of translations, without what is rounding where something was added."""
        added = np.any(linear, axis=(1, 2))[:, None]
        return np.where(added & (np.abs(moves) <= self.rounding), 0.0, moves / self.unit)


def _largest(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0.0))
