"""Data sets with their representations and candidate groups."""

from softeq_sklearn.datasets._inertia import make_inertia
from softeq_sklearn.datasets._storms import load_storms

__all__ = ["load_storms", "make_inertia"]
