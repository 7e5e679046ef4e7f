"""Short trials that find candidates which would shape the network for nothing."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from softeq_sklearn.estimators._divergence import Divergence

# A level that no symmetry shows which holds, even in a short fit to noisy targets; see the tests.
_FAR = 0.1

# Share of the loss with all candidates from which on they cost accuracy for sure.
_CLEARLY = 0.5


def misspecified(estimator, groups, strengths, X, y, *, max_epochs, exploration, seed):
    """Names of candidates without which the network is better, and which are far from holding.

    A candidate that keeps no lengths, such as SL(3), GL(3) or SO13p, forbids the network to
    contract V with V and to damp its products. If it is broken this costs accuracy, and it costs it
    before any strength is tuned. So two networks are trained for a while with weak strengths, one
    with and one without all such candidates. If the one without them has the lower loss on
    held-out rows, those whose level is over 0.1 in the other one are misspecified; all are, if
    training diverges with them alone.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor
        Its copies are trained, as single members with fixed strengths.
    groups : dict of str to Group
        The candidates.
    strengths : dict of str to float
        Their strengths.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    y : ndarray of shape (n_samples, n_outputs)
        Targets.
    max_epochs : int
        Epochs of a trial.
    exploration : float
        Factor of the strengths.
    seed : int
        Seed of the trials.

    Returns
    -------
    list of str
        None of them if all candidates keep lengths up to a factor, or none does, or no rows are
        held out, or training diverges either way.
    """
    active = [name for name in groups if strengths[name] > 0]
    suspects = [name for name in active if not groups[name].is_conformal]
    held_out = int(estimator.validation_fraction * len(X))
    if not suspects or len(suspects) == len(active) or not held_out:
        return []

    def trial(left_out):
        weak = {n: 0.0 if n in left_out else exploration * strengths[n] for n in groups}
        copy = clone(estimator).set_params(
            groups=groups,
            strengths=weak,
            tuning="fixed",
            n_members=1,
            max_epochs=max_epochs,
            callbacks=None,
            early_stopping=False,
            warm_start=False,
            random_state=seed,
            verbose=0,
        )
        try:
            return copy.fit(X, y)
        except Divergence:
            return None

    full, rest = trial(()), trial(suspects)
    if not _best_loss(rest) < _best_loss(full):
        return []
    if _best_loss(rest) < _CLEARLY * _best_loss(full):  # whose levels then say little
        return suspects
    levels = dict(zip(full.levels_.name, full.levels_.error, strict=True))
    return [name for name in suspects if levels[name] > _FAR]


def _best_loss(estimator):
    """Lowest loss on held-out rows; infinite where training has diverged."""
    if estimator is None:
        return np.inf
    return np.nanmin(estimator.history_[:, "valid_loss"])
