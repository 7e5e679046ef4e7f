"""How large the tensors of a table are, each in units of its own."""

from __future__ import annotations

import numpy as np

from softeq_sklearn._rows import row_slices
from softeq_sklearn.representations import Rep


def tensor_sizes(X: np.ndarray, rep: Rep, dim: int) -> np.ndarray:
    """Return for each column how much its tensor varies, the same for all components of a tensor.

    Divided by it, columns are of size 1 whatever their units, and groups act as before
    (docs/scaling.md).

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Rows.
    rep : Rep
        Representation of the columns.
    dim : int
        Dimension of V.

    Returns
    -------
    ndarray of shape (n_columns,)
        Root mean square, over rows and components, of the deviations from the mean, in the units
        of the columns. Of a tensor that does not vary it is that of its values, and 1 if it is
        zero.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import tensor_sizes
    >>> from softeq_sklearn.representations import Scalar, Vector
    >>> X = np.array([[1.0, 3.0, 0.0], [1.0, -3.0, 0.0]])
    >>> tensor_sizes(X, Scalar + Vector, 2).round(2).tolist()
    [1.0, 2.12, 2.12]
    """
    sizes = np.ones(X.shape[1])
    # Squares of all numbers are numbers in this unit, a power of two, which rounds nothing.
    unit = np.ldexp(1.0, np.frexp(max(X.max(), -X.min()))[1] - 1) or 1.0
    mean = sum((X[rows] / unit).sum(axis=0) for rows in row_slices(X)) / len(X)
    for block in rep.blocks(dim):
        index = block.index.reshape(-1, block.index.shape[-1])
        parts = [_sums(X[rows][:, index] / unit, mean[index]) for rows in row_slices(X)]
        squares, whole, largest = (np.stack(part) for part in zip(*parts, strict=True))
        n = len(X) * index.shape[1]
        varies, whole = np.sqrt(squares.sum(axis=0) / n), np.sqrt(whole.sum(axis=0) / n)
        rounding = 10 * np.finfo(float).eps * largest.max(axis=0)
        own = np.where(varies > rounding, varies, np.where(whole > 0, whole, 1.0))
        sizes[index] = (own * np.where(whole > 0, unit, 1.0))[:, None]
    return sizes


def _sums(values: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of squares around the mean and around zero, and largest entry, for each tensor."""
    around = ((values - mean) ** 2).sum(axis=(0, 2))
    return around, (values**2).sum(axis=(0, 2)), np.abs(values).max(axis=(0, 2))
