"""Operators on tensors equal their Kronecker matrices."""

import numpy as np
import pytest

from softeq_sklearn.projection._tensor_operators import Constraint, apply_sum, sparse_sum

WORDS = [(1,), (-1,), (1, 1), (1, -1), (-1, 1, 1)]


@pytest.fixture
def matrix(rng):
    return rng.standard_normal((3, 3))


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("is_lie", [True, False])
def test_constraint_and_adjoint(word, is_lie, matrix, rng, reference):
    on_tensors = reference.on_algebra if is_lie else reference.on_group
    n = 3 ** len(word)
    dense = on_tensors(word, matrix) - (0 if is_lie else np.eye(n))
    constraint = Constraint(matrix, is_lie)
    np.testing.assert_allclose(constraint.apply(word, np.eye(n)).T, dense, atol=1e-11)
    np.testing.assert_allclose(constraint.adjoint(word, np.eye(n)).T, dense.T, atol=1e-11)


def test_generators_of_large_norm_are_scaled():
    shear = Constraint(np.array([[1.0, 1e3], [0.0, 1.0]]), False)
    assert np.abs(shear.apply((1, 1), np.eye(4))).max() == pytest.approx(1e4, rel=1e-4)
    # What counts is the largest stretch of a direction, not how many are stretched.
    stretch = Constraint(1e3 * np.eye(2), False)
    assert np.abs(stretch.apply((1, 1), np.eye(4))).max() == pytest.approx(1e4, rel=1e-4)


@pytest.mark.parametrize("word", WORDS)
def test_adjoint_of_complex_coordinates(word, matrix, rng):
    n = 3 ** len(word)
    x, y = rng.standard_normal((2, 2, 1, n)).view(np.float64)[:, 0] * (1 + 2j)
    constraint = Constraint(matrix + 1j * matrix.T, True)
    left = np.vdot(y, constraint.apply(word, x))
    right = np.vdot(constraint.adjoint(word, y), x)
    np.testing.assert_allclose(left, right)


@pytest.mark.parametrize("word", WORDS)
def test_sparse_columns(word, matrix, reference):
    matrix[0, 1] = matrix[2, 2] = 0.0
    dense = reference.on_algebra(word, matrix)
    positions = np.arange(0, 3 ** len(word), 2)
    columns = sparse_sum(word, Constraint(matrix, True).operators(), positions)
    # Rows that vanish are left out, the others keep their order.
    kept = np.abs(dense[:, positions]).max(axis=1) > 0
    actual = columns.toarray()
    np.testing.assert_allclose(actual[np.abs(actual).max(axis=1) > 0], dense[kept][:, positions])


def test_no_tensors(matrix):
    assert apply_sum((1, 1), {1: matrix}, np.zeros((0, 9))).shape == (0, 9)
