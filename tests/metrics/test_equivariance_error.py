import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from softeq_sklearn.groups import SE, SO, C, E, MatrixGroup, O, Reflection, S, Scaling, Trivial
from softeq_sklearn.metrics import _equivariance_error, equivariance_error
from softeq_sklearn.representations import Point, Scalar, T, Vector

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(40, 4))


def turned_sum(X):
    """Equivariant under SO(2), not under O(2): a combination of two vectors and their turns."""
    return X[:, :2] * np.sum(X[:, 2:] ** 2, axis=1, keepdims=True) + X[:, 2:] @ TURN.T


def distances(X):
    """Distances between three points of space, shape (n_samples, 3)."""
    points = X.reshape(-1, 3, 3)
    return np.linalg.norm(points - np.roll(points, 1, axis=1), axis=2)


def test_exactly_equivariant_functions(X):
    for group in (SO(2), C(5)):
        assert equivariance_error(turned_sum, X, group, 2 * Vector, Vector, n_elements=50) < 1e-14
    outer = equivariance_error(
        lambda X: np.einsum("ni,nj->nij", X[:, :2], X[:, 2:]).reshape(-1, 4),
        X,
        O(2),
        2 * Vector,
        T(2),
    )
    assert outer < 1e-14
    permuted = equivariance_error(lambda X: X**3 + X.sum(1)[:, None], X, S(4), Vector, Vector)
    assert permuted < 1e-14
    scaled = equivariance_error(lambda X: X[:, :2] + X[:, 2:], X, Scaling(2), 2 * Vector, Vector)
    assert scaled < 1e-14


def test_broken_functions_are_noticed(X):
    assert equivariance_error(turned_sum, X, O(2), 2 * Vector, Vector, random_state=0) > 0.1
    assert equivariance_error(turned_sum, X, Scaling(2), 2 * Vector, Vector, random_state=0) > 0.1
    assert equivariance_error(lambda X: X + 1, X, S(4), Vector, Vector, random_state=0) < 1e-14
    assert equivariance_error(lambda X: X + 1, X, SO(4), Vector, Vector, random_state=0) > 0.1


def test_hand_computed_value():
    # f(x) = (|x1|, x2 + c): a flip of the first axis h leaves f(hx) = f(x), but h f(x) turns the
    # sign of |x1| over.
    X = np.array([[3.0, 0.0], [0.0, 4.0], [3.0, 4.0], [0.0, 0.0]])
    per_sample = equivariance_error(
        lambda X: np.abs(X),
        X,
        Reflection(2, axis=0),
        Vector,
        Vector,
        per_sample=True,
        random_state=0,
    )
    # |(3,0) - (-3,0)| / 6 = 1; 0; |(3,4) - (-3,4)| / 10 = 0.6; 0/0 = 0; and half of the elements
    # are the flip.
    np.testing.assert_allclose(per_sample, [0.5, 0.0, 0.3, 0.0], atol=1e-15)


def test_few_elements_of_a_finite_group_are_a_sample():
    X = np.array([[3.0, 1.0]])
    errors = {
        equivariance_error(lambda X: X[:, 0], X, Reflection(2), Vector, Scalar, n_elements=1,
                           random_state=seed)
        for seed in range(10)
    }  # fmt: skip
    assert errors == {0.0, 1.0}


QUARTER_TURN = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("group", "elements"),
    [
        (Trivial(4), [np.eye(4)]),
        (C(4).embed(4, axes=(0, 1)), [np.linalg.matrix_power(QUARTER_TURN, k) for k in range(4)]),
        (S(4), [np.eye(4)[list(order)] for order in itertools.permutations(range(4))]),
    ],
)
def test_finite_groups_are_averaged_exactly(X, group, elements):
    """The mean over a list of the elements that is made here, whatever the random state."""

    def function(X):
        return X**2 + X[:, ::-1]

    pairs = [(function(X @ g.T), function(X) @ g.T) for g in elements]
    size = [np.linalg.norm(a, axis=1) + np.linalg.norm(b, axis=1) for a, b in pairs]
    expected = np.mean([np.linalg.norm(a - b, axis=1) for a, b in pairs] / np.array(size))
    for seed in range(2):
        error = equivariance_error(function, X, group, Vector, Vector, random_state=seed)
        assert error == pytest.approx(expected, abs=1e-14)


