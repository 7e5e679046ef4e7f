"""Trees that look for broken symmetries in what networks have not learnt."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold

from softeq_sklearn.levels import breaking_score, symmetric_part

# Elements for each row.
_ELEMENTS = 8
# Residuals longer than this quantile are cut.
_CUT = 0.99
# Parts of the rows of which each is predicted by trees fitted to the others; rows that they need.
_FOLDS, _FEWEST = 5, 50


def tree_scores(groups, rep_in, rep_out, X, residuals, seed):
    """Score each orthogonal group by trees that are fitted to residuals.

    A network that begins symmetric does not learn every function that breaks the symmetry; trees
    begin with none. They extrapolate badly, so that groups which change the law of the rows, as
    translations and scalings do, have no score.

    Parameters
    ----------
    groups : dict of str to Group
        The groups.
    rep_in, rep_out : Rep
        How they act on rows and on targets.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    residuals : ndarray of shape (n_samples, n_outputs)
        What functions that have not seen these rows miss of the targets.
    seed : int
        Seed.

    Returns
    -------
    dict of str to float
        Nothing for fewer than 50 rows.
    """
    groups = {n: g for n, g in groups.items() if g.is_orthogonal and not g.is_affine}
    if not groups or len(X) < _FEWEST:
        return {}
    size = np.linalg.norm(residuals, axis=1, keepdims=True)
    limit = np.quantile(size, _CUT)
    residuals = residuals * np.minimum(1.0, limit / np.where(size > 0, size, 1.0))
    asymmetric = {n: np.zeros_like(residuals) for n in groups}
    options = {"n_elements": _ELEMENTS, "random_state": seed}
    for train, test in KFold(_FOLDS, shuffle=True, random_state=seed).split(X):
        function = _trees(X[train], residuals[train], seed)
        values = function(X[test])
        for name, group in groups.items():
            part = symmetric_part(function, X[test], group, rep_in, rep_out, **options)
            asymmetric[name][test] = (values - part)[0]
    return {name: breaking_score(residuals, part) for name, part in asymmetric.items()}


def _trees(X, Y, seed):
    """Fit trees; return them as one function of rows, of shape (1, n_samples, n_outputs)."""
    trees = ExtraTreesRegressor(100, min_samples_leaf=3, max_features=0.5, random_state=seed)
    trees.fit(X, Y if Y.shape[1] > 1 else Y[:, 0])
    return lambda rows: trees.predict(rows).reshape(1, len(rows), -1)
