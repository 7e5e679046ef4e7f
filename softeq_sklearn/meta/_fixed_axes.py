"""Axes that are the same for all rows: frames of translations."""

from __future__ import annotations

import numpy as np


class FixedAxes:
    """The axes of V as they are; the group moves only the origin.

    Parameters
    ----------
    n_axes : int
        Number of axes that the group acts on.

    Attributes
    ----------
    flips : ndarray of shape (1, n_axes)
        Signs of the axes that the frame goes through: none is flipped.
    """

    is_exact = False

    def __init__(self, n_axes: int) -> None:
        self.flips = np.ones((1, n_axes))

    def fit(self, X: np.ndarray, weight: np.ndarray | None) -> FixedAxes:
        """Learn nothing."""
        return self

    def __call__(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return identity matrices, shape (n_samples, n_axes, n_axes), and no ties."""
        n_axes = self.flips.shape[1]
        return np.tile(np.eye(n_axes), (len(X), 1, 1)), np.zeros((len(X), n_axes - 1), dtype=bool)
