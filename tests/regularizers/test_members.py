"""Several members with stacked parameters against each of them alone."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.groups import SE, SL, SO, O, Reflection, Scaling
from softeq_sklearn.regularizers import DistancePenalty, ProjectionPenalty, _projection

V, W, MEAN = (1,), (-1,), (2,)
PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]
CASES = [
    (PLANES, [({(): 1, V: 1}, {V: 1, (1, 1): 1}), ({V: 2}, {(): 2})]),
    ([SL(2), O(2)], [({V: 1, W: 1}, {(1, -1): 1, W: 1}), ({(1, 1): 1}, {(-1, -1): 1, (): 1})]),
    ([SE(2), Scaling(2)], [({(): 1, V: 1, MEAN: 1}, {V: 2, (): 1})]),
    ([Reflection(2), SO(2)], [({(1,) * 4: 1}, {(1,) * 4: 1})]),  # split into parts
]
PENALTIES = {
    "squared": ProjectionPenalty,
    "log": lambda *args: DistancePenalty(*args, distance="log"),
    "cosine": lambda *args: DistancePenalty(*args, distance="cosine"),
}


@pytest.fixture(params=CASES, ids=[f"{groups!r:.60}" for groups, _ in CASES])
def case(request):
    candidates, layers = request.param
    return {f"G{i}": group for i, group in enumerate(candidates)}, layers


@pytest.fixture(params=PENALTIES)
def penalty_of(request):
    return PENALTIES[request.param]


def stacked(members):
    """One module with the parameters of all members along a first axis."""
    module = copy.deepcopy(members[0])
    for name, _ in list(module.named_parameters()):
        parent, _, own = name.rpartition(".")
        together = torch.stack([m.get_parameter(name).detach() for m in members])
        setattr(module.get_submodule(parent), own, nn.Parameter(together))
    return module


def gradients(penalty, module):
    module.zero_grad()
    penalty(module).backward()
    return [p.grad.clone() for p in module.parameters()]


def make_members(soft_layers, groups, layers, n_members):
    return [soft_layers(groups, layers, seed=seed) for seed in range(n_members)]


@pytest.mark.parametrize("n_members", [1, 3])
def test_sum_over_members(soft_layers, case, penalty_of, n_members):
    groups, layers = case
    strengths = {name: 0.5 + i for i, name in enumerate(groups)}
    members = make_members(soft_layers, groups, layers, n_members)
    together = stacked(members)
    penalty = penalty_of(together, groups, strengths)
    alone = [penalty_of(member, groups, strengths) for member in members]

    total = sum(p(m).item() for p, m in zip(alone, members, strict=True))
    assert penalty(together).item() == pytest.approx(total, rel=1e-12)
    each = [gradients(p, m) for p, m in zip(alone, members, strict=True)]
    for ours, theirs in zip(gradients(penalty, together), zip(*each, strict=True), strict=True):
        np.testing.assert_allclose(ours, torch.stack(theirs), rtol=1e-12, atol=1e-12)


def test_values_are_the_mean_and_constraints_those_of_one(soft_layers, case, penalty_of):
    groups, layers = case
    members = make_members(soft_layers, groups, layers, 3)
    together = stacked(members)
    penalty = penalty_of(together, groups, 1.0)
    alone = [penalty_of(member, groups, 1.0).values(member) for member in members]
    expected = {name: np.mean([values[name] for values in alone]) for name in groups}
    assert penalty.values(together) == pytest.approx(expected, rel=1e-12)
    assert penalty.n_constraints == penalty_of(members[0], groups, 1.0).n_constraints


def test_members_group_by_group(soft_layers, case, monkeypatch):
    groups, layers = case
    together = stacked(make_members(soft_layers, groups, layers, 2))
    usual = ProjectionPenalty(together, groups, 2.0)
    monkeypatch.setattr(_projection, "_LARGEST_STACKED", 0)
    by_group = ProjectionPenalty(together, groups, 2.0)
    assert usual(together).item() == pytest.approx(by_group(together).item(), rel=1e-11)
    for ours, theirs in zip(gradients(usual, together), gradients(by_group, together), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-11)


def test_a_module_of_other_members_is_refused(soft_layers, penalty_of):
    groups, layers = {"a": SO(2)}, [({V: 2}, {V: 1})]
    members = make_members(soft_layers, groups, layers, 3)
    penalty = penalty_of(stacked(members), groups, 1.0)
    for other in (members[0], stacked(members[:2])):
        with pytest.raises(ValueError, match="module must have weights and biases of shapes"):
            penalty(other)
        with pytest.raises(ValueError, match="module must have weights and biases of shapes"):
            penalty.values(other)


def test_layers_of_different_numbers_of_members_are_refused(soft_layers, penalty_of):
    groups, layers = {"a": SO(2)}, [({V: 2}, {V: 1}), ({V: 1}, {V: 1})]
    module = stacked(make_members(soft_layers, groups, layers, 2))
    module["layer1"] = soft_layers(groups, layers)["layer1"]
    with pytest.raises(ValueError, match="number of members. Got the leading axes"):
        penalty_of(module, groups, 1.0)


def test_two_axes_of_members_are_refused(soft_layers):
    groups = {"turns": SO(2)}
    module = soft_layers(groups, [({(1,): 1}, {(1,): 1})])
    layer = module["layer0"]
    layer.weight = nn.Parameter(layer.weight.expand(2, 3, *layer.weight.shape).clone())
    layer.bias = nn.Parameter(layer.bias.expand(2, 3, *layer.bias.shape).clone())
    with pytest.raises(ValueError, match=r"one number of members. Got the leading axes \[\(2, 3\)"):
        ProjectionPenalty(module, groups, 1.0)
