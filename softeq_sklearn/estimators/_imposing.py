"""The end of an explored fit: symmetries that no test found broken are imposed exactly."""

from __future__ import annotations

import copy

import numpy as np

from softeq_sklearn.estimators._residual_tests import residual_scores
from softeq_sklearn.groups import generated_by
from softeq_sklearn.groups._consistent import consistent
from softeq_sklearn.levels import tensor_sizes, unseen_mean

# Rows in whose residuals broken symmetries are looked for.
_TESTED_ROWS = 2000
# Share by which squared errors of held-out rows may grow.
_GROWTH = 0.05


def further_broken(estimator, X, Y, unseen, seed):
    """Find candidates whose breaking only the trained members show: they miss less than explorers.

    The members are projected on what seems to hold, and their residuals tested for what breaks it.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        Trained, with several members. Its exploration takes the scores into account.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets.
    unseen : ndarray of bool of shape (n_members, n_samples)
        Whether a member has not been trained on a row.
    seed : int
        Seed.

    Returns
    -------
    list of str
        Names of those that the exploration had not found.
    """
    holds = _holding(estimator, but=estimator._exploration.untested)
    if not holds:
        return []
    projected = copy.deepcopy(estimator.module_)
    projected.project(generated_by(*holds.values()))
    rows = np.flatnonzero(unseen.any(axis=0))  # which may be sorted
    rows = rows[np.random.RandomState(seed).permutation(len(rows))[:_TESTED_ROWS]]
    values = estimator._member_function(projected)(X[rows])
    residuals = (Y[rows] - unseen_mean(values, unseen[:, rows])) / _unit(estimator, Y)
    reps, skewed = (estimator._rep_in, estimator._rep_out), estimator._skewed_residuals
    scores = residual_scores(holds, *reps, X[rows], residuals, seed, skewed=skewed)
    found, known = estimator._exploration, estimator._exploration.broken
    for name, score in scores.items():
        found.add_score(name, score)
    found.break_wholes(estimator._penalized)
    return [name for name in estimator._penalized if name in found.broken - known]


def impose(estimator, X, Y, valid):
    """Project a trained network on what no test has found broken.

    If that makes the squared errors of held-out rows larger, by two standard errors and a
    twentieth, what no test could look at is left out; if they still are larger, nothing is imposed.
    Breaking that explains less of the residuals is not found by the tests either, and the network
    was not trained to be projected.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        Trained.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets.
    valid : ndarray of int
        Which rows were held out.

    Returns
    -------
    tuple of str
        Names of the candidates that the network now keeps exactly.
    """
    if estimator._exploration is None or estimator._exact is not None or not len(valid):
        return ()
    errors = _squared_errors(estimator, X[valid], Y[valid])
    attempts, untested = [_holding(estimator)], estimator._exploration.untested
    if untested:
        attempts.append(_holding(estimator, but=untested))
    for holds in filter(None, attempts):
        if _project_if_as_good(estimator, holds, X[valid], Y[valid], errors):
            return tuple(holds)
    return ()


def _project_if_as_good(estimator, holds, X, Y, errors):
    """Project the network, and put it back unless it is as good as before."""
    before, good = copy.deepcopy(estimator.module_.state_dict()), False
    try:
        estimator.module_.project(generated_by(*holds.values()))
        change = _squared_errors(estimator, X, Y) - errors
        limit = max(2 * change.std() / np.sqrt(len(change)), _GROWTH * errors.mean())
        good = bool(change.mean() <= limit)
    finally:  # also where the user interrupts
        if not good:
            estimator.module_.load_state_dict(before)
    return good


def _holding(estimator, but=frozenset()):
    """Candidates with a penalty that no test found broken, and that together generate none such."""
    found, groups = estimator._exploration, estimator._penalized
    unbroken = [name for name in groups if name not in found.broken | but]
    chosen, _ = consistent(sorted(unbroken, key=found.scores.get), sorted(found.broken), groups)
    return {name: groups[name] for name in chosen}


def _unit(estimator, Y):
    """Sizes of the targets: none outweighs others by its units."""
    return tensor_sizes(Y, estimator._rep_out, estimator._dim)


def _squared_errors(estimator, X, Y):
    return (((estimator._function()(X) - Y) / _unit(estimator, Y)) ** 2).sum(axis=1)
