"""Regularizers: penalties on how far a network is from a symmetry."""

from softeq_sklearn.regularizers._projection import ProjectionPenalty
from softeq_sklearn.regularizers._strengths import named_strengths

__all__ = ["ProjectionPenalty", "named_strengths"]
