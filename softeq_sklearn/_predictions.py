"""Predictions that are numbers, on which a group can act."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.base import BaseEstimator, is_classifier


def numeric_method(estimator) -> Callable:
    """Return the method of an estimator that predicts numbers.

    Parameters
    ----------
    estimator : object
        An estimator of any library with a method `predict`.

    Returns
    -------
    callable
        `predict_proba` of a classifier of scikit-learn, `predict` of all others.
    """
    if isinstance(estimator, BaseEstimator) and is_classifier(estimator):
        return estimator.predict_proba
    return estimator.predict
