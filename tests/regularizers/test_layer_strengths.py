"""Strengths of each layer against one penalty per layer."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.groups import SE, SL, O, Translation
from softeq_sklearn.regularizers import DistancePenalty, ProjectionPenalty, _projection
from softeq_sklearn.regularizers._strengths import mean_strength

V, W, MEAN = (1,), (-1,), (2,)
PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]
CASES = [
    (PLANES, [({(): 1, V: 1}, {V: 1, (1, 1): 1}), ({V: 2}, {(): 2}), ({(1, 1): 1}, {V: 1})]),
    ([SL(2), O(2)], [({V: 1, W: 1}, {(1, -1): 1, W: 1}), ({(1, 1): 1}, {(-1, -1): 1, (): 1})]),
    ([SE(2), Translation(2)], [({(): 1, V: 1, MEAN: 1}, {V: 2, (): 1}), ({V: 1}, {(): 1})]),
]


@pytest.fixture(params=CASES, ids=[f"{groups!r:.60}" for groups, _ in CASES])
def setting(request, soft_layers):
    candidates, layers = request.param
    groups = {f"G{i}": group for i, group in enumerate(candidates)}
    rng = np.random.RandomState(0)
    strengths = {name: tuple(rng.uniform(0.1, 10, len(layers))) for name in groups}
    return groups, soft_layers(groups, layers), strengths


def layers_alone(module, groups, strengths):
    """Each layer with a penalty of its own."""
    for i, layer in enumerate(module.values()):
        alone = nn.ModuleDict({"layer": copy.deepcopy(layer)})
        own = {name: values[i] for name, values in strengths.items()}
        yield alone, ProjectionPenalty(alone, groups, own)


def gradients(penalty, module):
    module.zero_grad()
    penalty(module).backward()
    return [p.grad.clone() for p in module.parameters()]


@pytest.mark.parametrize("largest", [0, 1024])
def test_sum_of_one_penalty_per_layer(setting, monkeypatch, largest):
    groups, module, strengths = setting
    monkeypatch.setattr(_projection, "_LARGEST_STACKED", largest)
    penalty = ProjectionPenalty(module, groups, strengths)
    alone = list(layers_alone(module, groups, strengths))
    total = sum(own(layer).item() for layer, own in alone)
    assert penalty(module).item() == pytest.approx(total, rel=1e-12)
    expected = [g for layer, own in alone for g in gradients(own, layer)]
    for ours, theirs in zip(gradients(penalty, module), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_figures_of_each_layer(setting):
    groups, module, strengths = setting
    penalty = ProjectionPenalty(module, groups, strengths)
    values, counts = penalty.layer_values(module), penalty.layer_constraints
    for i, (layer, own) in enumerate(layers_alone(module, groups, strengths)):
        expected = own.values(layer)
        assert {name: v[i] for name, v in values.items()} == pytest.approx(expected, rel=1e-12)
        assert {name: n[i] for name, n in counts.items()} == own.n_constraints
    assert penalty.values(module) == pytest.approx({n: v.sum() for n, v in values.items()})
    assert penalty.n_constraints == {name: n.sum() for name, n in counts.items()}


def test_equal_strengths_of_layers_are_one_strength(setting):
    groups, module, strengths = setting
    one = {name: values[0] for name, values in strengths.items()}
    penalty = ProjectionPenalty(module, groups, one)
    n_factors, shapes = len(penalty._factors), penalty._shapes
    before = gradients(penalty, module)
    penalty.set_strengths({name: [value] * penalty.n_layers for name, value in one.items()})
    n_layers = [len(set(penalty._blocks.layer[word])) for word, _ in penalty._coupled]
    assert [len(stacks) for _, _, stacks in penalty._shapes] == n_layers
    for ours, theirs in zip(before, gradients(penalty, module), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
    penalty.set_strengths(one)  # and back to one stack per type
    assert len(penalty._factors) == n_factors and penalty._shapes == shapes


def test_one_group_may_have_one_strength_beside_strengths_of_layers(setting):
    groups, module, strengths = setting
    first = next(iter(groups))
    penalty = ProjectionPenalty(module, groups, {**strengths, first: 2.0})
    other = ProjectionPenalty(module, groups, {**strengths, first: [2.0] * penalty.n_layers})
    assert penalty(module).item() == pytest.approx(other(module).item(), rel=1e-13)


def test_constrained_weights_are_counted(soft_layers):
    # Scalars from scalars, biases of them included, are what no rotation constrains.
    groups = {"SO": O(2)}
    module = soft_layers(groups, [({(): 2, V: 1}, {(): 1, V: 1}), ({(): 1}, {(): 1})])
    penalty = ProjectionPenalty(module, groups, 1.0)
    assert penalty.layer_sizes.tolist() == [2 + 4 + 4 + 2, 0]
    weight, bias = (p.detach().numpy() for p in module["layer0"].dense())
    constrained = np.sum(weight[0, 2:] ** 2) + np.sum(weight[1:] ** 2) + np.sum(bias[1:] ** 2)
    expected = [0.5 * constrained, 0.0]
    np.testing.assert_allclose(penalty.layer_half_squares(module), expected, rtol=1e-13)


def test_strengths_of_layers_survive_copies(setting):
    groups, module, strengths = setting
    penalty = ProjectionPenalty(module, groups, strengths)
    twin = pickle.loads(pickle.dumps(penalty))
    assert twin.strengths == strengths
    with torch.no_grad():
        assert twin(module) == penalty(module)


@pytest.mark.parametrize(
    ("strengths", "message"),
    [
        ([1.0, 2.0], r"one for each of 3 layers. Got \[1.0, 2.0\]"),
        ({"a": (1.0, -1.0, 2.0)}, "at least 0. Got -1.0 for 'a'"),
        ({"a": (1.0, np.nan, 2.0)}, "at least 0. Got nan for 'a'"),
        ({"a": [[1.0], 1.0, 2.0]}, r"at least 0. Got \[1.0\] for 'a'"),
    ],
)
def test_bad_strengths_of_layers(soft_layers, strengths, message):
    groups = {"a": O(2)}
    module = soft_layers(groups, 3 * [({V: 1}, {V: 1})])
    with pytest.raises(ValueError, match=message):
        ProjectionPenalty(module, groups, strengths)


def test_other_penalties_have_no_strengths_of_layers(soft_layers):
    groups = {"a": O(2)}
    module = soft_layers(groups, 2 * [({V: 1}, {V: 1})])
    with pytest.raises(ValueError, match=r"at least 0. Got \(1.0, 2.0\) for 'a'"):
        DistancePenalty(module, groups, {"a": (1.0, 2.0)})


def test_geometric_mean():
    assert mean_strength(0.3) == 0.3
    assert mean_strength((0.01, 1.0, 100.0)) == pytest.approx(1.0)
    assert mean_strength((0.0, 1.0)) == 0.0
