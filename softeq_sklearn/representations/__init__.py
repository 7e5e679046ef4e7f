"""How groups act on columns: scalars, vectors, tensors, points, and their sums and products."""

from softeq_sklearn.representations._column_schema import ColumnSchema
from softeq_sklearn.representations._conversion import as_representation
from softeq_sklearn.representations._layout import Block
from softeq_sklearn.representations._parsing import parse_representation
from softeq_sklearn.representations._rep import Rep
from softeq_sklearn.representations._tensors import Point, Scalar, T, Vector

__all__ = [
    "Block",
    "ColumnSchema",
    "Point",
    "Rep",
    "Scalar",
    "T",
    "Vector",
    "as_representation",
    "parse_representation",
]
