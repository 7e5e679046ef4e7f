"""What is left of targets after a smooth function of the rows, each row predicted by the others."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.spatial.distance import cdist

_LARGEST = 1000  # rows fitted together; the cost grows with their third power
_RIDGES = 10.0 ** np.arange(-7, 3)
# Share of the rows that the second smoother may use up.
_FREEDOM = 0.2


def cross_residuals(M, Z, rng):
    r"""Residuals of a kernel ridge regression, and the same smoothed once more.

    The residual of a row is that of the fit to all other rows, in closed form. Of three kernels and
    ten ridges those with the smallest residuals are taken. The second array is
    :math:`(I - S) r`, where S is a smoother with a fifth of the rows as degrees of freedom:
    :math:`\sum_i ((I - S) r)_i \phi_i = \sum_i r_i ((I - S) \phi)_i` sees only what smooth
    functions of M explain neither in Z nor in :math:`\phi`.

    Parameters
    ----------
    M : ndarray of shape (n_samples, n_features)
        Rows.
    Z : ndarray of shape (n_samples, n_outputs)
        Targets.
    rng : RandomState
        Splits many rows into parts of at most 1000, which are fitted one by one.

    Returns
    -------
    residuals, smoothed : ndarray of shape (n_samples, n_outputs)
    """
    residuals, smoothed = np.empty_like(Z), np.empty_like(Z)
    spread = M.std(axis=0)
    M = (M - M.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    for part in np.array_split(rng.permutation(len(M)), -(-len(M) // _LARGEST)):
        residuals[part], smoothed[part] = _fit(M[part], Z[part])
    return residuals, smoothed


def _fit(M, Z):
    best = np.inf
    for kernel in _kernels(M):
        values, vectors = eigh(kernel, driver="evd")
        values = np.clip(values, 0.0, None)
        coordinates, squares = vectors.T @ Z, vectors**2
        for ridge in _RIDGES * values.mean():
            shrunk = 1.0 / (values + ridge)
            residual = (vectors @ (shrunk[:, None] * coordinates)) / (squares @ shrunk)[:, None]
            error = np.sum(residual**2)
            if error < best:
                best, chosen = error, (residual, values, vectors)
    residual, values, vectors = chosen
    ridge = _ridge_of_freedom(values, _FREEDOM * len(M))
    left = ridge / (values + ridge)
    return residual, vectors @ (left[:, None] * (vectors.T @ residual))


def _kernels(M):
    """Polynomials of degree 2 and 3 and a Gaussian, each with a constant added."""
    inner = M @ M.T / M.shape[1]
    yield (1.0 + inner) ** 2 + 1.0
    yield (1.0 + inner) ** 3 + 1.0
    squared = cdist(M, M, "sqeuclidean")
    # Rows that take few values leave many pairs without a distance.
    apart = squared[squared > 0]
    yield np.exp(-squared / (np.median(apart) if len(apart) else 1.0)) + 1.0


def _ridge_of_freedom(values, freedom):
    """The ridge whose smoother has so many degrees of freedom, by bisection of its logarithm."""
    low, high = 1e-12 * values.mean(), 1e6 * values.max()
    for _ in range(60):
        middle = np.sqrt(low * high)
        if np.sum(values / (values + middle)) > freedom:
            low = middle
        else:
            high = middle
    return high
