"""Symmetric regressors around any scikit-learn regressor: averages over a frame or a group."""

from softeq_sklearn.meta._augmented import AugmentedRegressor
from softeq_sklearn.meta._frame_averaging import FrameAveragingRegressor
from softeq_sklearn.meta._symmetrized import SymmetrizedRegressor

__all__ = ["AugmentedRegressor", "FrameAveragingRegressor", "SymmetrizedRegressor"]
