"""Rows in the coordinates of their frames, and predictions moved back."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from softeq_sklearn.groups import SE, SO, E, Group, O, S, Translation
from softeq_sklearn.groups._elements import with_translation
from softeq_sklearn.meta._elements import unembedded
from softeq_sklearn.meta._fixed_axes import FixedAxes
from softeq_sklearn.meta._principal_axes import PrincipalAxes
from softeq_sklearn.meta._sorted_axes import SortedAxes
from softeq_sklearn.projection import equivariant_projector
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._layout import point_columns
from softeq_sklearn.representations._row_action import act_on_each_row

_FAMILIES = (O, SO, E, SE, S, Translation)
# Comparing generators with those of the families is cheap up to here.
_MAX_COMPARED_DIM = 16
# Points nearer to the centroid than this share of their distance from the origin are at it.
_AT_CENTROID = 1e-12
# Coordinates are rounded to about 10 digits of the largest of their tensor.
_KEPT_BITS = 34
# The unit of rounding must not jump at lengths that are common in data, such as 1 and 2.
_UNCOMMON = np.e


class AxesFinder(Protocol):
    """What frames ask of the object that finds the axes of a row.

    Attributes
    ----------
    flips : ndarray of shape (n_flips, n_axes)
        Signs of the axes that the frame goes through.
    is_exact : bool
        Whether a row and its image have the same coordinates to the last digit.
    """

    flips: np.ndarray
    is_exact: bool

    def fit(self, X: np.ndarray, weight: np.ndarray | None) -> AxesFinder:
        """Learn from the training rows, shape (n_samples, dim)."""

    def __call__(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return axes as columns, (n_samples, n_axes, n_axes), and which neighbours are tied."""


class Placed(NamedTuple):
    """Rows in the coordinates of one element of each row's frame.

    Parameters
    ----------
    inputs : ndarray of shape (n_samples, dim_in)
        The rows, moved by the inverse of the elements.
    elements : ndarray of shape (n_samples, d, d + 1)
        The elements [Q | t], also of linear groups.
    ties : ndarray of bool of shape (n_samples, n_axes - 1)
        Which neighbouring axes of the frame are interchangeable.
    """

    inputs: np.ndarray
    elements: np.ndarray
    ties: np.ndarray


