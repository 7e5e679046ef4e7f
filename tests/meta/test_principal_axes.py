import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import O
from softeq_sklearn.meta._principal_axes import PrincipalAxes
from softeq_sklearn.representations import Scalar, T, Vector


def make_axes(rep, dim, X, axes=None, reflections=True):
    axes = tuple(range(dim)) if axes is None else axes
    return PrincipalAxes(rep, dim, axes, reflections).fit(np.asarray(X, dtype=float), None)


@pytest.mark.parametrize("rep", [2 * Vector, T(2), T(3), Vector + T(2) + Scalar, T(1, 1)], ids=str)
def test_axes_turn_with_the_row(rep):
    X = np.random.RandomState(0).standard_normal((30, rep.dim(3)))
    axes = make_axes(rep, 3, X)
    basis, ties = axes(X)
    assert not ties.any()
    for g in O(3).sample(5, random_state=1):
        turned, _ = axes(rep.act(g, X))
        signs = np.swapaxes(g @ basis, 1, 2) @ turned
        assert_allclose(np.abs(signs), np.tile(np.eye(3), (30, 1, 1)), atol=1e-8)


def test_axes_are_rotations_without_reflections():
    X = np.random.RandomState(0).standard_normal((30, 6))
    axes = make_axes(2 * Vector, 3, X, reflections=False)
    basis, _ = axes(X)
    assert_allclose(np.linalg.det(basis), 1)
    assert axes.flips.shape == (4, 3) and (axes.flips.prod(axis=1) == 1).all()
    assert make_axes(2 * Vector, 3, X).flips.shape == (8, 3)
    assert make_axes(Vector, 1, X[:, :1], reflections=False).flips.shape == (1, 1)


def test_embedded_axes_leave_out_the_others():
    X = np.array([[3.0, 0.0, 100.0], [0.0, 2.0, 1.0]])
    basis, ties = make_axes(Vector, 3, X, axes=(0, 1))(X)
    assert_allclose(np.abs(basis), [np.eye(2), np.eye(2)[::-1]], atol=1e-15)
    assert not ties.any()


def test_ties():
    rows = [[0] * 6, [1, 2, 3, 2, 4, 6], [1, 0, 0, 0, 1, 0], [1, 1e-6, 0, 1, 0, 0]]
    X = np.array(rows, dtype=float)
    _, ties = make_axes(2 * Vector, 3, X)(X)
    # None at the zero row; a line leaves a plane; a plane leaves a line, which is one axis.
    assert_array_equal(ties, [[True, True], [False, True], [False, False], [False, True]])


def test_regular_arrangements_have_axes():
    """With equal weights a square or an orthonormal basis would have no principal axes."""
    square = np.array([[1, 1, 1, -1, -1, -1, -1, 1]], dtype=float)
    assert not make_axes(4 * Vector, 2, square)(square)[1].any()
    basis = np.eye(5).reshape(1, -1)
    assert not make_axes(5 * Vector, 5, basis)(basis)[1].any()


def test_principal_values_of_opposite_sign():
    X = np.array([[1.0, 0, 0, -1.0], [1.0, 0, 0, 1.0], [0, 1.0, -1.0, 0]])
    assert_array_equal(make_axes(T(2), 2, X)(X)[1], [[False], [True], [True]])


def test_units_do_not_matter():
    X = np.random.RandomState(0).standard_normal((30, 6))
    scaled = X * [1, 1, 1, 1e6, 1e6, 1e6]
    assert_allclose(
        np.abs(make_axes(2 * Vector, 3, X)(X)[0]),
        np.abs(make_axes(2 * Vector, 3, scaled)(scaled)[0]),
        atol=1e-9,
    )


def test_sizes_are_weighted_and_never_zero():
    X = np.array([[3.0, 4.0, 0, 0], [0, 1.0, 0, 0]])
    sizes = [
        PrincipalAxes(2 * Vector, 2, (0, 1), True).fit(X, weight)._sizes[0].ravel()
        for weight in (None, np.array([1.0, 0.0]), np.array([1.0, 2.0]), np.zeros(2))
    ]
    assert_allclose(sizes, [[13**0.5, 1], [5, 1], [3, 1], [13**0.5, 1]])


def test_size_of_rows_does_not_matter():
    X = np.random.RandomState(0).standard_normal((10, 8))
    axes = make_axes(T(2) + 2 * Vector, 2, X)
    for factor in (1e-100, 1e100):
        assert_allclose(np.abs(axes(factor * X)[0]), np.abs(axes(X)[0]), atol=1e-9)


def test_too_many_axes():
    PrincipalAxes(Vector, 12, tuple(range(12)), True)
    PrincipalAxes(Vector, 13, tuple(range(13)), False)
    with pytest.raises(ProblemTooLargeError, match="13 axes has 8192 elements; at most 4096"):
        PrincipalAxes(Vector, 13, tuple(range(13)), True)


@pytest.mark.parametrize("unit", [2.0**-565, 2.0**565])
def test_axes_have_no_units(unit):
    """Neither those of all tensors, nor those of one beside others of a usual size."""
    rep, X = Vector + T(2), np.random.RandomState(0).standard_normal((30, 12))
    expected = make_axes(rep, 3, X)(X)
    for units in (unit, np.repeat([unit, 1.0], [3, 9])):
        for found, same in zip(make_axes(rep, 3, units * X)(units * X), expected, strict=True):
            assert_array_equal(found, same)
