"""Regularizers: penalties on how far a network is from a symmetry."""

from softeq_sklearn.regularizers._actions import AffineMaps, GroupActions, group_actions
from softeq_sklearn.regularizers._distance import DistancePenalty
from softeq_sklearn.regularizers._lie import LiePenalty
from softeq_sklearn.regularizers._projection import ProjectionPenalty
from softeq_sklearn.regularizers._sampled import SampledPenalty
from softeq_sklearn.regularizers._strengths import named_strengths

__all__ = [
    "AffineMaps",
    "DistancePenalty",
    "GroupActions",
    "LiePenalty",
    "ProjectionPenalty",
    "SampledPenalty",
    "group_actions",
    "named_strengths",
]
