"""Reading which symmetries hold."""

from softeq_sklearn.estimators._levels import Levels
from softeq_sklearn.inspection._symmetry_levels import SymmetryLevels

__all__ = ["Levels", "SymmetryLevels"]
