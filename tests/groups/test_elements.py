import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from softeq_sklearn.groups import (
    E,
    O,
    Translation,
    compose,
    exponential,
    inverse,
    linear_part,
)


def homogeneous(g):
    """Write an element as the square matrix [[A, t], [0, 1]]."""
    last_row = np.eye(g.shape[-2] + 1)[-1:]
    square = g if g.shape[-1] > g.shape[-2] else np.pad(g, ((0, 0), (0, 1)))
    return np.concatenate([square, last_row])


@st.composite
def elements(draw, dim=3):
    """Draw well-conditioned linear or affine maps."""
    width = dim + draw(st.integers(0, 1))
    entries = st.integers(-4, 4).map(lambda i: i / 8)
    flat = draw(st.lists(entries, min_size=dim * width, max_size=dim * width))
    return exponential(np.reshape(flat, (dim, width)))


@given(elements(), elements())
def test_compose_multiplies_homogeneous_matrices(g, h):
    np.testing.assert_allclose(
        homogeneous(compose(g, h)), homogeneous(g) @ homogeneous(h), atol=1e-12
    )


@given(elements(), elements(), elements())
def test_compose_is_associative(f, g, h):
    np.testing.assert_allclose(
        compose(compose(f, g), h), compose(f, compose(g, h)), rtol=1e-10, atol=1e-10
    )


@given(elements())
def test_inverse_undoes(g):
    identity = np.eye(*g.shape)
    np.testing.assert_allclose(compose(g, inverse(g)), identity, atol=1e-10)
    np.testing.assert_allclose(compose(inverse(g), g), identity, atol=1e-10)


@given(elements(), elements())
def test_linear_part_is_a_homomorphism(g, h):
    np.testing.assert_array_equal(linear_part(compose(g, h)), linear_part(g) @ linear_part(h))


def test_exponential_is_the_series_of_the_homogeneous_matrix(rng):
    A = rng.standard_normal((3, 4))
    square = np.concatenate([A, np.zeros((1, 4))])
    np.testing.assert_allclose(exponential(A), expm(square)[:3], atol=1e-12)
    np.testing.assert_allclose(exponential(A[:, :3]), expm(A[:, :3]), atol=1e-12)


def test_exponential_of_a_sum_of_the_same_direction(rng):
    A = rng.standard_normal((3, 4))
    np.testing.assert_allclose(
        exponential(0.75 * A), compose(exponential(0.5 * A), exponential(0.25 * A)), atol=1e-12
    )


@pytest.mark.parametrize("group", [O(3), E(3)], ids=repr)
def test_stacks_are_treated_element_by_element(group):
    g = group.sample(6, random_state=0).reshape(2, 3, 3, -1)
    h = group.sample(3, random_state=1)
    for i in range(2):
        for j in range(3):
            np.testing.assert_allclose(compose(g, h)[i, j], compose(g[i, j], h[j]), atol=1e-15)
            np.testing.assert_allclose(inverse(g)[i, j], inverse(g[i, j]), atol=1e-15)
    assert linear_part(g).shape == (2, 3, 3, 3)
    assert exponential(np.zeros_like(g)).shape == g.shape
    assert exponential(np.zeros((0, 3, 4))).shape == (0, 3, 4)


def test_linear_with_affine_gives_affine():
    turn, shift = O(2).sample(1, random_state=0)[0], Translation(2).sample(1, random_state=0)[0]
    np.testing.assert_allclose(compose(turn, shift)[:, 2], turn @ shift[:, 2])
    np.testing.assert_array_equal(compose(shift, turn), np.hstack([turn, shift[:, 2:]]))


def test_arguments_are_not_changed():
    g = E(2).sample(2, random_state=0)
    before = g.copy()
    compose(g, g), inverse(g), exponential(g)
    np.testing.assert_array_equal(g, before)


@pytest.mark.parametrize("function", [linear_part, inverse, exponential])
@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 2), ()])
def test_shapes_that_are_no_elements(function, shape):
    with pytest.raises(ValueError, match=r"must have shape \(\.\.\., d, d\).*Got shape"):
        function(np.ones(shape))


def test_complex_elements_are_refused():
    with pytest.raises(TypeError, match="'g' must be a real array. Got dtype complex128"):
        inverse(1j * np.eye(2))


def test_compose_needs_one_dimension():
    with pytest.raises(ValueError, match="Got dimensions 2 and 3 instead"):
        compose(np.eye(2), np.eye(3))


def test_inverse_of_a_singular_map():
    with pytest.raises(np.linalg.LinAlgError):
        inverse(np.zeros((2, 3)))
