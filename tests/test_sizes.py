"""Sizes, and errors relative to them, of numbers whose squares are 0 or infinite."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from softeq_sklearn._sizes import power_of_two, ratio, relative_error, root_mean_square

# Powers of two near 1e-170 and 1e170, and near the ends of float64: digits stay the same.
UNITS = [2.0**-1000, 2.0**-565, 1.0, 2.0**565, 2.0**1018]
units = pytest.mark.parametrize("unit", UNITS)


def test_powers_of_two_are_positive_and_finite():
    largest = np.array([0.0, 5e-324, 0.75, 1.0, 7.0, np.finfo(float).max])
    assert power_of_two(largest).tolist() == [0.5, 5e-324, 0.5, 1.0, 4.0, 2.0**1023]


@units
def test_relative_error_has_no_units(unit):
    values, expected = np.random.RandomState(0).standard_normal((2, 20, 3))
    values[0] = expected[0] = 0
    plain = np.linalg.norm(values - expected, axis=1)
    plain[1:] /= (np.linalg.norm(values, axis=1) + np.linalg.norm(expected, axis=1))[1:]
    assert_array_equal(relative_error(unit * values, unit * expected), plain)


def test_ratio_is_at_most_one_beside_nothing():
    assert ratio(np.array([0.0, 7.0, 1.0]), np.array([0.0, 0.0, 4.0])).tolist() == [0, 1, 0.25]


@units
@pytest.mark.parametrize("weighted", [False, True])
def test_root_mean_square_has_units_of_each_tensor(unit, weighted):
    """Beside another one of a usual size."""
    rng = np.random.RandomState(0)
    X, weights = rng.standard_normal((50, 4)), rng.uniform(size=50) if weighted else None
    index, mean = np.array([[0, 1], [2, 3]]), np.full((2, 2), 0.25)
    scale = np.array([unit, unit, 1.0, 1.0])
    expected = root_mean_square(X, index, mean, weights)
    plain = np.average(((X - 0.25) ** 2).reshape(50, 2, 2).mean(axis=2), axis=0, weights=weights)
    np.testing.assert_allclose(expected, np.sqrt(plain), rtol=1e-14)
    scaled = root_mean_square(X * scale, index, mean * scale[index], weights)
    assert_array_equal(scaled, expected * [unit, 1.0])


def test_rounding_is_no_size():
    X = np.full((30, 1), 0.1)
    assert root_mean_square(X, np.array([[0]]), np.array([[0.1 + 1e-17]])) == 0
    assert root_mean_square(X, np.array([[0]]), 0.0) == pytest.approx(0.1)
