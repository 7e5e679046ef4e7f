"""The network with a residual beside every exact layer."""

from __future__ import annotations

import torch

from softeq_sklearn.groups import Group
from softeq_sklearn.nn._linear import EquivariantLinear, ResidualLinear, SoftLinear, nearest_exact
from softeq_sklearn.nn._tensor_network import TensorNetwork
from softeq_sklearn.representations import Rep


class ResidualPathwayNetwork(TensorNetwork):
    """Network with a residual beside every exact linear layer.

    Residual pathway priors (RPP, Finzi, Benton and Wilson 2021); with `relax_to` MixedRPP (Kim et
    al. 2023).

    Parameters
    ----------
    rep_in, rep_out : Rep or str
        Representations of the input and output columns.
    group : Group
        The group of the exact pathway.
    relax_to : Group or None, default=None
        Group that the residual keeps; None lets it break every symmetry.
    hidden_channels : int, Rep or str, default=128
        As in :class:`SoftEquivariantNetwork`.
    n_hidden_layers : int, default=3
        Number of hidden blocks.
    architecture : {"factored", "emlp"}, default="factored"
        Kind of hidden layers, see :class:`SoftEquivariantNetwork`.
    seed : int, default=0
        Seed of the initial weights; the global generators are not used.

    Raises
    ------
    ValueError
        If a representation does not parse or has duals of Points, Points come out and none go in,
        a group acts on Points about another centre than the origin, or there is no such
        architecture.
    ProblemTooLargeError
        If no solver can hold a subspace.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.nn import ResidualPathwayNetwork
    >>> network = ResidualPathwayNetwork("2*Vector", "Scalar", SO(3))
    >>> network(torch.zeros(5, 6)).shape
    torch.Size([5, 1])
    """

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        group: Group,
        relax_to: Group | None = None,
        *,
        hidden_channels: int | Rep | str = 128,
        n_hidden_layers: int = 3,
        architecture: str = "factored",
        seed: int = 0,
    ) -> None:
        def make_linear(start: SoftLinear, orthogonal: bool) -> ResidualLinear:
            layouts = start.layout_in, start.layout_out
            residual: SoftLinear | EquivariantLinear
            if relax_to is None:
                residual = SoftLinear(*layouts)
            else:
                residual = EquivariantLinear(*layouts, relax_to, orthogonal=orthogonal)
            return ResidualLinear(nearest_exact(start, group, orthogonal), residual)

        super().__init__(
            rep_in,
            rep_out,
            group.dim,
            groups=[group] if relax_to is None else [group, relax_to],
            exact=relax_to is not None,
            architecture=architecture,
            hidden_channels=hidden_channels,
            n_hidden_layers=n_hidden_layers,
            make_linear=make_linear,
            generator=torch.Generator().manual_seed(seed),
        )
