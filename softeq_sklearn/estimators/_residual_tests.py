"""Simple regressors that look for broken symmetries in what networks have not learnt."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import KFold

from softeq_sklearn.estimators._residual_models import residual_models
from softeq_sklearn.levels import (
    BROKEN_SCORE,
    Orbits,
    breaking_score,
    orbit_score,
    values_on_orbits,
)

# Residuals longer than this quantile are cut.
_CUT = 0.99
# Parts of the rows of which each is predicted by functions fitted to the others.
_FOLDS = 10
# Rows that these functions need; of fewer they say nothing.
FEWEST_ROWS = 50


def residual_scores(groups, rep_in, rep_out, X, residuals, seed, *, trees=True, skewed=False):
    """Score groups by simple functions that are fitted to residuals.

    A network that begins symmetric does not learn every function that breaks the symmetry; these
    (:func:`residual_models`) begin with none. But they extrapolate badly: groups that move rows to
    where there are none have no score.

    Parameters
    ----------
    groups : dict of str to Group
        The groups.
    rep_in, rep_out : Rep
        How they act on rows and on targets.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    residuals : ndarray of shape (n_samples, n_outputs)
        What a function misses of the targets that has these symmetries and has not seen these rows.
    seed : int
        Seed.
    trees : bool, default=True
        Whether trees are asked, too.
    skewed : bool, default=False
        Whether residuals are far from symmetric around 0, as those of classes are.

    Returns
    -------
    dict of str to float
        The largest score (:func:`~softeq_sklearn.levels.breaking_score`, or
        :func:`~softeq_sklearn.levels.orbit_score` for skewed residuals); once one says that a
        group is broken, no other is asked. 0 for fewer than 50 rows, and for groups that do not
        keep the law of the rows (:class:`~softeq_sklearn.levels.Orbits`).
    """
    untested = dict.fromkeys(groups, 0.0)
    if len(X) < FEWEST_ROWS:
        return untested
    size = np.linalg.norm(residuals, axis=1, keepdims=True)
    limit = np.quantile(size, _CUT)
    residuals = residuals * np.minimum(1.0, limit / np.where(size > 0, size, 1.0))
    rng = np.random.RandomState(seed)
    orbits = {name: Orbits(X, group, rep_in, rng) for name, group in groups.items()}
    elements = {name: some.elements() for name, some in orbits.items() if some.keeps_the_law}
    scores = dict.fromkeys(elements, -np.inf)
    dim = next(iter(groups.values())).dim
    for model in residual_models(rep_in, dim, seed, trees=trees):
        rest = {name: some for name, some in elements.items() if scores[name] < BROKEN_SCORE}
        found = _on_orbits(model, rest, rep_in, rep_out, X, residuals, seed)
        for name, (values, moved) in found.items():
            score = _score(orbits[name], rep_out, residuals, values, moved, skewed)
            scores[name] = max(scores[name], score)
    return untested | scores


def _score(orbits, rep_out, residuals, values, moved, skewed):
    """Score of what a function has beside its symmetric part."""
    if skewed:
        return orbit_score(residuals, values, moved)
    part = values - moved.mean(axis=0)
    both = (orbits.at_anchor(some, rep_out) for some in (residuals, part))
    return breaking_score(np.einsum("ij,ij->i", *both))


def _on_orbits(model, elements, rep_in, rep_out, X, residuals, seed):
    """What a model makes of rows that it was not fitted to, and of them moved, by group."""
    if not elements:
        return {}
    values, single = np.zeros_like(residuals), residuals.shape[1] == 1
    moved = {name: np.zeros((len(some), *values.shape)) for name, some in elements.items()}
    for train, test in KFold(_FOLDS, shuffle=True, random_state=seed).split(X):
        model.fit(X[train], residuals[train, 0] if single else residuals[train])

        def function(rows):
            return model.predict(rows).reshape(1, len(rows), -1)

        values[test], reps = function(X[test])[0], (rep_in, rep_out)
        for name, some in elements.items():
            orbit = values_on_orbits(function, X[test], some[:, test], *reps, of_differences=True)
            moved[name][:, test] = orbit[:, 0]
    return {name: (values, moved[name]) for name in elements}
