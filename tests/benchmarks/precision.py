"""How far float32, in which networks are trained, is from float64.

``python -m tests.benchmarks.precision`` trains the same networks from the same start, over the same
rows, in both, for three tasks of the paper, and prints: how far the outputs of the network that was
trained in float32 are from its outputs in float64, in which predictions are made, as a share of the
largest output; the same for its penalty, the sum over all groups; and the losses at the end of both
trainings, which part as rounding grows from step to step.
"""

from __future__ import annotations

import argparse
import copy

import numpy as np
import torch
from torch import nn

from softeq_sklearn.datasets import make_cosine_similarity, make_distances, make_inertia
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.training import PenalizedNet, TensorBatches

TASKS = {
    "inertia": lambda: make_inertia(1000, noise=-1.0, axis=2, random_state=0),
    "cosine similarity": lambda: make_cosine_similarity(1000, random_state=0),
    "distances": lambda: make_distances(1000, random_state=0),
}


def training(data, dtype, n_epochs):
    """A net that was trained with numbers of a type, and its loss at the end."""
    X = torch.tensor(data.data / np.abs(data.data).max(), dtype=dtype)
    y = torch.tensor(data.target.reshape(len(X), -1) / np.std(data.target), dtype=dtype)
    net = PenalizedNet(
        SoftEquivariantNetwork,
        nn.MSELoss,
        groups=data.groups,
        module__rep_in=data.rep_in,
        module__rep_out=data.rep_out,
        module__groups=list(data.groups.values()),
        module__seed=0,
        optimizer=torch.optim.Adam,
        lr=3e-3,
        train_split=None,
        iterator_train=TensorBatches,
        iterator_train__shuffle=True,
        iterator_train__random_state=np.random.RandomState(0),
        batch_size=100,
        max_epochs=n_epochs,
        callbacks__print_log=None,
        verbose=0,
    ).initialize()
    net.module_.to(dtype)
    net.partial_fit(X, y)
    return net, net.history[-1]["train_loss"], X


def gap(values, exact):
    """Largest difference, as a share of the largest value."""
    return float((values.double() - exact).abs().max() / exact.abs().max())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100)
    n_epochs = parser.parse_args().epochs
    print(f"{'task':18} {'outputs':>9} {'penalty':>9} {'loss, float32':>14} {'float64':>9}")
    for name, make in TASKS.items():
        data = make()
        net, loss, X = training(data, torch.float32, n_epochs)
        _, exact_loss, _ = training(data, torch.float64, n_epochs)
        module = copy.deepcopy(net.module_).double()
        with torch.no_grad():
            outputs = gap(net.module_(X), module(X.double()))
            exact = torch.tensor(sum(net.penalty_.values(module).values()))
            penalty = gap(net.penalty_(net.module_), exact)
        print(f"{name:18} {outputs:9.1e} {penalty:9.1e} {loss:14.4g} {exact_loss:9.4g}")


if __name__ == "__main__":
    main()
