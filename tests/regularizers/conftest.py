"""Small modules, and penalties as functions of their parameters."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.nn import FeatureLayout, SoftLinear


@pytest.fixture
def mlp():
    """Make a multilayer perceptron with given layers between its linear ones."""

    def make(n_in, n_out, between=(nn.Tanh,), *, width=8, dtype=torch.float64, seed=0):
        # Without a draw from the global generator.
        first, last = (
            nn.utils.skip_init(nn.Linear, *shape, dtype=dtype)
            for shape in ((n_in, width), (width, n_out))
        )
        module = nn.Sequential(first, *(layer() for layer in between), last).to(dtype)
        fill(module, seed)
        return module

    return make


@pytest.fixture
def soft_layers():
    """Make soft linear layers of random weights, from channels in and out of each."""

    def make(groups, layers, *, dtype=torch.float64, seed=0):
        d = next(iter(groups.values())).dim
        module = nn.ModuleDict()
        for i, channels in enumerate(layers):
            layouts = (FeatureLayout.from_channels(d, c) for c in channels)
            module[f"layer{i}"] = SoftLinear(*layouts).to(dtype)
        fill(module, seed)
        return module

    return make


def fill(module, seed):
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.from_numpy(rng.standard_normal(tuple(p.shape)) / p.shape[-1] ** 0.5))


@pytest.fixture
def check_gradient():
    """Compare the gradient of a penalty with finite differences (torch.autograd.gradcheck)."""

    class Loss(nn.Module):
        def __init__(self, penalty, module):
            super().__init__()
            self.penalty = penalty
            self.module = module

        def forward(self, X):
            # A copy draws the same elements at every call.
            return copy.deepcopy(self.penalty)(self.module, X)

    def check(penalty, module, X=None):
        loss = Loss(penalty, module)
        parameters = dict(loss.named_parameters())

        def function(*values):
            named = dict(zip(parameters, values, strict=True))
            return torch.func.functional_call(loss, named, (X,))

        values = [p.detach().clone().requires_grad_() for p in parameters.values()]
        assert torch.autograd.gradcheck(function, values)

    return check
