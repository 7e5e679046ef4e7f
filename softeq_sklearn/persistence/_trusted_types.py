"""What files of skops may hold."""

from __future__ import annotations

from importlib import import_module

from sklearn.base import BaseEstimator

from softeq_sklearn.groups import Group
from softeq_sklearn.persistence._plain_values import record_kinds
from softeq_sklearn.representations import ColumnSchema, Rep


def trusted_types():
    """Return the types of this package that a file of skops may hold.

    All are safe to load: estimators and groups of the package, and what they are made of. Loading
    them sets attributes, reads the notation of representations, and builds groups and networks; it
    runs no code from the file.

    Returns
    -------
    list of str
        Names with their modules, for the argument `trusted` of ``skops.io.load``.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn import EquivariantRegressor
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.persistence import trusted_types
    >>> X = np.random.RandomState(0).randn(50, 2)
    >>> model = EquivariantRegressor(SO(2), "Vector", hidden_channels=8, max_epochs=2).fit(
    ...     X, X[:, 0]
    ... )
    >>> import skops.io
    >>> file = skops.io.dumps(model)
    >>> twin = skops.io.loads(file, trusted=trusted_types())
    >>> bool((twin.predict(X) == model.predict(X)).all())
    True
    """
    from softeq_sklearn.training import StrengthTuner  # which needs torch

    root = import_module("softeq_sklearn")
    public = (getattr(root, name) for name in root.__all__)
    types = {item for item in public if isinstance(item, type) and issubclass(item, BaseEstimator)}
    types |= {*record_kinds().values(), ColumnSchema, Rep, StrengthTuner}
    types |= {kind for kind in _subclasses(Group) if kind.__module__.startswith("softeq_sklearn.")}
    return sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in types)


def _subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
