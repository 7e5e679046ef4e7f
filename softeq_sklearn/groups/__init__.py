"""Groups of linear and affine maps, as immutable values.

Classical ``SO O SL GL Scaling Sp Trivial Reflection``; in the plane ``C D``; permutations
``S Z Cube RubiksCube``; Lorentz ``SO11p O11 SO13p SO13 O13``; affine ``Translation SE E``. Others
are made with ``Group.embed``, ``generated_by`` and ``MatrixGroup``. Elements are arrays;
``compose``, ``inverse``, ``exponential`` and ``linear_part`` work on those of every group.
``is_subgroup`` and ``is_same_group`` compare groups.
"""

from softeq_sklearn.groups._affine import SE, E, Translation
from softeq_sklearn.groups._base import Group
from softeq_sklearn.groups._composed import generated_by
from softeq_sklearn.groups._elements import compose, exponential, inverse, linear_part
from softeq_sklearn.groups._linear import GL, SL, Scaling, Sp, Trivial
from softeq_sklearn.groups._lorentz import O11, O13, SO13, SO11p, SO13p
from softeq_sklearn.groups._matrix_group import MatrixGroup
from softeq_sklearn.groups._orthogonal import SO, O, Reflection
from softeq_sklearn.groups._permutation import S, Z
from softeq_sklearn.groups._plane import C, D
from softeq_sklearn.groups._puzzles import Cube, RubiksCube
from softeq_sklearn.groups._subgroups import is_same_group, is_subgroup

__all__ = [
    "C",
    "Cube",
    "D",
    "E",
    "GL",
    "Group",
    "MatrixGroup",
    "O",
    "O11",
    "O13",
    "Reflection",
    "RubiksCube",
    "S",
    "SE",
    "SL",
    "SO",
    "SO11p",
    "SO13",
    "SO13p",
    "Scaling",
    "Sp",
    "Translation",
    "Trivial",
    "Z",
    "compose",
    "exponential",
    "generated_by",
    "inverse",
    "is_same_group",
    "is_subgroup",
    "linear_part",
]
