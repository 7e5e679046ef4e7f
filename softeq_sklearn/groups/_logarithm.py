"""The principal logarithm of a matrix."""

from __future__ import annotations

import numpy as np


def principal_logarithm(g: np.ndarray) -> np.ndarray:
    """Return the principal logarithm of a matrix without eigenvalues on the negative real axis.

    By square roots until the matrix is near the identity, then the series of 2 artanh (Higham,
    *Functions of Matrices*, SIAM 2008, sections 6.3 and 11.5). SciPy's function prints or warns
    where it is inaccurate; here the caller compares the exponential.
    """
    identity, n_roots = np.eye(len(g)), 0
    while np.linalg.norm(g - identity) > 0.25 and n_roots < 50:
        g, n_roots = _square_root(g), n_roots + 1
    quotient = np.linalg.solve(g + identity, g - identity)
    power, total, square = quotient, quotient.copy(), quotient @ quotient
    for k in range(3, 20, 2):
        power = power @ square
        total += power / k
    return 2.0 ** (n_roots + 1) * total


def _square_root(g: np.ndarray) -> np.ndarray:
    """Return the principal square root by the iteration of Denman and Beavers."""
    root, inverse_root = g, np.eye(len(g))
    for _ in range(30):
        before = root
        root, inverse_root = (
            (root + np.linalg.inv(inverse_root)) / 2,
            (inverse_root + np.linalg.inv(root)) / 2,
        )
        if np.abs(root - before).max() <= 1e-15 * np.abs(root).max():
            break
    return root
