"""How large the tensors of a table are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from softeq_sklearn.groups import SO
from softeq_sklearn.levels import tensor_sizes
from softeq_sklearn.representations import Point, Scalar, T, Vector

REP = Scalar + 2 * Vector + T(2)


@pytest.fixture
def rows():
    return np.random.RandomState(0).standard_normal((50, REP.dim(2)))


def test_deviations_from_the_mean(rows):
    sizes = tensor_sizes(rows + 5, REP, 2)
    tensors = [[0], [1, 2], [3, 4], [5, 6, 7, 8]]
    for columns in tensors:
        part = rows[:, columns]
        expected = np.sqrt(np.mean((part - part.mean(axis=0)) ** 2))
        assert_allclose(sizes[columns], expected, rtol=1e-12)


@pytest.mark.parametrize("unit", [1e-170, 1e-9, 1e9, 1e170])
def test_units(rows, unit):
    units = np.array([unit, 1, 1, 1, 1, 1, 1, 1, 1])
    assert_allclose(tensor_sizes(rows * units, REP, 2), units * tensor_sizes(rows, REP, 2))


def test_the_same_for_turned_rows(rows):
    turned = REP.act(SO(2).sample(1, 0)[0], rows)
    assert_allclose(tensor_sizes(turned, REP, 2), tensor_sizes(rows, REP, 2), rtol=1e-12)


def test_what_does_not_vary():
    """A constant has the size of its values, but for rounding, and zero has none."""
    X = np.tile([0.1, 3e-3, 4e-3, 0.0, 0.0], (30, 1))
    sizes = tensor_sizes(X, Scalar + Vector + Point, 2)
    assert_allclose(sizes, [0.1, np.sqrt(12.5e-6), np.sqrt(12.5e-6), 1, 1])


def test_constants_of_any_size():
    """Each tensor has a unit of its own: a tiny one beside a usual one is no zero."""
    X = np.tile([1e-170, 3e-200, 4e-200, 1e170, 0.0], (30, 1))
    sizes = tensor_sizes(X, Scalar + Vector + 2 * Scalar, 2)
    assert_allclose(sizes, [1e-170, np.sqrt(12.5) * 1e-200, np.sqrt(12.5) * 1e-200, 1e170, 1])
