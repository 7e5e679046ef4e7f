"""Effective numbers of weights against the evidence of a linear model, computed densely."""

import numpy as np
import pytest
import torch

from softeq_sklearn.groups import SO, C, O, Reflection
from softeq_sklearn.nn import EquivariantNetwork, SoftEquivariantNetwork
from softeq_sklearn.regularizers import ProjectionPenalty, _projection
from softeq_sklearn.regularizers._effective_numbers import effective_numbers
from softeq_sklearn.training._evidence_rule import precision_update

NOISE = 0.04
PLANES = {f"{axes}": O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2))}
CANDIDATES = [
    {"rotations": SO(2)},
    {"rotations": SO(2), "reflection": Reflection(2)},
    {"turns": C(4), "all": O(2)},
    PLANES,
]


class LinearModel:
    """Bayesian linear regression with a network of one layer, as dense matrices.

    Its rows are orthonormal, so that the curvature is the same in all directions.
    """

    def __init__(self, dense, groups, seed=0):
        d = next(iter(groups.values())).dim
        self.groups = groups
        self.network = SoftEquivariantNetwork(
            "2*Vector", "Vector", list(groups.values()), n_hidden_layers=0
        ).double()
        (self.layer,) = self.network.layers
        self.n_in, self.m, self.n_rows = 2 * d, d, 20
        rng = np.random.RandomState(seed)
        columns = np.hstack([np.ones((self.n_rows, 1)), rng.standard_normal((20, self.n_in))])
        X = np.linalg.qr(columns)[0][:, 1:] * self.n_rows**0.5
        self.X = torch.from_numpy(X)
        self.n_weights = self.m * (self.n_in + 1)
        unit = np.eye(self.n_weights)
        self.design = np.stack([self.outputs(theta) for theta in unit], axis=1)
        self.complements = {
            name: np.stack([self.outside(dense, group, theta) for theta in unit], axis=1)
            for name, group in groups.items()
        }
        # The first group is broken more than the others.
        theta = rng.standard_normal(self.n_weights)
        first = next(iter(groups))
        theta -= sum(0.2 * c @ theta for name, c in self.complements.items() if name != first)
        noise = NOISE**0.5 * rng.standard_normal(self.n_rows * self.m)
        self.targets = self.design @ theta + noise

    def outputs(self, theta):
        self.write(theta)
        with torch.no_grad():
            return self.network(self.X).numpy().ravel()

    def write(self, theta):
        weight, bias = np.split(theta, [self.m * self.n_in])
        with torch.no_grad():
            self.layer.weight.copy_(torch.from_numpy(weight.reshape(self.m, self.n_in)))
            self.layer.bias.copy_(torch.from_numpy(bias))

    def outside(self, dense, group, theta):
        weight, bias = np.split(theta, [self.m * self.n_in])
        weight = weight.reshape(self.m, self.n_in)
        layouts = self.layer.layout_in, self.layer.layout_out
        nearest = dense.project(group, *layouts, weight, bias)
        return theta - np.concatenate([np.ravel(part) for part in nearest])

    def prior(self, precisions):
        return sum(p * self.complements[name] for name, p in precisions.items())

    def posterior_mean(self, precisions):
        A = self.design.T @ self.design / NOISE + self.prior(precisions)
        return np.linalg.solve(A, self.design.T @ self.targets / NOISE)

    def log_evidence(self, precisions):
        """Up to a constant; the prior is flat in the common subspace."""
        prior = self.prior(precisions)
        eigenvalues = np.linalg.eigvalsh(prior)
        proper = eigenvalues[eigenvalues > 1e-10 * eigenvalues[-1]]
        theta = self.posterior_mean(precisions)
        residual = self.targets - self.design @ theta
        energy = residual @ residual / NOISE + theta @ prior @ theta
        A = self.design.T @ self.design / NOISE + prior
        return 0.5 * (np.log(proper).sum() - np.linalg.slogdet(A)[1] - energy)

    def slopes(self, precisions, step=1e-4):
        """Derivative of the log evidence in the logarithm of each precision."""
        slopes = {}
        for name, value in precisions.items():
            sides = [
                self.log_evidence({**precisions, name: value * np.exp(s)}) for s in (step, -step)
            ]
            slopes[name] = (sides[0] - sides[1]) / (2 * step)
        return slopes

    def curvature_draws(self):
        """Gradients whose mean outer product is that of the mean squared error, without noise."""
        scale = (self.n_weights * 2 / self.m) ** 0.5
        return torch.from_numpy(scale * np.eye(self.n_weights))

    def precisions(self, strengths):
        factor = self.n_rows * self.m / (2 * NOISE)
        return {name: factor * value for name, value in strengths.items()}

    def updated(self, penalty):
        """What the package makes of the optimal weights for its strengths."""
        self.write(self.posterior_mean(self.precisions(penalty.strengths)))
        numbers = penalty.effective_numbers(self.curvature_draws())
        values = penalty.layer_values(self.network)
        n_targets = self.n_rows * self.m
        return {
            name: float(precision_update(numbers[name], values[name], NOISE, n_targets)[0])
            for name in self.groups
        }

    def fixed_point(self):
        penalty = ProjectionPenalty(self.network, self.groups, 0.1)
        for _ in range(2000):
            new = self.updated(penalty)
            old = penalty.strengths
            penalty.set_strengths(new)
            if all(abs(new[name] / old[name] - 1) < 1e-12 for name in new):
                break
        return penalty


