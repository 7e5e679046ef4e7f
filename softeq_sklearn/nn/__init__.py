"""Torch modules for soft and exact equivariance; they need no estimator."""

from softeq_sklearn.nn._bilinear import Bilinear
from softeq_sklearn.nn._features import hidden_layout
from softeq_sklearn.nn._gated import GatedNonlinearity
from softeq_sklearn.nn._layout import FeatureLayout
from softeq_sklearn.nn._linear import EquivariantLinear, SoftLinear
from softeq_sklearn.nn._network import EquivariantNetwork, SoftEquivariantNetwork

__all__ = [
    "Bilinear",
    "EquivariantLinear",
    "EquivariantNetwork",
    "FeatureLayout",
    "GatedNonlinearity",
    "SoftEquivariantNetwork",
    "SoftLinear",
    "hidden_layout",
]
