"""Targets and predictions as numbers, also those of classifiers."""

from __future__ import annotations

import numpy as np
from sklearn.base import is_classifier

from softeq_sklearn._predictions import numeric_method


class Numbers:
    """Turns targets and predictions into arrays of numbers with two axes.

    For a classifier they are a 1 for the class of a row beside zeros, and probabilities; then
    squared errors are Brier scores.

    Parameters
    ----------
    estimator : estimator
        What the predictions are of, a regressor or a classifier.
    y : array-like
        All targets.
    """

    def __init__(self, estimator, y):
        self._classes = np.unique(np.asarray(y)) if is_classifier(estimator) else None

    def of_targets(self, y):
        """Return targets as float64 of shape (n_samples, n_outputs)."""
        y = np.asarray(y)
        if self._classes is not None:
            return (y.reshape(-1, 1) == self._classes).astype(np.float64)
        return y.astype(np.float64).reshape(len(y), -1)

    def predicted(self, estimator, X):
        """Return predictions of shape (n_samples, n_outputs).

        The estimator may have been fitted to rows without some of the classes.
        """
        values = np.asarray(numeric_method(estimator)(X), dtype=np.float64).reshape(len(X), -1)
        if self._classes is None:
            return values
        probabilities = np.zeros((len(X), len(self._classes)))
        probabilities[:, np.searchsorted(self._classes, estimator.classes_)] = values
        return probabilities
