"""Figures that say how far a function is from a symmetry."""

from softeq_sklearn.metrics._equivariance_error import equivariance_error

__all__ = ["equivariance_error"]
