"""The network that is free to break every symmetry."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from softeq_sklearn.groups import Group
from softeq_sklearn.nn._gated import FreeGatedNonlinearity
from softeq_sklearn.nn._linear import EquivariantLinear, SoftLinear, nearest_exact
from softeq_sklearn.nn._subspaces import check_has_subspace
from softeq_sklearn.nn._tensor_network import TensorNetwork
from softeq_sklearn.representations import Rep


class SoftEquivariantNetwork(TensorNetwork):
    """Network that is free to break every symmetry, started in the subspace of all of them.

    `n_hidden_layers` blocks of linear, bilinear and gated layers, then a linear layer (PER, Kim et
    al. 2023; EMLP, Finzi et al. 2021). Every layer but the linear ones commutes with all matrix
    groups on V; the linear ones are free, and
    :class:`~softeq_sklearn.regularizers.ProjectionPenalty` measures how far they are from each
    group's equivariant subspace.

    Parameters
    ----------
    rep_in, rep_out : Rep or str
        Representations of the input and output columns.
    groups : sequence of Group, default=()
        Candidate groups, all on R^d.
    dim : int or None, default=None
        Dimension d of V; needed only where there are no groups.
    exact : Group or None, default=None
        A group whose equivariant subspace the linear layers cannot leave, so that the network is
        exactly equivariant under it and soft under all others.
    hidden_channels : int, Rep or str, default=128
        Number of features of each hidden layer, spread over the tensor types, or the
        representation of a hidden layer.
    n_hidden_layers : int, default=3
        Number of hidden blocks.
    architecture : {"factored", "emlp"}, default="factored"
        "factored" is ours: products in factored form and a start in the subspace that all groups
        share. "emlp" is that of the reference: tensors that act as matrices, a free term in the
        nonlinearity, and orthogonal matrices as start.
    seed : int, default=0
        Seed of the initial weights; the global generators are not used.

    Raises
    ------
    TypeError
        If there are no groups and no `dim`.
    ValueError
        If a representation does not parse or has duals of Points, Points come out and none go in,
        a group acts on Points about another centre than the origin, or there is no such
        architecture.
    ProblemTooLargeError
        If no solver can hold a subspace.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.groups import O
    >>> from softeq_sklearn.nn import SoftEquivariantNetwork
    >>> network = SoftEquivariantNetwork("Scalar + 2*Vector", "T(2)", [O(3)])
    >>> network(torch.zeros(5, 7)).shape
    torch.Size([5, 9])
    """

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        groups: Sequence[Group] = (),
        *,
        dim: int | None = None,
        exact: Group | None = None,
        hidden_channels: int | Rep | str = 128,
        n_hidden_layers: int = 3,
        architecture: str = "factored",
        seed: int = 0,
    ) -> None:
        if exact is not None and exact not in groups:
            groups = [*groups, exact]
        if groups:
            dim = groups[0].dim
        elif dim is None:
            raise TypeError("dim must be given where there are no groups. Got None instead.")

        def make_linear(start: SoftLinear, orthogonal: bool) -> SoftLinear | EquivariantLinear:
            return start if exact is None else nearest_exact(start, exact, orthogonal)

        super().__init__(
            rep_in,
            rep_out,
            dim,
            groups=groups,
            exact=exact is not None,
            architecture=architecture,
            hidden_channels=hidden_channels,
            n_hidden_layers=n_hidden_layers,
            make_linear=make_linear,
            generator=torch.Generator().manual_seed(seed),
        )

    def project(self, group: Group, softness: float = 0.0) -> None:
        r"""Move the weights into a group's equivariant subspace, or part of the way, in place.

        Every weight :math:`\theta` becomes :math:`P_G \theta + s \, (\theta - P_G \theta)`: the
        states of the reference of soft equivariance (s = 0, Kim et al. 2023), and the softness of
        Rahman et al. (2026, arXiv 2603.26657).

        Parameters
        ----------
        group : Group
            The group.
        softness : float, default=0.0
            What is left of the part outside the subspace: 0 makes the network exactly equivariant,
            1 changes nothing.

        Raises
        ------
        ValueError
            If the other layers do not commute with the group, it acts on another space or on
            Points about another centre than the origin, or the linear layers are bound to the
            subspace of an exact group.
        """
        if any(isinstance(layer, EquivariantLinear) for layer in self.layers):
            raise ValueError(
                "A network with an exact group cannot be projected onto the subspace of another, "
                f"which may lead out of that of the first. Got {group!r}."
            )
        dim = self.layers[-1].layout_in.dim
        if group.dim != dim:
            raise ValueError(f"group must act on a space of dimension {dim}. Got {group!r}.")
        check_has_subspace(self, group)
        for layer in self.layers:
            if isinstance(layer, SoftLinear):
                layer.project(group, softness, orthogonal=self.orthogonal)
            elif isinstance(layer, FreeGatedNonlinearity):
                layer.project(softness)
