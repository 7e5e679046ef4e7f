import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.datasets._tracks import EARTH_RADIUS_KM, tangent_plane, window_rows


def haversine(latitude, longitude, latitude_0, longitude_0):
    """Great-circle distance in km."""
    phi, phi_0 = np.radians(latitude), np.radians(latitude_0)
    turn = np.radians(longitude - longitude_0)
    h = np.sin((phi - phi_0) / 2) ** 2 + np.cos(phi) * np.cos(phi_0) * np.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(h))


def test_one_degree():
    position = tangent_plane(np.array([1.0]), np.array([0.0]), (np.array([0.0]), np.array([0.0])))
    np.testing.assert_allclose(position, [[0.0, 111.195]], atol=1e-3)


@given(
    latitude=st.floats(0.0, 60.0),
    longitude=st.floats(-180.0, 180.0),
    heading=st.floats(0.0, 2 * np.pi),
    degrees=st.floats(0.01, 0.2),
)
def test_length_is_the_great_circle_for_small_distances(latitude, longitude, heading, degrees):
    north, east = degrees * np.cos(heading), degrees * np.sin(heading)
    end = latitude + north, longitude + east / np.cos(np.radians(latitude))
    position = tangent_plane(np.array(end[0]), np.array(end[1]), (latitude, longitude))
    expected = haversine(*end, latitude, longitude)
    np.testing.assert_allclose(np.linalg.norm(position), expected, rtol=5e-3)
    np.testing.assert_allclose(position, 111.195 * np.array([east, north]), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("longitude, longitude_0", [(-179.5, 179.5), (180.5, 179.5), (0.5, 359.5)])
def test_the_shorter_way_around(longitude, longitude_0):
    position = tangent_plane(np.array(0.0), np.array(longitude), (0.0, longitude_0))
    np.testing.assert_allclose(position, [111.195, 0.0], atol=1e-3)


def test_windows_of_a_hand_made_table():
    track = np.array(["a"] * 5 + ["b"] * 7)
    time = np.array([0, 6, 12, 18, 24] + [0, 6, 12, 24, 30, 36, 42])
    rows = window_rows(track, time, interval=6, n_past=1, n_ahead=1)
    np.testing.assert_array_equal(rows, [1, 2, 3, 6, 9, 10])
    rows = window_rows(track, time, interval=6, n_past=2, n_ahead=1)
    np.testing.assert_array_equal(rows, [2, 3, 10])
    assert len(window_rows(track, time, interval=6, n_past=3, n_ahead=2)) == 0
    assert len(window_rows(track, time, interval=6, n_past=30, n_ahead=2)) == 0


@given(
    steps=st.lists(st.sampled_from([3, 6, 6, 6, 6, 12]), min_size=1, max_size=40),
    n_past=st.integers(1, 4),
    n_ahead=st.integers(1, 4),
    n_first=st.integers(0, 40),
)
def test_windows_agree_with_a_search_by_time(steps, n_past, n_ahead, n_first):
    time = np.concatenate([[0], np.cumsum(steps)])
    track = np.where(np.arange(len(time)) < n_first, "a", "b")
    expected = [
        row
        for row in range(n_past, len(time) - n_ahead)
        if all(
            track[row + k] == track[row] and time[row + k] == time[row] + 6 * k
            for k in range(-n_past, n_ahead + 1)
        )
    ]
    rows = window_rows(track, time, interval=6, n_past=n_past, n_ahead=n_ahead)
    np.testing.assert_array_equal(rows, expected)
