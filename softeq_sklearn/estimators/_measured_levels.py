"""The table of levels of a fitted estimator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from softeq_sklearn.levels import (
    Levels,
    estimate_level,
    level_interval,
    verdict,
    why_not_told,
)
from softeq_sklearn.nn import EquivariantLinear, SoftLinear, TensorNetwork
from softeq_sklearn.regularizers import ProjectionPenalty

# Rows and group elements on which the levels are measured.
_ROWS, _ELEMENTS = 500, 32
# Errors below this are rounding of weights in float32.
_FLOAT32 = 1e-6
# An interval that ends beyond this says nothing: the targets may be noise.
_ANYTHING = 0.5


def measured_levels(estimator, X, rng, residuals):
    """Measure the levels of a fitted estimator, with its strengths.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor
        Fitted.
    X : ndarray of shape (n_samples, n_features)
        Rows, of which at most 500 are used.
    rng : RandomState
        Draws rows and group elements.
    residuals : UnseenResiduals or None
        Those of rows that members have not seen, where they are known.

    Returns
    -------
    Levels
        What their intervals are made of is kept as `_interval_parts` of the estimator, by name.
    """
    names = list(estimator._groups)
    if len(X) > _ROWS:  # rows may be sorted, by time for example
        X = X[rng.permutation(len(X))[:_ROWS]]
    penalties, members = _penalties(estimator), estimator._member_function()
    estimates = [_estimate(estimator, members, X, name, rng) for name in names]
    chance = [_chance(estimator, name) for name in names]
    hidden = [_hidden(estimator, name, residuals) for name in names]
    parts = list(zip(estimates, hidden, chance, strict=True))
    estimator._interval_parts = dict(zip(names, parts, strict=True))
    intervals = [level_interval(*each) for each in parts]
    low, high = np.array(intervals, dtype=float).reshape(-1, 2).T
    tested, imposed = {}, ()
    if estimator._exploration is not None and estimator.n_members > 1:
        tested, imposed = estimator._exploration.scores, estimator._imposed
    # What a fit could not break although the data do is as large as it was in a softer fit.
    verdicts = [
        verdict(max(e.error, c), *ends, can_tell=e.can_tell, score=tested.get(name, 0.0))
        for name, e, c, ends in zip(names, estimates, chance, intervals, strict=True)
    ]
    known = estimator.n_members > 1
    reasons = [
        why_not_told(*each, top) if known and v == "cannot tell" else ""
        for each, v, (_, top) in zip(parts, verdicts, intervals, strict=True)
    ]
    supported = [
        v == "exact" or (name in imposed and e.error == 0 and e.can_tell and top <= _ANYTHING)
        for name, e, v, (_, top) in zip(names, estimates, verdicts, intervals, strict=True)
    ]
    return Levels(
        name=np.array(names, dtype=str),
        strength=estimator.strengths_,
        penalty=np.array([penalties.get(name, np.nan) for name in names]),
        error=np.array([estimate.error for estimate in estimates]),
        error_low=low,
        error_high=high,
        floor=np.minimum(1.0, [e.spread + c for e, c in zip(estimates, chance, strict=True)]),
        verdict=np.array(verdicts, dtype="<U11"),
        supported=np.array(supported, dtype=bool),
        reason=np.array(reasons, dtype=str),
    )


def has_subspaces(module):
    """Whether a module has layers whose weights have a distance to a group's subspace."""
    return any(isinstance(m, SoftLinear | EquivariantLinear) for m in module.modules())


def _estimate(estimator, members, X, name, rng):
    estimate = estimate_level(
        members,
        X,
        estimator._groups[name],
        estimator._rep_in,
        estimator._rep_out,
        n_elements=_ELEMENTS,
        support=estimator._support,
        random_state=rng,
    )
    rounding = name in estimator._imposed and estimate.error < _FLOAT32
    return replace(estimate, error=0.0, spread=0.0 * estimate.spread) if rounding else estimate


def _chance(estimator, name):
    """Level that a softer fit takes on, for a group that this fit could not break."""
    found = estimator._exploration
    if found is None or name in found.released:
        return 0.0
    return found.chance.get(name, 0.0)


def _hidden(estimator, name, residuals):
    """What of the targets the members may have missed and breaks a group; nan if not known."""
    if residuals is None:
        return np.nan
    found = estimator._exploration
    tested = found is not None and name in found.scores and name not in found.untested
    return residuals.hidden_part(tested)


def _penalties(estimator):
    """Return the penalty of each group that can be told from the weights.

    A network that stores V and its dual as one type has no subspace of a group under which
    they differ. Penalties of the function are measured for the groups with a strength only.
    """
    module = estimator.module_
    if estimator.regularizer != "projection":
        return estimator.net_.penalty_.values(module) if estimator._penalized else {}
    if not has_subspaces(module):
        return {}
    groups = {n: g for n, g in estimator._groups.items() if _has_subspace(estimator, g)}
    return ProjectionPenalty(module, groups, 0.0).values(module)


def _has_subspace(estimator, group):
    if isinstance(estimator.module_, TensorNetwork):
        return estimator.module_.stores_types_of(group)
    return group.is_orthogonal or not all(g.is_orthogonal for g in estimator._shaping)
