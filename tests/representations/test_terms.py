"""The normal form: different ways to write the same columns are one value."""

import pytest

from softeq_sklearn.representations import Point, Scalar, T, Vector


@pytest.mark.parametrize(
    "one, same",
    [
        (2 * (Scalar + Vector), Scalar + Vector + Scalar + Vector),
        (2 * (Scalar + Vector) + Scalar + Vector, 3 * (Scalar + Vector)),
        (Scalar + 2 * (Scalar + Vector), 2 * Scalar + Vector + Scalar + Vector),
        (2 * (Vector + Scalar + Vector), Vector + Scalar + 2 * Vector + Scalar + Vector),
        (2 * (2 * (Scalar + Vector)), 4 * (Scalar + Vector)),
        (2 * (3 * Vector), 6 * Vector),
        (Vector * (Vector * (Scalar + Vector)), T(2) * (Scalar + Vector)),
        (Vector * (2 * (Scalar + Vector)), Vector * (Scalar + Vector + Scalar + Vector)),
        (2 * Vector * Vector, 2 * T(2)),
        (2 * (Point + Scalar), Point + Scalar + Point + Scalar),
    ],
)
def test_equal(one, same):
    assert one == same
    assert hash(one) == hash(same)


@pytest.mark.parametrize(
    "one, other",
    [
        (2 * (Scalar + Vector), 2 * Scalar + 2 * Vector),
        (2 * (Scalar + Vector), 2 * (Vector + Scalar)),
        (Vector * (Scalar + Vector), Vector * (Vector + Scalar)),
        (Vector * Vector.T, Vector.T * Vector),
        (Vector, 2 * Vector),
        (Point >> 2 * Scalar, 2 * Point >> Scalar),
    ],
)
def test_different(one, other):
    assert one != other


@pytest.mark.parametrize(
    "text",
    [
        "0*Scalar",
        "5*Scalar + 5*Vector",
        "2*(Scalar + Vector)",
        "Vector * (2*Vector)",
        "Vector.T * T(2, 1)",
        "2*Vector * (3*Point.T)",
        "Vector * Point.T",
        "Scalar * Point.T",
        "2*Scalar * (Point.T + Scalar)",
        "Vector * (2*Scalar * Point.T + Vector)",
    ],
)
def test_printed_as_written(text):
    assert repr(eval(text, {"Scalar": Scalar, "Vector": Vector, "Point": Point, "T": T})) == text
