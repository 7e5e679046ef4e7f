"""Trees that look for broken symmetries in what networks have not learnt."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold

from softeq_sklearn.levels import breaking_score, orbit_elements, symmetric_part

# Residuals longer than this quantile are cut.
_CUT = 0.99
# Parts of the rows of which each is predicted by trees fitted to the others; rows that they need.
_FOLDS, _FEWEST = 5, 50


def tree_score(group, rep_in, rep_out, X, residuals, seed):
    """Score a group by trees that are fitted to residuals.

    A network that begins symmetric does not learn every function that breaks the symmetry; trees
    begin with none.

    Parameters
    ----------
    group : Group
        The group.
    rep_in, rep_out : Rep
        How it acts on rows and on targets.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    residuals : ndarray of shape (n_samples, n_outputs)
        What a symmetric function, which has not seen these rows, misses of the targets.
    seed : int
        Seed.

    Returns
    -------
    float
        The score (:func:`~softeq_sklearn.levels.breaking_score`); 0 for fewer than 50 rows.
    """
    if len(X) < _FEWEST:
        return 0.0
    size = np.linalg.norm(residuals, axis=1, keepdims=True)
    limit = np.quantile(size, _CUT)
    residuals = residuals * np.minimum(1.0, limit / np.where(size > 0, size, 1.0))
    elements = orbit_elements(X, group, rep_in, random_state=seed)
    asymmetric = np.zeros_like(residuals)
    for train, test in KFold(_FOLDS, shuffle=True, random_state=seed).split(X):
        function = _trees(X[train], residuals[train], seed)
        part = symmetric_part(
            function, X[test], elements[:, test], rep_in, rep_out, of_differences=True
        )
        asymmetric[test] = (function(X[test]) - part)[0]
    return breaking_score(np.einsum("ij,ij->i", residuals, asymmetric))


def _trees(X, Y, seed):
    """Fit trees; return them as one function of rows, of shape (1, n_samples, n_outputs)."""
    trees = ExtraTreesRegressor(100, min_samples_leaf=3, random_state=seed)
    trees.fit(X, Y if Y.shape[1] > 1 else Y[:, 0])
    return lambda rows: trees.predict(rows).reshape(1, len(rows), -1)
