"""Estimators in the sense of scikit-learn."""

from softeq_sklearn.estimators._equivariant import EquivariantRegressor
from softeq_sklearn.estimators._reference import reference_settings
from softeq_sklearn.estimators._residual_pathway import ResidualPathwayRegressor
from softeq_sklearn.estimators._soft_classifier import SoftEquivariantClassifier
from softeq_sklearn.estimators._soft_regressor import SoftEquivariantRegressor

__all__ = [
    "EquivariantRegressor",
    "ResidualPathwayRegressor",
    "SoftEquivariantClassifier",
    "SoftEquivariantRegressor",
    "reference_settings",
]
