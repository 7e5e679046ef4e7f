"""Neural networks that find out which symmetries your data has, for scikit-learn.

Names and packages are loaded when they are first used: groups, representations and projections need
neither torch nor skorch, which take half of the time of an import.
"""

import logging
import typing
from importlib import import_module

if typing.TYPE_CHECKING:
    from softeq_sklearn.estimators import (
        EquivariantRegressor,
        ResidualPathwayRegressor,
        SoftEquivariantClassifier,
        SoftEquivariantRegressor,
        reference_settings,
    )
    from softeq_sklearn.inspection import SymmetryLevels
    from softeq_sklearn.meta import (
        AugmentedRegressor,
        FrameAveragingRegressor,
        SymmetrizedRegressor,
    )
    from softeq_sklearn.preprocessing import RepresentationScaler

__version__ = "0.1.0"

logging.getLogger(__name__).addHandler(logging.NullHandler())  # silent unless a user listens

__all__ = [
    "AugmentedRegressor",
    "EquivariantRegressor",
    "FrameAveragingRegressor",
    "RepresentationScaler",
    "ResidualPathwayRegressor",
    "SoftEquivariantClassifier",
    "SoftEquivariantRegressor",
    "SymmetrizedRegressor",
    "SymmetryLevels",
    "reference_settings",
]

# Packages; first those that have the names above, with the one that needs no torch in front.
_HOMES = "preprocessing", "estimators", "inspection", "meta"
_PACKAGES = {
    *_HOMES,
    "datasets",
    "exceptions",
    "groups",
    "levels",
    "metrics",
    "nn",
    "persistence",
    "projection",
    "regularizers",
    "representations",
    "testing",
    "training",
}


def __getattr__(name):
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    homes = (import_module(f"{__name__}.{home}") for home in _HOMES)
    value = next(getattr(home, name) for home in homes if name in home.__all__)
    globals()[name] = value  # found without this function the next time
    return value


def __dir__():
    return sorted({*globals(), *__all__, *_PACKAGES})
