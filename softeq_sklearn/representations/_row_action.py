"""The action of one group element a row on the columns of a representation."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups import linear_part
from softeq_sklearn.groups._elements import is_affine_shape
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._action import transform


def act_on_each_row(rep: Rep, elements: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the rows of X, each transformed by its own element.

    Parameters
    ----------
    rep : Rep
    elements : ndarray of shape (n_samples, d, d) or (n_samples, d, d + 1)
    X : ndarray of shape (n_samples, dim)

    Returns
    -------
    ndarray of shape (n_samples, dim)
        Row i is ``rep.act(elements[i], X[i : i + 1])[0]``.

    Examples
    --------
    >>> from softeq_sklearn.representations import Vector
    >>> signs = np.array([[[1.0]], [[-1.0]]])
    >>> act_on_each_row(2 * Vector, signs, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[ 1.,  2.],
           [-3., -4.]])
    """
    transformed = np.empty(X.shape)
    linear = linear_part(elements)[:, None]  # all copies of a tensor in a row share its element
    translation = elements[:, None, :, -1] if is_affine_shape(elements) else None
    transform(rep, linear, translation, X, transformed)
    return transformed
