"""Searches on a cluster: a worker that is killed, and fits that raise, lose nothing."""

import os
import signal
import threading
import time

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import loguniform
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, Reflection

distributed = pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")

X = np.random.RandomState(0).standard_normal((80, 4))
Y = X[:, :2] * [1, 3] + 0.1 * X[:, 2:]

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of dask's own parts
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of sockets of a killed worker
]


@pytest.fixture
def cluster():
    """Two processes on this machine, that are begun anew if they die."""
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(processes=True, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
    assert not [p for p in psutil.Process().children(recursive=True) if _is_worker(p)]


def _is_worker(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "spawn_main" in str(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def model(**changes):
    settings = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=4, random_state=0)
    groups = {"rotations": SO(2), "reflection": Reflection(2)}
    return SoftEquivariantRegressor(groups, "2*Vector", "Vector", **settings | changes)


def same_scores(search, other):
    assert_allclose(search.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"])
    assert search.best_params_ == other.best_params_


def test_a_killed_worker_loses_no_result(cluster):
    grid = {"strengths": [0.1, 1.0, 10.0], "learning_rate": [0.01, 0.03]}
    alone = GridSearchCV(model(max_epochs=40), grid, cv=2).fit(X, Y)
    address, victim = min(cluster.run(os.getpid).items())
    killed = []

    def kill():
        end = time.monotonic() + 60
        while time.monotonic() < end and not cluster.processing().get(address):
            time.sleep(0.05)
        killed.append(bool(cluster.processing().get(address)))  # it has a fit to lose
        os.kill(victim, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    # Without `scatter` joblib gives the rows to one worker, with which they would be lost.
    with joblib.parallel_config("dask", scatter=[X, Y]):
        search = GridSearchCV(model(max_epochs=40), grid, cv=2).fit(X, Y)
    thread.join()
    assert killed == [True]
    same_scores(search, alone)


def test_fits_that_raise_get_the_error_score(cluster):
    grid = {"learning_rate": [0.01, 1e39]}
    with (
        joblib.parallel_config("dask"),
        pytest.warns(FitFailedWarning, match="2 fits failed"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search = GridSearchCV(model(), grid, cv=2, error_score=np.nan).fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores[0]) and np.isnan(scores[1])
    assert search.best_params_ == {"learning_rate": 0.01}


def test_a_search_that_halves(cluster):
    def halving():
        return HalvingRandomSearchCV(
            model(),
            {"strengths": loguniform(1e-2, 1e2)},
            n_candidates=4,
            min_resources=20,
            cv=2,
            random_state=0,
        )

    alone = halving().fit(X, Y)
    with joblib.parallel_config("dask"):
        search = halving().fit(X, Y)
    same_scores(search, alone)
