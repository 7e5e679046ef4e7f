"""The start of training: inside the subspace that all candidate groups share, or anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from softeq_sklearn.groups import Group, generated_by
from softeq_sklearn.nn._linear import SoftLinear
from softeq_sklearn.nn._type_blocks import project_blocks, type_index


def equivariant_start(
    layer: SoftLinear, groups: Sequence[Group], generator: torch.Generator
) -> None:
    """Fill a linear layer with a random map that is equivariant under every group.

    Weights are normal, projected block by block onto the subspace of the group that all
    candidates generate, then scaled so that the output components of each type have unit variance
    on average where the input components have. Biases are zero. From a start outside the
    subspace the penalty first removes most of the weights' norm, and training stalls.

    Parameters
    ----------
    layer : SoftLinear
        The layer to fill.
    groups : sequence of Group
        The candidate groups; with none the weights are plain normal ones.
    generator : torch.Generator
        Source of the random numbers.
    """
    n = layer.weight.numel()
    flat = torch.randn(n + layer.bias.numel(), generator=generator, dtype=torch.float64).numpy()
    flat[n:] = 0
    if groups:
        common = generated_by(*groups)
        index = type_index(layer.layout_in, layer.layout_out, common.is_orthogonal)
        project_blocks(flat, index, common)
    weight = flat[:n].reshape(layer.weight.shape)
    for word in layer.layout_out.types:
        rows = weight[layer.layout_out.slice_of(word)]
        power = np.mean(np.sum(rows**2, axis=1))
        if power > 0:
            rows /= np.sqrt(power)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.zero_()


def orthogonal_start(
    layer: SoftLinear, groups: Sequence[Group], generator: torch.Generator
) -> None:
    """Fill a linear layer as the reference does: an orthogonal weight, whatever the groups.

    Biases are uniform in [0, 1) over the square root of their number. For comparisons: training
    from here first removes what lies outside the subspaces, and stalls meanwhile.

    Parameters
    ----------
    layer : SoftLinear
        The layer to fill.
    groups : sequence of Group
        Not used.
    generator : torch.Generator
        Source of the random numbers.
    """
    bias = torch.rand(layer.bias.shape, generator=generator) / len(layer.bias) ** 0.5
    with torch.no_grad():
        torch.nn.init.orthogonal_(layer.weight, generator=generator)
        layer.bias.copy_(bias)