class Frames:
    """The frames of rows under one group.

    A frame is what an equivariant map F from rows to finite sets of group elements gives:
    F(g x) = g F(x). Here it is an element, found by `place`, times all `flips` of its axes.

    Where axes are interchangeable no finite set is equivariant. There the coordinates, of inputs
    and of outputs, are projected onto what the group of the interchangeable axes fixes, which no
    longer depends on the choice of the axes.

    Parameters
    ----------
    group : Group
    rep_in, rep_out : Rep

    Attributes
    ----------
    flips_in : ndarray of shape (n_flips, dim_in)
        What each combination of signs of the axes does to the columns of X: it is diagonal.
    flips_out : ndarray of shape (n_flips, dim_out)
        The same for the columns of y.
    """

    def __init__(self, group: Group, rep_in: Rep, rep_out: Rep) -> None:
        family, self._axes = _family(group)
        self._dim, self._rep_in, self._rep_out = group.dim, rep_in, rep_out
        self._translations = family in (E, SE, Translation)
        _check_columns(group, family, rep_in, rep_out)
        self._axes_of = _axes_finder(family, rep_in, self._dim, self._axes)
        # The group of interchangeable axes, as far as flips do not cover it.
        self._of_ties = S if family is S else SO
        flips = np.ones((len(self._axes_of.flips), self._dim))
        flips[:, self._axes] = self._axes_of.flips
        self.flips_in, self.flips_out = (
            np.concatenate([rep.act(np.diag(flip), np.ones((1, rep.dim(group)))) for flip in flips])
            for rep in (rep_in, rep_out)
        )

    def fit(self, X: np.ndarray, weight: np.ndarray | None) -> Frames:
        """Learn the size of each tensor among the columns."""
        self._axes_of.fit(self._centred(X)[0], weight)
        return self

    def place(self, X: np.ndarray) -> Placed:
        """Move rows into one element of their frames."""
        centred, centroid = self._centred(X)
        basis, ties = self._axes_of(centred)
        linear = np.tile(np.eye(self._dim), (len(X), 1, 1))
        linear[:, np.array(self._axes)[:, None], self._axes] = basis
        inputs = act_on_each_row(self._rep_in, np.swapaxes(linear, 1, 2), centred)
        inputs = self._fixed_by_ties(self._rep_in, inputs, ties)
        if not self._axes_of.is_exact:
            inputs = _rounded(self._rep_in, self._dim, inputs)
        return Placed(inputs, with_translation(linear, centroid), ties)

    def targets(self, Y: np.ndarray, placed: Placed) -> np.ndarray:
        """Move targets, shape (n_samples, dim_out), along with the rows."""
        linear, centroid = placed.elements[:, :, :-1], placed.elements[:, :, -1]
        back = np.swapaxes(linear, 1, 2)
        shift = -(back @ centroid[:, :, None])[:, :, 0]
        moved = act_on_each_row(self._rep_out, with_translation(back, shift), Y)
        return self._fixed_by_ties(self._rep_out, moved, placed.ties)

    def outputs(self, Y: np.ndarray, placed: Placed) -> np.ndarray:
        """Move means over the flips, shape (n_samples, dim_out), to where the rows were."""
        fixed = self._fixed_by_ties(self._rep_out, Y, placed.ties)
        return act_on_each_row(self._rep_out, placed.elements, fixed)

    def _centred(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows whose Points have their mean at the origin, and the means (n_samples, d)."""
        centroid = np.zeros((len(X), self._dim))
        if not self._translations or not self._rep_in.has_points:
            return X, centroid
        index = point_columns(self._rep_in, self._dim)[:, self._axes]
        points = X[:, index]
        mean = points.mean(axis=1)
        centroid[:, self._axes] = mean
        around = points - mean[:, None]
        # What is left of Points that coincide is rounding, and would make up directions.
        reach = np.linalg.norm(points, axis=2).max(axis=1)[:, None, None]
        distance = np.linalg.norm(around, axis=2, keepdims=True)
        centred = X.copy()
        centred[:, index] = np.where(distance <= _AT_CENTROID * reach, 0.0, around)
        return centred, centroid

    def _fixed_by_ties(self, rep: Rep, rows: np.ndarray, ties: np.ndarray) -> np.ndarray:
        """Project rows in frame coordinates onto what interchangeable axes leave fixed."""
        rows = rows.copy()
        for pattern in np.unique(ties[ties.any(axis=1)], axis=0):
            chosen = (ties == pattern).all(axis=1)
            for positions in _runs(pattern):
                axes = [self._axes[position] for position in positions]
                group = self._of_ties(len(axes)).embed(self._dim, axes)
                rows[chosen] = (equivariant_projector(rep, group) @ rows[chosen].T).T
        return rows


def _family(group: Group) -> tuple[type[Group], tuple[int, ...]]:
    """Return the class of the group before it was embedded, and the axes that it acts on."""
    whole, axes = unembedded(group)
    for family in _FAMILIES:
        if type(whole) is family or (whole.dim <= _MAX_COMPARED_DIM and whole == family(whole.dim)):
            return family, axes
    raise ValueError(
        "group must be O(n), SO(n), E(n), SE(n), S(n) or Translation(n), perhaps embedded: other "
        f"groups have no frame here. Got {group!r}; SymmetrizedRegressor takes any group."
    )


def _check_columns(group: Group, family: type[Group], rep_in: Rep, rep_out: Rep) -> None:
    """Refuse columns of X that no frame can be read off."""
    if not any(rep_in.words) or (family is Translation and not rep_in.has_points):
        kind = "Points" if family is Translation else "Vectors, Points or tensors"
        raise ValueError(
            f"rep_in must have {kind}: the frame of {group!r} is read off them. "
            f"Got rep_in={rep_in!r}."
        )
    if family in (E, SE, Translation) and rep_out.has_points and not rep_in.has_points:
        raise ValueError(
            f"rep_in must have Points if rep_out has: {group!r} moves them. "
            f"Got rep_in={rep_in!r} and rep_out={rep_out!r}."
        )


def _axes_finder(family: type[Group], rep: Rep, dim: int, axes: tuple[int, ...]) -> AxesFinder:
    """Return the object that finds the axes of a row's frame."""
    if family is S:
        return SortedAxes(rep, dim, axes)
    if family is Translation:
        return FixedAxes(len(axes))
    return PrincipalAxes(rep, dim, axes, reflections=family in (O, E))


def _runs(pattern: np.ndarray) -> list[list[int]]:
    """Return the runs of at least two positions that are tied to their neighbours.

    Examples
    --------
    >>> _runs([True, False, True, True])
    [[0, 1], [2, 3, 4]]
    """
    runs = [[0]]
    for position, tied in enumerate(pattern, start=1):
        if tied:
            runs[-1].append(position)
        else:
            runs.append([position])
    return [run for run in runs if len(run) > 1]


def _rounded(rep: Rep, dim: int, rows: np.ndarray) -> np.ndarray:
    """Round coordinates, so that a row and its image have the same ones to the last digit.

    Nearly always: a regressor that is not continuous, such as a tree, may else split between the
    two, or at the rounding errors of coordinates that are zero.
    """
    rows = rows.copy()
    for block in rep.blocks(dim):
        if block.word:
            tensors = rows[:, block.index]
            largest = np.linalg.norm(tensors, axis=-1).max(axis=-1)[:, :, None, None]
            unit = np.ldexp(1.0, np.frexp(largest * _UNCOMMON)[1] - _KEPT_BITS)
            rows[:, block.index] = np.rint(tensors / unit) * unit
    return rows
