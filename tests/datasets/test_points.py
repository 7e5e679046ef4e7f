"""What holds for every data set of points, whatever its function."""

import pickle

import numpy as np
import pandas as pd
import pytest

from softeq_sklearn.datasets import make_cosine_similarity, make_distances, make_radius
from softeq_sklearn.datasets._points import quotient
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import Scalar

MAKERS = pytest.mark.parametrize(
    "make",
    [
        pytest.param(make_cosine_similarity, id="cosine_similarity"),
        pytest.param(make_distances, id="distances"),
        pytest.param(make_radius, id="radius"),
    ],
)


@MAKERS
def test_shapes_and_conventions(make):
    points = make(7, n_points=4, symmetry="none", random_state=0)
    assert points.data.shape == (7, 12)
    assert points.target.shape == (7,)
    assert points.frame is None
    assert points.feature_names[:4] == ["x_1", "y_1", "z_1", "x_2"]
    assert len(points.feature_names) == 12 and len(points.target_names) == 1
    assert points.rep_out == Scalar
    assert all(points.rep_in.dim(group) == 12 for group in points.groups.values())
    assert "4 " in points.DESCR and '"none", with noise = ' in points.DESCR
    np.testing.assert_array_equal(points.function(points.data), points.target)


@MAKERS
def test_frames_and_pair(make):
    points = make(7, symmetry="none", random_state=0)
    framed = make(7, symmetry="none", random_state=0, as_frame=True)
    pd.testing.assert_frame_equal(
        framed.data, pd.DataFrame(points.data, columns=points.feature_names)
    )
    pd.testing.assert_series_equal(
        framed.target, pd.Series(points.target, name=points.target_names[0])
    )
    assert list(framed.frame.columns) == points.feature_names + points.target_names
    np.testing.assert_array_equal(framed.function(framed.data), points.target)
    X, y = make(7, symmetry="none", random_state=0, return_X_y=True)
    np.testing.assert_array_equal(X, points.data)
    np.testing.assert_array_equal(y, points.target)


@MAKERS
def test_random_state(make, global_generators_untouched):
    first = make(10, symmetry="none", random_state=0)
    np.testing.assert_array_equal(first.data, make(10, random_state=0).data)
    np.testing.assert_array_equal(first.data, make(10, random_state=np.random.RandomState(0)).data)
    assert not np.array_equal(first.data, make(10, random_state=1).data)
    for group in first.groups.values():
        assert first.true_error(group, n_elements=2) == first.true_error(group, n_elements=2)


@MAKERS
def test_distribution_of_the_rows(make):
    X = make(20000, random_state=0).data
    np.testing.assert_allclose(X.mean(axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(np.cov(X.T), np.eye(9), atol=0.05)


@MAKERS
@pytest.mark.parametrize("shift", [3.0, (1.0, -2.0, 0.5)])
def test_shift_moves_the_same_points(make, shift):
    plain, moved = (make(10, shift=s, random_state=0).data for s in (0.0, shift))
    difference = (moved - plain).reshape(10, 3, 3)
    np.testing.assert_allclose(difference, np.broadcast_to(shift, (10, 3, 3)))


@MAKERS
@pytest.mark.parametrize("sign", [-1, 1])
def test_sign_comes_after_shift(make, sign):
    shifted = make(10, shift=1.0, random_state=0).data
    signed = make(10, shift=1.0, sign=sign, random_state=0)
    np.testing.assert_array_equal(signed.data, sign * np.abs(shifted))
    np.testing.assert_array_equal(signed.function(signed.data), signed.target)


@MAKERS
def test_true_error_is_the_metric_on_rows_of_the_same_distribution(make):
    options = {"symmetry": "none", "shift": 2.0, "sign": 1}
    points = make(1, **options)
    for group in points.groups.values():
        other = equivariance_error(
            points.function,
            make(200, random_state=1, **options).data,
            group,
            points.rep_in,
            points.rep_out,
            n_elements=300,
            random_state=2,
        )
        np.testing.assert_allclose(points.true_error(group), other, rtol=0.3)


@MAKERS
@pytest.mark.parametrize("n_points", [2, 3, 4, 5])
def test_without_noise_all_symmetries_hold(make, n_points):
    points = make(1, n_points=n_points, symmetry="none", noise=0.0)
    for group in points.groups.values():
        assert points.true_error(group, n_elements=20) < 1e-12


@MAKERS
def test_pickles(make):
    points = make(4, symmetry="none", random_state=0)
    again = pickle.loads(pickle.dumps(points))
    np.testing.assert_array_equal(again.function(points.data), points.target)
    group = next(iter(points.groups.values()))
    assert again.true_error(group, n_elements=2) == points.true_error(group, n_elements=2)


@MAKERS
@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"n_samples": 0}, ValueError, "n_samples == 0"),
        ({"n_points": 1}, ValueError, "n_points == 1, must be >= 2"),
        ({"n_points": 3.0}, TypeError, "n_points"),
        ({"symmetry": "o3"}, ValueError, "'symmetry' must be one of .*'none'.*. Got 'o3' instead"),
        ({"symmetry": None}, ValueError, "'symmetry' must be one of .*. Got None instead"),
        ({"sign": 2}, ValueError, "'sign' must be -1, 0 or 1. Got 2"),
        ({"noise": np.inf}, ValueError, "'noise' must be a finite number. Got inf"),
        ({"noise": "much"}, TypeError, "noise"),
        ({"shift": [1.0, 2.0]}, ValueError, "'shift' must be.*1.0, 2.0"),
        ({"shift": np.nan}, ValueError, "'shift' must be.*nan"),
    ],
)
def test_bad_parameters(make, parameters, error, message):
    with pytest.raises(error, match=message):
        make(**parameters)


@MAKERS
def test_function_refuses_other_columns(make):
    with pytest.raises(ValueError, match="'X' must have 3 \\* n_points = 9 columns. Got 8 instead"):
        make(2).function(np.ones((3, 8)))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        make(2).function(np.full((3, 9), np.nan))


@MAKERS
@pytest.mark.parametrize("n_zero", [1, 2, 3])
def test_function_is_finite_at_zero_vectors(make, n_zero):
    X = make(5, random_state=0).data
    X[:, : 3 * n_zero] = 0.0
    function = make(1, symmetry="none").function  # it has all terms of the others
    assert np.isfinite(function(X)).all()
    assert np.isfinite(function(X[:, ::-1])).all()


def test_quotient():
    a, b = np.array([[1.0, 0.0, -3.0], [0.0, 2.0, 5.0]]), np.array([[2.0], [0.0]])
    np.testing.assert_array_equal(quotient(a, b), [[0.5, 0.0, -1.5], [0.0, 0.0, 0.0]])
