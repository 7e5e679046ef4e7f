"""What processes that train one network together tell each other."""

from __future__ import annotations

import torch


def add_over_processes(tensors):
    """Replace the values of tensors by their sums over all processes, in one exchange.

    Parameters
    ----------
    tensors : list of torch.Tensor
        As many of the same shapes in each process.
    """
    from accelerate.utils import reduce

    sums = reduce(torch.cat([tensor.reshape(-1) for tensor in tensors]), "sum")
    sizes = [tensor.numel() for tensor in tensors]
    for tensor, total in zip(tensors, sums.split(sizes), strict=True):
        tensor.copy_(total.view_as(tensor))


def take_main_weights(module):
    """Give all processes the weights and buffers that the main process has.

    Parameters
    ----------
    module : torch.nn.Module
        The same in each process, but for the values.
    """
    from accelerate.utils import broadcast

    broadcast(dict(module.state_dict()))
