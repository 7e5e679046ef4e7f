"""Targets and predictions as numbers, also those of classifiers."""

from __future__ import annotations

import numpy as np
from sklearn.base import is_classifier

from softeq_sklearn._classes import check_labels, one_hot
from softeq_sklearn._predictions import numeric_method


class NumericTargets:
    """Turns targets and predictions into arrays of numbers with two axes.

    For a classifier they are a 1 for the class of a row beside zeros, and probabilities; then
    squared errors are Brier scores.

    Parameters
    ----------
    estimator : estimator
        What the predictions are of, a regressor or a classifier; a fitted one knows its classes.
    y : array-like
        All targets.
    """

    def __init__(self, estimator, y):
        self._classes = None
        if is_classifier(estimator):
            check_labels(y)
            self._classes = getattr(estimator, "classes_", np.unique(np.asarray(y)))

    def of_targets(self, y):
        """Return targets as float64 of shape (n_samples, n_outputs)."""
        if self._classes is not None:
            return one_hot(y, self._classes)
        y = np.asarray(y)
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
