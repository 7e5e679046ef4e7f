"""Fits side by side, in threads and in processes, are those of fits alone."""

import hashlib
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import joblib
import numpy as np
import pytest
import torch

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, Reflection
from softeq_sklearn.projection import clear_cache

X = np.random.RandomState(0).standard_normal((80, 4))
Y = X[:, :2] * [1, 3] + 0.1 * X[:, 2:]


def with_dropout(n_in, n_out):
    return torch.nn.Sequential(
        torch.nn.Linear(n_in, 16),
        torch.nn.SiLU(),
        torch.nn.Dropout(0.3),
        torch.nn.Linear(16, n_out),
    )


KINDS = {
    "explored members": {"tuning": "explore", "n_members": 2},
    "ratio": {"tuning": "ratio"},
    "generators of Lie algebras": {"tuning": "fixed", "regularizer": "lie"},
    "dropout": {"tuning": "fixed", "regularizer": "sampled", "module": with_dropout},
}


def digest_of(kind, seed):
    """Digest of what a fit predicts and reports; bases are solved anew."""
    clear_cache()
    model = SoftEquivariantRegressor(
        {"rotations": SO(2), "reflection": Reflection(2)},
        "2*Vector",
        "Vector",
        hidden_channels=16,
        n_hidden_layers=1,
        max_epochs=4,
        batch_size=16,
        random_state=seed,
        **KINDS[kind],
    ).fit(X, Y)
    digest = hashlib.sha256(model.predict(X).tobytes())
    digest.update(model.levels_.error.tobytes())
    digest.update(model.strengths_.tobytes())
    return digest.hexdigest()


def in_threads(function, seeds):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(function, seeds))


def by_loky(function, seeds):
    return joblib.Parallel(n_jobs=2)(joblib.delayed(function)(seed) for seed in seeds)


def in_processes(method, function, seeds):
    with multiprocessing.get_context(method).Pool(2) as pool:  # which is ended if it hangs
        return pool.map_async(function, seeds).get(timeout=300)


@pytest.mark.parametrize("kind", KINDS)
def test_fits_in_threads_are_those_of_fits_alone(kind, global_generators_untouched):
    alone = [digest_of(kind, seed) for seed in range(6)]
    assert in_threads(partial(digest_of, kind), range(6)) == alone
    assert len(set(alone)) == 6


WAYS = {"loky": by_loky, "spawn": partial(in_processes, "spawn")}
# A fork while other threads hold locks may hang, in Python itself; with a single one it may not.
WAYS["fork"] = partial(in_processes, "fork")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("kind", ["explored members", "dropout"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fits_in_processes_are_those_of_fits_alone(kind, way):
    alone = [digest_of(kind, seed) for seed in range(3)]
    assert way(partial(digest_of, kind), range(3)) == alone


def test_the_number_of_threads_is_put_back():
    before = torch.get_num_threads()
    in_threads(partial(digest_of, "ratio"), range(4))
    assert torch.get_num_threads() == before
