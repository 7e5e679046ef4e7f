"""Neural networks that find out which symmetries your data has, for scikit-learn."""

from softeq_sklearn.estimators import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
    reference_settings,
)
from softeq_sklearn.inspection import SymmetryLevels
from softeq_sklearn.meta import (
    AugmentedRegressor,
    FrameAveragingRegressor,
    SymmetrizedRegressor,
)

__version__ = "0.1.0"

__all__ = [
    "AugmentedRegressor",
    "EquivariantRegressor",
    "FrameAveragingRegressor",
    "ResidualPathwayRegressor",
    "SoftEquivariantRegressor",
    "SymmetrizedRegressor",
    "SymmetryLevels",
    "reference_settings",
]
