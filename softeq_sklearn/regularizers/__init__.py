"""Regularizers: penalties on how far a network is from a symmetry."""

from softeq_sklearn.regularizers._projection import ProjectionPenalty

__all__ = ["ProjectionPenalty"]
