"""Equivariant subspaces: bases and projectors, one small solve per tensor type."""

from softeq_sklearn.projection._basis import equivariant_basis
from softeq_sklearn.projection._cache import cache_info, clear_cache
from softeq_sklearn.projection._projector import EquivariantProjector, equivariant_projector
from softeq_sklearn.projection._types import type_basis

__all__ = [
    "EquivariantProjector",
    "cache_info",
    "clear_cache",
    "equivariant_basis",
    "equivariant_projector",
    "type_basis",
]
