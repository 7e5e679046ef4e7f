"""What the penalties on the function of a module have in common."""

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.groups import SO, C
from softeq_sklearn.regularizers import LiePenalty, SampledPenalty, group_actions


@pytest.fixture(params=[SampledPenalty, LiePenalty])
def kind(request):
    return request.param


@pytest.fixture
def actions():
    groups = {"SO(2)": SO(2), "C(4)": C(4)}
    return {name: group_actions(g, "Vector", "Vector", 8, 0) for name, g in groups.items()}


def normal(*shape, dtype=torch.float64):
    return torch.from_numpy(np.random.RandomState(0).standard_normal(shape)).to(dtype)


def test_values_put_the_module_back_as_it_was(kind, actions, mlp):
    module = mlp(2, 2, (lambda: nn.BatchNorm1d(8), lambda: nn.Dropout(0.5), nn.Tanh))
    module[2].eval()
    modes = [part.training for part in module.modules()]
    state = {name: value.clone() for name, value in module.state_dict().items()}
    penalty = kind(actions, 1.0, rows=normal(6, 2))
    assert penalty.values(module) == penalty.values(module)
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())


def test_values_put_the_module_back_after_an_error(kind, actions, mlp):
    module = mlp(2, 3)
    with pytest.raises(ValueError, match="module must return"):
        kind(actions, 1.0, rows=normal(6, 2)).values(module)
    assert module.training


def test_rows_are_kept_as_they_were(kind, actions, mlp):
    X = normal(6, 2)
    penalty, module = kind(actions, 1.0, rows=X), mlp(2, 2)
    before = penalty.values(module)
    X.zero_()
    assert penalty.values(module) == before
    assert not penalty.state_dict()


def test_modules_without_parameters(kind, actions):
    penalty = kind(actions, 1.0, rows=normal(6, 2))
    assert penalty(nn.Sigmoid(), normal(6, 2)).item() > 0
    assert min(penalty.values(nn.Sigmoid()).values()) > 0
    assert max(penalty.values(nn.Identity()).values()) < 1e-20


def test_gradient_reaches_the_rows(kind, actions, mlp):
    X = normal(6, 2).requires_grad_()
    kind(actions, 1.0)(mlp(2, 2), X).backward()
    assert X.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (torch.zeros(3, 4), ValueError, r"must have shape \(n_samples, 2\).*Got shape \(3, 4\)"),
        (torch.zeros(2), ValueError, r"Got shape \(2,\)"),
        (torch.zeros(0, 2), ValueError, "at least one sample"),
        (np.zeros((3, 2)), TypeError, "must be a tensor of real numbers. Got ndarray"),
        (torch.zeros(3, 2, dtype=torch.int64), TypeError, "must be a tensor of real numbers"),
    ],
)
def test_bad_rows(kind, actions, mlp, X, error, match):
    with pytest.raises(error, match=f"^X {match}" if match.startswith("must") else match):
        kind(actions, 1.0)(mlp(2, 2), X)
    with pytest.raises(error, match=f"^rows {match}" if match.startswith("must") else match):
        kind(actions, 1.0, rows=X)


def test_no_rows(kind, actions, mlp):
    penalty = kind(actions, 1.0)
    for call in (penalty, penalty.values):
        with pytest.raises(ValueError, match="rows must be given to the constructor"):
            call(mlp(2, 2))


def test_outputs_of_another_shape(kind, actions, mlp):
    with pytest.raises(ValueError, match=r"must return an array of shape \(\d+, 2\)"):
        kind(actions, 1.0)(nn.Sequential(mlp(2, 1), nn.Flatten(0)), normal(6, 2))


def test_no_actions(kind):
    with pytest.raises(ValueError, match="actions must be a mapping"):
        kind({}, 1.0)
