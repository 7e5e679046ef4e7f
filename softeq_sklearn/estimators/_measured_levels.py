"""The table of levels of a fitted estimator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from softeq_sklearn.levels import Findings, Levels, estimate_level, judge
from softeq_sklearn.nn import EquivariantLinear, SoftLinear, TensorNetwork
from softeq_sklearn.nn._subspaces import has_subspace
from softeq_sklearn.regularizers import ProjectionPenalty

# Rows and group elements on which the levels are measured.
_ROWS, _ELEMENTS = 500, 32
# Errors below this are rounding of weights in float32.
_FLOAT32 = 1e-6


def measured_levels(estimator, X, rng, residuals):
    """Measure the levels of a fitted estimator, with its strengths.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
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
        What they are made of is kept as `_findings` of the estimator, by name.
    """
    names = list(estimator._groups)
    if len(X) > _ROWS:  # rows may be sorted, by time for example
        X = X[rng.permutation(len(X))[:_ROWS]]
    penalties, members = _penalties(estimator), estimator._member_function()
    estimator._findings = {
        name: _findings(estimator, members, X, name, rng, residuals) for name in names
    }
    found = list(estimator._findings.values())
    judgements = [judge(findings) for findings in found]
    low, high = (np.array([getattr(j, end) for j in judgements], float) for end in ("low", "high"))
    return Levels(
        name=np.array(names, dtype=str),
        strength=estimator.strengths_,
        penalty=np.array([penalties.get(name, np.nan) for name in names]),
        error=np.array([f.estimate.error for f in found], dtype=float),
        error_low=low,
        error_high=high,
        floor=np.minimum(1.0, [f.estimate.spread + f.chance for f in found]),
        verdict=np.array([j.verdict for j in judgements], dtype="<U11"),
        supported=np.array([j.supported for j in judgements], dtype=bool),
        reason=np.array([j.reason for j in judgements], dtype=str),
    )


def has_subspaces(module):
    """Whether a module has layers whose weights have a distance to a group's subspace."""
    return any(isinstance(m, SoftLinear | EquivariantLinear) for m in module.modules())


def _findings(estimator, members, X, name, rng, residuals):
    explored = estimator._exploration
    has_members = estimator._structure["n_members"] > 1
    known = explored is not None and name in explored.scores and has_members
    return Findings(
        _estimate(estimator, members, X, name, rng),
        residuals,
        tested=known and explored.has_tested(name),
        score=explored.scores[name] if known else 0.0,
        chance=_chance(estimator, name),
        imposed=name in estimator._imposed,
    )


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


def _penalties(estimator):
    """Return the penalty of each group that can be told from the weights.

    A network has no subspace of a group with which its other layers do not commute, whose types
    it stores as one, or that acts on Points about another centre than the origin. Penalties of
    the function are measured for the groups with a strength only.
    """
    module = estimator.module_
    if estimator._fit_parameters["regularizer"] != "projection":
        return estimator.net_.penalty_.values(module) if estimator._penalized else {}
    if not has_subspaces(module):
        return {}
    return ProjectionPenalty(module, groups_with_subspaces(estimator), 0.0).values(module)


def groups_with_subspaces(estimator):
    """Return the candidates whose subspace the network can tell.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        Fitted.

    Returns
    -------
    dict of str to Group
    """
    return {n: g for n, g in estimator._groups.items() if _has_subspace(estimator, g)}


def _has_subspace(estimator, group):
    if not has_subspace(estimator.module_, group):
        return False
    if isinstance(estimator.module_, TensorNetwork):
        return True
    return group.is_orthogonal or not all(g.is_orthogonal for g in estimator._shaping)
