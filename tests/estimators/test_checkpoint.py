"""A fit that was killed goes on where it was, and ends as if nothing had happened."""

import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from softeq_sklearn import SoftEquivariantClassifier
from softeq_sklearn.estimators import _checkpoint, _soft
from softeq_sklearn.groups import SL, SO, Reflection
from softeq_sklearn.persistence._checkpoint_file import read_checkpoint, write_checkpoint
from softeq_sklearn.training import PenalizedNet, StrengthTuner


class Killed(BaseException):
    """Ends a fit as kill -9 does: nothing of ours runs any more but `finally`."""


@pytest.fixture(autouse=True)
def every_epoch_is_kept(monkeypatch):
    monkeypatch.setattr(_checkpoint, "_PAUSE", 0.0)


def kill_at(monkeypatch, step):
    """Kill in a training step, counted from 1 over all trainings of a fit."""
    real, steps = PenalizedNet.train_step_single, []

    def train_step_single(self, batch, **fit_params):
        steps.append(1)
        if len(steps) == step:
            raise Killed
        return real(self, batch, **fit_params)

    monkeypatch.setattr(PenalizedNet, "train_step_single", train_step_single)
    return steps


def losses(model):
    names = "epoch", "train_loss", "valid_loss", "train_loss_best", "valid_loss_best"
    return [[epoch.get(name) for name in names] for epoch in model.history_]


def assert_same_fit(model, other, X):
    assert losses(model) == losses(other)
    assert_array_equal(model.predict(X), other.predict(X))
    if hasattr(other, "levels_"):
        assert_array_equal(model.strength_path_, other.strength_path_)
        assert_array_equal(model.strengths_, other.strengths_)
        for name in ("error", "error_high", "verdict"):
            assert_array_equal(getattr(model.levels_, name), getattr(other.levels_, name))
        assert model._imposed == other._imposed


def with_dropout(n_in, n_out):
    return torch.nn.Sequential(
        torch.nn.Linear(n_in, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, n_out)
    )


KINDS = {
    "fixed": {"tuning": "fixed"},
    "ratio": {"tuning": "ratio"},
    "dual": {"tuning": "dual"},
    "evidence": {"tuning": "evidence", "max_epochs": 8},
    "per layer": {"tuning": StrengthTuner("dual", per_layer=True)},
    "members": {"n_members": 3, "tuning": "fixed"},
    "early stopping": {"early_stopping": True, "learning_rate": 0.2, "max_epochs": 8},
    "no held-out rows": {"validation_fraction": 0.0},
    "elements": {"regularizer": "sampled", "tuning": "ratio"},
    "dropout": {"module": with_dropout, "regularizer": "sampled", "tuning": "fixed"},
    "a generator": {"random_state": np.random.RandomState(3)},
}


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_killed_in_training(make_soft, plane, monkeypatch, tmp_path, changes):
    X, Y = plane

    def make(**more):
        fresh = {name: _fresh(value) for name, value in changes.items()}
        return make_soft(**{"max_epochs": 6} | fresh | more)

    whole = make().fit(X, Y)
    n_steps = 5 * len(whole.history_)  # an estimate that is enough
    steps = kill_at(monkeypatch, round(0.7 * n_steps))
    with pytest.raises(Killed):
        make(checkpoint=tmp_path).fit(X, Y)
    n_killed = len(steps)
    assert len(list(tmp_path.iterdir())) == 1
    resumed = make(checkpoint=tmp_path).fit(X, Y)
    assert len(steps) - n_killed < n_steps / 2
    assert_same_fit(resumed, whole, X)
    assert not list(tmp_path.iterdir())


def _fresh(value):
    """Generators are used up by fits."""
    return np.random.RandomState(3) if isinstance(value, np.random.RandomState) else value


@pytest.mark.parametrize("share", [0.05, 0.4, 0.7, 0.95])
def test_killed_in_an_explored_fit(make_soft, plane, monkeypatch, tmp_path, share):
    """In trials, in the exploration, in the training or the second one."""
    monkeypatch.setattr(_soft, "_EXPLORED_STEPS", 1)
    X, Y = plane
    groups = {"rotations": SO(2), "reflection": Reflection(2), "areas": SL(2)}
    options = {"groups": groups, "n_members": 3, "max_epochs": 8}
    steps = kill_at(monkeypatch, -1)
    whole = make_soft(**options).fit(X, Y)
    steps = kill_at(monkeypatch, round(share * len(steps)))
    with pytest.raises(Killed):
        make_soft(checkpoint=tmp_path, **options).fit(X, Y)
    resumed = make_soft(checkpoint=str(tmp_path), **options).fit(X, Y)
    assert_same_fit(resumed, whole, X)
    assert resumed._left_out == whole._left_out
    assert vars(resumed._exploration) == vars(whole._exploration)


def test_exact_networks_and_classifiers(make_exact, make_residual, plane, monkeypatch, tmp_path):
    X, Y = plane
    small = {"hidden_channels": 8, "max_epochs": 4, "batch_size": 16, "random_state": 0}

    def classifier(**changes):
        return SoftEquivariantClassifier([SO(2)], "2*Vector", tuning="fixed", **small | changes)

    for make, targets in ((make_exact, Y), (make_residual, Y), (classifier, Y[:, 0] > 0)):
        whole = make().fit(X, targets)
        with monkeypatch.context() as patch:
            steps = kill_at(patch, 12)
            with pytest.raises(Killed):
                make(checkpoint=tmp_path).fit(X, targets)
            resumed = make(checkpoint=tmp_path).fit(X, targets)
        assert_same_fit(resumed, whole, X)
        assert len(steps) == 12 + 10  # two of four epochs, of five steps each, were kept


