"""Searches on a cluster whose workers are killed."""

from __future__ import annotations

import os
import signal
import threading
import time

import joblib
import numpy as np
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from softeq_sklearn import SoftEquivariantRegressor
from tests.faults._fits import GROUPS, PATIENCE, SMALL, data
from tests.faults._outcome import Outcome

GRID = {"strengths": [0.1, 1.0, 10.0], "learning_rate": [0.01, 0.03]}


def killed_workers(n_kills, seed):
    """Kill a worker during a search: the scores have to be those of a search alone."""
    rng, outcome = np.random.RandomState(seed), Outcome()
    start = time.perf_counter()
    rows = data()  # joblib knows them by their identity
    expected = _search(rows).cv_results_["mean_test_score"]
    seconds = time.perf_counter() - start
    for _ in range(n_kills):
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with LocalCluster(processes=True, **options) as cluster, Client(cluster) as client:
            workers = sorted(client.run(os.getpid).values())
            victim = workers[rng.randint(len(workers))]
            kill = threading.Thread(target=_kill, args=(client, victim, rng.uniform(0, seconds)))
            kill.start()
            with joblib.parallel_config("dask", scatter=rows):
                try:
                    scores = _search(rows).cv_results_["mean_test_score"]
                except Exception as error:
                    print(f"a search ended with {error!r}")
                    scores = np.nan
            outcome.noticed += not kill.is_alive()
            kill.join()
        outcome.injected += 1
        outcome.lost += not np.allclose(scores, expected, rtol=1e-6)
    return outcome


def _kill(client, victim, seconds):
    """Kill a worker some time after the first fit has begun: before, rows are still being sent."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not any(client.processing().values()):
        time.sleep(0.01)
    time.sleep(seconds)
    os.kill(victim, signal.SIGKILL)


def _search(rows):
    model = SoftEquivariantRegressor(GROUPS, "2*Vector", "Vector", **SMALL | {"max_epochs": 40})
    return GridSearchCV(model, GRID, cv=2).fit(*rows)
