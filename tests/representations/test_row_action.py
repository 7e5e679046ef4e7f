import numpy as np
import pytest
from numpy.testing import assert_allclose

from softeq_sklearn.groups import GL, SE, SO, E, O, S, Scaling
from softeq_sklearn.representations import Point, Scalar, T, Vector
from softeq_sklearn.representations._row_action import act_on_each_row

CASES = [
    (SO(3), 2 * Scalar + Vector + 2 * T(2)),
    (O(2), Vector + T(3) + Vector),
    (GL(3), Vector.T + T(1, 1) + T(0, 2) + Vector),
    (Scaling(2), T(1, 2) + Scalar),
    (S(4), Vector + T(2)),
    (SE(3), 2 * Point + Vector + Scalar + Point),
    (E(2), Point.T + Point),
    (O(1), 3 * Vector + T(4)),
    (O(2).embed(3, axes=(2, 0)), Vector + T(2)),
]


@pytest.mark.parametrize("group, representation", CASES, ids=str)
def test_is_the_action_row_by_row(group, representation):
    X = np.random.RandomState(0).standard_normal((7, representation.dim(group)))
    elements = group.sample(7, random_state=1)
    rows = [representation.act(g, x[None]) for g, x in zip(elements, X, strict=True)]
    expected = np.concatenate(rows)
    assert_allclose(act_on_each_row(representation, elements, X), expected, rtol=1e-12, atol=1e-12)


def test_no_rows_and_unchanged_argument():
    X = np.ones((3, 2))
    act_on_each_row(Vector, 2 * np.tile(np.eye(2), (3, 1, 1)), X)
    assert (X == 1).all()
    assert act_on_each_row(Vector, np.empty((0, 2, 2)), np.empty((0, 2))).shape == (0, 2)
