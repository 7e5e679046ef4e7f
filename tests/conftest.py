"""Settings and fixtures for the whole suite."""

import os

# One thread per worker process: pytest-xdist already uses every core. Set before numpy is imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import importlib.util  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

# The same examples on every run, so that a failure on one machine is a failure on all; and no
# deadline, which would make slow machines fail at random.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=30)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def _global_state():
    """State of every global generator of random numbers, in a form that compares."""
    name, keys, position, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    state = [random.getstate(), name, keys.tobytes(), position, rest]
    if torch := sys.modules.get("torch"):
        state.append(torch.get_rng_state().numpy().tobytes())
    return state


@pytest.fixture
def global_generators_untouched():
    """Fail the test when it draws from, or seeds, a global generator of random numbers."""
    before = _global_state()
    yield
    after = _global_state()
    assert after[: len(before)] == before, "a global random number generator was touched"


@pytest.fixture(scope="session")
def dense():
    """The module dense_reference.py: equivariant maps without any code of the package."""
    # Test files are no package (pytest's importlib mode), so that it cannot simply be imported.
    path = Path(__file__).with_name("dense_reference.py")
    spec = importlib.util.spec_from_file_location("dense_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc):
    if "device" in metafunc.fixturenames:
        import torch

        metafunc.parametrize("device", ["cpu"] + ["cuda"] * torch.cuda.is_available())
