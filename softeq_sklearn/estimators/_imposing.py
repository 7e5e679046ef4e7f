"""The end of an explored fit: symmetries that no test found broken are imposed exactly."""

from __future__ import annotations

import copy

import numpy as np

from softeq_sklearn.estimators._residual_trees import tree_scores
from softeq_sklearn.groups import generated_by
from softeq_sklearn.levels import unseen_mean

# Rows in whose residuals trees look for broken symmetries.
_TREE_ROWS = 2000


def further_broken(estimator, X, Y, unseen, seed):
    """Find candidates whose breaking only the trained members show: they miss less than explorers.

    The members are projected on what holds, and trees look for what breaks it in their residuals.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor
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
    holds = _unbroken(estimator)
    if not holds:
        return []
    projected = copy.deepcopy(estimator.module_)
    projected.project(generated_by(*holds.values()))
    rows = np.flatnonzero(unseen.any(axis=0))[:_TREE_ROWS]
    values = estimator._member_function(projected)(X[rows])
    residuals = Y[rows] - unseen_mean(values, unseen[:, rows])
    scores = tree_scores(
        holds, estimator._rep_in, estimator._rep_out, X[rows], residuals, int(seed)
    )
    for name, score in scores.items():
        estimator._exploration.add_score(name, score)
    return [name for name in holds if name in estimator._exploration.broken]


def impose(estimator, X, Y, valid):
    """Project a trained network on what no test has found broken.

    Nothing is imposed that makes the errors of held-out rows larger, by two standard errors.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor
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
    holds = _unbroken(estimator)
    if not holds:
        return ()
    before = copy.deepcopy(estimator.module_.state_dict())
    errors = _squared_errors(estimator, X[valid], Y[valid])
    estimator.module_.project(generated_by(*holds.values()))
    change = _squared_errors(estimator, X[valid], Y[valid]) - errors
    if change.mean() > 2 * change.std() / np.sqrt(len(change)):
        estimator.module_.load_state_dict(before)
        return ()
    return tuple(holds)


def _unbroken(estimator):
    """Candidates with a penalty that no test has found broken."""
    broken = estimator._exploration.broken
    return {n: g for n, g in estimator._penalized.items() if n not in broken}


def _squared_errors(estimator, X, Y):
    return ((estimator._function()(X) - Y) ** 2).sum(axis=1)
