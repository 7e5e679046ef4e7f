"""Training against a plain multilayer perceptron of the same widths."""

from __future__ import annotations

import time

import numpy as np
import torch
from skorch.callbacks import GradientNormClipping
from torch import nn

from softeq_sklearn import SoftEquivariantRegressor, reference_settings
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.groups import MatrixGroup
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.training import PenalizedNet, TensorBatches
from tests.benchmarks.speed._timing import Figure, median_seconds

# The hidden layer of the paper's Inertia task: 216 features, and 26 gates in the linear layers.
HIDDEN = "54*Scalar + 18*Vector + 6*T(2) + 2*T(3)"
WIDTH, N_HIDDEN_LAYERS = 216, 3
N_ROWS, BATCH_SIZE = 1000, 500
MANY_GROUPS = 30


def inertia(device="cpu"):
    """The data set, and its rows as tensors."""
    data = make_inertia(N_ROWS, noise=-1.0, axis=2, random_state=0)
    X = torch.tensor(data.data, dtype=torch.float32, device=device)
    y = torch.tensor(data.target / data.target.std(), dtype=torch.float32, device=device)
    return data, X, y


def plain_network(n_in, n_out):
    """Multilayer perceptron with the same widths."""
    sizes = [n_in] + [WIDTH] * N_HIDDEN_LAYERS
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(WIDTH, n_out))


def plain_epoch(X, y):
    """Return a function that trains the plain network for one epoch in a plain torch loop."""
    return plain_loop(plain_network(X.shape[1], y.shape[1]).to(X.device), X, y)


def plain_loop(network, X, y):
    """Return a function that trains a network for one epoch in a plain torch loop."""
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def epoch():
        order = torch.randperm(len(X), device=X.device)
        for start in range(0, len(X), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            optimizer.zero_grad()
            nn.functional.mse_loss(network(X[rows]), y[rows]).backward()
            optimizer.step()
        _wait_for(X.device)

    return epoch


def soft_net(data, X, y, groups=None, **changes):
    """Return an initialised skorch net, as `SoftEquivariantRegressor` builds it."""
    groups = data.groups if groups is None else groups
    net = PenalizedNet(
        SoftEquivariantNetwork,
        nn.MSELoss,
        groups=groups,
        strengths=dict.fromkeys(groups, 1.0),
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
        device=str(X.device),
        verbose=0,
        **changes,
    ).initialize()

    def epoch():
        net.partial_fit(X, y)
        _wait_for(X.device)

    return net, epoch


def penalty_step(net):
    """Return a function that computes the penalty of all groups and layers with its gradient."""

    def step():
        net.module_.zero_grad()
        net.penalty_(net.module_).backward()

    return step


def _wait_for(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def many_groups(n_groups):
    """Turns about axes that are drawn, no two of them parallel."""
    axes = np.random.RandomState(0).standard_normal((n_groups, 3))
    # The cross product with an axis generates the turns about it.
    generators = np.cross(np.eye(3), axes[:, None])
    return {f"axis {i}": MatrixGroup(lie_algebra=[a]) for i, a in enumerate(generators)}


def epochs(n_repeats, device):
    """Ratios of epochs and of the penalty."""
    data, X, y = inertia(device)
    net, soft = soft_net(data, X, y)
    few, _ = soft_net(data, X, y, many_groups(3))
    many, _ = soft_net(data, X, y, many_groups(MANY_GROUPS))
    bare, bare_epoch = soft_net(data, X, y, {})
    functions = {
        "plain": plain_epoch(X, y),
        "soft": soft,
        "penalty": penalty_step(net),
        "penalty of few": penalty_step(few),
        "penalty of many": penalty_step(many),
        "epoch by the net": bare_epoch,
        "epoch by a loop": plain_loop(bare.module_, X, y),
    }
    median = dict(zip(functions, median_seconds(functions.values(), n_repeats), strict=True))
    step = median["plain"] / (N_ROWS // BATCH_SIZE)
    yield Figure("plain network, a step", 1e3 * step, unit=" ms")
    yield Figure(
        "epoch / epoch of the plain network",
        median["soft"] / median["plain"],
        2.5 if device == "cpu" else 3.0,
    )
    yield Figure(
        "penalty and its gradient / step of the plain network", median["penalty"] / step, 0.25
    )
    yield Figure(
        f"penalty of {MANY_GROUPS} turns about drawn axes / of 3 of them",
        median["penalty of many"] / median["penalty of few"],
        1.1,
    )
    # Which projectors couple few unknowns.
    yield Figure(
        "the same / of turns and reflections in three planes of the axes",
        median["penalty of many"] / median["penalty"],
        1.1,
    )
    yield Figure(
        "epoch of the same module without penalty / in a plain torch loop",
        median["epoch by the net"] / median["epoch by a loop"],
        1.1,
    )


def compiled_epochs(n_repeats, device):
    """How long compiling takes, and how much shorter epochs are then."""
    data, X, y = inertia(device)
    _, usual = soft_net(data, X, y)
    _, compiled = soft_net(data, X, y, compile=True)
    start = time.perf_counter()
    compiled()
    yield Figure("first epoch with compile=True", time.perf_counter() - start, unit=" s")
    medians = median_seconds([usual, compiled], n_repeats)
    yield Figure("a later epoch / one that is not compiled", medians[1] / medians[0])


def default_fit(device):
    """Time and test error of a fit with default settings."""
    data = make_inertia(N_ROWS, noise=-1.0, axis=2, random_state=0)
    test = make_inertia(2000, noise=-1.0, axis=2, random_state=1)
    model = SoftEquivariantRegressor(
        data.groups, data.rep_in, data.rep_out, device=device, random_state=0
    )
    start = time.perf_counter()
    model.fit(data.data, data.target)
    seconds = time.perf_counter() - start
    error = np.mean((model.predict(test.data) - test.target) ** 2)
    yield Figure("default fit to Inertia, axis 2", seconds, 60, unit=" s")
    yield Figure("its test MSE", error, 0.1)


def reference_fit(device, compile):
    """Time of the paper's Inertia fit with the paper's settings, perhaps compiled."""
    _, X, y = inertia(device)
    # As many rows for validation as for training.
    data = make_inertia(2 * N_ROWS, noise=-1.0, axis=2, random_state=0)
    settings = reference_settings("inertia")
    model = SoftEquivariantRegressor(
        data.groups,
        data.rep_in,
        data.rep_out,
        device=device,
        compile=compile,
        random_state=0,
        **settings,
    )
    (plain,) = median_seconds([plain_epoch(X, y)], 20)
    start = time.perf_counter()
    model.fit(data.data, data.target)
    minutes = (time.perf_counter() - start) / 60
    yield Figure(
        f"reference settings, {model.max_epochs} epochs of Inertia",
        minutes,
        8 if device == "cpu" else 0.5,
        unit=" min",
    )
    ratio = 60 * minutes / (plain * model.max_epochs)
    yield Figure("the same / as many epochs of the plain network", ratio)