@pytest.fixture(params=CANDIDATES, ids=lambda groups: " ".join(groups))
def model(request, dense):
    return LinearModel(dense, request.param)


def test_update_follows_the_slope_of_the_evidence(model):
    # d log evidence / d log alpha_G = (gamma_G - 2 alpha_G R_G) / 2, at any strengths.
    strengths = {name: 0.05 * 3**i for i, name in enumerate(model.groups)}
    penalty = ProjectionPenalty(model.network, model.groups, strengths)
    new = model.updated(penalty)
    precisions = model.precisions(strengths)
    values = penalty.values(model.network)
    for name, slope in model.slopes(precisions).items():
        expected = precisions[name] * values[name] * (new[name] / strengths[name] - 1)
        assert slope == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_fixed_point_is_stationary(model):
    penalty = model.fixed_point()
    assert all(0 < value < 1e3 for value in penalty.strengths.values())
    slopes = model.slopes(model.precisions(penalty.strengths))
    assert max(abs(slope) for slope in slopes.values()) < 1e-5


def test_counting_all_dimensions_is_not_stationary(model):
    penalty = model.fixed_point()
    model.write(model.posterior_mean(model.precisions(penalty.strengths)))
    values, counts = penalty.values(model.network), penalty.n_constraints
    wrong = {name: counts[name] / (2 * values[name]) for name in model.groups}
    assert max(abs(slope) for slope in model.slopes(wrong).values()) > 1e-3


def test_groups_with_one_subspace_share_the_precision(dense):
    alone = LinearModel(dense, {"a": SO(2)}).fixed_point().strengths["a"]
    shared = LinearModel(dense, {"a": SO(2), "b": SO(2)})
    # The same rows and targets: only their sum is determined.
    shared.targets = LinearModel(dense, {"a": SO(2)}).targets
    strengths = shared.fixed_point().strengths
    assert strengths["a"] == pytest.approx(strengths["b"])
    assert sum(strengths.values()) == pytest.approx(alone, rel=1e-8)


def test_one_group_has_the_formula_of_mackay():
    rng = np.random.RandomState(0)
    curvature, strength = rng.uniform(0, 5, (7, 3)), 2.0
    numbers = effective_numbers(np.eye(3)[None], np.array([strength]), curvature[None] ** 0.5)
    assert numbers[0] == pytest.approx(np.sum(curvature / (curvature + strength)))


