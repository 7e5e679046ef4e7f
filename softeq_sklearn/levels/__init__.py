"""Levels: how far a function is from each symmetry, how sure that is, and what it means."""

from softeq_sklearn.levels._estimate import LevelEstimate, estimate_level
from softeq_sklearn.levels._levels import Levels
from softeq_sklearn.levels._support import Support

__all__ = ["LevelEstimate", "Levels", "Support", "estimate_level"]
