"""The property test of a law, and how many cases each one gets."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings

# A law has so many times the examples of the profile: all laws together are what is counted.
_PER_EXAMPLE = 2.4
# Set in a run of the command, which gives the laws their numbers and counts their cases.
COUNTED = pytest.StashKey[bool]()


def law(*strategies, share=1.0):
    """Make the property test of a law, which has this share of the cases of a usual law.

    The number of cases is set once all laws are known, by `set_numbers_of_cases`.
    """

    def decorate(test):
        test = given(*strategies)(test)
        test.law_share = share
        return test

    return decorate


def laws_among(items):
    """The tests that are laws, each as often as it is collected: once for each device."""
    functions = (getattr(item, "function", None) for item in items)
    return [function for function in functions if hasattr(function, "law_share")]


def usual_number_of_cases():
    """Number of cases of a law with a share of 1, by the profile of hypothesis."""
    return _PER_EXAMPLE * settings().max_examples


def set_numbers_of_cases(laws, usual):
    """Give each law its number of cases, and return that of all.

    Parameters
    ----------
    laws : list of function
        What `laws_among` returns.
    usual : float
        Number of cases of a law with a share of 1.

    Returns
    -------
    int
    """
    numbers = {test: math.ceil(test.law_share * usual) for test in laws}
    for test, n_cases in numbers.items():
        # Groups are solved while cases are drawn.
        quiet = [HealthCheck.too_slow]
        settings(max_examples=n_cases, suppress_health_check=quiet)(test)
    return sum(numbers[test] for test in laws)
