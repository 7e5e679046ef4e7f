"""Rows per second of `predict` against a plain multilayer perceptron of the same widths."""

from __future__ import annotations

import numpy as np
import torch

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from tests.benchmarks.speed._timing import Figure, median_seconds
from tests.benchmarks.speed._training import HIDDEN, N_HIDDEN_LAYERS, plain_network

N_ROWS, BATCH_SIZE = 100_000, 2048


def predictions(n_repeats):
    """Ratio of rows per second."""
    data = make_inertia(1000, noise=-1.0, axis=2, random_state=0)
    model = SoftEquivariantRegressor(
        data.groups,
        data.rep_in,
        data.rep_out,
        hidden_channels=HIDDEN,
        n_hidden_layers=N_HIDDEN_LAYERS,
        max_epochs=1,
        tuning="ratio",
    ).fit(data.data, data.target)
    X = np.resize(data.data, (N_ROWS, data.data.shape[1]))
    network = plain_network(X.shape[1], data.target.shape[1])

    def plain():
        with torch.inference_mode():
            rows = torch.from_numpy(X).float()
            return torch.cat([network(part) for part in rows.split(BATCH_SIZE)]).double().numpy()

    plain_s, soft_s = median_seconds([plain, lambda: model.predict(X)], n_repeats, n_warm_up=1)
    yield Figure(
        "predict, rows per second / of the plain network", plain_s / soft_s, 0.4, floor=True
    )
