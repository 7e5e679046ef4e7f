"""Weights of rows: how much each of them counts in losses, means and scalings."""

from __future__ import annotations

from numbers import Number

import numpy as np
from sklearn.utils.validation import _check_sample_weight


def rows_that_count(X, Y, sample_weight):
    """Check weights, and leave out the rows whose weight is 0.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), float or None
        What the user gave.

    Returns
    -------
    X, Y : ndarray
        The rows that are left.
    weights : ndarray of float64 of shape (n_left,) or None
        Their weights over the largest, None where the user gave none.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, they have another shape, or all are 0.
    """
    if sample_weight is None:
        return X, Y, None
    weights = checked_weights(X, sample_weight)
    weights = weights / weights.max()  # so that sums of huge ones are numbers
    counts = weights > 0
    return (X, Y, weights) if counts.all() else (X[counts], Y[counts], weights[counts])


def checked_weights(X, sample_weight):
    """Return weights of rows as float64, after all checks.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Rows.
    sample_weight : array-like of shape (n_samples,) or float
        What the user gave, also a series of any library.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If a weight is negative or not finite, they have another shape, or all are 0.
    """
    if not isinstance(sample_weight, Number):
        sample_weight = np.asarray(sample_weight)
    if not np.any(sample_weight):
        raise ValueError("sample_weight must be above 0 for at least one row. Got zeros.")
    return _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True, copy=False
    )
