"""Reading which symmetries hold."""

from softeq_sklearn.estimators._levels import Levels
from softeq_sklearn.inspection._levels_display import LevelsDisplay
from softeq_sklearn.inspection._orbit_display import OrbitDisplay
from softeq_sklearn.inspection._strength_path_display import StrengthPathDisplay
from softeq_sklearn.inspection._symmetry_levels import SymmetryLevels

__all__ = ["Levels", "LevelsDisplay", "OrbitDisplay", "StrengthPathDisplay", "SymmetryLevels"]
