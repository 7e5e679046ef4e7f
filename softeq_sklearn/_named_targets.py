"""Scores of regressors whose targets may be the named columns of a table."""

from __future__ import annotations

from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from softeq_sklearn._columns import select_columns


class NamedTargetsMixin(RegressorMixin):
    """A regressor that keeps the schema of its targets, or None, as `_schema_out`."""

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination, R2, of the predictions.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Rows, as for `predict`.
        y : array-like or data frame of shape (n_samples,) or (n_samples, n_outputs)
            Targets, as for `fit`. (Scorers that are named, such as "r2", take y as it is: give them
            the columns of a schema in its order, ``schema.select(y)``.)
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Its mean over outputs.
        """
        check_is_fitted(self)
        return super().score(X, select_columns(self._schema_out, y, "y"), sample_weight)
