"""Levels: how far a function is from each symmetry, how sure that is, and what it means."""

from softeq_sklearn.levels._breaking import (
    BROKEN_SCORE,
    asymmetric_products,
    breaking_score,
    orbit_score,
    values_on_orbits,
)
from softeq_sklearn.levels._estimate import LevelEstimate, estimate_level
from softeq_sklearn.levels._interval import level_interval
from softeq_sklearn.levels._judgement import Findings, Judgement, judge
from softeq_sklearn.levels._levels import Levels
from softeq_sklearn.levels._orbits import Orbits
from softeq_sklearn.levels._reason import why_not_told
from softeq_sklearn.levels._support import Support
from softeq_sklearn.levels._tensor_sizes import tensor_sizes
from softeq_sklearn.levels._unseen_residuals import (
    UnseenResiduals,
    unseen_mean,
    unseen_residuals,
)
from softeq_sklearn.levels._verdict import verdict

__all__ = [
    "BROKEN_SCORE",
    "Findings",
    "Judgement",
    "LevelEstimate",
    "Levels",
    "Orbits",
    "Support",
    "UnseenResiduals",
    "asymmetric_products",
    "breaking_score",
    "estimate_level",
    "judge",
    "level_interval",
    "orbit_score",
    "tensor_sizes",
    "unseen_mean",
    "unseen_residuals",
    "values_on_orbits",
    "verdict",
    "why_not_told",
]
