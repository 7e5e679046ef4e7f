"""A transformer that reports, row by row, how far each symmetry holds."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from softeq_sklearn._columns import checked_rows, select_columns
from softeq_sklearn._restoring import restored_after_an_error
from softeq_sklearn.estimators import SoftEquivariantRegressor
from softeq_sklearn.inspection._soft_estimator import check_soft, fitted_levels


class SymmetryLevels(TransformerMixin, BaseEstimator):
    """Relative equivariance error of each row under each candidate group.

    The error is the measure of Kim et al. (ICML 2023), row by row.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor, SoftEquivariantClassifier or None, default=None
        The estimator whose fitted function is looked at, of a classifier the probabilities; its
        `groups`, `rep_in` and `rep_out` say which symmetries. None stands for
        ``SoftEquivariantRegressor()``, which has no candidate groups, so that there are no columns
        either.
    prefit : bool, default=False
        Whether `estimator` is fitted already and taken as it is; otherwise `fit` fits a clone.
    n_elements : int, default=32
        Number of group elements that each row is transformed by.
    random_state : int, RandomState instance or None, default=0
        Governs which elements; they are the same for every call of `transform`.

    Attributes
    ----------
    estimator_ : SoftEquivariantRegressor or SoftEquivariantClassifier
        The fitted estimator.
    levels_ : Levels
        Its levels, one for each group.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if it was a data frame with string names.

    See Also
    --------
    softeq_sklearn.metrics.equivariance_error : The figure itself, for any function.

    Examples
    --------
    >>> from softeq_sklearn import SoftEquivariantRegressor, SymmetryLevels
    >>> from softeq_sklearn.datasets import make_inertia
    >>> data = make_inertia(200, noise=-1.0, axis=2, random_state=0)
    >>> model = SoftEquivariantRegressor(
    ...     data.groups,
    ...     data.rep_in,
    ...     data.rep_out,
    ...     hidden_channels=64,
    ...     max_epochs=20,
    ...     random_state=0,
    ... )
    >>> levels = SymmetryLevels(model).fit(data.data, data.target)
    >>> levels.transform(data.data[:4]).shape
    (4, 3)
    >>> levels.get_feature_names_out()
    array(['O(2) xy', 'O(2) yz', 'O(2) xz'], dtype=object)
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "prefit": ["boolean"],
        "n_elements": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator=None, *, prefit=False, n_elements=32, random_state=0):
        self.estimator = estimator
        self.prefit = prefit
        self.n_elements = n_elements
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Fit a clone of the estimator, or take the fitted one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of the estimator's `rep_in`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, or class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the fit; not used if `prefit` is true.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        TypeError
            If `estimator` has no levels.
        sklearn.exceptions.NotFittedError
            If `prefit` is true and the estimator is not fitted.
        ValueError
            If `prefit` is true and X has other columns than the estimator was fitted to.
        """
        self._validate_params()
        with restored_after_an_error(self):
            return self._fit(X, y, sample_weight)

    def _fit(self, X, y, sample_weight):
        estimator = SoftEquivariantRegressor() if self.estimator is None else self.estimator
        check_soft(estimator)
        if self.prefit:
            check_is_fitted(estimator)
            self.estimator_ = estimator
        else:
            weights = {} if sample_weight is None else {"sample_weight": sample_weight}
            self.estimator_ = clone(estimator).fit(X, y, **weights)
        checked_rows(self.estimator_, X)
        self._schema_in = self.estimator_._schema_in
        validate_data(self, select_columns(self._schema_in, X, "X"), skip_check_array=True)
        self.levels_ = fitted_levels(self.estimator_)
        rng = check_random_state(self.random_state)
        self._seeds = rng.randint(np.iinfo(np.int32).max, size=len(self.levels_))
        return self

    def transform(self, X):
        """Measure the error of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_groups)
            Mean over group elements g of ``|f(gx) - g f(x)| / (|f(gx)| + |g f(x)|)``, from 0 to 1.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the transformer is not fitted.
        ValueError
            If the rows have other columns than in `fit`, or a number is not finite.
        """
        check_is_fitted(self, "estimator_")
        X = checked_rows(self, X)
        errors = [
            self.estimator_._equivariance_error(
                X, name, n_elements=self.n_elements, per_sample=True, random_state=seed
            )
            for name, seed in zip(self.levels_.name, self._seeds, strict=True)
        ]
        return np.stack(errors, axis=1) if errors else np.empty((len(X), 0))

    def get_feature_names_out(self, input_features=None):
        """Names of the groups.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features,) or None, default=None
            Checked against the names seen in `fit`, otherwise not used.

        Returns
        -------
        ndarray of str objects of shape (n_groups,)
            The names, in the order of ``levels_.name``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the transformer is not fitted.
        ValueError
            If the names are not those of `fit`.
        """
        check_is_fitted(self, "estimator_")
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.asarray(self.levels_.name, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
