"""Cost of training against a plain multilayer perceptron of the same widths, in the same run.

Run with ``python -m tests.benchmarks.training``. All figures are ratios of medians; the two loops
take turns, so that a machine whose speed drifts does not favour one of them.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from skorch.callbacks import GradientNormClipping
from torch import nn

from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.training import PenalizedNet, TensorBatches

# The hidden layer of the paper's Inertia task: 216 features, and 26 gates in the linear layers.
HIDDEN = "54*Scalar + 18*Vector + 6*T(2) + 2*T(3)"
WIDTH, N_HIDDEN_LAYERS = 216, 3
N_ROWS, BATCH_SIZE = 1000, 500


def plain_network(n_in, n_out):
    """Multilayer perceptron with the same widths."""
    sizes = [n_in] + [WIDTH] * N_HIDDEN_LAYERS
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(WIDTH, n_out))


def plain_epoch(X, y):
    """Return a function that trains the plain network for one epoch in a plain torch loop."""
    network = plain_network(X.shape[1], y.shape[1])
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def epoch():
        order = torch.randperm(len(X))
        for start in range(0, len(X), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            optimizer.zero_grad()
            nn.functional.mse_loss(network(X[rows]), y[rows]).backward()
            optimizer.step()

    return epoch


def soft_net(data, X, y):
    """Return an initialised skorch net, as `SoftEquivariantRegressor` builds it."""
    net = PenalizedNet(
        SoftEquivariantNetwork,
        nn.MSELoss,
        groups=data.groups,
        strengths=dict.fromkeys(data.groups, 1.0),
        module__rep_in=data.rep_in,
        module__rep_out=data.rep_out,
        module__groups=list(data.groups.values()),
        module__hidden_channels=HIDDEN,
        module__n_hidden_layers=N_HIDDEN_LAYERS,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        train_split=None,
        iterator_train=TensorBatches,
        batch_size=BATCH_SIZE,
        max_epochs=1,
        callbacks=[GradientNormClipping(0.3)],
        callbacks__print_log=None,
        verbose=0,
    ).initialize()
    return net, lambda: net.partial_fit(X, y)


def penalty_step(net):
    """Return a function that computes the penalty of all groups and layers with its gradient."""

    def step():
        net.module_.zero_grad()
        net.penalty_(net.module_).backward()

    return step


def median_seconds(functions, n_repeats):
    """Median time of each function, called in turn."""
    times = [[] for _ in functions]
    for _ in range(n_repeats):
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            record.append(time.perf_counter() - start)
    return [statistics.median(record) for record in times]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    data = make_inertia(N_ROWS, noise=-1.0, axis=2, random_state=0)
    X = torch.tensor(data.data, dtype=torch.float32)
    y = torch.tensor(data.target / data.target.std(), dtype=torch.float32)
    plain = plain_epoch(X, y)
    net, soft = soft_net(data, X, y)
    penalty = penalty_step(net)
    median_seconds([plain, soft, penalty], 5)
    plain_s, soft_s, penalty_s = median_seconds([plain, soft, penalty], arguments.repeats)
    step_s = plain_s / (N_ROWS // BATCH_SIZE)
    print(f"plain network: {1e3 * plain_s:.1f} ms an epoch, {1e3 * step_s:.1f} ms a step")
    print(f"soft network, 3 groups: {1e3 * soft_s:.1f} ms an epoch")
    print(f"epoch ratio: {soft_s / plain_s:.2f} (bar: 5)")
    print(f"penalty with gradient / plain step: {penalty_s / step_s:.2f} (bar: 0.6)")


if __name__ == "__main__":
    main()
