"""Laws of representations: they multiply as the group does, and act as their notation says."""

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.linalg import expm

from softeq_sklearn.groups import compose, inverse
from softeq_sklearn.representations import Point, Scalar, Vector
from softeq_sklearn.testing import representations
from tests.laws import _reference as reference
from tests.laws._law import law
from tests.laws._strategies import any_groups, columns, elements, seeds

STRETCH, SHEAR = np.diag([2.0, 0.5]), np.array([[1.0, 1.0], [0.0, 1.0]])
MOVED = np.array([[0.0, -1.0, 3.0], [1.0, 0.0, 4.0]])


class Altered:
    """A representation with one method replaced."""

    def __init__(self, rep, **methods):
        self._rep = rep
        vars(self).update(methods)

    def __getattr__(self, name):
        return getattr(self._rep, name)

    def __repr__(self):
        return repr(self._rep)


def assert_close(actual, expected, *factors, tol=1e-10):
    """Equal to rounding, in products of matrices of this size."""
    scale = np.prod([max(1.0, np.abs(factor).max(initial=0.0)) for factor in factors])
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tol * scale)


def check_homomorphism(rep, g, h):
    """The matrix of a product of elements is the product of theirs."""
    R, S = rep.rho(g), rep.rho(h)
    assert_close(rep.rho(compose(g, h)), compose(R, S), R, S)


def check_identity_and_inverse(rep, g):
    """The identity does nothing, and the inverse undoes what an element has done."""
    identity = np.eye(*g.shape)
    R = rep.rho(g)
    np.testing.assert_array_equal(rep.rho(identity), np.eye(*R.shape))
    assert_close(compose(rep.rho(inverse(g)), R), np.eye(*R.shape), R, rep.rho(inverse(g)))


def check_dual(rep, g):
    """The dual keeps all pairings."""
    R, dual = rep.rho(g), rep.T.rho(g)
    assert_close(dual.T @ R, np.eye(len(R)), dual, R)


def check_derivative(rep, A):
    """The matrix of exp(A) is the exponential of that of A."""

    def square(matrix):
        rows = np.zeros((1, matrix.shape[1]))
        return np.concatenate([matrix, rows]) if matrix.shape[1] > len(matrix) else matrix

    n = len(A)
    of_exponential = rep.rho(expm(square(A))[:n])
    expected = expm(square(rep.drho(A)))[: len(of_exponential)]
    assert_close(of_exponential, expected, expected, expected)


def check_action(rep, g, X):
    """Rows are moved as the notation says, read as a formula of dense matrices."""
    matrix, offset = reference.of_group(rep, g)
    assert_close(rep.act(g, X), X @ matrix.T + offset, matrix, X)
    R = rep.rho(g)
    assert_close(R[:, : len(R)], matrix, matrix)


def check_maps_are_conjugated(rep_in, rep_out, g, W, hom=None):
    """A linear map W becomes M_out W M_in^-1."""
    hom = rep_in >> rep_out if hom is None else hom
    M_out, M_in = rep_out.rho(g), np.linalg.inv(rep_in.rho(g))
    moved = hom.act(g, W.reshape(1, -1)).reshape(W.shape)
    assert_close(moved, M_out @ W @ M_in, M_out, W, M_in)


@st.composite
def actions(draw, points=True):
    """A representation and two elements of a group."""
    group = draw(any_groups())
    rep = draw(columns(group, 12) if points else representations(group))
    return rep, draw(elements(group)), draw(elements(group))


@st.composite
def directions(draw):
    """A representation and a bounded element of the Lie algebra."""
    group = draw(any_groups().filter(lambda group: len(group.lie_algebra)))
    A = np.tensordot(
        draw(
            st.lists(
                st.floats(-1, 1),
                min_size=len(group.lie_algebra),
                max_size=len(group.lie_algebra),
            )
        ),
        group.lie_algebra,
        1,
    )
    rep = draw(columns(group, 12))
    return rep, A / max(1.0, np.linalg.norm(A, ord=2))


