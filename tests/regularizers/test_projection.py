import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from softeq_sklearn.groups import (
    GL,
    SE,
    SL,
    SO,
    C,
    Cube,
    D,
    E,
    O,
    Reflection,
    S,
    Scaling,
    SO13p,
    Sp,
    Translation,
    Trivial,
    Z,
    generated_by,
)
from softeq_sklearn.nn import FeatureLayout, SoftEquivariantNetwork, SoftLinear
from softeq_sklearn.regularizers import ProjectionPenalty, _coupling, _projection

V, W, MEAN = (1,), (-1,), (2,)
PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]

# Candidate groups, and channels in and out of each layer.
CASES = [
    (PLANES, [({(): 1, V: 1}, {V: 1, (1, 1): 1}), ({V: 2}, {(): 2})]),
    ([SO(3), Scaling(3)], [({V: 2}, {(): 1, V: 1})]),
    ([O(2)], [({V: 2, (1, 1): 1}, {V: 1, (1, 1): 1})]),
    ([SL(2), O(2)], [({V: 1, W: 1}, {(1, -1): 1, W: 1}), ({(1, 1): 1}, {(-1, -1): 1, (): 1})]),
    ([GL(2), Sp(1), Scaling(2)], [({V: 1, W: 1}, {(1, -1): 1, (-1, -1): 1})]),
    # With orthogonal candidates only, V and its dual are one type.
    ([SO(2), Reflection(2)], [({V: 1, W: 1}, {(1, -1): 1, W: 1})]),
    ([SE(2), Translation(2)], [({(): 1, V: 1, MEAN: 1}, {V: 2, (): 1})]),
    ([SO(2), E(2)], [({V: 1, MEAN: 1}, {V: 1})]),
    ([SL(2), Translation(2)], [({W: 1, MEAN: 1}, {V: 1, (): 1})]),
    ([S(3), SO(3)], [({(): 1, V: 1}, {V: 1, (1, 1): 1})]),
    ([Z(4), S(4)], [({V: 1}, {V: 2})]),
    ([C(4), D(3)], [({V: 2}, {(1, 1): 1})]),
    ([SO13p(), SO(3).embed(4, axes=(1, 2, 3))], [({V: 1, W: 1}, {V: 1, (): 1})]),
    ([Cube(), Trivial(6)], [({V: 1}, {V: 1, (): 1})]),
    ([Trivial(2)], [({V: 1}, {V: 1})]),
    # Types with more than 128 unknowns are split where the groups leave room.
    (PLANES, [({(1, 1): 1}, {(1, 1, 1): 1})]),
    ([Reflection(2), C(4)], [({(1,) * 4: 1}, {(1,) * 4: 1})]),
    ([SL(2), Scaling(2)], [({(1,) * 4: 1}, {(1, 1, 1, -1): 1})]),
]


@pytest.fixture(params=CASES, ids=[f"{groups!r:.60} {layers}" for groups, layers in CASES])
def case(request):
    candidates, layers = request.param
    return {f"G{i}": group for i, group in enumerate(candidates)}, layers


def module_of(groups, layers, seed=0):
    """Linear layers with random weights in double precision."""
    d = next(iter(groups.values())).dim
    module = nn.ModuleDict()
    rng = np.random.RandomState(seed)
    for i, channels in enumerate(layers):
        layer = SoftLinear(*(FeatureLayout.from_channels(d, c) for c in channels)).double()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(torch.from_numpy(rng.standard_normal(parameter.shape)))
        module[f"layer{i}"] = layer
    return module


def numbers(layer):
    return [p.detach().cpu().double().numpy() for p in (layer.weight, layer.bias)]


def dense_values(dense, module, groups):
    """R_G of each group."""
    return {
        name: sum(
            dense.penalty(group, layer.layout_in, layer.layout_out, *numbers(layer))
            for layer in module.values()
        )
        for name, group in groups.items()
    }


def dense_gradients(dense, module, groups, strengths):
    """Gradient of the sum of strength times penalty, for each parameter."""
    gradients = []
    for layer in module.values():
        weight, bias = numbers(layer)
        total = [0.0, 0.0]
        for name, group in groups.items():
            nearest = dense.project(group, layer.layout_in, layer.layout_out, weight, bias)
            for i, number in enumerate((weight, bias)):
                total[i] = total[i] + strengths[name] * (number - nearest[i])
        gradients += total
    return gradients


def strengths_of(groups, seed=0):
    values = np.random.RandomState(seed).uniform(0.1, 10, len(groups))
    return dict(zip(groups, values, strict=True))


def value(penalty, module):
    with torch.no_grad():
        return penalty(module).item()


def gradients(penalty, module):
    module.zero_grad()
    penalty(module).backward()
    return [p.grad.cpu().double().numpy().copy() for p in module.parameters()]


