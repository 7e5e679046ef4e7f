"""A plugin of pytest, for the tests of mutants."""

import sys

import pytest
from hypothesis import Phase, settings

# Between any two functions of ours that can be changed there is one that chooses the change.
sys.setrecursionlimit(5 * sys.getrecursionlimit())

# As the profile of all tests, but an example that fails is not made smaller: one is enough.
settings.register_profile(
    "mutants",
    derandomize=True,
    deadline=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(autouse=True)
def _fresh_caches():
    """Start every test without what other tests have solved.

    Which tests run a function is measured once. Without this, the first test that needs an
    equivariant subspace would be the only one that is seen to run the solver.
    """
    from softeq_sklearn.projection import _disk, clear_cache
    from softeq_sklearn.regularizers import _forward_mode

    clear_cache()
    _disk._kept_in.cache_clear()
    _forward_mode._load_forward_mode.cache_clear()
