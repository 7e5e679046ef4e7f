"""The network: blocks of linear, bilinear and gated layers on tensor features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.nn._architecture import architecture_of
from softeq_sklearn.nn._features import hidden_layout
from softeq_sklearn.nn._gated import FreeGatedNonlinearity, GatedNonlinearity, n_gates
from softeq_sklearn.nn._layout import ColumnMap, FeatureLayout, input_map, output_map
from softeq_sklearn.nn._linear import EquivariantLinear, ResidualLinear, SoftLinear
from softeq_sklearn.nn._row_size import RowSize
from softeq_sklearn.projection._types import SIZE
from softeq_sklearn.representations import Rep, as_representation


class TensorNetwork(nn.Module):
    """Blocks of linear, bilinear and gated layers on tensor features.

    The networks below differ only in their linear layer; this is what they share: the blocks of
    EMLP (Finzi et al. 2021, section 6), with the changes that docs/method.md, "Network", lists.

    Parameters
    ----------
    rep_in, rep_out : Rep or str
        Representations of the input and output columns.
    dim : int
        Dimension d of V.
    groups : sequence of Group
        The groups that all layers but the linear ones must commute with.
    exact : bool
        Whether the linear layers keep the symmetry, and so must all others.
    architecture : {"factored", "emlp"}
        Kind of the bilinear layers and nonlinearities, and start of the linear layers.
    hidden_channels : int, Rep or str
        Size of the hidden layers, see :func:`hidden_layout`.
    n_hidden_layers : int
        Number of hidden blocks.
    make_linear : callable
        Makes the linear layer from a dense one.
    generator : torch.Generator
        Source of the initial values.

    Attributes
    ----------
    width : int
        Number of outputs of a hidden linear layer, gates included.
    orthogonal : bool
        Whether V and its dual are stored as one type.
    row_size : RowSize or None
        What divides features by their row's size. It is there where every group is conformal, one
        of them scales, and a column is scaled by it: all layers then work with the orthogonal parts
        of the groups.

    Raises
    ------
    ValueError
        If a representation does not parse or has duals of Points, Points come out and none go in,
        or there is no such architecture.
    ProblemTooLargeError
        If no solver can hold a subspace.

    Examples
    --------
    >>> from softeq_sklearn.groups import O
    >>> from softeq_sklearn.nn import SoftEquivariantNetwork, TensorNetwork
    >>> network = SoftEquivariantNetwork("2*Vector", "Scalar", [O(3)])
    >>> isinstance(network, TensorNetwork), network.orthogonal
    (True, True)
    """

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        dim: int,
        *,
        groups: Sequence[Group],
        exact: bool,
        architecture: str,
        hidden_channels: int | Rep | str,
        n_hidden_layers: int,
        make_linear: Callable[[SoftLinear, bool], nn.Module],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        kind = architecture_of(architecture)
        rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
        row_size = _row_size(rep_in, rep_out, dim, groups) if kind.divides_by_size else None
        acting = groups if row_size is None else [group.orthogonal_part for group in groups]
        orthogonal = all(group.is_orthogonal for group in acting)
        if acting and all(group.is_permutation for group in acting):
            nonlinearity = kind.permutation_nonlinearity
        else:
            nonlinearity = kind.exact_nonlinearity if exact else kind.nonlinearity

        def linear(layout_in: FeatureLayout, layout_out: FeatureLayout) -> nn.Module:
            start = SoftLinear(layout_in, layout_out)
            kind.start(start, groups, generator)
            return make_linear(start, orthogonal)

        entry = input_map(rep_in, dim, orthogonal)
        exit_ = output_map(rep_out, dim, orthogonal)
        if len(exit_.point_slots) and not len(entry.point_slots):
            raise ValueError(
                "rep_out may have Points only where rep_in has some: no function of "
                f"{rep_in!r} moves with a translation."
            )
        outer = (entry.layout, exit_.layout)
        hidden = hidden_layout(hidden_channels, outer, dim, orthogonal=orthogonal)
        layout, last = entry.layout, exit_.layout
        if row_size is not None:
            layout, hidden, last = layout.with_size(), hidden.of_unit_size(), last.of_unit_size()
        gated = hidden.with_scalars(n_gates(hidden))
        layers: list[nn.Module] = []
        for _ in range(n_hidden_layers):
            layers.append(linear(layout, gated))
            if n_gates(hidden):  # a network of scalars alone is a plain multilayer perceptron
                layers.append(kind.bilinear(gated, orthogonal=orthogonal, generator=generator))
            layers.append(nonlinearity(hidden))
            layout = hidden
        layers.append(linear(layout, last))
        self.width = gated.size
        self.orthogonal = orthogonal
        self.row_size = row_size
        self.entry = InputColumns(entry)
        self.layers = nn.Sequential(*layers)
        self.exit = OutputColumns(exit_)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map rows to rows.

        Parameters
        ----------
        x : torch.Tensor of shape (..., n_samples, rep_in.dim)
            Rows, with the columns in the order of `rep_in`; members may share them.

        Returns
        -------
        torch.Tensor of shape (..., n_samples, rep_out.dim)
            Rows, with the columns in the order of `rep_out`.
        """
        features, centre = self.entry(x)
        if self.row_size is None:
            return self.exit(self.layers(features), centre)
        features, size = self.row_size.divide(features)
        return self.exit(self.row_size.multiply(self.layers(features), size), centre)

    def stores_types_of(self, group: Group) -> bool:
        """Whether the layers know the tensor types of a group, so that it has a subspace here.

        Where V and its dual are stored as one type, only an orthogonal group has; where row sizes
        were divided out, every conformal group.

        Parameters
        ----------
        group : Group
            A group on the same space.

        Returns
        -------
        bool
            Whether it has one.
        """
        if self.row_size is not None:
            return group.is_conformal
        return group.is_orthogonal or not self.orthogonal


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
        or there is no such architecture.
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
            return start if exact is None else _projected(start, exact, orthogonal)

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
            If the other layers do not commute with the group, it acts on another space, or the
            linear layers are bound to the subspace of an exact group.
        """
        if any(isinstance(layer, EquivariantLinear) for layer in self.layers):
            raise ValueError(
                "A network with an exact group cannot be projected onto the subspace of another, "
                f"which may lead out of that of the first. Got {group!r}."
            )
        dim = self.layers[-1].layout_in.dim
        if group.dim != dim:
            raise ValueError(f"group must act on a space of dimension {dim}. Got {group!r}.")
        gates = [layer for layer in self.layers if isinstance(layer, GatedNonlinearity)]
        divides = self.row_size is not None and group.is_conformal
        acting = group.orthogonal_part if divides else group
        if any(gate.pointwise is not None for gate in gates) and not acting.is_permutation:
            raise ValueError(
                "group must permute coordinates where all groups of the network do, since its "
                f"nonlinearity commutes with no others. Got {group!r}."
            )
        if not self.stores_types_of(group):
            rule = "orthogonal" if self.row_size is None else "conformal"
            raise ValueError(
                f"group must be {rule} where all groups of the network are, since V and its "
                f"dual are one type there. Got {group!r}."
            )
        for layer in self.layers:
            if isinstance(layer, SoftLinear):
                layer.project(group, softness, orthogonal=self.orthogonal)
            elif isinstance(layer, FreeGatedNonlinearity):
                layer.project(softness)


class EquivariantNetwork(TensorNetwork):
    """The same network with every linear layer exactly equivariant (EMLP, Finzi et al. 2021).

    Parameters
    ----------
    rep_in, rep_out : Rep or str
        Representations of the input and output columns.
    group : Group
        The group.
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
        or there is no such architecture.
    ProblemTooLargeError
        If no solver can hold a subspace.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.nn import EquivariantNetwork
    >>> network = EquivariantNetwork("2*Vector", "Scalar", SO(3))
    >>> network(torch.zeros(5, 6)).shape
    torch.Size([5, 1])
    """

    def __init__(
        self,
        rep_in: Rep | str,
        rep_out: Rep | str,
        group: Group,
        *,
        hidden_channels: int | Rep | str = 128,
        n_hidden_layers: int = 3,
        architecture: str = "factored",
        seed: int = 0,
    ) -> None:
        def make_linear(start: SoftLinear, orthogonal: bool) -> EquivariantLinear:
            return _projected(start, group, orthogonal)

        super().__init__(
            rep_in,
            rep_out,
            group.dim,
            groups=[group],
            exact=True,
            architecture=architecture,
            hidden_channels=hidden_channels,
            n_hidden_layers=n_hidden_layers,
            make_linear=make_linear,
            generator=torch.Generator().manual_seed(seed),
        )


class ResidualPathwayNetwork(TensorNetwork):
    """The same network with a residual beside every exact layer.

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
        or there is no such architecture.
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
            return ResidualLinear(_projected(start, group, orthogonal), residual)

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


