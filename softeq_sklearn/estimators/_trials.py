"""Short trials that find candidates which would shape the network for nothing."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from softeq_sklearn.estimators._divergence import Divergence


def misspecified(estimator, groups, strengths, X, Y, weights, *, max_epochs, exploration, seed):
    """Names of candidates that keep no lengths and with which the network is worse.

    A candidate such as SL(3), GL(3) or SO13p forbids the network to contract V with V and to damp
    its products. If it is broken this costs accuracy, and it costs it before any strength is tuned;
    and no test of residuals can find it broken, since it moves rows to where there are none. So a
    network is trained for a while without all such candidates, and one with each of them, at its
    strength, as it would stay: those with larger squared errors on held-out rows, by two standard
    errors, are misspecified. Other candidates, which may be broken, have weak strengths meanwhile.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        Its copies are trained, as single members with fixed strengths.
    groups : dict of str to Group
        The candidates.
    strengths : dict of str to float
        Their strengths.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets.
    weights : ndarray of shape (n_samples,) or None
        Weights of the rows in training.
    max_epochs : int
        Epochs of a trial.
    exploration : float
        Factor of the strengths of the other candidates.
    seed : int
        Seed of the trials.

    Returns
    -------
    list of str
        None of them if all candidates keep lengths up to a factor, or none does, or fewer than two
        rows are held out; those with which training diverges, unless it diverges without them, too.
    """
    active = [name for name in groups if strengths[name] > 0]
    suspects = [name for name in active if not groups[name].is_conformal]
    n_held_out = int(estimator.validation_fraction * len(X))
    if not suspects or len(suspects) == len(active) or n_held_out < 2:
        return []
    train, test = train_test_split(np.arange(len(X)), test_size=n_held_out, random_state=seed)
    deviation = Y.std(axis=0)
    unit = np.where(deviation > 0, deviation, 1.0)  # so that none outweighs others by its units
    weak = {name: 0.0 if name in suspects else exploration * strengths[name] for name in groups}

    def squared_errors(chosen):
        copy = clone(estimator).set_params(
            groups=groups,
            strengths=weak | chosen,
            tuning="fixed",
            n_members=1,
            max_epochs=max_epochs,
            callbacks=None,
            compile=False,
            checkpoint=None,
            on_interrupt="raise",
            early_stopping=False,
            warm_start=False,
            random_state=seed,
            verbose=0,
        )
        try:
            copy._fit_rows(X[train], Y[train], None if weights is None else weights[train])
        except Divergence:
            return np.full(len(test), np.inf)
        return (((copy._function()(X[test]) - Y[test]) / unit) ** 2).sum(axis=1)

    without = squared_errors({})
    return [
        name for name in suspects if _are_larger(squared_errors({name: strengths[name]}), without)
    ]


def _are_larger(errors, others):
    """Whether paired errors are larger in the mean, by two standard errors; infinite ones are."""
    if not np.isfinite(errors).all():
        return bool(np.isfinite(others).all())
    change = errors - others
    return bool(change.mean() > 2 * change.std(ddof=1) / np.sqrt(len(change)))