def test_opposite_and_zero_outputs(X):
    # An odd function where an even one is asked for has the largest error there is.
    error = equivariance_error(lambda X: X[:, 0], X, Reflection(4), Vector, Scalar, random_state=0)
    assert error == pytest.approx(0.5, abs=1e-15)
    assert equivariance_error(lambda X: 0 * X, X, SO(4), Vector, Vector) == 0.0


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_size_of_the_output_does_not_matter(X, scale):
    expected = equivariance_error(np.abs, X, O(2), 2 * Vector, 2 * Vector, random_state=0)
    error = equivariance_error(
        lambda X: scale * np.abs(X), X, O(2), 2 * Vector, 2 * Vector, random_state=0
    )
    np.testing.assert_allclose(error, expected, rtol=1e-12)


def test_one_dimensional_output_is_one_column(X):
    flat = equivariance_error(lambda X: X[:, 0], X, SO(2), 2 * Vector, Scalar, random_state=0)
    column = equivariance_error(lambda X: X[:, :1], X, SO(2), 2 * Vector, Scalar, random_state=0)
    assert flat == column > 0.1


def test_per_sample(X):
    options = {"n_elements": 10, "random_state": 3}
    rows = equivariance_error(np.abs, X, O(4), Vector, Vector, per_sample=True, **options)
    assert rows.shape == (40,) and rows.dtype == np.float64
    mean = equivariance_error(np.abs, X, O(4), Vector, Vector, **options)
    assert isinstance(mean, float)
    assert mean == pytest.approx(rows.mean(), abs=1e-15)
    one = equivariance_error(np.abs, X[7:8], O(4), Vector, Vector, **options)
    assert one == pytest.approx(rows[7], abs=1e-15)


def test_random_state(X, global_generators_untouched):
    def error(seed):
        return equivariance_error(np.abs, X, O(4), Vector, Vector, random_state=seed)

    assert error(0) == error(0) == error(np.random.RandomState(0))
    assert error(0) != error(1)


