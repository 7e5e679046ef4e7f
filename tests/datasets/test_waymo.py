import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softeq_sklearn.datasets import read_waymo_motion
from softeq_sklearn.representations import Vector

SAMPLE = files("softeq_sklearn.datasets") / "data" / "made_up_motion.tfrecord"
NORMALIZATIONS = [None, "symmetry-aware", "scale-aware", "both"]


def random_positions(n_agents, seed=0):
    """Trajectories that pass the filters, as float32 has them; shape (n_agents, 91, 3)."""
    rng = np.random.RandomState(seed)
    start = rng.uniform(-3000, 3000, (n_agents, 1, 3)) * [1, 1, 0.01]
    steps = rng.uniform(-0.4, 0.4, (n_agents, 91, 3))
    steps[..., 2] = rng.uniform(0.01, 0.02, (n_agents, 91))
    return (start + steps.cumsum(axis=1)).astype(np.float32)


@pytest.fixture
def write(writer, tmp_path):
    """Write scenarios as one file and return its path."""

    def write(*scenarios, name="one.tfrecord", packed=True):
        path = tmp_path / name
        path.write_bytes(b"".join(writer.record(writer.example(s, packed)) for s in scenarios))
        return path

    return write


def metres(motion):
    """Past and future of all rows in metres, by the formula of the docstring."""
    rows = np.hstack([motion.data, motion.target]).reshape(-1, 12, 3)
    return rows * motion.scale + motion.mean + motion.origin[:, None]


