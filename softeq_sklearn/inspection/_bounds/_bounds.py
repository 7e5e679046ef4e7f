"""Bounds of the segments of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bounds:
    """Bounds of the Euclidean norms of segments of features, over a ball of inputs.

    Parameters
    ----------
    size : ndarray of shape (n_segments,)
        Bounds of the features.
    shares : ndarray of shape (n_segments, n_sources)
        Bounds of their errors, split by the layer that caused them.
    """

    size: np.ndarray
    shares: np.ndarray

    @property
    def error(self):
        """Bounds of the errors, of shape (n_segments,)."""
        return self.shares.sum(axis=1)

    def through(self, size, gain, added=None):
        """Bounds behind a layer.

        Parameters
        ----------
        size : ndarray of shape (n_out,)
            Bounds of its features.
        gain : ndarray of shape (n_out, n_segments)
            What it makes of errors.
        added : ndarray of shape (n_out,) or None, default=None
            What it adds itself; None if it cannot add anything.

        Returns
        -------
        Bounds
            With one more source, if `added` is given.
        """
        shares = gain @ self.shares
        if added is not None:
            shares = np.column_stack([shares, added])
        # Both f(gx) and g f(x) are bounded by the size: no error is larger than twice that.
        total = shares.sum(axis=1)
        factor = np.minimum(
            1.0, np.divide(2 * size, total, out=np.ones_like(size), where=total > 0)
        )
        return Bounds(size, shares * factor[:, None])
