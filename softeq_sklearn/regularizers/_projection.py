"""The penalty: squared distance of all weights to each group's equivariant subspace."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.nn._linear import SoftLinear
from softeq_sklearn.projection import type_basis

# Directions whose weight in the stacked penalty is below this share of the largest are in every
# group's subspace up to rounding.
_RANK_TOLERANCE = 1e-10


class ProjectionPenalty(nn.Module):
    r"""Distance of a network's weights to the equivariant subspaces of several groups.

    .. math:: \sum_G \lambda_G R_G, \quad
        R_G = \tfrac12 \sum_{\text{blocks } b} \| (I - Q_G Q_G^T) b \|^2

    (PER, Kim et al. 2023, equation 4). The blocks b of one tensor type are stacked as the rows of
    B; with :math:`S S^T = \sum_G \lambda_G (I - Q_G Q_G^T)` the whole sum is
    :math:`\tfrac12 \| B S \|^2`: one matrix product per type, whose cost does not depend on the
    number of groups and in which no digits cancel near the subspaces.

    Parameters
    ----------
    module : torch.nn.Module
        A network with :class:`~softeq_sklearn.nn.SoftLinear` layers.
    groups : mapping of str to Group
        The candidate groups.
    strengths : mapping of str to float
        The factor of each group's penalty, at least 0.

    Attributes
    ----------
    strengths : dict of str to float
        The present strengths; `set_strengths` changes them.
    """

    def __init__(self, module, groups: Mapping[str, Group], strengths: Mapping[str, float]):
        super().__init__()
        self.groups = dict(groups)
        self._names = [n for n, m in module.named_modules() if isinstance(m, SoftLinear)]
        orthogonal = all(group.is_orthogonal for group in self.groups.values())
        index = _stacked_index(self._layers(module), orthogonal)
        self._types = [
            (word, len(rows), rows.shape[1])
            for word, rows in index.items()
            if any(type_basis(word, g).shape[1] < rows.shape[1] for g in self.groups.values())
        ]
        flat = [index[word].reshape(-1) for word, _, _ in self._types] or [np.zeros(0, np.int64)]
        self.register_buffer("_position", torch.from_numpy(np.concatenate(flat)), persistent=False)
        self.set_strengths(strengths)

    def _layers(self, module):
        return [module.get_submodule(name) for name in self._names]

    def set_strengths(self, strengths: Mapping[str, float]) -> None:
        """Change the strengths; the factors S are made anew, in float64."""
        self.strengths = {name: float(strengths[name]) for name in self.groups}
        device = self._position.device
        self._factors = [
            torch.from_numpy(self._factor(word, n)).to(device) for word, _, n in self._types
        ]

    def _factor(self, word, n):
        """S with S S^T = sum_G lambda_G (I - Q_G Q_G^T), of shape (n, rank)."""
        total = np.zeros((n, n))
        for name, group in self.groups.items():
            basis = type_basis(word, group)
            total += self.strengths[name] * (np.eye(n) - basis @ basis.T)
        values, vectors = np.linalg.eigh(total)
        keep = values > _RANK_TOLERANCE * max(values[-1], np.finfo(float).tiny)
        return vectors[:, keep] * np.sqrt(values[keep])

    def forward(self, module) -> torch.Tensor:
        """Return sum_G lambda_G R_G, a scalar, differentiable in the weights of the module."""
        parameters = [p for layer in self._layers(module) for p in (layer.weight, layer.bias)]
        dtype, device = parameters[0].dtype, parameters[0].device
        self._factors = [factor.to(device=device, dtype=dtype) for factor in self._factors]
        return _StackedDistance.apply(
            self._position, [rows for _, rows, _ in self._types], self._factors, *parameters
        )

    def values(self, module) -> dict[str, float]:
        """R_G of each group, computed in float64 from the residuals (no difference of norms)."""
        parameters = [p for layer in self._layers(module) for p in (layer.weight, layer.bias)]
        with torch.no_grad():
            flat = torch.cat([p.reshape(-1) for p in parameters])[self._position]
        flat = flat.double().cpu().numpy()
        total = dict.fromkeys(self.groups, 0.0)
        start = 0
        for word, rows, n in self._types:
            blocks = flat[start : start + rows * n].reshape(rows, n)
            start += rows * n
            for name, group in self.groups.items():
                basis = type_basis(word, group)
                residual = blocks - (blocks @ basis) @ basis.T
                total[name] += 0.5 * float(np.vdot(residual, residual))
        return total


def _stacked_index(layers, orthogonal):
    """Positions in all layers' parameters, stacked by tensor type."""
    rows, offset = {}, 0
    for layer in layers:
        for word, index in layer.type_index(orthogonal).items():
            rows.setdefault(word, []).append(index + offset)
        offset += layer.weight.numel() + layer.bias.numel()
    return {word: np.concatenate(parts) for word, parts in rows.items()}


class _StackedDistance(torch.autograd.Function):
    """1/2 sum |B S|^2 over the types, with its gradient B S S^T computed beside it."""

    @staticmethod
    def forward(ctx, position, n_rows, factors, *parameters):
        flat = torch.cat([p.detach().reshape(-1) for p in parameters])
        blocks = flat.index_select(0, position)
        gradient = torch.empty_like(blocks)
        total = blocks.new_zeros(())
        start = 0
        for rows, factor in zip(n_rows, factors, strict=True):
            stop = start + rows * len(factor)
            product = blocks[start:stop].view(rows, -1) @ factor
            total = total + 0.5 * torch.sum(product * product)
            torch.matmul(product, factor.T, out=gradient[start:stop].view(rows, -1))
            start = stop
        ctx.shapes = [p.shape for p in parameters]
        ctx.save_for_backward(torch.zeros_like(flat).index_copy_(0, position, gradient))
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_output):
        (flat,) = ctx.saved_tensors
        pieces = (flat * grad_output).split([shape.numel() for shape in ctx.shapes])
        gradients = [piece.view(shape) for piece, shape in zip(pieces, ctx.shapes, strict=True)]
        return None, None, None, *gradients
