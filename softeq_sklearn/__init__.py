"""Neural networks that find out which symmetries your data has, for scikit-learn."""

from softeq_sklearn.estimators import EquivariantRegressor, SoftEquivariantRegressor
from softeq_sklearn.inspection import SymmetryLevels

__version__ = "0.1.0"

__all__ = ["EquivariantRegressor", "SoftEquivariantRegressor", "SymmetryLevels"]
