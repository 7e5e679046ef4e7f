"""Representations act on columns in the order of the user; tests/laws has what holds for all."""

from functools import reduce

import numpy as np
import pytest
from scipy.linalg import block_diag

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import (
    GL,
    SE,
    E,
    SO13p,
    exponential,
    inverse,
)
from softeq_sklearn.representations import Point, Scalar, T, Vector

GROUPS = [GL(2), SE(2), E(3), GL(3)]


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_rho_of_the_identity_and_of_the_inverse(rep, group):
    identity = np.eye(group.dim, group.dim + group.is_affine)
    n = rep.dim(group)
    np.testing.assert_array_equal(linear(rep.rho(identity)), np.eye(n))
    (g,) = group.sample(1, 0)
    if n:
        np.testing.assert_allclose(rep.rho(inverse(g)), inverse(rep.rho(g)), atol=1e-10)


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_drho_is_the_derivative_of_rho(rep, group):
    A = np.tensordot(np.linspace(-0.5, 0.7, len(group.lie_algebra)), group.lie_algebra, 1)
    if rep.dim(group):
        np.testing.assert_allclose(
            rep.rho(exponential(A)), exponential(rep.drho(A)), atol=1e-10, rtol=1e-10
        )
    step = 1e-5
    difference = (rep.rho(exponential(step * A)) - rep.rho(exponential(-step * A))) / (2 * step)
    np.testing.assert_allclose(rep.drho(A), difference, atol=1e-8)


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_act_is_rho_on_rows(rep, group, rng):
    (g,) = group.sample(1, 1)
    X = rng.standard_normal((4, rep.dim(group)))
    matrix = rep.rho(g)
    expected = X @ linear(matrix).T
    if matrix.shape[1] > len(matrix):
        expected = expected + matrix[:, -1]
    before = X.copy()
    np.testing.assert_allclose(rep.act(g, X), expected, atol=1e-12)
    np.testing.assert_array_equal(X, before)


def linear(matrix):
    """The linear part, also of a matrix without rows."""
    return matrix[:, : len(matrix)]


def test_sums_are_block_diagonal_and_products_kronecker(linear_rep, other_rep):
    (g,), A = GL(2).sample(1, 2), GL(2).lie_algebra[1]
    R, S = linear_rep.rho(g), other_rep.rho(g)
    dR, dS = linear_rep.drho(A), other_rep.drho(A)
    if len(R) and len(S):
        np.testing.assert_allclose((linear_rep + other_rep).rho(g), block_diag(R, S))
        np.testing.assert_allclose((linear_rep * other_rep).rho(g), np.kron(R, S))
        expected = np.kron(dR, np.eye(len(S))) + np.kron(np.eye(len(R)), dS)
        np.testing.assert_allclose((linear_rep * other_rep).drho(A), expected)


def test_linear_maps_are_conjugated(linear_rep, other_rep, rng):
    (g,) = GL(2).sample(1, 3)
    W = rng.standard_normal((other_rep.dim(2), linear_rep.dim(2)))
    expected = other_rep.rho(g) @ W @ np.linalg.inv(linear_rep.rho(g))
    actual = (linear_rep >> other_rep).act(g, W.reshape(1, -1))
    np.testing.assert_allclose(actual.reshape(W.shape), expected, atol=1e-11)


@pytest.mark.parametrize("word", ["+", "-", "++", "+-", "-+", "+-+"])
def test_tensors_transform_axis_by_axis(word, rng):
    (g,) = SO13p().sample(1, 4)
    factors = [Vector if sign == "+" else Vector.T for sign in word]
    matrices = [g if sign == "+" else np.linalg.inv(g).T for sign in word]
    expected = reduce(np.kron, matrices)
    np.testing.assert_allclose(reduce(lambda a, b: a * b, factors).rho(g), expected, atol=1e-12)


def test_a_wrong_sign_of_the_dual_would_be_seen():
    # The laws above tell V from V* only for groups that are not orthogonal.
    (g,) = GL(2).sample(1, 0)
    assert np.abs(Vector.T.rho(g) - Vector.rho(g)).max() > 0.1
    assert np.abs(Vector.T.drho(np.eye(2)) - Vector.drho(np.eye(2))).max() == 2.0


def test_translations_move_points_only():
    g = [[1.0, 0.0, 3.0], [0.0, 1.0, 4.0]]
    rep = Vector + Point + Scalar
    np.testing.assert_array_equal(rep.act(g, np.zeros((1, 5))), [[0, 0, 3, 4, 0]])
    np.testing.assert_array_equal(rep.rho(g)[:, -1], [0, 0, 3, 4, 0])
    assert rep.rho(np.eye(2)).shape == (5, 5)
    assert T(2).rho(g).shape == (4, 4)
    assert (Point >> Vector).rho(g).shape == (4, 4)


def test_accepts_lists_and_integers():
    np.testing.assert_array_equal(Vector.act([[0, -1], [1, 0]], [[1, 2]]), [[-2.0, 1.0]])
    assert Vector.rho([[0, -1], [1, 0]]).dtype == np.float64


@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 2), (1, 2, 2), (0, 0)])
def test_bad_shapes_of_elements(shape):
    for method, name in ((Vector.rho, "g"), (Vector.drho, "A")):
        with pytest.raises(ValueError, match=f"'{name}' must have shape .*Got shape"):
            method(np.zeros(shape))


def test_bad_dtype_of_elements():
    with pytest.raises(TypeError, match="'g' must be a real array. Got dtype complex128"):
        Vector.rho(np.eye(2) * 1j)


def test_bad_shape_of_rows():
    with pytest.raises(ValueError, match=r"'X' must have shape \(n_samples, 3\).*Got shape \(4, 2"):
        (Scalar + Vector).act(np.eye(2), np.zeros((4, 2)))


def test_large_matrices_are_refused_but_rows_are_transformed():
    rep = 10**5 * Scalar
    with pytest.raises(ProblemTooLargeError, match=r"\(100000, 100000\) is too large.*'act'"):
        rep.rho(np.eye(3))
    assert rep.act(np.eye(3), np.ones((1, 10**5))).sum() == 10**5


def test_only_duals_need_an_inverse():
    np.testing.assert_array_equal(Vector.rho(np.zeros((2, 2))), np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError):
        Vector.T.rho(np.zeros((2, 2)))


def test_point_and_vector_agree_on_linear_groups():
    (g,) = GL(3).sample(1, 5)
    np.testing.assert_array_equal(Point.rho(g), Vector.rho(g))
