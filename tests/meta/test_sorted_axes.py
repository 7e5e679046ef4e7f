import numpy as np
import pytest
from numpy.testing import assert_array_equal

from softeq_sklearn.groups import S
from softeq_sklearn.meta._sorted_axes import SortedAxes
from softeq_sklearn.representations import Point, Scalar, T, Vector
from softeq_sklearn.representations._row_action import act_on_each_row


def sorted_rows(rep, dim, X):
    basis, ties = SortedAxes(rep, dim, tuple(range(dim)))(np.asarray(X, dtype=float))
    return act_on_each_row(rep, np.swapaxes(basis, 1, 2), np.asarray(X, dtype=float)), ties


def test_sorts_by_the_first_vector_then_the_second():
    rows, ties = sorted_rows(2 * Vector, 3, [[3, 1, 2, 7, 8, 9], [5, 4, 5, 2, 0, 1]])
    assert_array_equal(rows, [[1, 2, 3, 8, 9, 7], [4, 5, 5, 0, 1, 2]])
    assert not ties.any()


def test_ties():
    _, ties = sorted_rows(2 * Vector, 3, [[5, 4, 5, 1, 0, 1], [0] * 6, [1, 1, 1, 2, 1, 1]])
    assert_array_equal(ties, [[False, True], [True, True], [True, False]])


@pytest.mark.parametrize(
    "rep", [Vector, 2 * Vector + Scalar, T(2), T(3), Vector + T(1, 1), 2 * Point], ids=str
)
def test_images_have_the_same_sorted_rows(rep):
    rng = np.random.RandomState(0)
    X = np.rint(rng.standard_normal((40, rep.dim(4))) * 2)
    X = X[~sorted_rows(rep, 4, X)[1].any(axis=1)]
    assert len(X)
    for g in S(4).sample(10, random_state=1):
        assert_array_equal(sorted_rows(rep, 4, rep.act(g, X))[0], sorted_rows(rep, 4, X)[0])


def test_diagonal_decides_before_the_rest():
    matrix = np.array([[2.0, -9.0], [5.0, 1.0]])
    rows, _ = sorted_rows(T(2), 2, matrix.reshape(1, 4))
    assert_array_equal(rows.reshape(2, 2), [[1, 5], [-9, 2]])


def test_other_axes_stay():
    basis, _ = SortedAxes(Vector, 4, (3, 1))(np.array([[7.0, 1.0, 0.0, 5.0]]))
    assert_array_equal(basis, [[[0, 1], [1, 0]]])
