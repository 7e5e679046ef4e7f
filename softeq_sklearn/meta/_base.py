"""What the meta-estimators share: checking data, fitting the inner regressor, predicting."""

from __future__ import annotations

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
)

from softeq_sklearn._columns import (
    REPRESENTATION,
    checked_rows,
    representation_of,
)
from softeq_sklearn._named_targets import NamedTargetsMixin
from softeq_sklearn._restoring import restored_after_an_error
from softeq_sklearn.groups import Group


class BaseGroupRegressor(MetaEstimatorMixin, NamedTargetsMixin, BaseEstimator):
    """Base of the regressors that make another regressor respect a group.

    A subclass says what it learns from the rows, which rows the inner regressor is fitted to, and
    how predictions are made from those of the inner regressor. Without a group it is the inner
    regressor on the rows as they are.
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods("fit"), None],
        "group": [Group, None],
        "rep_in": REPRESENTATION,
        "rep_out": REPRESENTATION,
        "random_state": ["random_state"],
    }

    # What a subclass gives -----------------------------------------------------------------

    def _set_up(self, X, weight, rng):
        """Learn what depends on the group, which may be None; refuse what cannot be done."""

    def _training_rows(self, X, Y, weight, rng):
        """Return inputs, targets and weights (or None) that the inner regressor is fitted to."""
        raise NotImplementedError

    def _symmetric_predict(self, X):
        """Return predictions of shape (n_samples, n_outputs)."""
        raise NotImplementedError

    # scikit-learn's interface --------------------------------------------------------------

    def fit(self, X, y, sample_weight=None):
        """Fit a clone of the inner regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, with the columns in the order of `rep_out`, or a frame with those of a schema.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, for inner regressors whose `fit` takes them.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or a parameter is not as described; raised before anything is fitted.
        TypeError
            If the inner estimator is a classifier, there are weights and it takes none, or the data
            is sparse.
        """
        with restored_after_an_error(self):
            return self._fit(X, y, sample_weight)

    def _fit(self, X, y, sample_weight):
        self._validate_params()
        estimator = DecisionTreeRegressor() if self.estimator is None else self.estimator
        _check_estimator(estimator, weighted=sample_weight is not None)
        X, Y = self._check_rows(X, y)
        weight = sample_weight
        if weight is not None:
            weight = _check_sample_weight(weight, X, dtype=np.float64)
        rng = check_random_state(self.random_state)
        self._resolve_parameters(X, Y)
        self._set_up(X, weight, rng)
        rows = X, Y, weight
        if self._group is not None:
            rows = self._training_rows(X, Y, weight, rng)
        self.estimator_ = _fitted(estimator, *rows, rng)
        return self

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in float64, one-dimensional if y was.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have other columns than in `fit`, or a number is not finite.
        """
        check_is_fitted(self)
        X = checked_rows(self, X)
        Y = self._inner_predict(X) if self._group is None else self._symmetric_predict(X)
        return self._in_the_form_of_y(Y)

    def __sklearn_is_fitted__(self):
        # Checking the data sets attributes too, long before there is a fitted regressor.
        return hasattr(self, "estimator_")

    # Steps of fit and predict --------------------------------------------------------------

    def _resolve_parameters(self, X, Y):
        # Kept for `predict`: parameters may be changed before the next fit.
        self._group = self.group
        dim = None if self._group is None else self._group.dim
        self._rep_in, dim = representation_of("rep_in", self.rep_in, X.shape[1], dim)
        self._rep_out, _ = representation_of("rep_out", self.rep_out, Y.shape[1], dim)

    def _inner_predict(self, X):
        """Return what the inner regressor predicts, as float64 of shape (n_samples, n_outputs)."""
        return np.asarray(self.estimator_.predict(X), dtype=np.float64).reshape(len(X), -1)


def _check_estimator(estimator, weighted):
    """Refuse classifiers, and sample weights that the inner regressor does not take."""
    if isinstance(estimator, type):
        raise TypeError(
            f"estimator must be a regressor, not its class. Got {estimator!r}; write "
            f"{estimator.__name__}()."
        )
    if is_classifier(estimator):
        raise TypeError(f"estimator must be a regressor. Got the classifier {estimator!r}.")
    if weighted and not has_fit_parameter(estimator, "sample_weight"):
        raise TypeError(
            "sample_weight must be None for an estimator whose fit takes no sample_weight. "
            f"Got weights for {estimator!r}."
        )


def _fitted(estimator, X, Y, weight, rng):
    """Return a clone fitted to the rows; one that takes a single output is repeated for each."""
    inner = clone(estimator)
    _fill_random_states(inner, rng)
    single = Y.shape[1] == 1
    if not single and not get_tags(inner).target_tags.multi_output:
        if weight is not None and hasattr(inner, "set_fit_request"):
            if get_config()["enable_metadata_routing"]:  # else there are no requests
                inner.set_fit_request(sample_weight=True)
        inner = MultiOutputRegressor(inner)
    weights = {} if weight is None else {"sample_weight": weight}
    return inner.fit(X, Y[:, 0] if single else Y, **weights)


def _fill_random_states(estimator, rng):
    """Seed every random_state that is None, also of nested estimators; leave those given."""
    parameters = estimator.get_params(deep=True)
    names = [
        name
        for name in sorted(parameters)
        if name.rpartition("__")[2] == "random_state" and parameters[name] is None
    ]
    seeds = rng.randint(np.iinfo(np.int32).max, size=len(names))
    if names:
        estimator.set_params(**{name: int(seed) for name, seed in zip(names, seeds, strict=True)})