def make_equivariant(dense, module, group):
    """Replace the weights by the nearest equivariant ones."""
    with torch.no_grad():
        for layer in module.values():
            nearest = dense.project(group, layer.layout_in, layer.layout_out, *numbers(layer))
            layer.weight.copy_(torch.from_numpy(nearest[0]))
            layer.bias.copy_(torch.from_numpy(nearest[1]))


def common_group(groups):
    return generated_by(*groups.values())


def test_values_are_the_dense_penalties(dense, case, device):
    groups, layers = case
    module = module_of(groups, layers)
    expected = dense_values(dense, module, groups)
    penalty = ProjectionPenalty(module, groups, strengths_of(groups)).to(device)
    assert penalty.values(module.to(device)) == pytest.approx(expected, rel=1e-10, abs=1e-20)


@pytest.mark.parametrize(("dtype", "tol"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str)
def test_forward_and_gradient_are_the_dense_ones(dense, case, device, dtype, tol):
    groups, layers = case
    module, strengths = module_of(groups, layers).to(device, dtype), strengths_of(groups)
    penalty = ProjectionPenalty(module, groups, strengths).to(device)
    values = dense_values(dense, module, groups)
    expected = sum(strengths[name] * values[name] for name in groups)
    assert value(penalty, module) == pytest.approx(expected, rel=tol, abs=1e-20)
    pairs = zip(
        gradients(penalty, module),
        dense_gradients(dense, module, groups, strengths),
        strict=True,
    )
    for ours, theirs in pairs:
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * scale + 1e-14)


@pytest.mark.parametrize("largest", [0, 20])
def test_penalty_group_by_group_is_the_same(case, monkeypatch, largest):
    groups, layers = case
    module, strengths = module_of(groups, layers), strengths_of(groups)
    stacked = ProjectionPenalty(module, groups, strengths)
    monkeypatch.setattr(_projection, "_LARGEST_STACKED", largest)
    by_group = ProjectionPenalty(module, groups, strengths)
    assert value(stacked, module) == pytest.approx(value(by_group, module), rel=1e-11, abs=1e-20)
    pairs = zip(gradients(stacked, module), gradients(by_group, module), strict=True)
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, atol=1e-11)
    single = module.float()
    assert value(stacked, single) == pytest.approx(value(by_group, single), rel=1e-5, abs=1e-20)


def test_splitting_a_type_changes_nothing(case, monkeypatch):
    groups, layers = case
    module, strengths = module_of(groups, layers), strengths_of(groups)
    usual = ProjectionPenalty(module, groups, strengths)
    monkeypatch.setattr(_coupling, "_UNCOUPLED", -1.0)  # what is zero couples, too
    other = ProjectionPenalty(module, groups, strengths)
    assert all(len(columns) == 1 for _, columns in other._coupled)
    assert value(usual, module) == pytest.approx(value(other, module), rel=1e-11, abs=1e-20)
    for ours, theirs in zip(gradients(usual, module), gradients(other, module), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-11)


def test_gradient_is_the_slope(case):
    # The penalty is quadratic: central differences are exact but for rounding.
    groups, layers = case
    module = module_of(groups, layers)
    penalty = ProjectionPenalty(module, groups, strengths_of(groups))
    slope, gradient = 0.0, gradients(penalty, module)
    rng = np.random.RandomState(1)
    directions = [rng.standard_normal(g.shape) for g in gradient]
    for sign in (1, -1):
        moved = copy.deepcopy(module)
        with torch.no_grad():
            for parameter, direction in zip(moved.parameters(), directions, strict=True):
                parameter += sign * 0.01 * torch.from_numpy(direction)
        slope += sign * value(penalty, moved) / 0.02
    expected = sum(np.vdot(g, direction) for g, direction in zip(gradient, directions, strict=True))
    assert slope == pytest.approx(expected, rel=1e-8, abs=1e-10)


def test_zero_on_the_common_subspace_only(dense, case):
    groups, layers = case
    module = module_of(groups, layers)
    penalty = ProjectionPenalty(module, groups, strengths_of(groups))
    if any(group != Trivial(group.dim) for group in groups.values()):
        assert value(penalty, module) > 1e-2
    make_equivariant(dense, module, common_group(groups))
    assert value(penalty, module) < 1e-25
    assert max(penalty.values(module).values()) < 1e-25
    assert max(np.abs(g).max() for g in gradients(penalty, module)) < 1e-12


def test_zero_for_the_group_whose_subspace_it_is(dense, case):
    groups, layers = case
    for name, group in groups.items():
        module = module_of(groups, layers)
        make_equivariant(dense, module, group)
        values = ProjectionPenalty(module, groups, strengths_of(groups)).values(module)
        assert values[name] < 1e-25


