import gzip

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold

from softeq_sklearn.datasets import _storms, load_storms
from softeq_sklearn.representations import Scalar, Vector


@pytest.fixture(scope="module")
def storms():
    return load_storms()


@pytest.fixture(scope="module")
def table():
    """The file as pandas reads it, with a time."""
    with _storms.data_file("storms.csv.gz").open("rb") as packed:
        fixes = pd.read_csv(packed, compression="gzip")
    fixes["time"] = pd.to_datetime(fixes[["year", "month", "day", "hour"]])
    return fixes


@pytest.fixture
def hand_made(tmp_path, monkeypatch):
    """Put a table of two storms in the place of the real one."""
    lines = [
        "name,year,month,day,hour,latitude,longitude,status,wind_knots,pressure_hpa",
        # One degree east at every step, over the date line, over the end of a month; with a fix
        # at an odd hour and one that shares its hour.
        "Ada,2001,8,31,12,0.0,178.0,hurricane,80,990",
        "Ada,2001,8,31,15,9.0,178.5,hurricane,81,991",
        "Ada,2001,8,31,18,0.0,179.0,hurricane,82,992",
        "Ada,2001,9,1,0,0.0,-180.0,hurricane,83,993",
        "Ada,2001,9,1,0,9.0,-180.0,hurricane,84,994",
        "Ada,2001,9,1,6,0.0,-179.0,hurricane,85,995",
        # Two degrees north at every step, with a gap of twelve hours.
        "Bo,2002,9,1,0,10.0,-50.0,hurricane,60,1000",
        "Bo,2002,9,1,6,12.0,-50.0,hurricane,60,1000",
        "Bo,2002,9,1,12,14.0,-50.0,hurricane,60,1000",
        "Bo,2002,9,2,0,16.0,-50.0,hurricane,60,1000",
        "Bo,2002,9,2,6,18.0,-50.0,hurricane,60,1000",
    ]
    path = tmp_path / "storms.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    monkeypatch.setattr(_storms, "data_file", lambda name: tmp_path / name)


def test_windows_and_storms(storms):
    assert storms.data.shape == (13836, 9)
    assert storms.target.shape == (13836, 2)
    assert len(np.unique(storms.storm)) == 593
    for name in ("year", "storm", "time", "latitude", "longitude"):
        assert storms[name].shape == (13836,), name
    assert len(set(zip(storms.storm, storms.time, strict=True))) == 13836


def test_representations_match_the_columns(storms):
    assert storms.rep_in == 4 * Vector + Scalar
    assert storms.rep_out == Vector
    for group in storms.groups.values():
        assert group.dim == 2
        assert storms.rep_in.dim(group) == storms.data.shape[1]
        assert storms.rep_out.dim(group) == storms.target.shape[1]


