import numpy as np
import pandas as pd
import pytest

from softeq_sklearn.datasets import load_soccer
from softeq_sklearn.datasets._files import arrays
from softeq_sklearn.groups import Reflection, Translation, generated_by
from softeq_sklearn.representations import Point, Vector


@pytest.fixture(scope="module")
def soccer():
    return load_soccer()


@pytest.fixture(scope="module")
def seen():
    """Every position of the file in metres, by (player, time in tenths of a second)."""
    match = arrays("soccer")
    player, moment = np.nonzero(match["x_cm"] != -32768)
    x, y = match["x_cm"][player, moment] / 100, match["y_cm"][player, moment] / 100
    keys = zip(player.tolist(), match["frame"][moment].tolist(), strict=True)
    return dict(zip(keys, zip(x.tolist(), y.tolist(), strict=True), strict=True))


def some(soccer, n=200):
    return np.random.RandomState(0).choice(len(soccer.data), n, replace=False)


def track(seen, player, time, n_past, n_ahead):
    """Positions of a window from the file, or None where there is a gap or a jump."""
    keys = [(player, time + 2 * k) for k in range(-n_past, n_ahead + 1)]
    if not all(key in seen for key in keys):
        return None
    positions = np.array([seen[key] for key in keys])
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    return positions if (steps <= 2.4).all() else None


def test_shapes(soccer):
    assert soccer.data.shape == (131021, 28)
    assert soccer.target.shape == (131021, 2)
    for name in ("period", "time", "player", "team"):
        assert soccer[name].shape == (131021,), name
    assert len(set(zip(soccer.player, soccer.time, strict=True))) == 131021
    assert len(np.unique(soccer.player)) == 28
    assert set(soccer.team) == set(soccer.period) == {1, 2}
    assert soccer.frame is None


def test_representations_match_the_columns(soccer):
    assert soccer.rep_in == Point + 13 * Vector
    assert soccer.rep_out == Vector
    for group in soccer.groups.values():
        assert group.dim == 2
        assert soccer.rep_in.dim(group) == soccer.data.shape[1]
        assert soccer.rep_out.dim(group) == soccer.target.shape[1]


def test_groups_are_what_their_names_say(soccer):
    groups = soccer.groups
    flips = generated_by(Reflection(2, axis=0), Reflection(2, axis=1))
    for g in groups["D(2)"].sample(20, random_state=0):
        assert flips.contains(g)
    for name in ("flip x", "flip y", "SO(2)", "D(2)"):
        assert groups["O(2)"].contains(groups[name].sample(20, random_state=0)).all(), name
    x = soccer.data[:1]
    g = groups["flip x"].discrete_generators[0]
    np.testing.assert_array_equal(soccer.rep_in.act(g, x)[0, 1::2], x[0, 1::2])
    np.testing.assert_array_equal(soccer.rep_in.act(g, x)[0, ::2], -x[0, ::2])


def test_translations_move_the_position_only(soccer):
    x = soccer.data[:3]
    moved = soccer.rep_in.act([[1.0, 0.0, 7.0], [0.0, 1.0, -3.0]], x)
    np.testing.assert_allclose(moved[:, :2], x[:, :2] + [7.0, -3.0])
    np.testing.assert_array_equal(moved[:, 2:], x[:, 2:])
    assert soccer.groups["translations"] == Translation(2)


def test_steps_and_target_by_hand(soccer, seen):
    """Look every position of a window up in the file by player and time."""
    for row in some(soccer):
        time = round(10 * soccer.time[row])
        positions = track(seen, soccer.player[row], time, 5, 10)
        np.testing.assert_array_equal(soccer.data[row, :2], positions[5])
        np.testing.assert_allclose(soccer.data[row, 2:12], np.diff(positions[:6], axis=0).ravel())
        np.testing.assert_allclose(soccer.target[row], positions[15] - positions[5])


def test_neighbours_by_hand(soccer, seen):
    team = arrays("soccer")["team"]
    for row in some(soccer, 50):
        player, time = soccer.player[row], round(10 * soccer.time[row])
        others = [(k, track(seen, k, time, 5, 0)) for k in range(28) if k != player]
        others = [
            (k, p[-1] - soccer.data[row, :2], p[-1] - p[0]) for k, p in others if p is not None
        ]
        others.sort(key=lambda other: np.linalg.norm(other[1]))
        mates = [other for other in others if team[other[0]] == soccer.team[row]]
        opponents = [other for other in others if team[other[0]] != soccer.team[row]]
        expected = np.ravel([other[1:] for other in mates[:2] + opponents[:2]])
        np.testing.assert_allclose(soccer.data[row, 12:], expected, atol=1e-12)


