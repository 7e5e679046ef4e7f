"""The representations that all others are made of."""

import pytest

from softeq_sklearn.representations import Point, Scalar, T, Vector


def test_names():
    assert Scalar == T(0) == T(0, 0)
    assert Vector == T(1)
    assert Vector.T == T(0, 1)
    assert T(2, 1) == T(2) * Vector.T == Vector * Vector * Vector.T
    assert T(1, 2).T == Vector.T * Vector * Vector != T(2, 1)
    assert Point not in (Vector, Vector.T, Scalar, Point.T)


def test_repr_is_the_shortest_name():
    assert [repr(rep) for rep in (T(0), T(1), T(2), T(0, 1), T(0, 2), T(1, 1), Point)] == [
        "Scalar",
        "Vector",
        "T(2)",
        "Vector.T",
        "T(0, 2)",
        "T(1, 1)",
        "Point",
    ]


@pytest.mark.parametrize("name, orders", [("p", (-1,)), ("q", (1, -2))])
def test_negative_orders(name, orders):
    with pytest.raises(
        ValueError, match=f"^The '{name}' parameter of T must be a non-negative.*Got -"
    ):
        T(*orders)


@pytest.mark.parametrize("order", [1.0, "2", None, True])
def test_orders_that_are_no_integers(order):
    with pytest.raises(TypeError, match="^The 'p' parameter of T must be a non-negative.*Got"):
        T(order)


def test_too_many_axes():
    assert T(60, 2).dim(2) == 2**62
    for make in (lambda: T(60, 3), lambda: T(10**15), lambda: T(32) * T(31)):
        with pytest.raises(ValueError, match="at most 62 axes"):
            make()
