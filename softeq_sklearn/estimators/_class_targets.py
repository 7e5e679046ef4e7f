"""What classifiers with a network add to the base: class labels."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from softeq_sklearn._classes import check_class_names, check_labels, one_hot
from softeq_sklearn._columns import checked_rows, rows_to_learn, schema_of
from softeq_sklearn._row_weights import rows_that_count
from softeq_sklearn.preprocessing._column_scaling import no_scaling
from softeq_sklearn.training import CrossEntropy


class ClassTargetsMixin(ClassifierMixin):
    """Targets are classes; the network has an output for each, whose softmax are probabilities."""

    _criterion = CrossEntropy
    _each_target = "class of y"
    _skewed_residuals = True
    _schema_out = None  # labels are a single column

    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.
        y : array-like of shape (n_samples,)
            Class labels, numbers or strings.
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
            If the data or a parameter is not as described, or fewer than two classes have a row
            of weight above 0, before training starts; or if the training loss becomes NaN or
            infinite.
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

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one more epoch on these rows, at a constant learning rate.

        The first call fixes the scaling of the columns and the classes. No rows are held out,
        strengths are not tuned, and what is reported after training is measured on these rows. The
        learning rate is that of the start of a fit, which may be large for a fitted network, and
        symmetries that a fit imposed are soft again.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All classes of this and later calls; None takes those of y, or of the fit before.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the losses of rows, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            As in `fit`; or if y has a class that is not one of `classes`, or these, the groups,
            the representations, the hidden layers, strengths or `max_gradient_norm` are others than
            before.
        TypeError
            As in `fit`.
        """
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def predict(self, X):
        """Predict classes, the most probable ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels as in `classes_`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have other columns than in `fit`, or a number is not finite.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in float64, in the order of `classes_`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have other columns than in `fit`, or a number is not finite.
        """
        check_is_fitted(self)
        return self._function()(checked_rows(self, X, [np.float64, np.float32]))

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Logarithms in float64, in the order of `classes_`; -inf for a probability of 0.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If the rows have other columns than in `fit`, or a number is not finite.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _rows_that_count(self, X, y, sample_weight, reset, classes=None):
        X = rows_to_learn("rep_in", self.rep_in, X)
        if y is not None:
            check_labels(y)
        X, y = validate_data(self, X, y, reset=reset, dtype=np.float64)
        check_classification_targets(y)
        if reset:
            self._schema_in = schema_of(self.rep_in)
            self.classes_ = _known_classes(y, classes)
        elif classes is not None:
            _check_same_classes(self.classes_, classes)
        check_class_names(self.rep_out, self.classes_)
        X, Y, weights = rows_that_count(X, one_hot(y, self.classes_), sample_weight)
        if weights is not None and reset and classes is None:
            _check_weighted_classes(Y, self.classes_)
        return X, Y, weights

    def _targets_of(self, y):
        return y  # a schema names classes, not columns of y

    def _check_structure(self, groups, rep_out):
        permuted = all(group.is_permutation for group in groups.values())
        if not permuted and rep_out.dim(1) != rep_out.dim(2):  # not all of them are scalars
            raise ValueError(
                "rep_out must be scalars, since only permutations map probabilities to "
                f"probabilities. Got rep_out={rep_out!r} and the groups {list(groups)}."
            )

    def _split(self, Y, seed):
        """Hold out rows of all classes if there are enough; single rows are for training."""
        n_valid, labels = int(self.validation_fraction * len(Y)), Y.argmax(axis=1)
        counts = Y.sum(axis=0)
        several = np.flatnonzero(counts[labels] > 1)
        n_classes = np.count_nonzero(counts > 1)
        if not n_classes or n_valid < n_classes or len(several) - n_valid < n_classes:
            return super()._split(Y, seed)
        splitter = StratifiedShuffleSplit(1, test_size=n_valid, random_state=int(seed))
        _, valid = next(splitter.split(several, labels[several]))
        valid = np.sort(several[valid])
        return np.setdiff1d(np.arange(len(Y)), valid), valid

    def _target_scaling(self, Y, rep_out, weights):
        return no_scaling(Y.shape[1])

    def _values(self, outputs):
        return softmax(outputs, axis=-1)


def _known_classes(y, classes):
    """All classes, of those that the user names or of the rows."""
    source = "y" if classes is None else "classes"
    if classes is not None:
        check_labels(classes, "classes")
    known = np.unique(y if classes is None else classes)
    if len(known) < 2:
        raise ValueError(
            f"{source} must have at least two classes. Got one class, {known.tolist()}. The first "
            "partial_fit may be given those that will come, as classes=[...]."
        )
    return known


def _check_same_classes(known, classes):
    if not np.array_equal(known, np.unique(classes)):
        raise ValueError(
            f"classes must be the same in all calls, {known.tolist()}. "
            f"Got {np.unique(classes).tolist()}."
        )


def _check_weighted_classes(Y, classes):
    """Refuse to learn from a single class."""
    there = Y.any(axis=0)
    if there.sum() < 2:
        raise ValueError(
            "sample_weight must be above 0 for rows of at least two classes. "
            f"Got one class, {classes[there].tolist()}."
        )
