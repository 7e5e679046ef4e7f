from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.groups import SE, SL, SO, C, O, Translation
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import EquivariantNetwork
from softeq_sklearn.regularizers import AffineMaps, SampledPenalty, group_actions
from softeq_sklearn.regularizers._sampled import _dealt
from softeq_sklearn.representations import as_representation


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape)).to(dtype)


def as_function(module, scale_in, scale_out):
    """The function of the user's columns that a module on scaled ones computes."""

    def function(X):
        with torch.no_grad():
            scaled = module(torch.from_numpy((X - scale_in.offset) / scale_in.factor))
        return scaled.numpy() * scale_out.factor + scale_out.offset

    return function


def own_units(group, rep_in, rep_out, seed=0):
    """A scaling with one factor and one offset for each Vector and Point, and the same for all."""
    rng = np.random.RandomState(seed)
    scales = []
    for rep in (rep_in, rep_out):
        n = as_representation(rep).dim(group)
        offset = np.tile(rng.standard_normal(3), n)[:n] if "Point" in rep else np.zeros(n)
        scales.append(SimpleNamespace(offset=offset, factor=np.full(n, rng.uniform(0.2, 5))))
    return scales


@pytest.mark.parametrize(
    ("group", "rep_in", "rep_out"),
    [
        (SO(3), "2*Vector", "Vector"),
        (SE(3), "3*Point", "Point"),
        (SE(3), "2*Point + Vector", "Vector + Scalar"),
        (SL(2), "Vector + Vector.T", "T(1, 1)"),
    ],
    ids=str,
)
def test_value_in_the_units_of_the_user(mlp, group, rep_in, rep_out):
    scale_in, scale_out = own_units(group, rep_in, rep_out)
    rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
    module = mlp(rep_in.dim(group), rep_out.dim(group))
    X = np.random.RandomState(1).standard_normal((10, rep_in.dim(group)))
    scaled = torch.from_numpy((X - scale_in.offset) / scale_in.factor)
    actions = {"G": group_actions(group, rep_in, rep_out, 4, 0, scale_in, scale_out)}
    penalty = SampledPenalty(actions, 1.0, rows=scaled)

    function, expected = as_function(module, scale_in, scale_out), []
    for i, g in enumerate(group.sample(4, 0)):
        dealt = X[i::4]  # 3, 3, 2 and 2 rows
        difference = function(rep_in.act(g, dealt)) - rep_out.act(g, function(dealt))
        expected.append(difference / scale_out.factor)
    expected = np.mean(np.concatenate(expected) ** 2)
    assert expected > 1e-3
    assert penalty.values(module)["G"] == pytest.approx(expected, rel=1e-9)


