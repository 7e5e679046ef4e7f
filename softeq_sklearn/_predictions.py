"""Predictions that are numbers, on which a group can act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator, is_classifier


def numeric_method(estimator: Any) -> Callable[..., Any]:
    """Return the method of an estimator that predicts numbers.

    Parameters
    ----------
    estimator : object
        An estimator of any library with a method `predict`.

    Returns
    -------
    callable
        `predict_proba` or else `decision_function` of a classifier of scikit-learn, `predict` of
        all others.
    """
    names = ["predict"]
    if isinstance(estimator, BaseEstimator) and is_classifier(estimator):
        names = ["predict_proba", "decision_function", "predict"]
    return next(getattr(estimator, name) for name in names if hasattr(estimator, name))
