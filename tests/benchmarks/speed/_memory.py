"""Peak memory of fits, each in a process of its own.

``python -m tests.benchmarks.speed._memory NAME`` runs one of them and prints its peak in MB.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.groups import SO
from tests.benchmarks.speed._timing import Figure, printed_by
from tests.benchmarks.speed._training import (
    BATCH_SIZE,
    HIDDEN,
    N_HIDDEN_LAYERS,
    inertia,
    plain_epoch,
)

N_EPOCHS = 20
N_LARGE, N_COLUMNS, CHUNK = 1_000_000, 20, 50_000


def plain_fit():
    """A plain torch loop over the plain network."""
    _, X, y = inertia()
    epoch = plain_epoch(X, y)
    for _ in range(N_EPOCHS):
        epoch()


def soft_fit():
    """As many epochs of ours, with the same widths and batches."""
    data = make_inertia(1000, noise=-1.0, axis=2, random_state=0)
    SoftEquivariantRegressor(
        data.groups,
        data.rep_in,
        data.rep_out,
        hidden_channels=HIDDEN,
        n_hidden_layers=N_HIDDEN_LAYERS,
        batch_size=BATCH_SIZE,
        max_epochs=N_EPOCHS,
        random_state=0,
    ).fit(data.data, data.target)


def large_fit():
    """One epoch of a million rows that lie on disk."""
    with tempfile.TemporaryDirectory() as folder:
        X = np.lib.format.open_memmap(
            Path(folder) / "X.npy", "w+", dtype=np.float64, shape=(N_LARGE, N_COLUMNS)
        )
        rng = np.random.RandomState(0)
        for start in range(0, N_LARGE, CHUNK):
            X[start : start + CHUNK] = rng.standard_normal((CHUNK, N_COLUMNS))
        X.flush()
        y = X[:, 5] * X[:, 8] + X[:, 6] * X[:, 9] + X[:, 7] * X[:, 10]
        model = SoftEquivariantRegressor(
            [SO(3)],
            "5*Scalar + 5*Vector",
            "Scalar",
            hidden_channels=32,
            n_hidden_layers=2,
            max_epochs=1,
            random_state=0,
        )
        model.fit(X, y).predict(X)


FITS = {"plain": plain_fit, "soft": soft_fit, "large": large_fit}


def small():
    """Memory of the Inertia fit."""
    (plain,), (soft,) = printed_by("_memory", "plain"), printed_by("_memory", "soft")
    yield Figure("plain network, peak memory", plain, unit=" MB")
    yield Figure("peak memory of the Inertia fit / of the plain network", soft / plain, 1.5)


def large():
    """Memory of a large fit, whose rows are float64 on disk."""
    bar = N_LARGE * N_COLUMNS * 8 / 2**20 + 1024
    (peak,) = printed_by("_memory", "large")
    yield Figure("fit and predict, 1,000,000 x 20 from disk, peak memory", peak, bar, unit=" MB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    FITS[sys.argv[1]]()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
