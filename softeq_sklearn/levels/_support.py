"""Whether rows moved by a group stay where there are data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.representations import Rep

# Directions in which rows vary less than this share of the largest deviation count as not varied
# at all: what moves along them leaves the data.
_NO_DEVIATION = 1e-4
# How much farther out than the farthest row a moved row may lie, as a factor of its distance.
_REACH = 1.25


@dataclass(frozen=True)
class Support:
    """The ellipsoid of a set of rows: mean, principal axes and the farthest row.

    Parameters
    ----------
    mean : ndarray of shape (n_columns,)
        Mean of the rows.
    axes : ndarray of shape (n_columns, n_columns)
        Principal axes, divided by the standard deviations along them.
    limit : float
        Mahalanobis distance from which on a row counts as outside.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import Support
    >>> X = np.random.RandomState(0).randn(100, 3)
    >>> X[:, 2] = 0
    >>> support = Support.of(X)
    >>> float(support.is_outside(X).mean())
    0.0
    >>> bool(support.is_outside(X[:, [2, 1, 0]]).mean() > 0.9)
    True
    """

    mean: np.ndarray
    axes: np.ndarray
    limit: float

    @classmethod
    def of(cls, X: np.ndarray, rep: Rep | None = None, dim: int | None = None) -> Support:
        """Return the ellipsoid of rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_columns)
            Rows.
        rep : Rep or None, default=None
            Representation of the columns. Each tensor is then measured in units of its own, so that
            what counts as varying does not depend on the units of other columns.
        dim : int or None, default=None
            Dimension of V; needed with `rep`.
        """
        largest = np.abs(X).max() or 1.0  # so that squares of all numbers are numbers
        mean = (X / largest).mean(axis=0)
        sizes = largest * _sizes(X / largest, mean, rep, dim)
        mean = mean * largest
        centered = (X - mean) / sizes
        values, vectors = np.linalg.eigh(centered.T @ centered / len(X))
        deviations = np.sqrt(np.maximum(values, 0))
        widest = deviations.max() or 1.0  # constant rows
        axes = vectors / np.maximum(deviations, _NO_DEVIATION * widest) / sizes[:, None]
        farthest = np.linalg.norm((X - mean) @ axes, axis=1).max()
        return cls(mean, axes, _REACH * float(farthest))

    def is_outside(self, X: np.ndarray) -> np.ndarray:
        """Return which rows lie outside of the ellipsoid of the farthest row, as bools."""
        return np.linalg.norm((X - self.mean) @ self.axes, axis=1) > self.limit


def _sizes(X, mean, rep, dim):
    """Root mean square of each tensor's deviations, for each of its columns.

    Of a tensor that does not vary it is that of its values, and 1 of nothing.
    """
    sizes = np.ones(X.shape[1])
    for block in () if rep is None else rep.blocks(dim):
        index = block.index.reshape(-1, block.index.shape[-1])
        values = X[:, index]
        varies = _root_mean_square(values - mean[index])
        whole = _root_mean_square(values)
        rounding = 10 * np.finfo(float).eps * np.abs(values).max(axis=(0, 2))
        own = np.where(varies > rounding, varies, np.where(whole > 0, whole, 1.0))
        sizes[index] = own[:, None]
    return sizes


def _root_mean_square(values):
    return np.sqrt(np.mean(values**2, axis=(0, 2)))
