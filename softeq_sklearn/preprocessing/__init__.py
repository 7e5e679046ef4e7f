"""Preparing columns without breaking a symmetry."""

from softeq_sklearn.preprocessing._representation_scaler import RepresentationScaler

__all__ = ["RepresentationScaler"]