def _projected(start: SoftLinear, group: Group, orthogonal: bool) -> EquivariantLinear:
    """The exactly equivariant layer that is nearest to a dense one."""
    layer = EquivariantLinear(start.layout_in, start.layout_out, group, orthogonal=orthogonal)
    layer.set_weight(*start.dense())
    return layer


def _row_size(rep_in: Rep, rep_out: Rep, dim: int, groups: Sequence[Group]) -> RowSize | None:
    """What divides by the row's size, None where no group scales or no column shows it."""
    if all(g.is_orthogonal for g in groups) or not all(g.is_conformal for g in groups):
        return None
    entry, exit_ = input_map(rep_in, dim, True), output_map(rep_out, dim, True)
    counted = entry.weights != 0
    if any(group.is_affine for group in groups):
        counted[entry.point_slots[:1]] = False
    if not counted.any():
        return None
    position = entry.layout.with_size().slice_of((SIZE,)).start
    return RowSize(entry.weights, counted, exit_.weights, position)


class InputColumns(nn.Module):
    """From the user's columns to the layout of the network."""

    columns: torch.Tensor
    point_slots: torch.Tensor
    frame: torch.Tensor

    def __init__(self, columns: ColumnMap) -> None:
        super().__init__()
        self.register_buffer("columns", torch.tensor(columns.columns))
        slots = columns.point_slots
        self.register_buffer("point_slots", torch.tensor(slots))
        self.register_buffer("frame", torch.tensor(helmert(len(slots))))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return features (..., layout.size, n_samples) and the Points' mean, or None."""
        features = x.mT.index_select(-2, self.columns)
        if not len(self.point_slots):
            return features, None
        points = features[..., self.point_slots, :]
        turned = torch.einsum("pq,...qin->...pin", self.frame.to(x.dtype), points).flatten(-3, -2)
        features = features.index_copy(-2, self.point_slots.reshape(-1), turned)
        return features, points.mean(-3)


class OutputColumns(nn.Module):
    """From the layout of the network to the user's columns; Points are offsets from the centre."""

    positions: torch.Tensor
    point_slots: torch.Tensor

    def __init__(self, columns: ColumnMap) -> None:
        super().__init__()
        self.register_buffer("positions", torch.tensor(np.argsort(columns.columns)))
        self.register_buffer("point_slots", torch.tensor(columns.point_slots))

    def forward(self, features: torch.Tensor, centre: torch.Tensor | None) -> torch.Tensor:
        """Return the rows in the user's order, shape (..., n_samples, rep_out.dim)."""
        if len(self.point_slots):
            assert centre is not None  # since a network with Points out has Points in
            offsets = features[..., self.point_slots, :]
            moved = (offsets + centre[..., None, :, :]).flatten(-3, -2)
            features = features.index_copy(-2, self.point_slots.reshape(-1), moved)
        return features.index_select(-2, self.positions).mT


def helmert(n: int) -> np.ndarray:
    """Orthogonal matrix of shape (n, n) whose first row is the mean times sqrt(n)."""
    matrix = np.tril(np.ones((n, n)), -1) - np.diag(np.arange(n, dtype=float))
    if n:
        matrix[0] = 1
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
