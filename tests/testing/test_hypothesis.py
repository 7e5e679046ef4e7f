import sys
from contextlib import contextmanager
from importlib import import_module

import pytest

import softeq_sklearn.testing
from softeq_sklearn.groups import SO

STRATEGIES = ["datasets", "elements", "groups", "representations"]


@contextmanager
def without_hypothesis(monkeypatch):
    """As after an installation without the extra."""
    # Not a fixture: hypothesis itself is imported around every test.
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "hypothesis", None)
        for name in list(sys.modules):
            if name.startswith("softeq_sklearn.testing._"):
                patch.delitem(sys.modules, name)
        yield


@pytest.mark.parametrize("name", STRATEGIES)
def test_missing_hypothesis_is_named_with_its_extra(monkeypatch, name):
    message = r'need hypothesis.*"softeq-sklearn\[test\]"'
    with without_hypothesis(monkeypatch), pytest.raises(ImportError, match=message):
        getattr(softeq_sklearn.testing, name)


def test_assertions_do_not_need_hypothesis(monkeypatch):
    with without_hypothesis(monkeypatch):
        module = import_module("softeq_sklearn.testing._assert_equivariant")
    module.assert_equivariant(lambda X: 2 * X, SO(2), "Vector", "Vector")


def test_public_names():
    assert dir(softeq_sklearn.testing) == softeq_sklearn.testing.__all__
    for name in softeq_sklearn.testing.__all__:
        assert callable(getattr(softeq_sklearn.testing, name))
    with pytest.raises(AttributeError, match="no attribute 'layouts'"):
        softeq_sklearn.testing.layouts  # noqa: B018
