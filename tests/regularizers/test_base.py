"""What all penalties have in common."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.groups import SE, SL, SO, MatrixGroup, O, Reflection, S, Scaling, generated_by
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import (
    DistancePenalty,
    LiePenalty,
    ProjectionPenalty,
    SampledPenalty,
    group_actions,
)

GROUPS = {"a": SO(2), "b": Reflection(2)}
V = (1,)


class Network(nn.Module):
    """A soft linear layer on rows, with a nonlinearity."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return torch.tanh(self.layer(x.T)).T


def rows(dtype=torch.float64):
    return torch.from_numpy(np.random.RandomState(0).standard_normal((12, 2))).to(dtype)


@pytest.fixture
def network(soft_layers):
    return Network(soft_layers(GROUPS, [({V: 1}, {V: 1})])["layer0"])


@pytest.fixture(params=["projection", "log", "cosine", "sampled", "lie"])
def make(request):
    """Make each penalty from a module, strengths, and rows for those that use them."""
    actions = {name: group_actions(g, "Vector", "Vector", 24, 0) for name, g in GROUPS.items()}

    def make(module, strengths):
        if request.param == "projection":
            return ProjectionPenalty(module, GROUPS, strengths)
        if request.param in ("log", "cosine"):
            return DistancePenalty(module, GROUPS, strengths, distance=request.param)
        kind = {"sampled": SampledPenalty, "lie": LiePenalty}[request.param]
        return kind(actions, strengths, rows=rows())

    return make


def gradient(value, module):
    module.zero_grad()
    value.backward()
    return np.concatenate([p.grad.cpu().numpy().ravel() for p in module.parameters()])


def test_interface(make, network):
    penalty = make(network, {"a": 1, "b": 0.5})
    assert penalty.groups == GROUPS
    assert penalty.strengths == {"a": 1.0, "b": 0.5}
    value = penalty(network, rows())
    assert value.shape == () and value.requires_grad and value.item() > 0
    values = penalty.values(network)
    assert list(values) == ["a", "b"]
    assert all(isinstance(v, float) and v > 0 for v in values.values())
    assert not list(penalty.parameters())


def test_rows_are_those_of_the_constructor_if_there_is_no_batch(make, network):
    value = make(network, 1.0)(network).item()
    assert value == pytest.approx(make(network, 1.0)(network, rows()).item())


def test_strengths_are_factors(make, network):
    values = []
    for strengths in ({"a": 2.0, "b": 0.0}, {"a": 0.0, "b": 3.0}, {"a": 2.0, "b": 3.0}):
        penalty = make(network, 1.0)
        penalty.set_strengths(strengths)
        assert penalty.strengths == strengths
        values.append(penalty(network, rows()).item())
    assert values[0] + values[1] == pytest.approx(values[2])
    penalty.set_strengths(0.25)
    assert penalty.strengths == {"a": 0.25, "b": 0.25}


def test_values_know_no_strengths(make, network):
    assert make(network, 0.0).values(network) == make(network, 7.0).values(network)


def test_strengths_of_zero(make, network):
    value = make(network, 0.0)(network, rows())
    assert value.item() == 0
    assert not gradient(value, network).any()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_copies(make, network, copied):
    penalty = make(network, 1.0)
    penalty(network, rows())  # fills what is kept between calls
    penalty.set_strengths({"a": 0.5, "b": 3})
    twin = copied(penalty)
    assert twin.groups == GROUPS
    assert twin.strengths == {"a": 0.5, "b": 3.0}
    assert twin.values(network) == penalty.values(network)
    for _ in range(3):
        assert twin(network, rows()).item() == penalty(network, rows()).item()
    twin.set_strengths(0.0)
    assert penalty.strengths == {"a": 0.5, "b": 3.0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_device_and_precision_are_those_of_the_module(make, network, device, dtype):
    expected = make(network, 1.0)(network, rows()).item()
    penalty = make(network, 1.0).to(device)
    module = copy.deepcopy(network).to(device, dtype)
    value = penalty(module, rows(dtype).to(device))
    assert (value.dtype, value.device.type) == (dtype, device)
    assert value.item() == pytest.approx(expected, rel=1e-5)
    assert penalty.values(module) == pytest.approx(make(network, 1.0).values(network), rel=1e-5)


def test_double_precision_after_single(make, network):
    one, other = make(network, 1.0), make(network, 1.0)
    other.values(copy.deepcopy(network).float())
    assert one(network, rows()).item() == other(network, rows()).item()


def test_global_generators(make, network, global_generators_untouched):
    penalty = make(network, 1.0)
    penalty(network, rows()).backward()
    penalty.values(network)


@pytest.mark.parametrize(
    "strengths", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, -1.0, float("inf"), None]
)
def test_bad_strengths(make, network, strengths):
    with pytest.raises(ValueError, match="strengths must"):
        make(network, strengths)
    penalty = make(network, 1.0)
    with pytest.raises(ValueError, match="strengths must"):
        penalty.set_strengths(strengths)
    assert penalty.strengths == {"a": 1.0, "b": 1.0}


PENALTIES = {
    "squared": ProjectionPenalty,
    "log": partial(DistancePenalty, distance="log"),
    "cosine": partial(DistancePenalty, distance="cosine"),
}


@pytest.mark.parametrize("make", PENALTIES.values(), ids=PENALTIES)
def test_groups_that_the_network_cannot_tell_are_refused(make):
    """Their penalty would be of another group: 0 for weights that are not equivariant."""
    orthogonal = SoftEquivariantNetwork("Vector.T", "Vector", [O(3)], n_hidden_layers=0)
    with pytest.raises(ValueError, match=r"must be orthogonal .* Got SL\(3\) for 'a'"):
        make(orthogonal, {"O": O(3), "a": SL(3)}, 1.0)
    permuting = SoftEquivariantNetwork("2*Vector", "Vector", [S(3)], n_hidden_layers=1)
    with pytest.raises(ValueError, match=r"must permute coordinates .* Got O\(3\) for 'a'"):
        make(permuting, {"S": S(3), "a": O(3)}, 1.0)
    with pytest.raises(ValueError, match=r"must permute coordinates .* Got O\(3\) for 'a'"):
        make(torch.nn.Sequential(permuting), {"a": O(3)}, 1.0)
    conformal = SoftEquivariantNetwork("2*Vector", "Vector", [generated_by(O(3), Scaling(3))])
    with pytest.raises(ValueError, match=r"must be conformal .* Got SL\(3\) for 'a'"):
        make(conformal, {"a": SL(3)}, 1.0)
    points = SoftEquivariantNetwork("2*Point", "Vector", [SE(2)])
    turn = MatrixGroup([[[0, -1, 1], [1, 0, -3]]], name="turns")
    with pytest.raises(ValueError, match=r"about \[3.0, 1.0\]. Subtract .* name='turns'\) for 'a'"):
        make(points, {"a": turn}, 1.0)


@pytest.mark.parametrize("make", PENALTIES.values(), ids=PENALTIES)
def test_a_penalty_without_groups_is_zero(make):
    network = SoftEquivariantNetwork("Vector", "Vector", [O(3)], n_hidden_layers=0)
    penalty = make(network, {}, 1.0)
    total = penalty(network)
    total.backward()
    assert total.item() == 0.0
    assert penalty.values(network) == {}
