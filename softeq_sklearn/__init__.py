"""Neural networks that find out which symmetries your data has, for scikit-learn."""

from softeq_sklearn.estimators import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
    reference_settings,
)
from softeq_sklearn.inspection import SymmetryLevels

__version__ = "0.1.0"

__all__ = [
    "EquivariantRegressor",
    "ResidualPathwayRegressor",
    "SoftEquivariantRegressor",
    "SymmetryLevels",
    "reference_settings",
]