def test_a_warm_start(make_soft, plane, monkeypatch, tmp_path):
    X, Y = plane
    whole, killed, resumed = (make_soft(warm_start=True).fit(X, Y) for _ in range(3))
    whole.fit(X, Y)
    steps = kill_at(monkeypatch, 12)
    with pytest.raises(Killed):
        killed.set_params(checkpoint=tmp_path).fit(X, Y)
    resumed.set_params(checkpoint=tmp_path).fit(X, Y)
    assert_same_fit(resumed, whole, X)
    assert len(steps) == 12 + 10


@pytest.mark.parametrize(
    "other", [{"learning_rate": 0.02}, {"random_state": 1}, {"groups": {"rotations": SO(2)}}]
)
def test_other_fits_have_other_files(make_soft, plane, monkeypatch, tmp_path, other):
    X, Y = plane
    with monkeypatch.context() as patch:
        kill_at(patch, 12)
        with pytest.raises(Killed):
            make_soft(checkpoint=tmp_path).fit(X, Y)
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    model = make_soft(checkpoint=tmp_path, **other).fit(X, Y)
    assert_same_fit(model, make_soft(**other).fit(X, Y), X)
    model = make_soft(checkpoint=tmp_path).fit(X, 2 * Y)
    assert_same_fit(model, make_soft().fit(X, 2 * Y), X)
    assert file.read_bytes() == before


@pytest.mark.parametrize("damage", ["half of it", "another byte", "nothing"])
def test_damaged_files_are_noticed(make_soft, plane, monkeypatch, tmp_path, damage):
    with monkeypatch.context() as patch:
        kill_at(patch, 12)
        with pytest.raises(Killed):
            make_soft(checkpoint=tmp_path).fit(*plane)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    if damage == "another byte":
        content[len(content) // 2] ^= 1
    else:
        content = content[: len(content) // 2] if damage == "half of it" else b""
    file.write_bytes(content)
    with pytest.raises(ValueError, match="checkpoint must be a folder of whole files.*delete it"):
        make_soft(checkpoint=tmp_path).fit(*plane)


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.npz"
    write_checkpoint(path, {"a": np.arange(3)})
    with pytest.raises(TypeError, match="numbers, texts and arrays"):
        write_checkpoint(path, {"a": object()})
    assert_array_equal(read_checkpoint(path)["a"], np.arange(3))
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_made(make, plane, tmp_path):
    make(checkpoint=tmp_path / "new" / "folder").fit(*plane)
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "folder"]


def test_an_interrupted_fit_goes_on_later(make_soft, plane, monkeypatch, tmp_path):
    X, Y = plane
    whole = make_soft().fit(X, Y)
    with monkeypatch.context() as patch:
        real, steps = PenalizedNet.train_step_single, []

        def press(self, batch, **fit_params):
            steps.append(1)
            if len(steps) == 12:
                raise KeyboardInterrupt
            return real(self, batch, **fit_params)

        patch.setattr(PenalizedNet, "train_step_single", press)
        with pytest.warns(UserWarning, match="was interrupted"):
            assert make_soft(checkpoint=tmp_path).fit(X, Y).interrupted_
        resumed = make_soft(checkpoint=tmp_path).fit(X, Y)
    assert_same_fit(resumed, whole, X)
    assert not resumed.interrupted_ and len(steps) == 12 + 10


PROGRAM = """
import sys
import numpy as np
from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.estimators import _checkpoint
from softeq_sklearn.groups import SO

_checkpoint._PAUSE = 0.0
X = np.random.RandomState(0).standard_normal((80, 4))
model = SoftEquivariantRegressor(
    {"rotations": SO(2)}, "2*Vector", "Vector", hidden_channels=16, max_epochs=60, batch_size=16,
    tuning="fixed", random_state=0, checkpoint=sys.argv[1] or None,
).fit(X, X[:, :2] * [1, 3])
print(repr([epoch["valid_loss"] for epoch in model.history_]), repr(model.predict(X[:3]).tolist()))
"""


def test_killed_by_the_system(tmp_path):
    """Three times, at moments that nobody has chosen."""
    expected = subprocess.run(
        [sys.executable, "-c", PROGRAM, ""], check=True, capture_output=True, text=True
    ).stdout
    rng = np.random.RandomState(0)
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)])
        while not list(tmp_path.glob("*.npz")) and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert last.stdout == expected


def test_a_file_is_no_folder(make_soft, plane, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="checkpoint must be a folder. Got the file"):
        make_soft(checkpoint=tmp_path / "file").fit(*plane)


def test_the_same_fit_twice_at_once(make_soft, plane, tmp_path):
    """One that ends must not take away what the other writes at that moment."""
    X, Y = plane
    expected, errors = make_soft(max_epochs=20).fit(X, Y), []

    def fit():
        try:
            fitted = make_soft(max_epochs=20, checkpoint=tmp_path).fit(X, Y)
            assert_array_equal(fitted.predict(X), expected.predict(X))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=fit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert not list(tmp_path.glob("*.part"))
