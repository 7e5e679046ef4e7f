"""Data sets with their representations and candidate groups."""

from softeq_sklearn.datasets._cosine_similarity import make_cosine_similarity
from softeq_sklearn.datasets._distances import make_distances
from softeq_sklearn.datasets._inertia import make_inertia
from softeq_sklearn.datasets._mocap import load_mocap
from softeq_sklearn.datasets._radius import make_radius
from softeq_sklearn.datasets._soccer import load_soccer
from softeq_sklearn.datasets._storms import load_storms
from softeq_sklearn.datasets._waymo import read_waymo_motion
from softeq_sklearn.datasets._windows import track_windows

__all__ = [
    "load_mocap",
    "load_soccer",
    "load_storms",
    "make_cosine_similarity",
    "make_distances",
    "make_inertia",
    "make_radius",
    "read_waymo_motion",
    "track_windows",
]
