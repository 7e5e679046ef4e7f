"""Filtered subspace iteration finds the whole null space, or says that it did not."""

import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.projection import _iterative
from softeq_sklearn.projection._iterative import null_space_by_iteration


def operator(rng, values):
    """A positive semidefinite matrix with given eigenvalues, and its eigenvectors."""
    Q = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    return (Q * values) @ Q.T, Q


@pytest.mark.parametrize("rank", [0, 1, 40, 150])
@pytest.mark.parametrize("gap", [1.0, 1e-2])
def test_finds_the_null_space(rank, gap, rng):
    size = 300
    values = np.concatenate([np.zeros(rank), rng.uniform(gap, 10, size - rank)])
    matrix, Q = operator(rng, values)
    result = null_space_by_iteration(matrix.__matmul__, size, max_block=size)
    assert result.converged
    assert result.vectors.shape == (size, rank)
    assert result.residual <= 1e-13
    np.testing.assert_allclose(
        result.vectors @ result.vectors.T, Q[:, :rank] @ Q[:, :rank].T, atol=1e-9
    )


@pytest.mark.parametrize("first_width", [4, 40, 42])
def test_a_block_that_is_too_small_grows(first_width, rng, monkeypatch):
    # Blocks that are null throughout, or nearly, cannot show that nothing is missing.
    monkeypatch.setattr(_iterative, "_first_width", lambda apply, probes, bound: first_width)
    matrix, Q = operator(rng, np.concatenate([np.zeros(41), rng.uniform(0.1, 5, 159)]))
    result = null_space_by_iteration(matrix.__matmul__, 200, max_block=200)
    assert result.converged
    assert result.vectors.shape == (200, 41)
    np.testing.assert_allclose(
        Q[:, :41].T @ result.vectors @ result.vectors.T, Q[:, :41].T, atol=1e-9
    )


def test_estimates_hold(rng):
    for _ in range(20):
        rank = int(rng.integers(0, 80))
        values = np.concatenate([np.zeros(rank), rng.uniform(0.1, 5, 100 - rank)])
        matrix, _ = operator(rng, values)
        bound = _iterative._upper_bound(matrix.__matmul__, rng.standard_normal(100))
        assert values.max() <= bound <= 2 * values.max()
        probes = rng.standard_normal((100, 8))
        width = _iterative._first_width(matrix.__matmul__, probes, bound)
        assert rank < width <= 1.7 * rank + 20


def test_zero_operator(rng):
    result = null_space_by_iteration(np.zeros_like, 7, max_block=7)
    assert result.converged
    assert result.vectors.shape == (7, 7)
    assert result.residual == 0


def test_small_problems():
    for size in (1, 2):
        result = null_space_by_iteration(lambda X: 2 * X, size, max_block=size)
        assert result.converged
        assert result.vectors.shape == (size, 0)
        assert result.n_iterations == 1


@pytest.mark.parametrize("factor", [1e-10, 1e10])
def test_the_size_of_the_operator_does_not_matter(factor, rng):
    matrix, Q = operator(rng, np.concatenate([np.zeros(30), rng.uniform(0.1, 5, 70)]))
    result = null_space_by_iteration((factor * matrix).__matmul__, 100, max_block=100)
    assert result.converged
    assert result.vectors.shape == (100, 30)
    np.testing.assert_allclose(
        result.vectors @ result.vectors.T, Q[:, :30] @ Q[:, :30].T, atol=1e-9
    )


def test_deterministic(rng):
    matrix, _ = operator(rng, np.concatenate([np.zeros(5), rng.uniform(1, 5, 95)]))
    first, second = (
        null_space_by_iteration(matrix.__matmul__, 100, max_block=100) for _ in range(2)
    )
    np.testing.assert_array_equal(first.vectors, second.vectors)


def test_says_when_it_did_not_converge(rng):
    values = np.concatenate([np.zeros(3), np.geomspace(1e-10, 1, 197)])
    matrix, _ = operator(rng, values)
    result = null_space_by_iteration(matrix.__matmul__, 200, max_block=200, max_iterations=5)
    assert not result.converged
    assert result.n_iterations == 5


def test_more_null_vectors_than_memory(rng):
    matrix, _ = operator(rng, np.concatenate([np.zeros(60), rng.uniform(1, 5, 40)]))
    with pytest.raises(ProblemTooLargeError, match="on 100 unknowns needs .* at most 50 fit"):
        null_space_by_iteration(matrix.__matmul__, 100, max_block=50)


def test_the_filter_is_one_at_zero_and_small_where_it_should_be():
    """The Chebyshev polynomial T_n, moved to [lower, upper], over its value at 0."""
    lower, upper = 0.5, 3.0
    points = np.r_[0.0, np.linspace(lower, upper, 50)]
    values = _iterative._filter(lambda v: points[:, None] * v, np.ones((51, 1)), lower, upper)
    largest = np.cosh(_iterative._DEGREE * np.arccosh((upper + lower) / (upper - lower)))
    expected = np.cos(_iterative._DEGREE * np.arccos(np.clip((1.75 - points[1:]) / 1.25, -1, 1)))
    np.testing.assert_allclose(values[0], 1.0)
    np.testing.assert_allclose(values[1:, 0], expected / largest, atol=1e-9)
