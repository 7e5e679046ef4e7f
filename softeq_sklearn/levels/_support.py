"""Whether rows moved by a group stay where there are data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn._rows import row_slices
from softeq_sklearn.levels._tensor_sizes import tensor_sizes
from softeq_sklearn.representations import Rep

# Directions in which rows vary less than this share of the largest deviation count as not varied
# at all: what moves along them leaves the data.
_NO_DEVIATION = 1e-4
# How much farther out than the farthest row a moved row may lie, as a factor of its distance.
_REACH = 1.25


@dataclass(frozen=True)
class Support:
    """The ellipsoid of a set of rows: mean, principal axes and the farthest row.

    Where a group moves rows out of it, verdicts are "cannot tell" (docs/levels.md).

    Parameters
    ----------
    mean : ndarray of shape (n_columns,)
        Mean of the rows, in the units of the columns.
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

        Returns
        -------
        Support
            The ellipsoid.

        Raises
        ------
        TypeError
            If `rep` is given without `dim`.
        """
        largest = max(X.max(), -X.min()) or 1.0  # so that squares of all numbers are numbers
        parts = list(row_slices(X))
        mean = sum((X[rows] / largest).sum(axis=0) for rows in parts) / len(X) * largest
        sizes = largest
        if rep is not None:
            if dim is None:
                raise TypeError("dim must be given with rep. Got None instead.")
            sizes = tensor_sizes(X, rep, dim)
        products = 0.0
        for rows in parts:
            centered = (X[rows] - mean) / sizes
            products = products + centered.T @ centered
        values, vectors = np.linalg.eigh(products / len(X))
        deviations = np.sqrt(np.maximum(values, 0))
        widest = deviations.max() or 1.0  # constant rows
        axes = vectors / np.maximum(deviations, _NO_DEVIATION * widest)
        axes = axes / np.broadcast_to(sizes, len(axes))[:, None]
        farthest = max(np.linalg.norm((X[rows] - mean) @ axes, axis=1).max() for rows in parts)
        return cls(mean, axes, _REACH * float(farthest))

    def is_outside(self, X: np.ndarray) -> np.ndarray:
        """Return which rows lie outside of the ellipsoid of the farthest row.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_columns)
            Rows.

        Returns
        -------
        ndarray of bool of shape (n_samples,)
            Whether a row is outside: farther out than 1.25 times the farthest row.
        """
        return np.linalg.norm((X - self.mean) @ self.axes, axis=1) > self.limit
