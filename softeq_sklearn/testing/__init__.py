"""Checks and hypothesis strategies, for tests of code that works with symmetries.

`assert_equivariant` tells whether a function commutes with a group. `groups`, `elements`,
`representations` and `datasets` are strategies; they need hypothesis, which comes with
``pip install "softeq-sklearn[test]"``.
"""

from importlib import import_module

from softeq_sklearn.testing._assert_equivariant import assert_equivariant

__all__ = ["assert_equivariant", "datasets", "elements", "groups", "representations"]

_STRATEGIES = {
    "datasets": "_dataset_strategy",
    "elements": "_element_strategy",
    "groups": "_group_strategy",
    "representations": "_representation_strategy",
}


def __getattr__(name):
    # Only the strategies need hypothesis, so they are imported when the first one is asked for.
    if name not in _STRATEGIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_STRATEGIES[name]}"), name)


def __dir__():
    return sorted(__all__)
