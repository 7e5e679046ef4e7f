import numpy as np
import pandas as pd
import pytest

from softeq_sklearn.datasets import load_mocap
from softeq_sklearn.datasets._files import arrays
from softeq_sklearn.representations import Scalar, Vector


@pytest.fixture(scope="module")
def mocap():
    return load_mocap(height=True)


@pytest.fixture(scope="module")
def position():
    """Positions in metres, shape (n_frames, n_joints, 3)."""
    return arrays("mocap")["position_mm"] / 1000


def test_shapes(mocap):
    assert mocap.data.shape == (449 * 31, 34)
    assert mocap.target.shape == (449 * 31, 3)
    assert mocap.time.shape == mocap.joint.shape == (449 * 31,)
    assert len(set(zip(mocap.joint, mocap.time, strict=True))) == 449 * 31
    assert mocap.frame is None


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("height", [False, True])
def test_representations_match_the_columns(root, height):
    mocap = load_mocap(n_past=3, root=root, height=height)
    vectors = (7 if root else 3) * Vector
    assert mocap.rep_in == (vectors + Scalar if height else vectors)
    assert mocap.rep_out == Vector
    assert len(mocap.feature_names) == mocap.data.shape[1]
    for group in mocap.groups.values():
        assert group.dim == 3
        assert mocap.rep_in.dim(group) == mocap.data.shape[1]
        assert mocap.rep_out.dim(group) == mocap.target.shape[1]


def test_first_row_by_hand(mocap, position):
    """The root at frame 5, the first with five steps before it."""
    assert mocap.joint[0] == "root" and mocap.time[0] == pytest.approx(0.25)
    expected = np.concatenate(
        [
            np.diff(position[:6, 0], axis=0).ravel(),
            np.zeros(3),
            np.diff(position[:6, 0], axis=0).ravel(),
            position[5, 0, [1]],
        ]
    )
    np.testing.assert_allclose(mocap.data[0], expected, atol=1e-12)
    np.testing.assert_allclose(mocap.target[0], position[10, 0] - position[5, 0], atol=1e-12)


def test_any_row_by_hand(mocap, position):
    names = arrays("mocap")["joint"].tolist()
    for row in np.random.RandomState(0).choice(len(mocap.data), 100, replace=False):
        frame, joint = round(mocap.time[row] / 0.05), names.index(mocap.joint[row])
        window = position[frame - 5 : frame + 6]
        expected = [
            *np.diff(window[:6, joint], axis=0).ravel(),
            *(window[5, joint] - window[5, 0]),
            *np.diff(window[:6, 0], axis=0).ravel(),
            window[5, joint, 1],
        ]
        np.testing.assert_allclose(mocap.data[row], expected, atol=1e-12)
        np.testing.assert_allclose(mocap.target[row], window[10, joint] - window[5, joint])


def test_chosen_joints_are_those_rows(mocap):
    hands = load_mocap(joints=["rhand", "lhand"], height=True)
    chosen = np.isin(mocap.joint, ["lhand", "rhand"])
    assert hands.joint[:2].tolist() == ["lhand", "rhand"]
    np.testing.assert_array_equal(hands.data, mocap.data[chosen])
    np.testing.assert_array_equal(hands.target, mocap.target[chosen])
    np.testing.assert_array_equal(hands.time, mocap.time[chosen])


def test_rows_of_a_time_are_a_row_of_the_body(mocap, position):
    body = mocap.target.reshape(-1, 31 * 3)
    np.testing.assert_allclose(body[7], (position[17] - position[12]).ravel(), atol=1e-12)
    assert (31 * mocap.rep_in).dim(3) == mocap.data.reshape(449, -1).shape[1]


def test_units(mocap):
    """Metres and seconds; y is up: the head is above the feet."""
    assert np.isfinite(mocap.data).all() and np.isfinite(mocap.target).all()
    speed = np.linalg.norm(mocap.data[:, :15].reshape(-1, 5, 3), axis=2) / 0.05
    assert 0.3 < speed.mean() < 2 and speed.max() < 8
    height = mocap.data[:, -1]
    assert height.min() > -0.1 and height.max() < 2.2
    assert height[mocap.joint == "head"].min() > 1.2
    assert np.median(height[mocap.joint == "lfoot"]) < 0.3
    assert mocap.time.max() < 2750 / 120


def test_recommended_split_shares_no_position(mocap):
    train, test = mocap.time < 15.0, mocap.time > 15.5
    assert mocap.time[train].max() + 0.25 < mocap.time[test].min() - 0.25


@pytest.mark.parametrize("n_past, n_ahead", [(1, 1), (8, 2)])
def test_other_windows(n_past, n_ahead, position):
    X, y = load_mocap(n_past=n_past, n_ahead=n_ahead, root=False, return_X_y=True)
    assert X.shape == ((len(position) - n_past - n_ahead) * 31, 3 * n_past)
    assert y.shape == (len(X), 3)


def test_names_and_frame(mocap):
    assert mocap.feature_names[:3] == ["x_step_-0.25s", "y_step_-0.25s", "z_step_-0.25s"]
    assert mocap.feature_names[15:19] == ["x_offset", "y_offset", "z_offset", "x_root_step_-0.25s"]
    assert mocap.feature_names[-2:] == ["z_root_step_-0.05s", "height"]
    assert mocap.target_names == ["x_+0.25s", "y_+0.25s", "z_+0.25s"]
    framed = load_mocap(as_frame=True, height=True)
    assert list(framed.frame.columns) == mocap.feature_names + mocap.target_names
    X, y = load_mocap(as_frame=True, return_X_y=True)
    assert isinstance(X, pd.DataFrame) and isinstance(y, pd.DataFrame)


def test_description_has_source_and_terms(mocap):
    words = ("mocap.cs.cmu.edu", "NSF EIA-0196217", "not be sold", "split by time")
    for text in words:
        assert text in mocap.DESCR, text


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"n_past": 0}, ValueError, "n_past == 0"),
        ({"n_past": 2.5}, TypeError, "n_past"),
        ({"n_ahead": 0}, ValueError, "n_ahead == 0"),
        ({"n_past": 450, "n_ahead": 9}, ValueError, "'n_past' \\+ 'n_ahead'.*459.*450 \\+ 9"),
        ({"joints": "root"}, ValueError, "'joints' must be.*'root'"),
        ({"joints": []}, ValueError, "'joints' must be.*\\[\\]"),
        ({"joints": ["tail"]}, ValueError, "'joints' must be.*tail"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        load_mocap(**parameters)
