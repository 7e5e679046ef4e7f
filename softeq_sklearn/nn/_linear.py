"""Linear layers between tensor features: soft, exactly equivariant, and the sum of the two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.groups._centre import check_centre
from softeq_sklearn.nn._layout import FeatureLayout
from softeq_sklearn.nn._type_blocks import project_blocks, type_index
from softeq_sklearn.projection import type_basis


def affine_map(weight: torch.Tensor, bias: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Weight times features plus bias, for one network or for members side by side.

    Parameters
    ----------
    weight : torch.Tensor of shape (..., n_out, n_in)
        The weight.
    bias : torch.Tensor of shape (..., n_out)
        The bias.
    x : torch.Tensor of shape (..., n_in, n_samples) or (n_in, n_samples)
        Features, which members may share.

    Returns
    -------
    torch.Tensor of shape (..., n_out, n_samples)
    """
    if weight.ndim == 2:
        return torch.addmm(bias[:, None], weight, x)
    if x.ndim == 2:
        return weight @ x + bias[..., None]
    return torch.baddbmm(bias[..., None], weight, x)


class SoftLinear(nn.Module):
    """A dense linear layer that knows the tensor types of its blocks.

    Nothing constrains the weights: `ProjectionPenalty` pulls them towards the equivariant
    subspace of each group (PER, Kim et al. 2023).

    Parameters
    ----------
    layout_in, layout_out : FeatureLayout
        Types of the input and the output.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.nn import FeatureLayout, SoftLinear
    >>> layout = FeatureLayout(3, ((), (1,)), (4, 2))
    >>> layer = SoftLinear(layout, layout)
    >>> layer(torch.zeros(10, 5)).shape  # samples are the last axis
    torch.Size([10, 5])
    """

    def __init__(self, layout_in: FeatureLayout, layout_out: FeatureLayout) -> None:
        super().__init__()
        self.layout_in = layout_in
        self.layout_out = layout_out
        self.weight = nn.Parameter(torch.zeros(layout_out.size, layout_in.size))
        self.bias = nn.Parameter(torch.zeros(layout_out.size))

    def dense(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return weight and bias.

        Returns
        -------
        weight : torch.Tensor of shape (..., layout_out.size, layout_in.size)
            The weight itself, no copy.
        bias : torch.Tensor of shape (..., layout_out.size)
            The bias itself.
        """
        return self.weight, self.bias

    def project(self, group: Group, softness: float = 0.0, *, orthogonal: bool) -> None:
        """Move weight and bias into a group's equivariant subspace, or part of the way, in place.

        Parameters
        ----------
        group : Group
            The group, on the space of the layouts.
        softness : float, default=0.0
            What is left of the part outside the subspace: 0 is in it, 1 changes nothing.
        orthogonal : bool
            Whether V and its dual are one type.

        Raises
        ------
        ValueError
            If the rank of a subspace is not clear to working precision, or Points are read and
            the group acts about another centre than the origin.
        ProblemTooLargeError
            If no solver can hold a subspace.
        """
        if self.layout_in.has_points:
            check_centre(group)
        parameters = torch.cat([self.weight.detach().flatten(-2), self.bias.detach()], -1)
        flat = parameters.double().cpu().numpy()
        index = type_index(self.layout_in, self.layout_out, orthogonal)
        project_blocks(flat, index, group, softness)
        n = self.layout_out.size * self.layout_in.size
        with torch.no_grad():
            self.weight.copy_(torch.from_numpy(flat[..., :n].reshape(self.weight.shape)))
            self.bias.copy_(torch.from_numpy(flat[..., n:]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mapped features.

        Parameters
        ----------
        x : torch.Tensor of shape (..., layout_in.size, n_samples)
            Features.

        Returns
        -------
        torch.Tensor of shape (..., layout_out.size, n_samples)
            Features of the output types.
        """
        return affine_map(self.weight, self.bias, x)


class EquivariantLinear(nn.Module):
    r"""A linear layer whose weight and bias lie exactly in a group's equivariant subspace.

    The blocks of each tensor type are :math:`B = \beta Q^T`, with Q the orthonormal basis of the
    type and the coefficients :math:`\beta` as parameters (EMLP, Finzi et al. 2021). Q stays in
    float64 and so does the product, which is then rounded once.

    Parameters
    ----------
    layout_in, layout_out : FeatureLayout
        Types of the input and the output.
    group : Group
        The group.
    orthogonal : bool
        Whether V and its dual are stored as one type.

    Raises
    ------
    ValueError
        If the rank of a subspace is not clear to working precision, or Points are read and the
        group acts about another centre than the origin.
    ProblemTooLargeError
        If no solver can hold a subspace.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.nn import EquivariantLinear, FeatureLayout
    >>> vectors = FeatureLayout(3, ((1,),), (2,))
    >>> layer = EquivariantLinear(vectors, vectors, SO(3), orthogonal=True)
    >>> [tuple(c.shape) for c in layer.coefficients]  # one number for each pair of channels
    [(4, 1)]
    """

    position: torch.Tensor

    def __init__(
        self,
        layout_in: FeatureLayout,
        layout_out: FeatureLayout,
        group: Group,
        *,
        orthogonal: bool,
    ) -> None:
        super().__init__()
        if layout_in.has_points:
            check_centre(group)
        self.layout_in = layout_in
        self.layout_out = layout_out
        self.coefficients = nn.ParameterList()
        # Not buffers: a change of the module's precision must not round them.
        self._bases: list[torch.Tensor] = []
        positions = []
        for word, index in type_index(layout_in, layout_out, orthogonal).items():
            basis = type_basis(word, group)
            if not basis.shape[1]:
                continue
            self.coefficients.append(nn.Parameter(torch.zeros(len(index), basis.shape[1])))
            self._bases.append(torch.tensor(basis))
            positions.append(index.reshape(-1))
        stacked = np.concatenate(positions) if positions else np.zeros(0, np.int64)
        self.register_buffer("position", torch.tensor(stacked))

    def set_weight(self, weight: torch.Tensor, bias: torch.Tensor) -> None:
        """Set the coefficients to those of the equivariant map nearest to a dense one.

        Parameters
        ----------
        weight : torch.Tensor of shape (layout_out.size, layout_in.size)
            Dense weight.
        bias : torch.Tensor of shape (layout_out.size,)
            Dense bias.
        """
        flat = torch.cat([weight.reshape(-1), bias]).double()[self.position]
        start = 0
        with torch.no_grad():
            for coefficients, basis in self._pieces():
                stop = start + len(coefficients) * len(basis)
                coefficients.copy_(flat[start:stop].view(-1, len(basis)) @ basis)
                start = stop

    def _pieces(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        device = self.position.device
        # Kept only if moved: inside a transform of torch.func even a copy in place is a wrapper.
        if any(basis.device != device for basis in self._bases):
            self._bases = [basis.to(device) for basis in self._bases]
        return zip(self.coefficients, self._bases, strict=True)

    def dense(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return weight and bias, made from the coefficients.

        Returns
        -------
        weight : torch.Tensor of shape (..., layout_out.size, layout_in.size)
            The weight, in float64.
        bias : torch.Tensor of shape (..., layout_out.size)
            The bias, in float64.
        """
        n_out, n_in = self.layout_out.size, self.layout_in.size
        blocks = [(c.double() @ basis.T).flatten(-2) for c, basis in self._pieces()]
        members = blocks[0].shape[:-1] if blocks else ()
        flat = self.position.new_zeros(*members, n_out * (n_in + 1), dtype=torch.float64)
        if blocks:
            flat = flat.index_copy(-1, self.position, torch.cat(blocks, -1))
        return flat[..., : n_out * n_in].unflatten(-1, (n_out, n_in)), flat[..., n_out * n_in :]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mapped features.

        Parameters
        ----------
        x : torch.Tensor of shape (..., layout_in.size, n_samples)
            Features.

        Returns
        -------
        torch.Tensor of shape (..., layout_out.size, n_samples)
            Features of the output types.
        """
        weight, bias = self.dense()
        return affine_map(weight.to(x.dtype), bias.to(x.dtype), x)


class ResidualLinear(nn.Module):
    """An equivariant linear layer plus a residual one that starts at zero.

    The layer of residual pathway priors (RPP, Finzi, Benton and Wilson 2021).

    Parameters
    ----------
    exact : EquivariantLinear
        The pathway that keeps the symmetry.
    residual : SoftLinear or EquivariantLinear
        The pathway that may break it.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.nn import EquivariantLinear, FeatureLayout, ResidualLinear, SoftLinear
    >>> vectors = FeatureLayout(3, ((1,),), (2,))
    >>> exact = EquivariantLinear(vectors, vectors, SO(3), orthogonal=True)
    >>> layer = ResidualLinear(exact, SoftLinear(vectors, vectors))
    >>> sum(p.numel() for p in layer.parameters())
    46
    """

    def __init__(self, exact: EquivariantLinear, residual: SoftLinear | EquivariantLinear) -> None:
        super().__init__()
        self.exact = exact
        self.residual = residual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mapped features.

        Parameters
        ----------
        x : torch.Tensor of shape (..., layout_in.size, n_samples)
            Features.

        Returns
        -------
        torch.Tensor of shape (..., layout_out.size, n_samples)
            Features of the output types.
        """
        weight, bias = self.exact.dense()
        added_weight, added_bias = self.residual.dense()
        weight, bias = (weight + added_weight).to(x.dtype), (bias + added_bias).to(x.dtype)
        return affine_map(weight, bias, x)


def nearest_exact(start: SoftLinear, group: Group, orthogonal: bool) -> EquivariantLinear:
    """The exactly equivariant layer that is nearest to a dense one."""
    layer = EquivariantLinear(start.layout_in, start.layout_out, group, orthogonal=orthogonal)
    layer.set_weight(*start.dense())
    return layer