@pytest.mark.parametrize("numbers", [1, 500, 10**9])
def test_batches_do_not_change_the_error(X, numbers, monkeypatch):
    expected = equivariance_error(np.abs, X, O(4), Vector, Vector, n_elements=7, random_state=0)
    sizes = []

    def recorded(X):
        sizes.append(len(X))
        return np.abs(X)

    monkeypatch.setattr(_equivariance_error, "_BATCH_NUMBERS", numbers)
    error = equivariance_error(recorded, X, O(4), Vector, Vector, n_elements=7, random_state=0)
    assert error == expected
    assert sum(sizes) == 8 * len(X)
    assert max(sizes) <= max(len(X), numbers // 4)


def test_estimators_agree_with_their_predict(X):
    y = turned_sum(X)
    for estimator in (LinearRegression(), KNeighborsRegressor(3)):
        estimator.fit(X, y)
        arguments = (X, SO(2), 2 * Vector, Vector)
        error = equivariance_error(estimator, *arguments, random_state=0)
        assert error == equivariance_error(estimator.predict, *arguments, random_state=0)
        assert 0.0 < error < 1.0


def test_estimator_fitted_on_a_frame_does_not_warn(X):
    frame = pd.DataFrame(X, columns=list("abcd"), index=range(100, 140))
    model = LinearRegression().fit(frame, turned_sum(X))
    error = equivariance_error(model, frame, SO(2), 2 * Vector, Vector, random_state=0)
    plain = LinearRegression().fit(X, turned_sum(X))
    expected = equivariance_error(plain, X, SO(2), 2 * Vector, Vector, random_state=0)
    assert error == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("frame", [pd.DataFrame(), pl.DataFrame()])
def test_functions_of_frames_get_frames(X, frame):
    def from_frame(rows):
        assert isinstance(rows, type(frame))
        return turned_sum(rows.to_numpy())

    rows = type(frame)(X)  # of pandas, whose names are then numbers
    error = equivariance_error(from_frame, rows, SO(2), 2 * Vector, Vector, random_state=0)
    assert error == equivariance_error(turned_sum, X, SO(2), 2 * Vector, Vector, random_state=0)


def test_float32_is_measured_in_float64(X):
    def rounded(X):
        return turned_sum(X.astype(np.float32)).astype(np.float32)

    error = equivariance_error(rounded, X.astype(np.float32), SO(2), "2*Vector", "Vector")
    assert 1e-9 < error < 1e-6


def test_distances_under_euclidean_motions():
    X = np.random.default_rng(0).normal(size=(20, 9))
    for group in (E(3), SE(3)):
        assert equivariance_error(distances, X, group, 3 * Point, 3 * Scalar) < 1e-14
        # The centre of the points moves with them, a vector between two does not.
        centre = equivariance_error(
            lambda X: X.reshape(-1, 3, 3).mean(axis=1), X, group, 3 * Point, Point
        )
        assert centre < 1e-14
        assert equivariance_error(lambda X: X[:, :3], X, group, 3 * Point, Vector) > 0.1
        difference = equivariance_error(lambda X: X[:, :3] - X[:, 3:6], X, group, 3 * Point, Vector)
        assert difference < 1e-13


@given(
    weights=st.lists(st.floats(-10, 10), min_size=8, max_size=8),
    seed=st.integers(0, 2**31 - 1),
)
def test_error_lies_between_zero_and_one(weights, seed):
    matrix = np.reshape(weights, (4, 2))
    X = np.random.default_rng(seed).normal(size=(5, 4))
    errors = equivariance_error(
        lambda X: np.tanh(X @ matrix),
        X,
        O(2),
        2 * Vector,
        Vector,
        n_elements=4,
        per_sample=True,
        random_state=seed,
    )
    assert (errors >= 0.0).all() and (errors <= 1.0 + 1e-15).all()


@pytest.mark.parametrize(
    "changes, error, message",
    [
        ({"predict": 3}, TypeError, "'predict' must be a callable.*3"),
        ({"predict": LinearRegression}, TypeError, "'predict' must be a callable.*fitted"),
        ({"group": "SO(2)"}, TypeError, r"'group' must be a Group. Got 'SO\(2\)'"),
        ({"rep_in": Vector}, ValueError, r"'rep_in' must have.*X.*Got Vector.*2.*4 columns"),
        ({"rep_in": "Vektor"}, ValueError, "Vektor"),
        ({"rep_out": T(2)}, ValueError, r"'rep_out' must have.*output.*T\(2\).*4.*2 columns"),
        ({"n_elements": 0}, ValueError, "n_elements == 0"),
        ({"n_elements": 2.0}, TypeError, "n_elements"),
        ({"X": np.full((3, 4), np.nan)}, ValueError, "Input X contains NaN"),
        ({"X": np.ones(4)}, ValueError, "Expected 2D array"),
        ({"predict": lambda X: X[:3, :2]}, ValueError, r"for 40 samples. Got shape \(3, 2\)"),
        ({"predict": lambda X: X[:, :2] * np.inf}, ValueError, "must return finite numbers"),
        ({"predict": lambda X: X[:, :2] * 1j}, TypeError, "real numbers. Got dtype complex128"),
    ],
)
def test_bad_arguments(X, changes, error, message):
    arguments = {
        "predict": turned_sum,
        "X": X,
        "group": SO(2),
        "rep_in": 2 * Vector,
        "rep_out": Vector,
    }
    with pytest.raises(error, match=message):
        equivariance_error(**(arguments | changes))


def turns_about(centre):
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    return MatrixGroup([np.column_stack([turn, -turn @ centre])])


@pytest.mark.parametrize("distance", [3.0, 100.0, 1e4])
def test_turns_about_a_point_measure_the_same_wherever_it_is(distance):
    X, centre = np.random.RandomState(0).randn(100, 2), np.array([distance, 0.0])
    errors = [
        equivariance_error(
            lambda X, c=c: (X - c)[:, 0] + 2,
            X + c,
            turns_about(c),
            "Point",
            "Scalar",
            random_state=0,
        )
        for c in (np.zeros(2), centre)
    ]
    assert errors[0] > 0.1
    assert errors[1] == pytest.approx(errors[0], rel=1e-6)