@st.composite
def maps(draw):
    """Two representations, an element, and a linear map."""
    group = draw(any_groups())
    rep_in, rep_out = (draw(representations(group, max_columns=6)) for _ in range(2))
    shape = rep_out.dim(group), rep_in.dim(group)
    return rep_in, rep_out, draw(elements(group)), random_rows(draw(seeds), *shape)


def random_rows(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


@law(actions())
def test_representations_are_homomorphisms(action):
    check_homomorphism(*action)


@law(actions())
def test_identity_and_inverse(action):
    rep, g, _ = action
    check_identity_and_inverse(rep, g)


@law(actions(points=False))
def test_duals_keep_pairings(action):
    rep, g, _ = action
    check_dual(rep, g)


@law(directions())
def test_matrices_of_the_lie_algebra_are_derivatives(direction):
    check_derivative(*direction)


@law(actions(), seeds)
def test_action_is_what_the_notation_says(action, seed):
    rep, g, _ = action
    check_action(rep, g, random_rows(seed, 3, rep.dim(len(g))))


@law(maps())
def test_linear_maps_are_conjugated(case):
    check_maps_are_conjugated(*case)


# What each check is for


@pytest.mark.parametrize(
    ("rep", "rho", "g", "h"),
    [
        (Vector, lambda g: g.T, STRETCH, SHEAR),  # the wrong order
        (Vector.T, lambda g: np.linalg.inv(g), STRETCH, SHEAR),  # a dual without transpose
        (Scalar, lambda g: np.array([[np.trace(g)]]), STRETCH, SHEAR),
        (Point, lambda g: np.column_stack([g[:, :2], 2 * g[:, 2] + 1]), MOVED, MOVED),
    ],
)
def test_what_is_no_homomorphism_is_told(rep, rho, g, h):
    check_homomorphism(rep, g, h)
    with pytest.raises(AssertionError):
        check_homomorphism(Altered(rep, rho=rho), g, h)


@pytest.mark.parametrize("rho", [lambda g: 2 * g, lambda g: np.eye(2) + (g - np.eye(2)) / 2])
def test_wrong_identities_and_inverses_are_told(rho):
    check_identity_and_inverse(Vector, STRETCH)
    with pytest.raises(AssertionError):
        check_identity_and_inverse(Altered(Vector, rho=rho), STRETCH)


def test_wrong_duals_are_told():
    check_dual(Vector, STRETCH)
    with pytest.raises(AssertionError):
        check_dual(Altered(Vector, T=Vector), STRETCH)


@pytest.mark.parametrize(
    "drho", [lambda A: 1.001 * A, lambda A: A.T, lambda A: np.zeros((2, 2)), lambda A: -A]
)
def test_wrong_derivatives_are_told(drho):
    A = np.array([[0.3, -1.0], [0.5, 0.1]])
    check_derivative(Vector, A)
    with pytest.raises(AssertionError):
        check_derivative(Altered(Vector, drho=drho), A)


@pytest.mark.parametrize(
    "act",
    [
        lambda g, X: (Vector + Scalar + Point).act(g, X[:, ::-1])[:, ::-1],  # columns mixed up
        lambda g, X: (Point + Scalar + Vector).act(g, X) - 1e-6,
        lambda g, X: (Vector + Scalar + Vector).act(g, X),  # translations left out
    ],
)
def test_wrong_actions_are_told(act):
    rep, X = Point + Scalar + Vector, random_rows(0, 3, 5)
    check_action(rep, MOVED, X)
    with pytest.raises(AssertionError):
        check_action(Altered(rep, act=act), MOVED, X)


@pytest.mark.parametrize("hom", [Vector.T * Vector, Vector * Vector, Vector.T * Vector.T])
def test_wrong_spaces_of_maps_are_told(hom):
    W = random_rows(0, 2, 2)
    check_maps_are_conjugated(Vector, Vector, SHEAR, W)
    with pytest.raises(AssertionError):
        check_maps_are_conjugated(Vector, Vector, SHEAR, W, hom)
