"""Data sets with their representations and candidate groups."""

from softeq_sklearn.datasets._cosine_similarity import make_cosine_similarity
from softeq_sklearn.datasets._distances import make_distances
from softeq_sklearn.datasets._inertia import make_inertia
from softeq_sklearn.datasets._radius import make_radius
from softeq_sklearn.datasets._storms import load_storms

__all__ = [
    "load_storms",
    "make_cosine_similarity",
    "make_distances",
    "make_inertia",
    "make_radius",
]
