"""Class labels as numbers."""

from __future__ import annotations

import numpy as np


def one_hot(y, classes):
    """Return the probabilities of rows whose class is known: a one beside zeros.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    classes : ndarray of shape (n_classes,)
        All classes.

    Returns
    -------
    ndarray of float64 of shape (n_samples, n_classes)

    Raises
    ------
    ValueError
        If a label is none of the classes.
    """
    y = np.asarray(y).reshape(-1)
    strange = np.setdiff1d(y, classes)
    if len(strange):
        raise ValueError(
            f"y must have the classes {classes.tolist()} only. Got {strange.tolist()}, too."
        )
    return (y[:, None] == classes).astype(np.float64)
