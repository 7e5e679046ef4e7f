"""Targets and predictions as numbers, also those of classifiers."""

from __future__ import annotations

import numpy as np
from sklearn.base import is_classifier


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
        if self._classes is None:
            return np.asarray(estimator.predict(X), dtype=np.float64).reshape(len(X), -1)
        probabilities = np.zeros((len(X), len(self._classes)))
        known = np.searchsorted(self._classes, estimator.classes_)
        probabilities[:, known] = estimator.predict_proba(X)
        return probabilities
