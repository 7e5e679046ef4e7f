"""The tensors among the columns of a representation: what a frame can be read off."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from softeq_sklearn.representations import Rep


def tensor_columns(rep: Rep, dim: int) -> list[tuple[int, np.ndarray]]:
    """Return the order of every type that is no scalar, and the columns of its tensors.

    Returns
    -------
    list of (int, ndarray of shape (n_tensors, dim**order))
        Each Point is a tensor of order 1.

    Examples
    --------
    >>> from softeq_sklearn.representations import Scalar, Vector
    >>> tensor_columns(Scalar + 2 * Vector, 2)
    [(1, array([[1, 2],
           [3, 4]]))]
    """
    return [
        (len(block.word), block.index.reshape(-1, block.index.shape[-1]))
        for block in rep.blocks(dim)
        if block.word
    ]


def unfoldings(tensors: np.ndarray, order: int, axes: list[int]) -> Iterator[np.ndarray]:
    """Yield tensors as matrices, once for each of their axes, which makes the rows.

    Parameters
    ----------
    tensors : ndarray of shape (n_samples, n_tensors, dim**order)
    order : int
    axes : list of int
        Axes of V; the other rows are left out.

    Yields
    ------
    ndarray of shape (n_samples, n_tensors, n_axes, dim**(order - 1))
        An orthogonal map of the axes acts on the rows, and by an orthogonal matrix on the columns.

    Examples
    --------
    >>> [matrix.shape for matrix in unfoldings(np.zeros((5, 2, 27)), 3, [0, 1])]
    [(5, 2, 2, 9), (5, 2, 2, 9), (5, 2, 2, 9)]
    """
    n_samples, n_tensors, size = tensors.shape
    dim = round(size ** (1 / order))
    full = tensors.reshape(n_samples, n_tensors, *[dim] * order)
    for axis in range(order):
        rows_first = np.moveaxis(full, 2 + axis, 2)[:, :, axes]
        yield rows_first.reshape(n_samples, n_tensors, len(axes), size // dim)
