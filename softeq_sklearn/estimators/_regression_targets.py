"""What regressors with a network add to the base: numeric targets."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from softeq_sklearn._columns import checked_rows
from softeq_sklearn._named_targets import NamedTargetsMixin
from softeq_sklearn._row_weights import rows_that_count
from softeq_sklearn.preprocessing._column_scaling import fit_scaling
from softeq_sklearn.training import SquaredError


class RegressionTargetsMixin(NamedTargetsMixin):
    """Targets are numbers with a representation; the loss is their mean squared error."""

    _criterion = SquaredError
    _each_target = None
    _skewed_residuals = False

    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, with the columns in the order of `rep_out`, or a frame with those of a schema.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors, at least 0, of the losses of rows, of which only ratios matter; they also count
            in the scaling of the columns. Tests of symmetries and levels take each row with a
            weight above 0 once.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or a parameter is not as described, before training starts; or if the
            training loss becomes NaN or infinite.
        TypeError
            If a group, callback or module is of another type, or the data is sparse.

        KeyboardInterrupt
            If the user interrupts the fit and nothing is kept, see `on_interrupt`.

        Warns
        -----
        FitInterruptedWarning
            If the user interrupts the fit and the best weights so far are kept.

        Notes
        -----
        A fit that fails leaves the estimator as it was.
        """
        return self._fit(X, y, sample_weight)

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch on these rows, at a constant learning rate.

        The first call fixes the scaling of the columns. No rows are held out, strengths are not
        tuned, and what is reported after training is measured on these rows. The learning rate is
        that of the start of a fit, which may be large for a fitted network, and symmetries that a
        fit imposed are soft again.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, with the columns in the order of `rep_out`, or a frame with those of a schema.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the losses of rows, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`; or if groups, representations, hidden layers,
            strengths or `max_gradient_norm` are others than before.
        TypeError
            As in `fit`.
        """
        return self._partial_fit(X, y, sample_weight)

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
        rows = checked_rows(self, X, [np.float64, np.float32])
        return self._in_the_form_of_y(self._function()(rows))

    def _rows_that_count(self, X, y, sample_weight, reset):
        return rows_that_count(*self._check_rows(X, y, reset), sample_weight)

    def _target_scaling(self, Y, rep_out, weights):
        points = self._scale_in.points
        return fit_scaling(Y, rep_out, self._dim, self._shaping, points, weights)

    def _values(self, outputs):
        return outputs