def test_every_full_window_is_there(seen):
    data = load_soccer(n_neighbours=0)
    chosen = [key for key in seen if key[0] in (3, 12)]
    count = sum(track(seen, player, time, 5, 10) is not None for player, time in chosen)
    assert count == np.isin(data.player, [3, 12]).sum() > 1000


def test_first_row_from_the_file(soccer):
    """Neighbouring columns of the file are the steps of the first row."""
    match = arrays("soccer")
    player, time = soccer.player[0], round(10 * soccer.time[0])
    column = np.flatnonzero(match["frame"] == time)[0]
    assert match["period"][column] == soccer.period[0] == 1
    assert match["team"][player] == soccer.team[0]
    x = match["x_cm"][player, column - 5 : column + 11].astype(float)
    np.testing.assert_allclose(soccer.data[0, 0], x[5] / 100)
    np.testing.assert_allclose(soccer.data[0, 2:12:2], np.diff(x[:6]) / 100)
    np.testing.assert_allclose(soccer.target[0, 0], (x[15] - x[5]) / 100)


def test_units(soccer):
    """Metres and seconds: where players are, how fast they run."""
    assert np.isfinite(soccer.data).all() and np.isfinite(soccer.target).all()
    assert (np.abs(soccer.data[:, :2]) < [60, 40]).all()
    speed = np.linalg.norm(soccer.data[:, 2:12].reshape(-1, 5, 2), axis=2) / 0.2
    assert 2 < speed.mean() < 4
    assert speed.max() <= 12 + 1e-9
    assert np.linalg.norm(soccer.target, axis=1).max() <= 24 + 1e-9
    assert soccer.time[soccer.period == 1].max() + 60 < soccer.time[soccer.period == 2].min()


def test_periods_share_no_moment(soccer):
    first = soccer.period == 1
    assert soccer.time[first].max() + 2.0 < soccer.time[~first].min() - 1.0


@pytest.mark.parametrize("n_past, n_ahead, n_neighbours", [(1, 1, 0), (2, 5, 3)])
def test_other_windows(n_past, n_ahead, n_neighbours):
    soccer = load_soccer(n_past=n_past, n_ahead=n_ahead, n_neighbours=n_neighbours)
    width = 2 + 2 * n_past + 8 * n_neighbours
    assert soccer.data.shape == (len(soccer.target), width)
    assert soccer.rep_in.dim(2) == width == len(soccer.feature_names)
    assert soccer.target_names == [f"x_+{n_ahead / 5}s", f"y_+{n_ahead / 5}s"]


def test_names_and_frame(soccer):
    assert soccer.feature_names[:4] == ["x_position", "y_position", "x_step_-1.0s", "y_step_-1.0s"]
    assert soccer.feature_names[10:14] == [
        "x_step_-0.2s",
        "y_step_-0.2s",
        "x_mate_1_offset",
        "y_mate_1_offset",
    ]
    assert soccer.feature_names[-1] == "y_opponent_2_motion"
    assert len(set(soccer.feature_names)) == 28
    X, y = load_soccer(as_frame=True, return_X_y=True)
    assert isinstance(X, pd.DataFrame) and isinstance(y, pd.DataFrame)
    assert list(X.columns) == soccer.feature_names and list(y.columns) == ["x_+2.0s", "y_+2.0s"]
    np.testing.assert_array_equal(X.to_numpy(), soccer.data)


def test_description_has_source_and_terms(soccer):
    words = ("SkillCorner", "MIT License", "Copyright (c) 2020 SkillCorner", "split by period")
    for text in (*words, "WITHOUT WARRANTY OF ANY KIND"):
        assert text in soccer.DESCR, text


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"n_past": 0}, ValueError, "n_past == 0"),
        ({"n_past": 2.5}, TypeError, "n_past"),
        ({"n_ahead": 0}, ValueError, "n_ahead == 0"),
        ({"n_neighbours": -1}, ValueError, "n_neighbours == -1"),
        ({"n_past": 5000}, ValueError, "'n_past' \\+ 'n_ahead'.*5000"),
        ({"n_neighbours": 15}, ValueError, "'n_neighbours'.*15"),
        ({"n_neighbours": 99}, ValueError, "'n_neighbours'.*99"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        load_soccer(**parameters)
