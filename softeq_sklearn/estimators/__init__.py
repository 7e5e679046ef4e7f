"""Estimators in the sense of scikit-learn."""

from softeq_sklearn.estimators._equivariant import EquivariantRegressor
from softeq_sklearn.estimators._soft import SoftEquivariantRegressor

__all__ = ["EquivariantRegressor", "SoftEquivariantRegressor"]
