"""Laws of strengths: zero is the plain network bit for bit, more of it leaves less residual."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from sklearn.utils import Bunch
from torch import nn

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, O, Reflection
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import DistancePenalty, ProjectionPenalty
from softeq_sklearn.testing import datasets, representations
from tests.laws._law import law
from tests.laws._networks import shake
from tests.laws._strategies import acts_about_origin, any_groups, groups_of_dimension, seeds

STRENGTHS = (0.0, 0.1, 1.0, 10.0, 1e4)


def trained(network, penalty, X, Y, n_steps=3):
    """The weights after a few steps of Adam on the mean squared error plus a penalty."""
    network = copy.deepcopy(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(n_steps):
        optimizer.zero_grad()
        loss = (network(X) - Y).square().mean()
        if penalty is not None:
            loss = loss + penalty(network)
        loss.backward()
        optimizer.step()
    return nn.utils.parameters_to_vector(network.parameters()).detach()


def check_zero_strength_trains_the_plain_network(network, penalty, X, Y):
    """Training with the penalty takes the same steps, to the last bit, as without one."""
    assert torch.equal(trained(network, penalty, X, Y), trained(network, None, X, Y))


def check_same_estimator(model, plain, X, y):
    """Two estimators end with the same weights and predictions, to the last bit."""
    model, plain = model.fit(X, y), plain.fit(X, y)
    pairs = zip(model.module_.parameters(), plain.module_.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))


def check_growing_strength_shrinks_the_residual(residual_of, strengths=STRENGTHS):
    """What is left outside the subspace falls as the strength grows, to nothing in the end."""
    residuals = np.array([residual_of(strength) for strength in strengths])
    assert (residuals >= 0).all()
    rounding = 1e-10 * residuals.max() + 1e-20
    assert (np.diff(residuals) <= rounding).all()
    assert residuals[-1] <= 1e-3 * residuals[0] + 1e-12


def check_step_shrinks_the_residual(penalty, network, name, strength, rate):
    """A step along the gradient leaves (1 - rate * strength)^2 of the residual of one group."""
    before = penalty.values(network)[name]
    gradients = torch.autograd.grad(penalty(network), [*network.parameters()], allow_unused=True)
    stepped = copy.deepcopy(network)
    with torch.no_grad():
        for p, gradient in zip(stepped.parameters(), gradients, strict=True):
            if gradient is not None:
                p -= rate * gradient
    expected = (1 - rate * strength) ** 2 * before
    assert penalty.values(stepped)[name] == pytest.approx(expected, rel=1e-8, abs=1e-20)


class LinearFit:
    """The linear map that minimises squared errors plus penalties: a quadratic function."""

    def __init__(self, rep_in, rep_out, groups, X, Y, device="cpu", penalty=ProjectionPenalty):
        network = SoftEquivariantNetwork(
            rep_in, rep_out, list(groups.values()), n_hidden_layers=0, architecture="emlp"
        )
        self.network = network.to(device, torch.float64)
        self.penalty = penalty(self.network, groups, 1.0).to(device)
        self.X, self.Y = X.to(device), Y.to(device)
        self.size = sum(p.numel() for p in self.network.parameters())

    def residual(self, name, others, strength):
        """R of one group at the minimum, where the other groups have the strength `others`."""
        self.penalty.set_strengths(dict.fromkeys(self.penalty.groups, others) | {name: strength})
        identity = torch.eye(self.size, dtype=torch.float64, device=self.X.device)
        constant = self._gradient(torch.zeros_like(identity[0]))
        hessian = torch.stack([self._gradient(row) - constant for row in identity])
        self._write(torch.linalg.solve(hessian, -constant))
        return self.penalty.values(self.network)[name]

    def _write(self, weights):
        nn.utils.vector_to_parameters(weights, self.network.parameters())

    def _gradient(self, weights):
        self._write(weights)
        parameters = [*self.network.parameters()]
        fit = (self.network(self.X) - self.Y).square().mean()
        # A little weight decay: few rows do not determine all weights.
        decay = 1e-3 * sum(p.square().sum() for p in parameters)
        parts = torch.autograd.grad(fit + decay + self.penalty(self.network), parameters)
        return torch.cat([part.reshape(-1) for part in parts])


# Cases


def rows(seed, n_rows, *n_columns):
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(rng.standard_normal((n_rows, n))) for n in n_columns]


@st.composite
def networks(draw, max_groups=2):
    """A small soft network of any groups, away from its start, and rows."""
    d = draw(st.integers(1, 2))
    candidates = draw(
        st.lists(groups_of_dimension(d).filter(acts_about_origin), min_size=1, max_size=max_groups)
    )
    affine = all(group.is_affine for group in candidates)
    rep_in = draw(representations(d, max_columns=4, points=affine))
    rep_out = draw(representations(d, max_columns=4))
    seed = draw(seeds)
    network = SoftEquivariantNetwork(
        rep_in,
        rep_out,
        candidates,
        hidden_channels=6,
        n_hidden_layers=draw(st.integers(0, 1)),
        architecture=draw(st.sampled_from(["factored", "emlp"])),
        seed=seed % 1000,
    ).double()
    shake(network, seed)
    groups = {f"G{i}": group for i, group in enumerate(candidates)}
    return network, groups, *rows(seed + 1, 6, rep_in.dim(d), rep_out.dim(d))


@st.composite
def linear_fits(draw):
    """One or two groups, representations of few columns, and rows."""
    d = draw(st.integers(1, 3))
    candidates = draw(
        st.lists(groups_of_dimension(d).filter(acts_about_origin), min_size=1, max_size=2)
    )
    groups = {f"G{i}": group for i, group in enumerate(candidates)}
    rep_in, rep_out = (draw(representations(d, max_columns=4)) for _ in range(2))
    data = rows(draw(seeds), 12, rep_in.dim(d), rep_out.dim(d))
    return (rep_in, rep_out, groups, *data), draw(st.sampled_from([0.0, 0.1, 3.0]))


@law(networks(), st.sampled_from(["squared", "log", "cosine"]))
def test_zero_strength_trains_the_plain_network(device, case, kind):
    network, groups, X, Y = case
    network.to(device)
    if kind == "squared":
        penalty = ProjectionPenalty(network, groups, 0.0)
    else:
        penalty = DistancePenalty(network, groups, 0.0, distance=kind)
    check_zero_strength_trains_the_plain_network(
        network, penalty.to(device), X.to(device), Y.to(device)
    )


@pytest.mark.filterwarnings("ignore:The (groups|columns) .*")  # drawn ones may move nothing
@law(
    datasets(any_groups(2).filter(acts_about_origin), max_rows=12, max_columns=4),
    st.sampled_from([0, 0.0, "mapping"]),
    share=0.25,
)
def test_estimators_of_zero_strength_are_plain(device, dataset, strengths):
    zero = dict.fromkeys(dataset.groups, 0.0) if strengths == "mapping" else strengths
    make = partial(small_estimator, dataset, device=device)
    check_same_estimator(
        make(dataset.groups, strengths=zero), make(()), dataset.data, dataset.target
    )


@law(linear_fits(), share=0.5)
def test_growing_strength_shrinks_the_residual(device, case):
    arguments, others = case
    fit = LinearFit(*arguments, device=device)
    check_growing_strength_shrinks_the_residual(partial(fit.residual, "G0", others))


@law(networks(max_groups=1), st.floats(0.01, 10), st.floats(0.01, 1))
def test_a_step_shrinks_the_residual(device, case, strength, rate):
    network, groups, *_ = case
    penalty = ProjectionPenalty(network.to(device), groups, strength).to(device)
    check_step_shrinks_the_residual(penalty, network, "G0", strength, rate / strength)


def small_estimator(dataset, groups, **changes):
    return SoftEquivariantRegressor(
        groups,
        dataset.rep_in,
        dataset.rep_out,
        **{
            "hidden_channels": 6,
            "n_hidden_layers": 1,
            "max_epochs": 2,
            "batch_size": 8,
            "random_state": 0,
        }
        | changes,
    )


# What each check is for


def plane():
    """A network on two vectors, away from the subspaces of its groups, and rows."""
    groups = {"O": O(2), "x": Reflection(2)}
    network = SoftEquivariantNetwork(
        "2*Vector", "Vector", [*groups.values()], hidden_channels=6, n_hidden_layers=1
    ).double()
    shake(network, 0)
    return network, groups, *rows(1, 6, 4, 2)


def test_a_strength_that_is_not_zero_is_told():
    network, groups, X, Y = plane()
    zero = ProjectionPenalty(network, groups, 0.0)
    check_zero_strength_trains_the_plain_network(network, zero, X, Y)
    for penalty in (
        ProjectionPenalty(network, groups, {"O": 1e-9, "x": 0.0}),
        lambda network: zero(network) + 1e-9 * sum(p.sum() for p in network.parameters()),
    ):
        with pytest.raises(AssertionError):
            check_zero_strength_trains_the_plain_network(network, penalty, X, Y)


@pytest.mark.parametrize(
    "changes",
    [{"strengths": 1e-3}, {"strengths": 0.0, "random_state": 1}, {"strengths": 0, "max_epochs": 3}],
)
def test_estimators_that_are_not_plain_are_told(changes):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((30, 4))
    y = X[:, :2] * [1, 3]
    plane = Bunch(rep_in="2*Vector", rep_out="Vector")
    plain = small_estimator(plane, ())
    check_same_estimator(small_estimator(plane, [SO(2)], strengths=0), plain, X, y)
    with pytest.raises(AssertionError):
        check_same_estimator(small_estimator(plane, [SO(2)], **changes), plain, X, y)


@pytest.mark.parametrize(
    "residual_of",
    [
        lambda strength: 1.0,  # the strength does nothing
        lambda strength: strength,
        lambda strength: 1 / (1 + strength) + (strength == 10),
        lambda strength: -1 / (1 + strength),
        lambda strength: 0.1 + 1 / (1 + strength),  # something is left
    ],
)
def test_residuals_that_do_not_shrink_are_told(residual_of):
    check_growing_strength_shrinks_the_residual(lambda strength: (1 + strength) ** -2)
    with pytest.raises(AssertionError):
        check_growing_strength_shrinks_the_residual(residual_of)


def test_a_penalty_of_the_wrong_sign_lets_the_residual_grow():
    class Negative(ProjectionPenalty):
        def forward(self, module, X=None):
            return -1e-5 * super().forward(module, X)

    X, Y = rows(0, 12, 4, 2)
    arguments = "2*Vector", "Vector", {"G0": O(2)}, X, Y
    for penalty, shrinks in ((ProjectionPenalty, True), (Negative, False)):
        residual_of = partial(LinearFit(*arguments, penalty=penalty).residual, "G0", 0.0)
        if shrinks:
            check_growing_strength_shrinks_the_residual(residual_of)
            continue
        with pytest.raises(AssertionError):
            check_growing_strength_shrinks_the_residual(residual_of)


def test_steps_of_another_length_are_told():
    network, groups, *_ = plane()
    penalty = ProjectionPenalty(network, {"O": O(2)}, 2.0)
    check_step_shrinks_the_residual(penalty, network, "O", 2.0, 0.1)
    for strength, rate in ((2.1, 0.1), (-2.0, 0.1)):
        with pytest.raises(AssertionError):
            check_step_shrinks_the_residual(penalty, network, "O", strength, rate)
    both = ProjectionPenalty(network, groups, 2.0)
    with pytest.raises(AssertionError):
        check_step_shrinks_the_residual(both, network, "O", 2.0, 0.1)
