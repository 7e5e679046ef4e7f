"""The principal axes of a row's tensors: frames of O(n) and SO(n)."""

from __future__ import annotations

from itertools import product

import numpy as np

from softeq_sklearn._sizes import power_of_two
from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.meta._directions import tensor_columns, unfoldings
from softeq_sklearn.representations import Rep

# 2^12 combinations of signs: as many predictions for each row.
MAX_FLIPS = 2**12
# Principal values count as equal within this share of the largest. The axes of values further
# apart are known to about 1e-16 / EQUAL.
EQUAL = 1e-9
_GOLDEN_RATIO = (1 + 5**0.5) / 2


class PrincipalAxes:
    r"""Orthonormal axes that turn with the row.

    They are the eigenvectors, by falling eigenvalue, of the symmetric matrix

    .. math:: C = \sum_j w_j \Big( \sum_a A_{ja} A_{ja}^T + [A_j + A_j^T] / 2 \Big),

    where :math:`A_{ja}` is the tensor j, divided by its root mean square over the training rows and
    by the norm of the row, with its axis a as the rows of a matrix; for a vector it is a column.
    The second term is there for T(2) only: it tells principal values of opposite sign apart. The
    weights :math:`w_j` in [1, 2) differ, so that regular arrangements, such as the corners of a
    square, have different eigenvalues all the same.

    Parameters
    ----------
    rep : Rep
        Representation of the rows.
    dim : int
        Dimension of V.
    axes : sequence of int
        Axes of V on which the group acts.
    reflections : bool
        Whether the group is O(n), not SO(n).

    Attributes
    ----------
    flips : ndarray of shape (n_flips, n_axes)
        Signs of the axes that the frame goes through.
    """

    is_exact = False

    def __init__(self, rep: Rep, dim: int, axes: tuple[int, ...], reflections: bool) -> None:
        n_flips = 2 ** (len(axes) - (not reflections))
        if n_flips > MAX_FLIPS:
            raise ProblemTooLargeError(
                f"A frame of {len(axes)} axes has {n_flips} elements; at most {MAX_FLIPS} are "
                "allowed. SymmetrizedRegressor averages over a sample instead."
            )
        self._axes, self._reflections = list(axes), reflections
        self._columns = tensor_columns(rep, dim)
        signs = np.array(list(product([1.0, -1.0], repeat=len(axes))))
        self.flips = signs if reflections else signs[signs.prod(axis=1) > 0]

    def fit(self, X: np.ndarray, weight: np.ndarray | None) -> PrincipalAxes:
        """Learn the size of each tensor."""
        self._sizes = [_sizes(X[:, index], weight) for _, index in self._columns]
        return self

    def __call__(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the axes of each row as columns, and which neighbours are interchangeable.

        Parameters
        ----------
        X : ndarray of shape (n_samples, dim)

        Returns
        -------
        basis : ndarray of shape (n_samples, n_axes, n_axes)
        ties : ndarray of bool of shape (n_samples, n_axes - 1)
            Whether axis i and axis i + 1 have equal principal values.
        """
        values, basis = np.linalg.eigh(self._moments(X))
        values, basis = values[:, ::-1], basis[:, :, ::-1].copy()
        if not self._reflections:
            basis[:, :, -1] *= np.linalg.slogdet(basis)[0][:, None]
        largest = np.abs(values).max(axis=1, keepdims=True)
        return basis, values[:, :-1] - values[:, 1:] <= EQUAL * largest

    def _moments(self, X: np.ndarray) -> np.ndarray:
        """Return the matrix C of each row, shape (n_samples, n_axes, n_axes)."""
        columns = [index for _, index in self._columns]
        parts = [X[:, index] / size for index, size in zip(columns, self._sizes, strict=True)]
        norm = np.sqrt(sum((tensors**2).sum(axis=(1, 2)) for tensors in parts))
        norm = np.where(norm > 0, norm, 1.0)[:, None, None]
        moments = np.zeros((len(X), len(self._axes), len(self._axes)))
        n_before = 0
        for (order, _), tensors in zip(self._columns, parts, strict=True):
            weights = _distinct_weights(n_before, tensors.shape[1])
            n_before += tensors.shape[1]
            for matrices in unfoldings(tensors / norm, order, self._axes):
                weighted = weights[:, None, None] * matrices
                moments += np.einsum("stir,stjr->sij", weighted, matrices)
            if order == 2:
                # The last unfolding is (row axis, column axis) transposed: symmetrising undoes it.
                square = np.einsum("t,stij->sij", weights, matrices[..., self._axes])
                moments += (square + np.swapaxes(square, 1, 2)) / 2
        return moments


def _sizes(tensors: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the root mean square of each tensor's norm, shaped to divide it; 1 where it is 0."""
    unit = power_of_two(np.abs(tensors).max(axis=(0, 2)))[:, None]
    norms = np.linalg.norm(tensors / unit, axis=2)
    positive = None if weight is None else np.maximum(weight, 0.0)
    if positive is not None and not positive.any():
        positive = None
    mean = np.sqrt(np.average(norms**2, axis=0, weights=positive))
    return np.where(mean > 0, mean * unit[:, 0], 1.0)[:, None]


def _distinct_weights(start: int, n: int) -> np.ndarray:
    """Return n numbers in [1, 2): the golden ratio spreads them evenly, and none comes twice."""
    return 1.0 + np.arange(start, start + n) * _GOLDEN_RATIO % 1.0
