"""Representations that each law is tried on, and the groups."""

import numpy as np
import pytest

from softeq_sklearn.representations import Point, Scalar, T, Vector

LINEAR = [
    Scalar,
    Vector,
    Vector.T,
    T(2),
    T(1, 1),
    T(0, 2),
    T(2, 1),
    2 * Scalar + 3 * Vector,
    Vector.T * Vector,
    Vector.T * T(2, 1) * Vector,
    2 * (Scalar + Vector),
    Vector * (2 * Vector.T),
    T(2) * (Scalar + 2 * Vector + Scalar),
    3 * (Vector * (Scalar + Vector.T) + 2 * T(2)),
    Scalar + Vector >> 2 * Vector + T(2),
    (Vector >> Vector) >> Scalar,
    0 * Vector,
    0 * Scalar + Vector,
]
WITH_POINTS = [Point, 3 * Point, Scalar + 2 * Point + Vector + Point, 2 * (Point + T(1, 1))]
WITH_DUAL_POINTS = [
    Point.T,
    2 * Point.T + Vector,
    Point >> Scalar,
    3 * Point >> 2 * Vector,
    Point + Scalar + Point >> 2 * Scalar + Vector,
    2 * (Scalar + Point) >> T(2) + Vector,
    Vector * (2 * (Point >> Scalar) + Vector),
]
ALL = LINEAR + WITH_POINTS + WITH_DUAL_POINTS


def pytest_generate_tests(metafunc):
    for name, reps in (("rep", ALL), ("linear_rep", LINEAR), ("other_rep", LINEAR)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, reps, ids=repr)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