def test_hand_made_storms(hand_made):
    storms = load_storms(n_past=1, n_ahead=1, scalars=("wind_knots", "pressure_hpa"))
    degree = 111.19508
    expected = [[degree, 0, 82, 992], [degree, 0, 83, 993], [0, 2 * degree, 60, 1000]]
    np.testing.assert_allclose(storms.data, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(storms.target, np.array(expected)[:, :2], rtol=1e-6, atol=1e-9)
    assert storms.storm.tolist() == ["Ada 2001", "Ada 2001", "Bo 2002"]
    assert storms.year.tolist() == [2001, 2001, 2002]
    assert storms.latitude.tolist() == [0.0, 0.0, 12.0]
    assert storms.longitude.tolist() == [179.0, -180.0, -50.0]
    expected_time = np.array(["2001-08-31T18", "2001-09-01T00", "2002-09-01T06"], "datetime64[h]")
    np.testing.assert_array_equal(storms.time, expected_time)


def test_target_is_the_displacement_after_all_steps(hand_made):
    storms = load_storms(n_past=1, n_ahead=2, scalars=())
    np.testing.assert_allclose(storms.data, [[111.19508, 0.0]], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(storms.target, [[2 * 111.19508, 0.0]], rtol=1e-6, atol=1e-9)
    assert storms.rep_in == Vector


@pytest.mark.parametrize("name, year", [("Katrina", 2005), ("Jerry", 1989), ("Amy", 1975)])
def test_one_storm_by_times(storms, table, name, year):
    """Look every fix of a window up by its time, in a table made by pandas."""
    fixes = table[(table["name"] == name) & (table["year"] == year)]
    fixes = fixes.drop_duplicates("time").set_index("time")
    rows = np.flatnonzero(storms.storm == f"{name} {year}")
    assert len(rows) > 5
    for row in rows:
        times = [pd.Timestamp(storms.time[row]) + pd.Timedelta(hours=h) for h in range(-24, 25, 6)]
        window = fixes.loc[times]
        latitude, longitude = window["latitude"].to_numpy(), window["longitude"].to_numpy()
        east = (longitude - longitude[4]) * np.cos(np.radians(latitude[4])) * 111.19508
        north = (latitude - latitude[4]) * 111.19508
        steps = np.column_stack([np.diff(east[:5]), np.diff(north[:5])]).ravel()
        np.testing.assert_allclose(storms.data[row, :8], steps, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(storms.target[row], [east[-1], north[-1]], rtol=1e-6, atol=1e-8)
        assert storms.data[row, 8] == storms.latitude[row] == latitude[4]
        assert storms.longitude[row] == longitude[4]


def test_every_full_window_is_there(storms, table):
    regular = table[table["hour"] % 6 == 0]
    count = 0
    for _, fixes in regular.groupby(["name", "year"]):
        hours = set(fixes["time"].to_numpy().astype("datetime64[h]").astype(int).tolist())
        count += sum(all(h + 6 * k in hours for k in range(-4, 5)) for h in hours)
    assert count == len(storms.data)


def test_values_are_those_of_storms(storms):
    assert np.isfinite(storms.data).all() and np.isfinite(storms.target).all()
    speed = np.linalg.norm(storms.data[:, :8].reshape(-1, 4, 2), axis=2) / 6
    assert 10 < speed.mean() < 40  # km/h
    assert speed.max() < 200
    assert storms.year.min() == 1975 and storms.year.max() == 2022


@pytest.mark.parametrize("n_past, n_ahead", [(1, 1), (2, 8), (6, 2)])
def test_longer_and_shorter_windows(n_past, n_ahead):
    X, y = load_storms(n_past=n_past, n_ahead=n_ahead, scalars=(), return_X_y=True)
    assert X.shape == (len(y), 2 * n_past)
    assert y.shape[1] == 2


def test_shorter_past_is_the_end_of_a_longer_one(storms):
    shorter = load_storms(n_past=2)
    rows = {key: i for i, key in enumerate(zip(shorter.storm, shorter.time, strict=True))}
    index = [rows[key] for key in zip(storms.storm, storms.time, strict=True)]
    np.testing.assert_allclose(shorter.data[index], storms.data[:, 4:], atol=1e-9)
    np.testing.assert_array_equal(shorter.target[index], storms.target)


def test_names_and_frame(storms):
    assert storms.feature_names[:2] == ["east_step_-24h", "north_step_-24h"]
    assert storms.feature_names[-2:] == ["north_step_-6h", "latitude"]
    assert storms.target_names == ["east_+24h", "north_+24h"]
    assert storms.frame is None
    framed = load_storms(as_frame=True)
    assert list(framed.data.columns) == storms.feature_names
    assert list(framed.target.columns) == storms.target_names
    assert list(framed.frame.columns) == storms.feature_names + storms.target_names
    np.testing.assert_array_equal(framed.data.to_numpy(), storms.data)
    X, y = load_storms(as_frame=True, return_X_y=True)
    assert isinstance(X, pd.DataFrame) and isinstance(y, pd.DataFrame)


def test_storms_split_without_overlap(storms):
    train, test = next(GroupKFold(5).split(storms.data, storms.target, groups=storms.storm))
    assert not set(storms.storm[train]) & set(storms.storm[test])
    early = storms.year < 2010
    assert not set(storms.storm[early]) & set(storms.storm[~early])


def test_description_has_source_and_terms(storms):
    for words in ("HURDAT2", "public domain", "dplyr", "MIT License", "split by year"):
        assert words in storms.DESCR, words


@pytest.mark.parametrize(
    "parameters, error, message",
    [
        ({"n_past": 0}, ValueError, "n_past == 0"),
        ({"n_past": 2.5}, TypeError, "n_past"),
        ({"n_ahead": -1}, ValueError, "n_ahead == -1"),
        ({"n_past": 300}, ValueError, "'n_past' \\+ 'n_ahead'.*300"),
        ({"scalars": ("depth",)}, ValueError, "'scalars' must be.*depth"),
        ({"scalars": "latitude"}, ValueError, "'scalars' must be.*latitude"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        load_storms(**parameters)
