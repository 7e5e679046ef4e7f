"""Processes that accelerate starts fit together what one fits alone."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.estimators import _processes
from softeq_sklearn.groups import SO

pytest.importorskip("accelerate")

SCRIPT = Path(__file__).with_name("fits_in_processes.py")
LAUNCH = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--rdzv_backend", "c10d"]
LAUNCH += ["--rdzv_endpoint", "127.0.0.1:0"]  # a free port
# What does not begin with a seed of its own, and where each process draws other numbers.
SEEDED = "plain", "members", "rows short of processes", "classes", "explored", "warm start"


def launch(part, folder, together=True):
    """Run a part of the script, together or by one process; return what it says."""
    command = [sys.executable, *(LAUNCH if together else []), SCRIPT, part, folder]
    surroundings = os.environ | {"ACCELERATE_USE_CPU": "yes"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=surroundings)


def results(part, folder, together=True):
    """What each process has got, a dict of arrays."""
    done = launch(part, folder, together)
    assert done.returncode == 0, done.stderr
    device = "accelerate" if together else "cpu"
    return [dict(np.load(folder / f"{device} {part} {i}.npz")) for i in range(1 + together)]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return results("small", folder), results("small", folder, together=False)[0]


def test_all_processes_have_the_same_fit(small):
    (first, second), _ = small
    assert set(first) == set(second)
    for name in first:
        assert_array_equal(first[name], second[name], err_msg=name)


@pytest.mark.parametrize("fit", SEEDED)
def test_it_is_the_fit_of_one_process(small, fit):
    (together, _), alone = small
    for name in ("weights", "losses", "predictions", "errors"):
        here, there = together[f"{fit}/{name}"], alone[f"{fit}/{name}"]
        assert_allclose(here, there, rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_process_that_dies_ends_the_fit_which_can_go_on(small, tmp_path):
    (uninterrupted, _), _ = small
    assert launch("killed", tmp_path).returncode != 0
    assert (tmp_path / "died").exists()
    assert len(list((tmp_path / "checkpoints").glob("*.npz"))) == 1
    for process in results("killed", tmp_path):
        n_done, n_in_all = process.pop("epochs/done")
        assert n_done < n_in_all  # it has gone on, and not begun anew
        for name, value in process.items():
            assert_array_equal(value, uninterrupted[name], err_msg=name)
    assert not list((tmp_path / "checkpoints").iterdir())


def test_other_rows_in_a_process_are_an_error_in_all(small):
    processes, alone = small
    for process in processes:
        message = str(process["other rows/message"])
        assert "the same in all processes" in message and "in the processes [1]" in message
    assert not str(alone["other rows/message"])


def test_several_processes_do_not_fit_in_threads(monkeypatch):
    several = SimpleNamespace(num_processes=2)
    monkeypatch.setattr(_processes, "launched", lambda: several)
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="leave n_jobs"):
        pool.submit(_processes.processes_of, "accelerate").result()
    assert _processes.processes_of("accelerate") is several
    assert _processes.processes_of("cpu") is None


def test_one_process_fits_alone():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((40, 2))
    settings = dict(hidden_channels=8, n_hidden_layers=1, max_epochs=2, random_state=0)
    fits = [
        SoftEquivariantRegressor({"turns": SO(2)}, "Vector", "Vector", device=device, **settings)
        for device in (str(_processes.launched().device), "accelerate")
    ]
    alone, launched = (fit.fit(X, X).predict(X) for fit in fits)
    assert_array_equal(alone, launched)
