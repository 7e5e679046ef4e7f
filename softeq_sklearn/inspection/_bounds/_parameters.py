"""Parameters of layers as arrays, of one member."""

from __future__ import annotations

import torch

from softeq_sklearn.nn import ResidualLinear


def layer_arrays(layer):
    """Weight and bias of a linear layer of any kind in float64, with a member axis or without.

    Parameters
    ----------
    layer : SoftLinear, EquivariantLinear or ResidualLinear
        The layer.

    Returns
    -------
    weight, bias : ndarray of shape (..., out, in) and (..., out)
    """
    parts = (layer.exact, layer.residual) if isinstance(layer, ResidualLinear) else (layer,)
    dense = [part.dense() for part in parts]
    return tuple(sum(to_numpy(d[i]) for d in dense) for i in range(2))


def of_member(parameter, ndim, member):
    array = to_numpy(parameter)
    return array[member] if array.ndim > ndim else array


def to_numpy(tensor):
    return tensor.detach().to("cpu", torch.float64).numpy()