@pytest.mark.parametrize("center_on", ["trajectory", "past"])
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_positions_come_back(writer, write, normalization, center_on):
    positions = random_positions(5)
    path = write(writer.scenario(positions))
    motion = read_waymo_motion(path, normalization=normalization, center_on=center_on)
    np.testing.assert_allclose(metres(motion), positions[:, :24:2], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("n_padded", [0, 8])
def test_padding_and_packing_change_nothing(writer, write, n_padded, packed):
    path = write(writer.scenario(random_positions(5), n_padded=n_padded), packed=packed)
    motion = read_waymo_motion(path, normalization=None)
    np.testing.assert_allclose(metres(motion), random_positions(5)[:, :24:2], atol=1e-9)
    assert motion.agent.tolist() == [0, 1, 2, 3, 4]


def test_full_size_of_a_scenario(writer, write):
    path = write(writer.scenario(random_positions(3), n_padded=128))
    assert read_waymo_motion(path).data.shape == (3, 18)


def test_past_and_future(writer, write):
    """Step 10 is the current one, the last of the past."""
    positions = random_positions(1)
    X, y = read_waymo_motion(write(writer.scenario(positions)), normalization=None, return_X_y=True)
    centred = positions[0] - positions[0, :24:2].mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(X[0].reshape(6, 3), centred[[0, 2, 4, 6, 8, 10]], atol=1e-9)
    np.testing.assert_allclose(y[0].reshape(6, 3), centred[[12, 14, 16, 18, 20, 22]], atol=1e-9)


def test_filter_of_valid_steps(writer, write):
    """Steps 0 to 23 count, the others do not."""
    valid = np.ones((92, 91), dtype=np.int64)
    valid[np.arange(91), np.arange(91)] = 0
    motion = read_waymo_motion(write(writer.scenario(random_positions(92), valid=valid)))
    assert motion.agent.tolist() == list(range(24, 92))


def test_filter_of_padded_steps(writer, write):
    valid = np.ones((2, 91), dtype=np.int64)
    valid[0, 5] = -1
    motion = read_waymo_motion(write(writer.scenario(random_positions(2), valid=valid)))
    assert motion.agent.tolist() == [1]


@pytest.mark.parametrize("sign", [1, -1])
def test_filters_of_movement(writer, write, sign):
    """The positions at steps 0 and 10 decide, whatever is between and after them."""
    moves = np.array(
        [
            [0, 0, 0.0625, True],
            [0, 0, 0.046875, False],
            [0, 0, 0, False],
            [4.75, 4.75, 0.0625, True],
            [5, 0, 0.0625, False],
            [0, 5, 0.0625, False],
            [4.75, 5.25, 0.0625, False],
            [0, 0, 20, True],
        ]
    )
    positions = np.random.RandomState(0).uniform(-50, 50, (len(moves), 91, 3))
    positions[:, 0] = [256.0, -128.0, 8.0]
    positions[:, 10] = positions[:, 0] + sign * moves[:, :3]
    motion = read_waymo_motion(write(writer.scenario(positions)))
    assert motion.agent.tolist() == np.flatnonzero(moves[:, 3]).tolist()


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_normalizations(writer, write, normalization):
    positions = random_positions(40)[:, :24:2].astype(np.float64)
    motion = read_waymo_motion(
        write(writer.scenario(random_positions(40))), normalization=normalization
    )
    mean = positions.mean(axis=1)
    rows = np.hstack([motion.data, motion.target]).reshape(-1, 12, 3)
    if normalization == "both":
        # 0.7 % of the height of a trajectory is left, beside a constant.
        assert motion.scale.tolist() == [1.31, 1.31, 1.31]
        left = rows.mean(axis=1) * 1.31
        np.testing.assert_allclose(left[:, :2], 0.0, atol=1e-9)
        np.testing.assert_allclose(left[:, 2], 0.007 * mean[:, 2] + 0.23, atol=1e-9)
    else:
        scale = {
            None: [1.0, 1.0, 1.0],
            "symmetry-aware": [1.05, 1.05, 1.05],
            "scale-aware": [1.23, 1.34, 0.05],
        }[normalization]
        assert motion.scale.tolist() == scale
        assert motion.mean.tolist() == [0.0, 0.0, 0.0]
        np.testing.assert_allclose(motion.origin, mean, atol=1e-9)
        np.testing.assert_allclose(rows, (positions - mean[:, None]) / scale, atol=1e-7)


def test_scale_of_all_components_keeps_rotations(writer, write):
    """Turn the file about an axis: symmetry-aware rows turn with it, scale-aware ones do not."""
    positions = random_positions(6)
    positions[..., 0] += np.arange(91) / 64  # so that every component changes after a turn
    turned = positions[..., [0, 2, 1]] * [1, -1, 1]
    for normalization, holds in [("symmetry-aware", True), ("scale-aware", False)]:
        X, turned_X = (
            read_waymo_motion(
                write(writer.scenario(p)), normalization=normalization, return_X_y=True
            )[0].reshape(-1, 6, 3)
            for p in (positions, turned)
        )
        same = np.allclose(turned_X, X[..., [0, 2, 1]] * [1, -1, 1], atol=1e-3)
        assert same == holds


def test_center_of_the_past_does_not_tell_the_future(writer, write):
    positions = random_positions(4)
    changed = positions.copy()
    changed[:, 11:] += 3
    for center_on, tells in [("past", False), ("trajectory", True)]:
        X, changed_X = (
            read_waymo_motion(write(writer.scenario(p)), center_on=center_on, return_X_y=True)[0]
            for p in (positions, changed)
        )
        assert np.array_equal(X, changed_X) != tells
        centre = X.reshape(-1, 6, 3).mean(axis=1)
        assert np.allclose(centre, 0, atol=1e-9) != tells


def test_several_files(writer, write):
    first = write(
        writer.scenario(random_positions(2), name=b"a", agent=[11, 12], agent_type=[1, 2]),
        writer.scenario(random_positions(3, seed=1), name=b"b", agent_type=[3, 4, 0]),
    )
    second = write(
        writer.scenario(random_positions(1, seed=2), name=b"c", agent_type=[7]), name="two.tfrecord"
    )
    expected = np.concatenate([random_positions(n, seed) for n, seed in [(2, 0), (3, 1), (1, 2)]])
    for paths in ([first, second], (str(first), second), iter([first, str(second)])):
        motion = read_waymo_motion(paths)
        np.testing.assert_allclose(metres(motion), expected[:, :24:2], atol=1e-9)
        assert motion.scenario.tolist() == ["a", "a", "b", "b", "b", "c"]
        assert motion.agent.tolist() == [11, 12, 0, 1, 2, 0]
        assert motion.agent_type.tolist() == [
            "vehicle", "pedestrian", "cyclist", "other", "unset", "unset"
        ]  # fmt: skip
    reverse = read_waymo_motion([second, first])
    np.testing.assert_array_equal(reverse.target, np.roll(motion.target, 1, axis=0))


def test_names_and_representations():
    motion = read_waymo_motion(SAMPLE)
    assert motion.feature_names[:4] == ["x_-1.0s", "y_-1.0s", "z_-1.0s", "x_-0.8s"]
    assert motion.feature_names[-1] == "z_+0.0s"
    assert motion.target_names[:2] == ["x_+0.2s", "y_+0.2s"]
    assert motion.target_names[-1] == "z_+1.2s"
    assert motion.rep_in == motion.rep_out == 6 * Vector
    for axis, name in enumerate("xyz"):
        group = motion.groups[f"O(2) about {name}"]
        assert group.dim == 3
        assert motion.rep_in.dim(group) == 18
        for element in group.sample(5, random_state=0):
            np.testing.assert_allclose(element[axis], np.eye(3)[axis], atol=1e-12)
    for words in (
        "3 trajectories of 2 scenarios",
        "symmetry-aware",
        "(1.05, 1.05, 1.05)",
        "licence",
    ):
        assert words in motion.DESCR, words


def test_frame():
    motion = read_waymo_motion(SAMPLE)
    assert motion.frame is None
    framed = read_waymo_motion(SAMPLE, as_frame=True)
    assert list(framed.frame.columns) == motion.feature_names + motion.target_names
    np.testing.assert_array_equal(framed.data.to_numpy(), motion.data)
    X, y = read_waymo_motion(SAMPLE, as_frame=True, return_X_y=True)
    assert isinstance(X, pd.DataFrame) and isinstance(y, pd.DataFrame)


def test_sample_file_is_what_the_writer_writes(writer):
    assert SAMPLE.read_bytes() == writer.made_up_motion()
    motion = read_waymo_motion(str(SAMPLE))
    assert motion.scenario.tolist() == ["made-up-1", "made-up-1", "made-up-2"]
    assert motion.agent.tolist() == [7, 8, 3]
    assert motion.agent_type.tolist() == ["vehicle", "pedestrian", "cyclist"]


def test_scenario_without_a_name(writer, write):
    nameless = writer.scenario(random_positions(1))
    del nameless["scenario/id"]
    path = write(writer.scenario(random_positions(1), name=b"a"), nameless)
    first, second = read_waymo_motion(path).scenario
    assert first == "a" and re.fullmatch(r"one\.tfrecord:\d+", second)
    nameless["scenario/id"] = []
    assert read_waymo_motion(write(nameless)).scenario == ["one.tfrecord:0"]


@pytest.mark.parametrize("packed", [True, False])
def test_scenario_messages_are_refused(writer, tmp_path, packed):
    times = np.arange(91) / 10
    times = (
        writer.field(1, times.tobytes())
        if packed
        else b"".join(b"\x09" + time.tobytes() for time in times)
    )
    track = writer.field(2, b"\x08\x07\x10\x01" + writer.field(3, b"\x11" + bytes(8)))
    path = tmp_path / "training.tfrecord"
    path.write_bytes(writer.record(times + track + writer.field(5, b"0123456789abcdef")))
    message = "training.tfrecord.*byte 0 .*Scenario message: pass the files of the folder 'tf_exam"
    with pytest.raises(ValueError, match=message):
        read_waymo_motion(path)


def changed(name, change):
    def apply(scenario):
        values = scenario.pop(name)
        if change is not None:
            scenario[name] = change(values)

    return apply


@pytest.mark.parametrize(
    "change, message",
    [
        (changed("state/past/z", None), "no numbers named 'state/past/z'"),
        (changed("state/future/x", None), "'state/future/x', as in the testing split"),
        (changed("state/type", None), "no numbers named 'state/type'"),
        (changed("state/past/x", lambda v: [b"a"]), "no numbers named 'state/past/x'"),
        (
            changed("state/past/x", lambda v: v[:, 1:]),
            "'state/past/x' must have 20 values for 2 agents. Got 18",
        ),
        (changed("state/id", lambda v: v[:1]), "'state/id' must have 2 values.*Got 1"),
        (changed("state/type", lambda v: v[:1]), "must have 10 values for 1 agents. Got 20"),
        (changed("state/id", lambda v: v * np.nan), "'state/id' must have integers"),
        (changed("state/past/y", lambda v: v * np.nan), "positions must be finite"),
        (changed("state/future/y", lambda v: v * np.inf), "positions must be finite"),
        (changed("scenario/id", lambda v: [bytes(101)]), "'scenario/id' must have at most 100"),
    ],
)
def test_other_features(writer, write, change, message):
    good, bad = writer.scenario(random_positions(2)), writer.scenario(random_positions(2))
    change(bad)
    offset = len(writer.record(writer.example(good)))
    with pytest.raises(ValueError, match=f"one.tfrecord.* byte {offset} .*{message}"):
        read_waymo_motion(write(good, bad))


def test_unseen_agents_may_have_any_numbers(writer, write):
    valid = np.ones((2, 91), dtype=np.int64)
    valid[0] = 0
    scenario = writer.scenario(random_positions(2), valid=valid)
    scenario["state/past/x"][0] = np.nan
    scenario["state/id"][0] = np.inf
    assert read_waymo_motion(write(scenario)).agent.tolist() == [1]


def test_damaged_files(writer, tmp_path):
    content = SAMPLE.read_bytes()
    path = tmp_path / "damaged.tfrecord"
    path.write_bytes(content[:-1])
    with pytest.raises(
        ValueError, match=r"damaged\.tfrecord.*byte 4\d\d\d .*file ends before that"
    ):
        read_waymo_motion(path)
    path.write_bytes(writer.record(writer.example({"a": np.ones(3)})[:-1]))
    with pytest.raises(ValueError, match=r"damaged\.tfrecord.*byte 0 .*longer than its message"):
        read_waymo_motion(path)
    with pytest.raises(FileNotFoundError):
        read_waymo_motion([SAMPLE, tmp_path / "missing"])


def test_no_trajectory(writer, write, tmp_path):
    flat = random_positions(3)
    flat[..., 2] = 0
    with pytest.raises(ValueError, match="Got none in 1 files with 2 scenarios, of which 5 traj"):
        read_waymo_motion(write(writer.scenario(flat), writer.scenario(flat[:2])))
    with pytest.raises(ValueError, match="Got none in 1 files with 1 scenarios, of which 0 traj"):
        read_waymo_motion(write(writer.scenario(flat[:0])))
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    with pytest.raises(ValueError, match="Got none in 2 files with 0 scenarios"):
        read_waymo_motion([empty, empty])


@pytest.mark.parametrize(
    "paths, parameters, error, message",
    [
        ([], {}, ValueError, "'paths' must hold at least one path"),
        (3, {}, TypeError, "'paths' must be a path or a sequence of paths. Got 3"),
        (None, {}, TypeError, "'paths' must be.*None"),
        (b"one", {}, TypeError, "'paths' must be.*b'one'"),
        (["one", 3], {}, TypeError, "'paths' must hold paths only. Got 3"),
        ("one", {"normalization": "scale"}, ValueError, "'normalization' must be one of.*'scale'"),
        ("one", {"normalization": ["both"]}, ValueError, "'normalization' must be one of"),
        ("one", {"center_on": None}, ValueError, "'center_on' must be one of.*None"),
    ],
)
def test_bad_parameters(paths, parameters, error, message):
    with pytest.raises(error, match=message):
        read_waymo_motion(paths, **parameters)


def test_paths_of_other_kinds():
    class Named:
        def __fspath__(self):
            return str(SAMPLE)

    for path in (Named(), Path(str(SAMPLE)), [Named()]):
        assert len(read_waymo_motion(path).data) == 3
