"""Decisions about rank in dense linear algebra."""

import numpy as np
import pytest

from softeq_sklearn.projection._dense import (
    is_zero,
    near_null_vectors,
    null_combinations,
    null_rows,
)
from softeq_sklearn.projection._tensor_operators import Constraint


@pytest.mark.parametrize("size", [5, 300])
def test_near_null_vectors_contain_the_null_space_to_full_precision(size, rng):
    Q = np.linalg.qr(rng.standard_normal((size, size)))[0]
    values = np.concatenate([np.zeros(3), np.linspace(0.5, 2, size - 3)])
    vectors = near_null_vectors((Q * values) @ Q.T)
    assert vectors.shape == (size, 3)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-14)
    null = Q[:, :3]
    np.testing.assert_allclose(vectors @ (vectors.T @ null), null, atol=1e-12)


def test_doubtful_directions_are_kept():
    assert near_null_vectors(np.diag([0.0, 1e-9, 1e-6, 1.0])).shape[1] == 3


def test_a_gram_matrix_of_rounding_errors_is_zero():
    assert near_null_vectors(np.array([[1e-30]])).shape == (1, 1)


def test_null_combinations(rng):
    matrix = rng.standard_normal((4, 2)) @ rng.standard_normal((2, 6))
    rows = null_combinations(matrix, (1,))
    assert rows.shape == (4, 6)
    np.testing.assert_allclose(matrix @ rows.T, 0, atol=1e-13)
    np.testing.assert_allclose(rows @ rows.T, np.eye(4), atol=1e-14)


def test_null_rows_of_no_constraints_or_no_rows():
    rows = np.eye(2)
    assert null_rows([], (1,), rows) is rows
    turn = Constraint(np.array([[0.0, -1.0], [1.0, 0.0]]), True)
    assert null_rows([turn], (1,), np.zeros((0, 2))).shape == (0, 2)
    assert null_rows([turn], (1,), rows).shape == (0, 2)


def test_is_zero():
    np.testing.assert_array_equal(is_zero(np.array([0, 1e-12, 1e-3]), (1,)), [True, True, False])
    with pytest.raises(ValueError, match=r"\(1, -1\) is not clear: .* by 1.0e-08"):
        is_zero(np.array([0.0, 1e-8, 1e-7]), (1, -1))


def test_the_tensor_type_is_named_where_its_rank_is_not_clear():
    unclear = Constraint(np.array([[0.0, 1e-8], [0.0, 0.0]]), True)
    with pytest.raises(ValueError, match=r"tensor type \(1,\) is not clear"):
        null_rows([unclear], (1,), np.eye(2))
    with pytest.raises(ValueError, match=r"tensor type \(1, -1\) is not clear"):
        null_combinations(np.diag([1.0, 1e-8]), (1, -1))
