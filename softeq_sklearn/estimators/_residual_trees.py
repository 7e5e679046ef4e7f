"""Trees that look for broken symmetries in what networks have not learnt."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold

from softeq_sklearn.levels import Orbits, breaking_score, symmetric_part

# Residuals longer than this quantile are cut.
_CUT = 0.99
# Parts of the rows of which each is predicted by trees fitted to the others; rows that they need.
_FOLDS, _FEWEST = 10, 50


def tree_scores(groups, rep_in, rep_out, X, residuals, seed):
    """Score groups by trees that are fitted to residuals.

    A network that begins symmetric does not learn every function that breaks the symmetry; trees
    begin with none. But they extrapolate badly: groups that move rows to where there are none have
    no score.

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

    Returns
    -------
    dict of str to float
        Scores (:func:`~softeq_sklearn.levels.breaking_score`); 0 for fewer than 50 rows, and for
        groups that do not keep the law of the rows (:class:`~softeq_sklearn.levels.Orbits`).
    """
    if len(X) < _FEWEST:
        return dict.fromkeys(groups, 0.0)
    size = np.linalg.norm(residuals, axis=1, keepdims=True)
    limit = np.quantile(size, _CUT)
    residuals = residuals * np.minimum(1.0, limit / np.where(size > 0, size, 1.0))
    rng = np.random.RandomState(seed)
    orbits = {name: Orbits(X, group, rep_in, rng) for name, group in groups.items()}
    elements = {name: some.elements() for name, some in orbits.items() if some.keeps_the_law}
    asymmetric = {name: np.zeros_like(residuals) for name in elements}
    for train, test in KFold(_FOLDS, shuffle=True, random_state=seed).split(X):
        function = _trees(X[train], residuals[train], seed)
        values, reps = function(X[test]), (rep_in, rep_out)
        for name, some in elements.items():
            part = symmetric_part(function, X[test], some[:, test], *reps, of_differences=True)
            asymmetric[name][test] = (values - part)[0]
    scores = dict.fromkeys(groups, 0.0)
    for name, values in asymmetric.items():
        both = (orbits[name].at_anchor(some, rep_out) for some in (residuals, values))
        scores[name] = breaking_score(np.einsum("ij,ij->i", *both))
    return scores


def _trees(X, Y, seed):
    """Fit trees; return them as one function of rows, of shape (1, n_samples, n_outputs)."""
    trees = ExtraTreesRegressor(100, min_samples_leaf=3, random_state=seed)
    trees.fit(X, Y if Y.shape[1] > 1 else Y[:, 0])
    return lambda rows: trees.predict(rows).reshape(1, len(rows), -1)
