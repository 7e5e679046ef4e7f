"""The gated nonlinearity: tensors are scaled by scalars, which commutes with every group."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from softeq_sklearn.nn._layout import FeatureLayout


class GatedNonlinearity(nn.Module):
    r"""Scalars pass through silu; a tensor v becomes sigmoid(gate) v + w silu(v).

    Gates are those of Weiler et al. (2018). The second term acts on components one by one, which
    permutations commute with and other groups do not: the networks have it where every candidate is
    a permutation group.

    Parameters
    ----------
    layout : FeatureLayout
        Layout of the output. The input has one more scalar for each channel that is not one.
    pointwise : float or None, default=None
        Start of w; None leaves the second term out.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.nn import FeatureLayout, GatedNonlinearity
    >>> layout = FeatureLayout(3, ((), (1,)), (4, 2))
    >>> layer = GatedNonlinearity(layout)
    >>> layer(torch.zeros(layout.size + layer.n_gates, 5)).shape  # samples are the last axis
    torch.Size([10, 5])
    """

    def __init__(self, layout: FeatureLayout, *, pointwise: float | None = None) -> None:
        super().__init__()
        self.layout = layout
        self.n_gates = n_gates(layout)
        self.pointwise = None if pointwise is None else nn.Parameter(torch.tensor(float(pointwise)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features without the gates, which have scaled them.

        Parameters
        ----------
        x : torch.Tensor of shape (..., layout.size + n_gates, n_samples)
            Features, with the gates after the scalars.

        Returns
        -------
        torch.Tensor of shape (..., layout.size, n_samples)
            Features without the gates.
        """
        if not self.n_gates:  # an export cannot have a split into no parts
            return F.silu(x)
        members, n, n_scalars = x.shape[:-2], x.shape[-1], self.layout.channels_of(())
        tensors = [(s, c) for w, s, c in self._types() if w]
        sizes = [n_scalars, self.n_gates, *(size for size, _ in tensors)]
        scalars, gates, *values = x.contiguous().split(sizes, -2)
        gates = torch.sigmoid(gates).split([c for _, c in tensors], -2)
        pieces = [F.silu(scalars)]
        for value, gate, (size, c) in zip(values, gates, tensors, strict=True):
            v = value.view(*members, c, size // c, n)
            y = v * gate[..., None, :]
            if self.pointwise is not None:
                y = y + _over(self.pointwise, v) * F.silu(v)
            pieces.append(y.view(*members, size, n))
        return torch.cat(pieces, -2)

    def _types(self) -> Iterator[tuple[tuple[int, ...], int, int]]:
        return zip(self.layout.types, self.layout.sizes, self.layout.channels, strict=True)


class FreeGatedNonlinearity(GatedNonlinearity):
    r"""The gated nonlinearity plus w silu(v), with a factor w for each single feature.

    The term breaks every symmetry, as far as w is not zero: the one of residual pathway priors
    (Finzi, Benton and Wilson 2021) and of the reference of soft equivariance (Kim et al. 2023),
    where w starts at 1e-3 and decays.

    Parameters
    ----------
    layout : FeatureLayout
        Layout of the output.
    start : float, default=1e-3
        Start of all w.

    Examples
    --------
    >>> from softeq_sklearn.nn import FeatureLayout, FreeGatedNonlinearity
    >>> layer = FreeGatedNonlinearity(FeatureLayout(3, ((), (1,)), (4, 2)))
    >>> layer.free.shape
    torch.Size([10])
    """

    def __init__(self, layout: FeatureLayout, *, start: float = 1e-3) -> None:
        super().__init__(layout)
        self.free = nn.Parameter(torch.full((layout.size,), float(start)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features without the gates, which have scaled them.

        Parameters
        ----------
        x : torch.Tensor of shape (..., layout.size + n_gates, n_samples)
            Features, with the gates after the scalars.

        Returns
        -------
        torch.Tensor of shape (..., layout.size, n_samples)
            Features without the gates.
        """
        n_scalars = self.layout.channels_of(())
        values = torch.cat([x[..., :n_scalars, :], x[..., n_scalars + self.n_gates :, :]], -2)
        return super().forward(x) + self.free[..., None] * F.silu(values)

    def project(self, softness: float) -> None:
        """Scale the free term, which no symmetry survives.

        Parameters
        ----------
        softness : float
            The factor: 0 takes the term away, 1 changes nothing.
        """
        with torch.no_grad():
            self.free.mul_(softness)


def _over(factor: torch.Tensor, tensors: torch.Tensor) -> torch.Tensor:
    """A factor of shape (*members,), to multiply tensors whose first axes are the members."""
    return factor.view(*factor.shape, *(1,) * (tensors.ndim - factor.ndim))


def n_gates(layout: FeatureLayout) -> int:
    """One gate for each channel that is not a scalar."""
    return sum(c for word, c in zip(layout.types, layout.channels, strict=True) if word)
