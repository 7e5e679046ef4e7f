"""Torch modules for soft and exact equivariance; they need no estimator."""

from softeq_sklearn.nn._bilinear import Bilinear
from softeq_sklearn.nn._equivariant_network import EquivariantNetwork
from softeq_sklearn.nn._features import hidden_layout
from softeq_sklearn.nn._gated import FreeGatedNonlinearity, GatedNonlinearity
from softeq_sklearn.nn._layout import FeatureLayout
from softeq_sklearn.nn._linear import EquivariantLinear, ResidualLinear, SoftLinear
from softeq_sklearn.nn._matrix_bilinear import MatrixBilinear
from softeq_sklearn.nn._members import stack_members
from softeq_sklearn.nn._residual_network import ResidualPathwayNetwork
from softeq_sklearn.nn._row_size import RowSize
from softeq_sklearn.nn._soft_network import SoftEquivariantNetwork
from softeq_sklearn.nn._tensor_network import TensorNetwork

__all__ = [
    "Bilinear",
    "EquivariantLinear",
    "EquivariantNetwork",
    "FeatureLayout",
    "FreeGatedNonlinearity",
    "GatedNonlinearity",
    "MatrixBilinear",
    "ResidualLinear",
    "ResidualPathwayNetwork",
    "RowSize",
    "SoftEquivariantNetwork",
    "SoftLinear",
    "TensorNetwork",
    "hidden_layout",
    "stack_members",
]