def test_limits():
    outside = np.diag([1.0, 1.0, 0.0])[None]
    gradients = np.random.RandomState(0).standard_normal((4, 5, 3))
    assert effective_numbers(outside, np.array([1e-12]), gradients)[0] == pytest.approx(10)
    assert effective_numbers(outside, np.array([1e12]), gradients)[0] == pytest.approx(0, abs=1e-9)
    assert effective_numbers(outside, np.array([0.0]), gradients)[0] == 0
    assert effective_numbers(outside, np.array([1.0]), 0 * gradients)[0] == 0


def test_layers_and_members(soft_layers):
    groups = {"a": SO(2), "b": Reflection(2)}
    layers = [({(1,): 2}, {(1,): 1}), ({(1,): 1, (): 1}, {(1,): 1})]
    module = soft_layers(groups, layers)
    penalty = ProjectionPenalty(module, groups, {"a": (0.5, 2.0), "b": 1.0})
    n = sum(p.numel() for p in module.parameters())
    draws = torch.from_numpy(np.random.RandomState(0).standard_normal((6, n)))
    numbers = penalty.effective_numbers(draws)
    offset = 0
    for i, layer in enumerate(module.values()):
        alone = torch.nn.ModuleDict({"layer": layer})
        own = ProjectionPenalty(alone, groups, {"a": (0.5, 2.0)[i], "b": 1.0})
        size = sum(p.numel() for p in layer.parameters())
        expected = own.effective_numbers(draws[:, offset : offset + size])
        offset += size
        for name in groups:
            assert numbers[name][i] == pytest.approx(expected[name][0], rel=1e-12)

    # Two equal members have the numbers of one.
    twin = soft_layers(groups, layers)
    for layer in twin.values():
        for name in ("weight", "bias"):
            value = getattr(layer, name).detach()
            setattr(layer, name, torch.nn.Parameter(torch.stack([value, value])))
    both = ProjectionPenalty(twin, groups, {"a": (0.5, 2.0), "b": 1.0})
    parts = draws.split([p.numel() for p in module.parameters()], dim=1)
    doubled = torch.cat([torch.cat([part, part], dim=1) for part in parts], dim=1)
    for name, value in both.effective_numbers(doubled).items():
        np.testing.assert_allclose(value, numbers[name], rtol=1e-12)


def test_types_too_large_to_diagonalise(soft_layers, monkeypatch):
    groups = {"a": SO(2)}
    module = soft_layers(groups, [({(1,): 1}, {(1,): 1})])
    penalty = ProjectionPenalty(module, groups, 1.0)
    monkeypatch.setattr(_projection, "_LARGEST_STACKED", 3)
    with pytest.raises(ValueError, match="at most 3 unknowns for effective numbers. Got 4"):
        penalty.effective_numbers(torch.zeros(1, 6))


def test_gradient_of_all_weights_as_one_vector(soft_layers):
    groups = {"a": SO(2)}
    module = soft_layers(groups, [({(1,): 2}, {(1,): 1}), ({(1,): 1}, {(): 1})])
    penalty = ProjectionPenalty(module, groups, 1.0)
    first, last = module.values()
    output = 3 * first.weight.sum() + 5 * first.bias[1] + (last.weight**2).sum()
    gradient = penalty.flat_gradient(module, output)
    # Weight and bias of one layer after the other; the last bias is not in the output.
    expected = np.concatenate([np.full(8, 3.0), [0.0, 5.0], 2 * last.weight[0].detach(), [0.0]])
    np.testing.assert_allclose(gradient, expected)


def test_weights_that_are_computed_have_no_gradient_of_their_own():
    network = EquivariantNetwork("Vector", "Vector", SO(2), hidden_channels=4)
    penalty = ProjectionPenalty(network, {"a": SO(2)}, 1.0)
    with pytest.raises(ValueError, match="must have only SoftLinear layers .* Got exactly"):
        penalty.flat_gradient(network, network(torch.ones(1, 2)).sum())
