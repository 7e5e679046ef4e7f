"""Axes in the order of their components: frames of S(n)."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.meta._directions import tensor_columns, unfoldings
from softeq_sklearn.representations import Rep


class SortedAxes:
    """The axes of V sorted by the components of the row's tensors, from low to high.

    The first vector decides, equal components are told apart by the second, and so on. A tensor of
    higher order sorts by its diagonal, then by the numbers in each axis' slices, which are sorted
    themselves: a permutation moves the slices and shuffles the numbers in them. Axes that have
    all of this in common are interchangeable, although their tensors may differ.

    Parameters
    ----------
    rep : Rep
        Representation of the rows.
    dim : int
        Dimension of V.
    axes : sequence of int
        Axes of V that the group permutes.

    Attributes
    ----------
    flips : ndarray of shape (1, n_axes)
        Signs of the axes that the frame goes through: none is flipped.
    """

    # Permutations only move numbers: equal ones stay equal to the last digit.
    is_exact = True

    def __init__(self, rep: Rep, dim: int, axes: tuple[int, ...]) -> None:
        self._axes = list(axes)
        self._columns = tensor_columns(rep, dim)
        self.flips = np.ones((1, len(axes)))

    def fit(self, X: np.ndarray, weight: np.ndarray | None) -> SortedAxes:
        """Learn nothing: the order is that of the components themselves."""
        return self

    def __call__(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the axes of each row as columns, and which neighbours are interchangeable.

        Parameters
        ----------
        X : ndarray of shape (n_samples, dim)

        Returns
        -------
        basis : ndarray of shape (n_samples, n_axes, n_axes)
            Permutation matrices.
        ties : ndarray of bool of shape (n_samples, n_axes - 1)
            Whether axis i and axis i + 1 have equal keys.
        """
        keys = np.concatenate([self._keys(X[:, index], order) for order, index in self._columns], 1)
        order = np.lexsort(keys[:, ::-1].swapaxes(0, 1), axis=-1)
        sorted_keys = np.take_along_axis(keys, order[:, None], axis=2)
        ties = (sorted_keys[:, :, 1:] == sorted_keys[:, :, :-1]).all(axis=1)
        return np.swapaxes(np.eye(len(self._axes))[order], 1, 2), ties

    def _keys(self, tensors: np.ndarray, order: int) -> np.ndarray:
        """Return what axes are sorted by, most important first: (n_samples, n_keys, n_axes)."""
        keys = []
        for matrices in unfoldings(tensors, order, self._axes):
            if order > 1 and not keys:
                keys.append(_diagonals(matrices, order, self._axes))
            keys.append(np.sort(matrices, axis=3))
        # The keys of one tensor after those of another.
        joined = np.concatenate(keys, axis=3)
        return np.swapaxes(joined, 2, 3).reshape(len(tensors), -1, len(self._axes))


def _diagonals(matrices: np.ndarray, order: int, axes: list[int]) -> np.ndarray:
    """Return the components i, i, ..., i, for each axis i: (n_samples, n_tensors, n_axes, 1)."""
    dim = round(matrices.shape[3] ** (1 / (order - 1)))
    columns = np.array(axes) * sum(dim**power for power in range(order - 1))
    return np.take_along_axis(matrices, columns[None, None, :, None], axis=3)
