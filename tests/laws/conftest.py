"""How many cases the laws have."""

import pytest

from tests.laws._law import COUNTED, laws_among, set_numbers_of_cases, usual_number_of_cases

_N_CASES = pytest.StashKey[int]()


def pytest_collection_modifyitems(config, items):
    if COUNTED not in config.stash:
        laws = laws_among(items)
        config.stash[_N_CASES] = set_numbers_of_cases(laws, usual_number_of_cases())


@pytest.fixture
def n_law_cases(request):
    """Number of cases of all laws that were collected."""
    return request.config.stash[_N_CASES]
