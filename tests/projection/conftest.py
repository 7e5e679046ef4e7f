"""The table of groups in reference.py, crossed with the laws."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from softeq_sklearn.projection import clear_cache


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


REFERENCE = _load("reference")


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        ids = [repr(case.group)[:60] for case in REFERENCE.CASES]
        metafunc.parametrize("case", REFERENCE.CASES, ids=ids)


@pytest.fixture(scope="session")
def reference():
    """The module reference.py: ranks and projectors without any code of the package."""
    return REFERENCE


@pytest.fixture
def empty_cache():
    """A test that starts and ends with nothing solved."""
    clear_cache()
    yield
    clear_cache()


@pytest.fixture
def rng():
    return np.random.default_rng(0)