# The distance of weights of size 1 is known to 1e-7 in single precision, and the penalty is its
# square; as a difference of squared norms it would have no correct digit at all.
@pytest.mark.parametrize(
    ("dtype", "noise", "tol"),
    [(torch.float32, 1e-4, 1e-3), (torch.float32, 1e-6, 3e-2), (torch.float64, 1e-6, 1e-8)],
)
def test_no_digits_cancel_near_the_subspace(dense, case, device, dtype, noise, tol):
    groups, layers = case
    module, strengths = module_of(groups, layers), strengths_of(groups)
    make_equivariant(dense, module, common_group(groups))
    rng = np.random.RandomState(1)
    with torch.no_grad():
        for layer in module.values():
            # Outputs of unit variance, as networks start.
            layer.weight /= layer.layout_in.size**0.5
            layer.bias /= layer.layout_in.size**0.5
            for parameter in layer.parameters():
                parameter += torch.from_numpy(noise * rng.standard_normal(parameter.shape))
    module = module.to(dtype)
    values = dense_values(dense, module, groups)  # of the rounded weights
    expected = sum(strengths[name] * values[name] for name in groups)
    penalty = ProjectionPenalty(module, groups, strengths).to(device)
    assert penalty.values(module.to(device)) == pytest.approx(values, rel=1e-7, abs=1e-20)
    assert value(penalty, module) == pytest.approx(expected, rel=tol, abs=1e-20)


def test_double_precision_after_single():
    groups, layers = {"a": SO(3), "b": Scaling(3)}, CASES[1][1]
    module, strengths = module_of(groups, layers), strengths_of(groups)
    penalty = ProjectionPenalty(module, groups, strengths)
    expected = value(penalty, module)
    value(penalty, copy.deepcopy(module).float())
    assert value(penalty, module) == pytest.approx(expected, rel=1e-13, abs=1e-30)


@given(st.lists(st.floats(0, 1e3), min_size=3, max_size=3), st.floats(1e-3, 1e3))
def test_strengths_are_factors(strengths, factor):
    groups, layers = dict(zip("abc", PLANES, strict=True)), CASES[0][1]
    module = module_of(groups, layers)
    penalty = ProjectionPenalty(module, groups, dict(zip("abc", strengths, strict=True)))
    before, gradient = value(penalty, module), gradients(penalty, module)
    values = penalty.values(module)
    expected = sum(values[name] * s for name, s in zip("abc", strengths, strict=True))
    assert before == pytest.approx(expected, rel=1e-9, abs=1e-20)
    penalty.set_strengths({name: factor * s for name, s in penalty.strengths.items()})
    assert value(penalty, module) == pytest.approx(factor * before, rel=1e-9, abs=1e-20)
    for old, new in zip(gradient, gradients(penalty, module), strict=True):
        np.testing.assert_allclose(new, factor * old, rtol=1e-7, atol=1e-9 * factor)
    # R_G itself knows no strengths.
    assert penalty.values(module) == values


def test_zero_strengths_give_no_gradient(case):
    groups, layers = case
    module = module_of(groups, layers)
    penalty = ProjectionPenalty(module, groups, dict.fromkeys(groups, 0.0))
    assert value(penalty, module) == 0
    assert all(not g.any() for g in gradients(penalty, module))


