import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from softeq_sklearn.groups import SO
from softeq_sklearn.meta._directions import tensor_columns, unfoldings
from softeq_sklearn.representations import Point, Scalar, T, Vector


def test_columns_of_every_tensor():
    columns = tensor_columns(2 * Point + Scalar + T(2) + Point + Vector, 2)
    found = {order: index for order, index in columns if order == 2}
    assert_array_equal(found[2], [[5, 6, 7, 8]])
    vectors = np.concatenate([index for order, index in columns if order == 1])
    assert sorted(map(tuple, vectors)) == [(0, 1), (2, 3), (9, 10), (11, 12)]
    assert tensor_columns(3 * Scalar, 2) == []


def test_rotations_act_on_the_rows():
    """The products A A^T turn with the tensor, whatever its order and the axis that is unfolded."""
    (g,) = SO(3).sample(1, random_state=0)
    for order in (1, 2, 3):
        X = np.random.RandomState(order).standard_normal((4, 2 * 3**order))
        turned = (2 * T(order)).act(g, X)
        shape = 4, 2, 3**order
        pairs = zip(
            unfoldings(X.reshape(shape), order, [0, 1, 2]),
            unfoldings(turned.reshape(shape), order, [0, 1, 2]),
            strict=True,
        )
        n_pairs = 0
        for before, after in pairs:
            gram = before @ np.swapaxes(before, 2, 3)
            assert_allclose(after @ np.swapaxes(after, 2, 3), g @ gram @ g.T, atol=1e-12)
            n_pairs += 1
        assert n_pairs == order
