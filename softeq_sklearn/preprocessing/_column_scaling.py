"""Scaling that commutes with the candidate groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn._rows import row_slices
from softeq_sklearn._sizes import root_mean_square
from softeq_sklearn.groups import generated_by
from softeq_sklearn.groups._elements import unit_generators
from softeq_sklearn.projection import type_basis
from softeq_sklearn.representations._layout import point_columns
from softeq_sklearn.representations._words import POINT, VECTOR

_ROUNDING = 1e-10
# Sizes of columns whose squares, and sums of them, are numbers with all their digits.
_SMALLEST, _LARGEST = 1e-150, 1e150


@dataclass(frozen=True)
class ColumnScaling:
    """An affine map of columns, x -> (x - offset) / factor.

    Parameters
    ----------
    offset, factor : ndarray of shape (n_columns,)
        What is subtracted from and what divides each column.
    points : tuple of (ndarray of shape (d,), float) or None
        The offset and the factor that all Points share; None where there are none.
    """

    offset: np.ndarray
    factor: np.ndarray
    points: tuple[np.ndarray, float] | None

    def transform(self, X, dtype=np.float64):
        """Scale rows of shape (n_samples, n_columns), in float64; return them in a dtype."""
        scaled = np.empty(X.shape, dtype=dtype)
        for rows in row_slices(X):
            scaled[rows] = (X[rows] - self.offset) / self.factor  # float64 whatever X is
        return scaled

    def inverse_transform(self, X):
        """Undo `transform`."""
        return X * self.factor + self.offset


@np.errstate(over="ignore", invalid="ignore")  # refused at the end, with an error
def fit_scaling(X, rep, dim, groups, points=None, weights=None):
    """Learn a scaling under which equivariance is neither lost nor won.

    All components of one copy of a tensor share a factor, which commutes with every group on V,
    and only the part of the mean that the groups leave fixed is removed: for scalars the whole
    mean, for vectors what lies along a common axis. Points share one factor and one offset, a move
    of the origin that maps every group to itself. Standardising column by column would break
    equivariance.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Rows, float64.
    rep : Rep
        Representation of the columns.
    dim : int
        Dimension of V.
    groups : list of Group
        The groups to respect.
    points : tuple of (ndarray of shape (d,), float) or None, default=None
        Offset and factor of the Points where the input has fixed them.
    weights : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows in all means.

    Returns
    -------
    ColumnScaling
    """
    common = generated_by(*groups) if groups else None
    offset, factor = np.zeros(X.shape[1]), np.ones(X.shape[1])
    for block in rep.blocks(dim):
        if block.word == (POINT,):
            index = point_columns(rep, dim)
            if points is None:
                points = _point_scaling(X[:, index], groups, weights)
            offset[index], factor[index] = points
            continue
        index = block.index.reshape(-1, block.index.shape[-1])
        mean = _mean(X, index, weights)
        if common is not None:
            basis = type_basis(block.word, common)
            mean = (mean @ basis) @ basis.T
        offset[index] = mean
        factor[index] = _size(X, index, mean, weights)
    if not (np.isfinite(offset).all() and _SMALLEST < factor.min() <= factor.max() < _LARGEST):
        raise ValueError(
            "X and y must be of a size whose squares can be added. Got values that vary by "
            f"{factor.min():g} to {factor.max():g}; choose other units."
        )
    return ColumnScaling(offset, factor, points)


def no_scaling(n_columns):
    """Return the scaling that leaves everything as it is.

    Parameters
    ----------
    n_columns : int
        Number of columns.

    Returns
    -------
    ColumnScaling
    """
    return ColumnScaling(np.zeros(n_columns), np.ones(n_columns), None)


def keeps_symmetry(scaling, rep, dim, group):
    """Whether what was removed from the columns is left alone by a group.

    Parameters
    ----------
    scaling : ColumnScaling
        The scaling.
    rep : Rep
        Representation of the columns.
    dim : int
        Dimension of V.
    group : Group
        The group.

    Returns
    -------
    bool
    """
    lost = 0.0
    for block in rep.blocks(dim):
        if block.word == (POINT,):
            origin = scaling.offset[point_columns(rep, dim)[0]]
            free = _free_origin([group], dim)
            lost = max(lost, np.abs(origin - free @ (free.T @ origin)).max())
            continue
        index = block.index.reshape(-1, block.index.shape[-1])
        removed, basis = scaling.offset[index], type_basis(block.word, group)
        change = (removed - (removed @ basis) @ basis.T) / scaling.factor[index]
        lost = max(lost, np.abs(change).max())
    return bool(lost < _ROUNDING)


def point_size(values, origin=0.0, weights=None):
    """Root mean square of the coordinates of Points, 1 if all are in one place.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_points, d)
        The Points.
    origin : ndarray of shape (d,) or float, default=0.0
        What they are relative to.
    weights : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows.

    Returns
    -------
    float
    """
    _, n_points, dim = values.shape
    if weights is not None:
        weights = np.repeat(weights, n_points)
    rows, index = values.reshape(-1, dim), np.arange(dim)[None]
    return float(_size(rows, index, origin, weights)[0, 0])


def _point_scaling(values, groups, weights):
    """Offset and factor of Points, given as an array of shape (n_samples, n_points, d)."""
    _, n_points, dim = values.shape
    free = _free_origin(groups, dim)
    offset = free @ (free.T @ np.average(values.mean(axis=1), axis=0, weights=weights))
    if not _unit_is_free(groups):
        return offset, 1.0
    return offset, point_size(values, offset, weights)


def _free_origin(groups, dim):
    """Orthonormal basis, of shape (d, k), of the moves of the origin that no group notices.

    Such are the translations in a group, and those along what its linear parts leave fixed: either
    way the group, written for the new origin, has the same elements.
    """
    lost = np.zeros((dim, dim))
    for group in groups:
        directions = np.hstack([_translations(group), type_basis((VECTOR,), group)])
        lost += np.eye(dim) - directions @ np.linalg.pinv(directions, rcond=_ROUNDING)
    values, vectors = np.linalg.eigh(lost)
    return vectors[:, values < _ROUNDING]


def _unit_is_free(groups):
    """Whether every group, written for another unit of length, has the same elements.

    Then its translations form a linear space, and what other generators move lies in it: turns
    about the origin do, turns about another centre and the translations of a lattice do not.
    """
    for group in groups:
        if not group.is_affine:
            continue
        generators = unit_generators(group.lie_algebra)
        moves = np.vstack([generators[:, :, -1], group.discrete_generators[:, :, -1]])
        directions = _translations(group)
        rest = moves - moves @ directions @ np.linalg.pinv(directions, rcond=_ROUNDING)
        if np.abs(rest).max(initial=0.0) > _ROUNDING * np.abs(moves).max(initial=0.0):
            return False
    return True


def _translations(group):
    """Translations in the Lie algebra of a group, as columns."""
    if not group.is_affine or not len(group.lie_algebra):
        return np.zeros((group.dim, 0))
    generators = unit_generators(group.lie_algebra)
    linear, moves = generators[:, :, :-1], generators[:, :, -1]
    vectors, values, _ = np.linalg.svd(linear.reshape(len(linear), group.dim**2))
    return moves.T @ vectors[:, np.count_nonzero(values > _ROUNDING) :]


def _mean(X, index, weights):
    """Mean of columns over rows, of the shape of `index`."""
    if weights is None:
        return sum(X[rows][:, index].sum(axis=0) for rows in row_slices(X)) / len(X)
    parts = (np.tensordot(weights[rows], X[rows][:, index], 1) for rows in row_slices(X))
    return sum(parts) / weights.sum()


def _size(X, index, mean, weights):
    """Root mean square of tensors minus a mean, of shape (n_copies, 1); 1 for a constant."""
    size = root_mean_square(X, index, mean, weights)
    return np.where(size > 0, size, 1.0)[:, None]
