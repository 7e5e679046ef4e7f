"""How large the tensors of a table are, each in units of its own."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.representations import Rep


def tensor_sizes(X: np.ndarray, rep: Rep, dim: int) -> np.ndarray:
    """Return for each column how much its tensor varies, the same for all components of a tensor.

    Divided by it, columns are of size 1 whatever their units, and groups act as before.

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
        Root mean square, over rows and components, of the deviations from the mean. Of a tensor
        that does not vary it is that of its values, and 1 if it is zero.

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
    mean = X.mean(axis=0)
    for block in rep.blocks(dim):
        index = block.index.reshape(-1, block.index.shape[-1])
        values = X[:, index]
        varies, whole = _root_mean_square(values - mean[index]), _root_mean_square(values)
        rounding = 10 * np.finfo(float).eps * np.abs(values).max(axis=(0, 2))
        own = np.where(varies > rounding, varies, np.where(whole > 0, whole, 1.0))
        sizes[index] = own[:, None]
    return sizes


def _root_mean_square(values):
    return np.sqrt(np.mean(values**2, axis=(0, 2)))
