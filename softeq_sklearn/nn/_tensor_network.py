"""The network: blocks of linear, bilinear and gated layers on tensor features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.groups._centre import check_centre
from softeq_sklearn.nn._architecture import architecture_of
from softeq_sklearn.nn._column_layers import InputColumns, OutputColumns
from softeq_sklearn.nn._features import hidden_layout
from softeq_sklearn.nn._gated import n_gates
from softeq_sklearn.nn._layout import FeatureLayout, input_map, output_map
from softeq_sklearn.nn._linear import SoftLinear
from softeq_sklearn.nn._row_size import RowSize
from softeq_sklearn.projection._types import SIZE
from softeq_sklearn.representations import Rep, as_representation


class TensorNetwork(nn.Module):
    """Blocks of linear, bilinear and gated layers on tensor features.

    Networks differ only in their linear layer; this is what they share: the blocks of
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
        a group acts on Points about another centre than the origin, or there is no such
        architecture.
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
        if entry.layout.has_points:
            for group in groups:
                check_centre(group)
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
