"""Losses of variants of an estimator on the same held-out rows, and how sure they differ."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from joblib import Parallel, delayed
from scipy import stats
from sklearn.base import clone, is_classifier
from sklearn.model_selection import KFold, StratifiedKFold, check_cv
from sklearn.utils import _safe_indexing, check_random_state, indexable
from threadpoolctl import threadpool_limits

from softeq_sklearn._classes import check_class_counts
from softeq_sklearn._columns import select_columns
from softeq_sklearn._row_weights import checked_weights
from softeq_sklearn.inspection._numeric_targets import NumericTargets
from softeq_sklearn.training import threads_for


@dataclass(frozen=True, eq=False)
class HeldOutLosses:
    """Losses of several variants on the held-out rows of each fold.

    Parameters
    ----------
    losses : list of ndarray of shape (n_variants, n_test)
        Squared errors over the total variance of all targets, one array a fold.
    folds : list of (ndarray, ndarray)
        Training rows and held-out rows of each fold.
    weights : ndarray of shape (n_rows,)
        Weights of all rows in the means over rows.
    """

    losses: list[np.ndarray]
    folds: list[tuple[np.ndarray, np.ndarray]]
    weights: np.ndarray

    @property
    def means(self):
        """Mean loss of each variant, the mean over folds, of shape (n_variants,)."""
        return np.mean([self._mean(loss, test) for loss, test in self._held_out], axis=0)

    def differences(self, one, other):
        """Loss of one variant minus that of another on each fold, of shape (n_folds,)."""
        return np.array(
            [self._mean(loss[one] - loss[other], test) for loss, test in self._held_out]
        )

    def row_differences(self, one, other):
        """The same for each row, over its repetitions; nan for a row that was never held out."""
        n_rows = len(self.weights)
        total, count = np.zeros(n_rows), np.zeros(n_rows)
        for loss, test in self._held_out:
            np.add.at(total, test, loss[one] - loss[other])
            np.add.at(count, test, 1)
        return np.divide(total, count, out=np.full(n_rows, np.nan), where=count > 0)

    def interval(self, one, other, confidence):
        """Ends of the interval of the mean of `differences`, see :func:`corrected_interval`."""
        w = self.weights
        test_share = float(np.mean([w[test].sum() / w[train].sum() for train, test in self.folds]))
        return corrected_interval(self.differences(one, other), test_share, confidence)

    @property
    def _held_out(self):
        """Losses and held-out rows of each fold."""
        return [(loss, test) for loss, (_, test) in zip(self.losses, self.folds, strict=True)]

    def _mean(self, values, test):
        """Mean over held-out rows, the last axis."""
        return np.average(values, axis=-1, weights=self.weights[test])


def held_out_losses(
    variants, X, y, *, cv, n_jobs, random_state, sample_weight=None
) -> HeldOutLosses:
    """Fit variants of one estimator on the same folds, with the same seeds.

    Parameters
    ----------
    variants : sequence of estimator
        Clones of one estimator with other parameters.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or class labels.
    cv : int, cross-validation generator or iterable
        Folds, at least 2. An int shuffles the rows, and keeps the shares of classes.
    n_jobs : int or None
        Number of folds side by side, as in joblib; each fits with one thread.
    random_state : int, RandomState instance or None
        Governs the folds of an int, and all fits.
    sample_weight : array-like of shape (n_samples,), float or None, default=None
        Weights of the rows in the fits and in all means over rows.

    Returns
    -------
    HeldOutLosses

    Raises
    ------
    ValueError
        If there are fewer than 2 folds, classes are too rare for them, or all training rows or all
        held-out rows of a fold have weight 0; before any fit.
    """
    rng = check_random_state(random_state)
    first = variants[0]
    X, y = select_columns(first.rep_in, X, "X"), first._targets_of(y)
    X, y = indexable(X, y)
    numbers = NumericTargets(first, y)
    Y = numbers.of_targets(y)
    weights = np.ones(len(Y))
    if sample_weight is not None:
        weights = checked_weights(Y, sample_weight)
    if is_classifier(first):
        check_class_counts(y, cv)
    with warnings.catch_warnings():
        # check_class_counts names the classes.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        folds = list(_splitter(cv, rng, first).split(X, y))
    if len(folds) < 2:
        raise ValueError(f"cv must make at least 2 folds. Got {len(folds)} from {cv!r}.")
    _check_folds(folds, Y if is_classifier(first) else None, weights)
    seeds = rng.randint(np.iinfo(np.int32).max, size=len(folds))
    fit_weights = None if sample_weight is None else weights
    losses = Parallel(n_jobs=n_jobs)(
        delayed(_of_fold)(variants, X, y, fit_weights, numbers, train, test, int(seed))
        for (train, test), seed in zip(folds, seeds, strict=True)
    )
    mean = np.average(Y, axis=0, weights=weights)
    variance = np.average((Y - mean) ** 2, axis=0, weights=weights).sum() or 1.0
    return HeldOutLosses([loss / variance for loss in losses], folds, weights)


def corrected_interval(differences, test_share, confidence):
    r"""Interval of the corrected resampled t-test, :math:`\bar d \pm t \sqrt{(1/K + q) s^2}`.

    Parameters
    ----------
    differences : ndarray of shape (n_folds,)
        The difference on each fold.
    test_share : float
        q, held-out rows over training rows.
    confidence : float
        Confidence.

    Returns
    -------
    low, high : float
    """
    n_folds = len(differences)
    error = np.sqrt((1.0 / n_folds + test_share) * np.var(differences, ddof=1))
    width = stats.t.ppf(0.5 + confidence / 2.0, n_folds - 1) * error
    return float(np.mean(differences) - width), float(np.mean(differences) + width)


def _splitter(cv, rng, estimator):
    if isinstance(cv, Integral):
        kind = StratifiedKFold if is_classifier(estimator) else KFold
        return kind(cv, shuffle=True, random_state=rng)
    return check_cv(cv)


def _check_folds(folds, Y, weights):
    """Refuse folds with nothing to learn from, or nothing to measure on."""
    for number, (train, test) in enumerate(folds):
        if not (weights[train].any() and weights[test].any()):
            raise ValueError(
                "sample_weight must be above 0 for a training row and a held-out row of each fold. "
                f"Got zeros only in fold {number}."
            )
        if Y is not None and np.count_nonzero(weights[train] @ Y[train]) < 2:
            raise ValueError(
                "cv must leave rows of two classes to train on in each fold. Got one class in fold "
                f"{number}, of {Y.sum(axis=0).astype(int).tolist()} rows of each class."
            )


def _unwatched(estimator):
    """A copy without callbacks of scikit-learn, which watch the user's own fit.

    Control-C ends the comparison: a fit that was cut short has no place in it.
    """
    copy = clone(estimator).set_params(on_interrupt="raise")
    return copy.set_callbacks() if hasattr(copy, "set_callbacks") else copy


def _of_fold(variants, X, y, weights, numbers, train, test, seed):
    """Squared errors of all variants on held-out rows, of shape (n_variants, n_test)."""
    losses = []
    truth = numbers.of_targets(_safe_indexing(y, test))
    options = {} if weights is None else {"sample_weight": weights[train]}
    with threads_for(0), threadpool_limits(1):
        for variant in variants:
            model = _unwatched(variant).set_params(random_state=seed)
            model.fit(_safe_indexing(X, train), _safe_indexing(y, train), **options)
            predicted = numbers.predicted(model, _safe_indexing(X, test))
            losses.append(np.sum((predicted - truth) ** 2, axis=1))
    return np.array(losses, dtype=np.float64)
