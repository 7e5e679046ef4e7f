import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.datasets import track_windows

SQUARES = np.arange(6.0)[:, None] ** 2


def test_one_track():
    steps, displacement, rows = track_windows(SQUARES, n_past=2, n_ahead=2)
    np.testing.assert_array_equal(steps, [[1, 3], [3, 5]])
    np.testing.assert_array_equal(displacement, [[12], [16]])
    np.testing.assert_array_equal(rows, [2, 3])


def test_past_only():
    steps, displacement, rows = track_windows(SQUARES, n_past=5, n_ahead=0)
    np.testing.assert_array_equal(steps, [[1, 3, 5, 7, 9]])
    np.testing.assert_array_equal(displacement, [[0]])
    np.testing.assert_array_equal(rows, [5])


def test_interval_of_several_rows_is_not_a_step_of_one():
    time = 6 * np.arange(6)
    assert len(track_windows(SQUARES, time=time, n_past=1, n_ahead=1)[2]) == 0
    rows = track_windows(SQUARES, time=time, interval=6, n_past=1, n_ahead=1)[2]
    np.testing.assert_array_equal(rows, [1, 2, 3, 4])


@pytest.mark.parametrize(
    "max_step, expected", [(None, [1, 2, 3, 4]), (7.0, [1, 2, 3]), (6.9, [1, 2])]
)
def test_long_steps_are_gaps(max_step, expected):
    rows = track_windows(SQUARES, n_past=1, n_ahead=1, max_step=max_step)[2]
    np.testing.assert_array_equal(rows, expected)


def test_two_rows_at_one_time_are_a_gap():
    time = [0, 1, 2, 2, 3, 4]
    rows = track_windows(SQUARES, time=time, n_past=1, n_ahead=1)[2]
    np.testing.assert_array_equal(rows, [1, 4])


def test_no_window_keeps_the_columns():
    steps, displacement, rows = track_windows(np.zeros((3, 2)), n_past=4, n_ahead=1)
    assert steps.shape == (0, 8) and displacement.shape == (0, 2) and rows.shape == (0,)


@given(
    steps=st.lists(st.sampled_from([1, 2, 2, 2, 2, 3]), min_size=1, max_size=30),
    n_past=st.integers(1, 3),
    n_ahead=st.integers(0, 3),
    n_first=st.integers(0, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_windows_agree_with_a_search_by_time(steps, n_past, n_ahead, n_first, seed):
    """Whatever the order of the rows."""
    rng = np.random.RandomState(seed)
    time = np.concatenate([[0], np.cumsum(steps)])
    track = np.where(np.arange(len(time)) < n_first, "a", "b")
    order = rng.permutation(len(time))
    time, track, position = time[order], track[order], rng.standard_normal((len(time), 3))
    at = {(name, moment): i for i, (name, moment) in enumerate(zip(track, time, strict=True))}

    expected = []
    for row, key in enumerate(zip(track, time, strict=True)):
        keys = [(key[0], key[1] + 2 * k) for k in range(-n_past, n_ahead + 1)]
        if all(key in at for key in keys):
            window = position[[at[key] for key in keys]]
            past = np.diff(window[: n_past + 1], axis=0).ravel()
            expected.append((row, past, window[-1] - window[n_past]))
    found = track_windows(
        position, track=track, time=time, n_past=n_past, n_ahead=n_ahead, interval=2
    )
    # A row in between, at an odd distance, is a gap; the search by time looks over it.
    between = {
        row
        for row, _, _ in expected
        if any((track[row], time[row] + k) in at for k in range(1 - 2 * n_past, 2 * n_ahead, 2))
    }
    expected = [case for case in expected if case[0] not in between]
    np.testing.assert_array_equal(found[2], [case[0] for case in expected])
    for steps_found, displacement, (_, past, ahead) in zip(*found[:2], expected, strict=True):
        np.testing.assert_array_equal(steps_found, past)
        np.testing.assert_array_equal(displacement, ahead)


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"n_past": 0}, ValueError, "n_past == 0"),
        ({"n_ahead": -1}, ValueError, "n_ahead == -1"),
        ({"interval": 0.5}, TypeError, "interval"),
        ({"max_step": -1.0}, ValueError, "max_step == -1"),
        ({"track": [1, 2]}, ValueError, "'track' must have one value.*6 rows.*\\(2,\\)"),
        ({"time": [[1, 2]]}, ValueError, "'time' must have one value.*\\(1, 2\\)"),
        ({"time": 0.2 * np.arange(6)}, TypeError, "'time' must be integers.*float64"),
        ({"position": [1.0, 2.0]}, ValueError, "2D array"),
        ({"position": [[1.0], [np.nan]]}, ValueError, "position contains NaN"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        track_windows(**{"position": SQUARES, "n_past": 1, "n_ahead": 1} | parameters)
