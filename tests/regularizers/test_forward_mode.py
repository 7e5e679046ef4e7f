import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from softeq_sklearn.regularizers import _forward_mode
from softeq_sklearn.regularizers._forward_mode import directional_derivative

# Whole layers on 8 features: what torch offers for tables.
LAYERS = {
    "none": nn.Identity,
    "relu": nn.ReLU,
    "leaky relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "gelu": nn.GELU,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softmax": lambda: nn.Softmax(1),
    "layer norm": lambda: nn.LayerNorm(8),
    "layer norm without weights": lambda: nn.LayerNorm(8, elementwise_affine=False),
    "layer norm without bias": lambda: nn.LayerNorm(8, bias=False),
    "layer norm of matrices": lambda: nn.Sequential(
        nn.Unflatten(1, (2, 2, 2)), nn.LayerNorm((2, 2)), nn.Flatten()
    ),
    "group norm": lambda: nn.GroupNorm(2, 8),
    "batch norm in use": lambda: nn.BatchNorm1d(8).eval(),
    "dropout in use": lambda: nn.Dropout(0.5).eval(),
}


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.RandomState(seed).standard_normal(shape))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_derivative_and_its_gradient(mlp, layer):
    module = mlp(2, 2, (nn.Tanh, layer))
    x, v = normal(5, 2), normal(5, 2, seed=1)
    names = [f"module.{name}" for name, _ in module.named_parameters()]

    class Derivative(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self):
            return directional_derivative(self.module, x, v)[1]

    def derivative(*values):
        return torch.func.functional_call(Derivative(), dict(zip(names, values, strict=True)), ())

    with torch.no_grad():
        values, derivatives = directional_derivative(module, x, v)
        torch.testing.assert_close(values, module(x))
        slopes = (module(x + 1e-6 * v) - module(x - 1e-6 * v)) / 2e-6
    torch.testing.assert_close(derivatives, slopes, rtol=1e-6, atol=1e-7)
    parameters = [p.detach().clone().requires_grad_() for p in module.parameters()]
    assert torch.autograd.gradcheck(derivative, parameters)


@pytest.mark.parametrize(
    "layer",
    [
        nn.BatchNorm1d(8),
        nn.BatchNorm1d(8, track_running_stats=False).eval(),
        nn.Sequential(nn.Unflatten(1, (2, 4)), nn.InstanceNorm1d(2), nn.Flatten()),
    ],
    ids=["batch", "batch without running means", "instance"],
)
def test_wrong_second_derivatives_are_refused(layer):
    with pytest.raises(NotImplementedError, match="must not normalise .* use SampledPenalty"):
        directional_derivative(layer, torch.ones(5, 8), torch.ones(5, 8))


def test_first_use_warns_of_nothing():
    code = """
import torch
from softeq_sklearn.regularizers._forward_mode import directional_derivative
directional_derivative(torch.nn.Tanh(), torch.zeros(2, 2), torch.ones(2, 2))
"""
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=300)


def test_layer_norm_without_eps_has_that_of_torch():
    X = 1e-3 * torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(_forward_mode._layer_norm(X, (4,)), F.layer_norm(X, (4,)))
