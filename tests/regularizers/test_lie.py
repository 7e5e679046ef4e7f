from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.groups import SE, SL, SO, C, O, Trivial, exponential
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import EquivariantNetwork, SoftEquivariantNetwork
from softeq_sklearn.regularizers import LiePenalty, group_actions
from softeq_sklearn.representations import as_representation


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape)).to(dtype)


def penalty_of(group, rep_in, rep_out, **kwargs):
    return LiePenalty({"G": group_actions(group, rep_in, rep_out, 1, 0)}, 1.0, **kwargs)


CASES = [
    (SO(3), "2*Vector", "Vector"),
    (SE(3), "2*Point + Scalar", "Point"),
    (SL(2), "Vector + Vector.T", "T(1, 1)"),
    (O(2), "2*Vector", "T(2)"),
    (C(4), "Vector", "Vector + Scalar"),
]


def in_own_units(group, rep_in, rep_out, module, X):
    """R_G from finite steps, in columns of other units; X are the scaled rows."""
    rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
    rng = np.random.RandomState(0)
    scales = [
        SimpleNamespace(offset=rng.standard_normal(n), factor=rng.uniform(0.2, 5, n))
        for n in (rep_in.dim(group), rep_out.dim(group))
    ]
    scale_in, scale_out = scales

    def function(rows):
        with torch.no_grad():
            scaled = module(torch.from_numpy((rows - scale_in.offset) / scale_in.factor))
        return scaled.numpy() * scale_out.factor + scale_out.offset

    def difference(g):
        moved = function(rep_in.act(g, rows)) - rep_out.act(g, function(rows))
        return moved / scale_out.factor

    rows, t = X.numpy() * scale_in.factor + scale_in.offset, 1e-5
    slopes = [
        (difference(exponential(t * A)) - difference(exponential(-t * A))) / (2 * t)
        for A in group.lie_algebra
    ]
    steps = [difference(h) for h in group.discrete_generators]
    value = sum(np.mean(np.square(part)) for part in (slopes, steps) if len(part))
    return value, group_actions(group, rep_in, rep_out, 1, 0, *scales)


@pytest.mark.parametrize(("group", "rep_in", "rep_out"), CASES, ids=str)
def test_limit_of_finite_steps(mlp, group, rep_in, rep_out):
    n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
    module, X = mlp(n_in, n_out), normal(8, n_in)
    expected, actions = in_own_units(group, rep_in, rep_out, module, X)
    penalty = LiePenalty({"G": actions}, 3.0, rows=X)
    assert penalty(module, X).item() == pytest.approx(3 * expected, rel=1e-6)
    assert penalty.values(module)["G"] == pytest.approx(expected, rel=1e-6)


def test_formula_with_a_dense_jacobian(mlp):
    module, X, group = mlp(4, 2), normal(6, 4), SO(2)
    penalty = penalty_of(group, "2*Vector", "Vector")
    A_in = torch.from_numpy(as_representation("2*Vector").drho(group.lie_algebra[0]))
    A_out = torch.from_numpy(group.lie_algebra[0].copy())
    errors = [
        torch.autograd.functional.jacobian(module, x) @ (A_in @ x) - A_out @ module(x) for x in X
    ]
    expected = torch.stack(errors).square().mean()
    torch.testing.assert_close(penalty(module, X), expected)


@pytest.mark.parametrize(
    ("group", "rep_in", "rep_out"),
    [(SO(3), "2*Vector", "Vector"), (O(2), "2*Vector", "T(2)"), (SE(3), "3*Point", "Point")],
    ids=str,
)
def test_zero_for_equivariant_functions_only(mlp, group, rep_in, rep_out):
    network = EquivariantNetwork(rep_in, rep_out, group, hidden_channels=16).double()
    actions = group_actions(group, rep_in, rep_out, 1, 0)
    X = normal(20, actions.n_in)
    penalty = LiePenalty({"G": actions}, 1.0, rows=X)
    assert penalty(network, X).item() < 1e-22
    assert penalty.values(network)["G"] < 1e-22
    assert penalty(mlp(X.shape[1], actions.n_out), X).item() > 1e-3