def test_a_group_of_strength_zero_changes_nothing(dense):
    groups, layers = {"a": SO(2), "b": Reflection(2)}, [({V: 2}, {V: 1, (1, 1): 1})]
    module = module_of(groups, layers)
    alone = ProjectionPenalty(module, {"a": SO(2)}, {"a": 2.0})
    both = ProjectionPenalty(module, groups, {"a": 2.0, "b": 0.0})
    assert value(alone, module) == pytest.approx(value(both, module), rel=1e-12)
    for ours, theirs in zip(gradients(alone, module), gradients(both, module), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_a_larger_group_has_the_larger_penalty():
    layers = [({V: 2}, {V: 1, (1, 1): 1}), ({V: 1}, {(): 1})]
    chain = {"1": Trivial(2), "2": C(2), "4": C(4), "SO": SO(2), "O": O(2)}
    module = module_of(chain, layers)
    values = ProjectionPenalty(module, chain, dict.fromkeys(chain, 1.0)).values(module)
    assert values["1"] == 0
    assert list(values.values()) == sorted(values.values())
    assert 0 < values["2"] < values["SO"] < values["O"]


# How columns stand in the user's table, in the notation of dense_reference.py.
COLUMNS = [
    (O(3), "V 1 V", "VV 1"),
    (SL(2), "WV V 1 W", "V 1 VW"),
    (GL(2), "W V V W", "V VW"),
    (S(3), "V 1 V", "1 V"),
    (SO13p(), "V 1 W", "W V"),
    (SE(2), "P 1 V P P", "V 1"),
    (E(3), "1 P P", "V"),
    (Translation(2).embed(3, axes=(0, 2)), "P V P", "1 V"),
    (SO(2), "P V P", "V"),
    (SL(2), "P W P", "W V"),
]


@pytest.mark.parametrize(("group", "rep_in", "rep_out"), COLUMNS)
def test_distance_in_the_columns_of_the_user(dense, group, rep_in, rep_out):
    network = SoftEquivariantNetwork(
        dense.notation(rep_in), dense.notation(rep_out), [group], n_hidden_layers=0
    ).double()
    penalty = ProjectionPenalty(network, {"G": group}, {"G": 1.0})
    rng = np.random.RandomState(0)
    shape = dense.dim(rep_out, group.dim), dense.dim(rep_in, group.dim)
    weight, bias = rng.standard_normal(shape), rng.standard_normal(shape[0])
    dense.write_linear(network, weight, bias)
    expected = dense.penalty(group, rep_in, rep_out, weight, bias)
    assert expected > 0.1
    assert value(penalty, network) == pytest.approx(expected, rel=1e-12)
    assert penalty.values(network)["G"] == pytest.approx(expected, rel=1e-12)
    dense.write_linear(network, *dense.project(group, rep_in, rep_out, weight, bias))
    assert value(penalty, network) < 1e-25


def test_layers_inside_any_module():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            layout = FeatureLayout(2, (V,), (1,))
            self.first = nn.Linear(3, 2)
            self.inner = nn.Sequential(SoftLinear(layout, layout), nn.ReLU())
            self.again = self.inner[0]

    module = Own().double()
    with torch.no_grad():
        module.again.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        module.again.bias.fill_(1.0)
    penalty = ProjectionPenalty(module, {"SO": SO(2)}, {"SO": 2.0})
    # [[a, b], [c, d]] is at squared distance ((a - d)^2 + (b + c)^2) / 2 from the rotations.
    expected = 2.0 * 0.5 * ((9 + 25) / 2 + 2)
    assert value(penalty, module) == pytest.approx(expected)
    penalty(module).backward()
    assert module.first.weight.grad is None


def test_penalty_is_one_term_of_a_loss():
    groups, layers = {"a": O(2)}, [({V: 1}, {V: 1})]
    module = module_of(groups, layers)
    penalty = ProjectionPenalty(module, groups, {"a": 1.5})
    alone = gradients(penalty, module)
    module.zero_grad()
    weight, bias = module.parameters()
    bias.requires_grad_(False)
    (weight.sum() + 3 * penalty(module)).backward()
    np.testing.assert_allclose(weight.grad.numpy(), 1 + 3 * alone[0])
    assert bias.grad is None


def test_penalty_has_no_parameters_and_is_copied_with_its_strengths():
    groups, layers = {"a": SO(2), "b": Reflection(2)}, [({V: 1}, {V: 1})]
    module = module_of(groups, layers)
    penalty = ProjectionPenalty(module, groups, {"a": 1, "b": 2})
    assert not list(penalty.parameters())
    penalty.set_strengths({"a": 0.5, "b": 3})
    for twin in (copy.deepcopy(penalty), pickle.loads(pickle.dumps(penalty))):
        assert twin.strengths == {"a": 0.5, "b": 3.0}
        assert value(twin, module) == value(penalty, module)
        assert twin.groups == groups
    twin.set_strengths({"a": 0.0, "b": 0.0})
    assert penalty.strengths == {"a": 0.5, "b": 3.0}


def test_number_of_constraints_is_the_expected_penalty_of_normal_weights():
    groups = {"O(2)": O(2).embed(3, axes=(0, 1)), "SO(3)": SO(3)}
    network = SoftEquivariantNetwork("2*Vector + Scalar", "T(2)", list(groups.values()))
    penalty = ProjectionPenalty(network, groups, 1.0)
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for _ in range(20):
        with torch.no_grad():
            for p in network.parameters():
                p.normal_(generator=generator)
        drawn.append(penalty.values(network))
    for name, count in penalty.n_constraints.items():
        mean = np.mean([values[name] for values in drawn])
        assert mean == pytest.approx(count / 2, rel=0.01)


def test_translations_constrain_only_what_reads_the_mean_of_points():
    groups = {"SO(3)": SO(3), "translations": Translation(3)}
    network = SoftEquivariantNetwork("3*Point", "Scalar", list(groups.values()))
    first = network.layers[0]
    counts = ProjectionPenalty(network, groups, 1.0).n_constraints
    assert counts["translations"] == 3 * first.layout_out.size
    assert counts["SO(3)"] > 20 * counts["translations"]