def test_every_element_of_the_pool_once(mlp):
    """Rows that are all the same meet every element: the mean over the pool, in any order."""
    module, x = mlp(2, 2), normal(1, 2)
    actions = group_actions(SO(2), "Vector", "Vector", 12, 0)
    X = x.repeat(12, 1)
    penalty = SampledPenalty({"G": actions}, 2.0, rows=X, n_per_batch=12)
    with torch.no_grad():
        errors = module(actions.elements_in(x)[:, 0]) - actions.elements_out(module(x))[:, 0]
    expected = errors.square().mean().item()
    for _ in range(3):
        assert penalty(module, X).item() == pytest.approx(2 * expected, rel=1e-12)
    assert penalty.values(module)["G"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n_rows", [3, 16, 17, 18, 33])
def test_rows_are_dealt_out_to_all_elements(n_rows):
    factors = torch.arange(1.0, 17.0)
    maps = AffineMaps(factors[:, None, None], torch.zeros(16, 1))
    expected = factors.repeat(3)[:n_rows]
    torch.testing.assert_close(_dealt(maps, torch.ones(n_rows, 1))[:, 0], expected)


@pytest.mark.parametrize("n_per_batch", [1, 3, 8, 100])
def test_batches_are_right_on_average(mlp, n_per_batch):
    module, X = mlp(2, 2), normal(16, 2)
    actions = group_actions(SO(2), "Vector", "Vector", 8, 0)
    with torch.no_grad():
        transformed = module(actions.elements_in(X).flatten(0, 1)).view(8, 16, 2)
        expected = (transformed - actions.elements_out(module(X))).square().mean().item()
        penalty = SampledPenalty({"G": actions}, 1.0, n_per_batch=n_per_batch)
        values = [penalty(module, X).item() for _ in range(400)]
    assert abs(np.mean(values) - expected) < 4 * np.std(values) / 400**0.5 + 1e-9


@pytest.mark.parametrize(
    ("group", "rep_in", "rep_out"),
    [(SO(3), "2*Vector", "Vector"), (O(2), "2*Vector", "T(2)"), (SE(3), "3*Point", "Point")],
    ids=str,
)
def test_zero_for_equivariant_functions_only(mlp, group, rep_in, rep_out):
    network = EquivariantNetwork(rep_in, rep_out, group, hidden_channels=16).double()
    actions = {"G": group_actions(group, rep_in, rep_out, 16, 0)}
    X = normal(20, actions["G"].n_in)
    penalty = SampledPenalty(actions, 1.0, rows=X)
    assert penalty(network, X).item() < 1e-22
    assert penalty.values(network)["G"] < 1e-22
    assert penalty(mlp(X.shape[1], actions["G"].n_out), X).item() > 1e-3


@pytest.mark.parametrize("between", [(nn.Tanh,), (nn.SiLU,), ()], ids=str)
def test_gradient_is_the_slope(mlp, check_gradient, between):
    actions = {
        "O(2)": group_actions(O(2), "Vector", "Vector", 5, 0),
        "translations": group_actions(Translation(2), "Vector", "Vector", 5, 0),
    }
    penalty = SampledPenalty(actions, {"O(2)": 0.7, "translations": 2.0}, n_per_batch=3)
    check_gradient(penalty, mlp(2, 2, between), normal(7, 2))


def test_strengths(mlp):
    module, X = mlp(2, 2), normal(9, 2)
    groups = {"a": SO(2), "b": C(4)}
    actions = {name: group_actions(g, "Vector", "Vector", 8, 0) for name, g in groups.items()}
    draws = {}
    for strengths in ({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, {"a": 2.0, "b": 3.0}):
        penalty = SampledPenalty(actions, strengths, n_per_batch=2)
        draws[tuple(strengths.values())] = np.array([penalty(module, X).item() for _ in range(3)])
    # A strength of 0 does not change which elements are drawn for the other group.
    np.testing.assert_allclose(2 * draws[1.0, 0.0] + 3 * draws[0.0, 1.0], draws[2.0, 3.0])


def test_module_is_called_once(mlp):
    actions = {n: group_actions(SO(2), "Vector", "Scalar", 4, i) for i, n in enumerate("abc")}
    module, calls = mlp(2, 1), []
    module.register_forward_hook(lambda module, given, output: calls.append(len(output)))
    SampledPenalty(actions, 1.0)(module, normal(10, 2))
    assert calls == [40]


def test_same_seed_same_elements(mlp, global_generators_untouched):
    module, X = mlp(2, 2), normal(6, 2)
    actions = {"G": group_actions(SO(2), "Vector", "Vector", 32, 0)}
    runs = []
    for seed in (0, 0, 1):
        penalty = SampledPenalty(actions, 1.0, rows=X, n_per_batch=2, seed=seed)
        values = penalty.values(module)
        runs.append([penalty(module, X).item() for _ in range(4)])
        assert penalty.values(module) == values  # nothing is drawn for these
    assert runs[0] == runs[1] != runs[2]
    assert len(set(runs[0])) == 4


def test_fewer_rows_than_elements(mlp):
    actions = {"G": group_actions(SO(2), "Vector", "Vector", 32, 0)}
    penalty = SampledPenalty(actions, 1.0, rows=normal(3, 2))
    assert penalty(mlp(2, 2), normal(1, 2)).item() > 0
    assert penalty.values(mlp(2, 2))["G"] > 0


def test_training_makes_the_function_equivariant(mlp):
    module = mlp(6, 3, (nn.SiLU,), width=32, dtype=torch.float32)
    actions = {"G": group_actions(SO(3), "2*Vector", "Vector", 64, 0)}
    penalty = SampledPenalty(actions, 1.0)
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


def test_errors():
    actions = {"G": group_actions(SO(2), "Vector", "Vector", 4, 0)}
    with pytest.raises(ValueError, match="'n_per_batch' parameter of SampledPenalty must"):
        SampledPenalty(actions, 1.0, n_per_batch=0)
    with pytest.raises(TypeError, match="'seed' parameter of SampledPenalty must"):
        SampledPenalty(actions, 1.0, seed=None)
