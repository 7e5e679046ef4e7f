"""How large the tensors of a table are, each in units of its own."""

from __future__ import annotations

import numpy as np

from softeq_sklearn._rows import row_slices
from softeq_sklearn._sizes import power_of_two, root_mean_square
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
    units = power_of_two(np.maximum(X.max(axis=0), -X.min(axis=0)))  # so that sums are finite
    mean = sum((X[rows] / units).sum(axis=0) for rows in row_slices(X)) / len(X) * units
    for block in rep.blocks(dim):
        index = block.index.reshape(-1, block.index.shape[-1])
        own = root_mean_square(X, index, mean[index])
        constant = own == 0
        if constant.any():
            own[constant] = root_mean_square(X, index[constant], 0.0)
        sizes[index] = np.where(own > 0, own, 1.0)[:, None]
    return sizes
