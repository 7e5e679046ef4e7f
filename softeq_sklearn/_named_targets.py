"""Targets of regressors, which may be the named columns of a table."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from softeq_sklearn._columns import named_rows, schema_of, select_columns


class NamedTargetsMixin(RegressorMixin):
    """A regressor with parameters `rep_in` and `rep_out`, which may be schemas."""

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination, R2, of the predictions.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Rows, as for `predict`.
        y : array-like or data frame of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as for `fit`. Scorers that are named, such as "r2", take y as it is: give them
            the columns of a schema in its order, ``schema.select(y)``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Its mean over outputs.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If rows or targets have other columns than in `fit`, or a number is not finite.
        """
        check_is_fitted(self)
        return super().score(X, select_columns(self._schema_out, y, "y"), sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _check_rows(self, X, y, reset=True):
        """Return X and y after all checks, as float64 with two axes; remember the form of y."""
        if issparse(y):
            raise TypeError(
                "Sparse data was passed for y, but dense data is required. "
                f"Got {y!r}; write y.toarray()."
            )
        X, y = named_rows(self.rep_in, self.rep_out, X, y)
        X, y = validate_data(
            self, X, y, reset=reset, dtype=np.float64, multi_output=True, y_numeric=True
        )
        Y = np.asarray(y, dtype=np.float64)
        if reset:
            self._one_dimensional = Y.ndim == 1
            self._schema_in, self._schema_out = schema_of(self.rep_in), schema_of(self.rep_out)
        return X, Y.reshape(len(Y), -1)

    def _in_the_form_of_y(self, Y):
        """Return predictions of shape (n_samples, n_outputs) with one axis if y had one."""
        return Y.ravel() if self._one_dimensional else Y