MODULES = [
    (),
    (nn.Tanh,),
    (nn.SiLU,),
    (nn.ReLU,),
    (nn.GELU,),
    (nn.Softplus,),
    (nn.SiLU, lambda: nn.LayerNorm(8)),
]


@pytest.mark.parametrize("between", MODULES)
def test_gradient_is_the_slope(mlp, check_gradient, between):
    actions = {
        "O(2)": group_actions(O(2), "Vector", "Vector", 1, 0),
        "C(4)": group_actions(C(4), "Vector", "Vector", 1, 0),
    }
    penalty = LiePenalty(actions, {"O(2)": 0.7, "C(4)": 2.0})
    check_gradient(penalty, mlp(2, 2, between), normal(7, 2))


@pytest.mark.parametrize("groups", [[SO(3)], [O(3), SL(3)]], ids=str)
def test_gradient_of_our_network(check_gradient, groups):
    network = SoftEquivariantNetwork(
        "Vector", "Vector", groups, hidden_channels=8, n_hidden_layers=1
    ).double()
    with torch.no_grad():
        for p in network.parameters():
            p += 0.1 * normal(*p.shape)
    actions = {repr(g): group_actions(g, "Vector", "Vector", 1, 0) for g in groups}
    check_gradient(LiePenalty(actions, 1.0), network, normal(4, 3))


def test_dropout_has_one_mask_for_value_and_derivative(mlp):
    """A linear map with dropout commutes with no rotation, but drawn once it is linear."""
    torch_state = torch.get_rng_state()
    try:
        torch.manual_seed(0)
        module = nn.Dropout(0.5)
        penalty = penalty_of(SO(2), "Vector", "Vector")
        X = torch.ones(1000, 2, dtype=torch.float64)
        # The mask (m1, m2) gives (m2 - m1) in both components, with m = 0 or 2.
        assert penalty(module, X).item() == pytest.approx(2.0, rel=0.1)
    finally:
        torch.set_rng_state(torch_state)
    module = mlp(2, 2, (nn.Tanh, lambda: nn.Dropout(0.3)))
    penalty = penalty_of(SO(2), "Vector", "Vector", rows=X[:5])
    state = torch.get_rng_state()
    assert penalty.values(module) == penalty.values(module)
    assert torch.equal(state, torch.get_rng_state())


def test_groups_without_generators(mlp):
    module, X = mlp(2, 2), normal(5, 2)
    penalty = penalty_of(Trivial(2), "Vector", "Vector", rows=X)
    assert penalty.values(module) == {"G": 0.0}
    penalty(module, X).backward()
    assert all(not p.grad.any() for p in module.parameters())


def test_function_that_does_not_look_at_its_input():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.value = nn.Parameter(torch.ones(2, dtype=torch.float64))

        def forward(self, x):
            return self.value.expand(len(x), 2)

    penalty = penalty_of(SO(2), "Vector", "Vector")
    module = Constant()
    value = penalty(module, normal(5, 2))
    assert value.item() == pytest.approx(1.0)  # |A (1, 1)|^2 / 2
    value.backward()
    assert module.value.grad.tolist() == pytest.approx([1.0, 1.0])


def test_nothing_is_drawn(mlp, global_generators_untouched):
    module, X = mlp(2, 2), normal(5, 2)
    penalty = penalty_of(O(2), "Vector", "Vector")
    assert penalty(module, X).item() == penalty(module, X).item()


def test_training_makes_the_function_equivariant(mlp):
    module = mlp(6, 3, (nn.SiLU,), width=32, dtype=torch.float32)
    penalty = penalty_of(SO(3), "2*Vector", "Vector")
    X = normal(200, 6, dtype=torch.float32)
    y = X[:, :3] + X[:, 3:]  # the data have the symmetry

    def error():
        def function(rows):
            with torch.no_grad():
                return module(torch.from_numpy(rows).float()).numpy()

        rows = np.random.RandomState(1).standard_normal((50, 6))
        return equivariance_error(function, rows, SO(3), "2*Vector", "Vector", random_state=1)

    before = error()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    for i in range(200):
        batch = slice(50 * (i % 4), 50 * (i % 4) + 50)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(module(X[batch]), y[batch]) + penalty(module, X[batch])
        loss.backward()
        optimizer.step()
    assert error() < before / 3
