"""Several networks side by side, as one module with a leading axis of members."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn


def stack_members(networks: Sequence[nn.Module]) -> nn.Module:
    """Return one module that evaluates several networks of one structure at once.

    Each parameter is the stack of theirs, with the members as first axis, and so is the output.
    Ten small networks cost far less this way than one after the other: a step of a small network
    is mostly the overhead of its many operations, which they share.

    Parameters
    ----------
    networks : sequence of torch.nn.Module
        Networks of one class, arguments and architecture "factored", which may differ in their
        parameters.

    Returns
    -------
    torch.nn.Module
        Maps rows of shape (n_samples, n_in), or those of each member, (n_members, n_samples, n_in),
        to (n_members, n_samples, n_out).

    Raises
    ------
    ValueError
        If there is no network, or their parameters have different names or shapes.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.nn import SoftEquivariantNetwork, stack_members
    >>> networks = [SoftEquivariantNetwork("Vector", "Scalar", [SO(3)], seed=i) for i in range(4)]
    >>> stack_members(networks)(torch.zeros(5, 3)).shape
    torch.Size([4, 5, 1])
    """
    shapes = [{name: p.shape for name, p in net.named_parameters()} for net in networks]
    if not shapes or any(each != shapes[0] for each in shapes):
        raise ValueError(
            "networks must be at least one, all with parameters of the same names and shapes. "
            f"Got {list(networks)!r}."
        )
    stacked = copy.deepcopy(networks[0])
    members = [dict(net.named_parameters()) for net in networks]
    for name in shapes[0]:
        owner, _, last = name.rpartition(".")
        values = torch.stack([each[name].detach() for each in members])
        setattr(stacked.get_submodule(owner), last, nn.Parameter(values))
    return stacked
