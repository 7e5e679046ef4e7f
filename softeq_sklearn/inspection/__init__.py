"""Reading which symmetries hold."""

from softeq_sklearn.inspection._accuracy_table import accuracy_table
from softeq_sklearn.inspection._basis_display import BasisDisplay
from softeq_sklearn.inspection._discovered import DiscoveredGroup, discover, discovered_group
from softeq_sklearn.inspection._equivariance_bound import EquivarianceBound, equivariance_bound
from softeq_sklearn.inspection._equivariance_test import EquivarianceTest, equivariance_test
from softeq_sklearn.inspection._layer_residuals_display import LayerResidualsDisplay
from softeq_sklearn.inspection._levels_display import LevelsDisplay
from softeq_sklearn.inspection._local_equivariance_bound import local_equivariance_bound
from softeq_sklearn.inspection._orbit_display import OrbitDisplay
from softeq_sklearn.inspection._relations import relations
from softeq_sklearn.inspection._report import report
from softeq_sklearn.inspection._strength_path_display import StrengthPathDisplay
from softeq_sklearn.inspection._symmetry_gap import SymmetryGap, symmetry_gap
from softeq_sklearn.inspection._symmetry_levels import SymmetryLevels
from softeq_sklearn.inspection._symmetry_report import symmetry_report
from softeq_sklearn.levels._levels import Levels

__all__ = [
    "BasisDisplay",
    "DiscoveredGroup",
    "EquivarianceBound",
    "EquivarianceTest",
    "LayerResidualsDisplay",
    "Levels",
    "LevelsDisplay",
    "OrbitDisplay",
    "StrengthPathDisplay",
    "SymmetryGap",
    "SymmetryLevels",
    "accuracy_table",
    "discover",
    "discovered_group",
    "equivariance_bound",
    "equivariance_test",
    "local_equivariance_bound",
    "relations",
    "report",
    "symmetry_gap",
    "symmetry_report",
]
