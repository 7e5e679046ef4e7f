"""Penalties that are functions of each layer's distance to a group's equivariant subspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.regularizers._base import Penalty
from softeq_sklearn.regularizers._blocks import TypeBlocks

# Squared distance below which the logarithm acts like the squared distance itself: weights that
# are a thousandth away from the subspace count as almost in it.
_LOG_FLOOR = 1e-6
# Added to the squared norm by which the cosine distance divides: weights of zero have a value and
# a gradient, and those of size 0.001 lose only one millionth of their penalty.
_COSINE_FLOOR = 1e-12


class DistancePenalty(Penalty):
    r"""Logarithmic or cosine distance of each layer to the groups' equivariant subspaces.

    For the weight and the bias :math:`\theta_l` of each linear layer, with
    :math:`d_l = \| \theta_l - P_G \theta_l \|`,

    .. math::
        R_G^{\log} = \tfrac12 \sum_l \log(1 + d_l^2 / \varepsilon), \qquad
        R_G^{\cos} = \sum_l \left(1 - \frac{\| P_G \theta_l \|}{\| \theta_l \|}\right),

    :math:`\varepsilon = 10^{-6}` and 0 for weights that are zero. Both are variants in the code of
    PER (Kim et al. 2023, arXiv 2306.00356) beside the squared distance of
    :class:`ProjectionPenalty`. Its logarithm is of :math:`d_l^2` alone, which has no value on the
    subspace, where our networks start; away from it the two differ by a constant. The cosine does
    not change when a layer is multiplied by a number: layers cannot escape it by shrinking.

    The other side of this: where :math:`P_G \theta_l = 0`, as for the bias of a layer that makes
    vectors only, the cosine distance is 1 whatever the size of :math:`\theta_l`, and its gradient
    0. Squared norms have :math:`10^{-12}` added, so that the gradient is finite everywhere and
    biases that start at zero have no penalty.

    For a module of several members, with weights of shape (n_members, out, in), the penalty is
    the sum over members, and `values` are their mean.

    Parameters
    ----------
    module : torch.nn.Module
        A network with :class:`~softeq_sklearn.nn.SoftLinear` or
        :class:`~softeq_sklearn.nn.EquivariantLinear` layers.
    groups : mapping of str to Group
        The candidate groups.
    strengths : float or mapping of str to float
        The factor of each group's penalty, at least 0.
    distance : {"log", "cosine"}, default="log"
        Which of the two.

    Attributes
    ----------
    groups : dict of str to Group
        The candidate groups.
    strengths : dict of str to float
        The present strengths; `set_strengths` changes them.

    Raises
    ------
    ValueError
        If the module has no such layer, its layers have different numbers of members, a
        group acts on a space of another dimension, the module has no subspace for it, the
        strengths do not fit the groups, or the distance is unknown.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO, O
    >>> from softeq_sklearn.nn import SoftEquivariantNetwork
    >>> from softeq_sklearn.regularizers import DistancePenalty
    >>> groups = {"SO(2)": SO(2), "O(2)": O(2)}
    >>> network = SoftEquivariantNetwork("2*Vector", "Vector", list(groups.values()))
    >>> penalty = DistancePenalty(network, groups, 1.0, distance="cosine")
    >>> bool(penalty(network) < 1e-10)  # the start is equivariant under all groups
    True
    """

    strengths: Mapping[str, float]

    def __init__(
        self,
        module: nn.Module,
        groups: Mapping[str, Group],
        strengths: float | Mapping[str, float],
        *,
        distance: str = "log",
    ) -> None:
        super().__init__(groups, strengths)
        if distance not in _DISTANCES:
            raise ValueError(f"distance must be one of {list(_DISTANCES)}. Got {distance!r}.")
        self.distance = distance
        self._blocks = TypeBlocks(module, self.groups)
        self._stacks = [
            _Stack.of_type(self._blocks, word)
            for word in self._blocks.index
            if distance == "cosine" or not self._blocks.is_free(word)
        ]
        self._cast_stacks: dict[tuple[torch.device, torch.dtype], list[_Stack]] = {}

    def forward(self, module: nn.Module, X: torch.Tensor | None = None) -> torch.Tensor:
        """Return sum_G lambda_G R_G.

        Parameters
        ----------
        module : torch.nn.Module
            The network.
        X : torch.Tensor of shape (n_samples, n_in) or None, default=None
            Not used.

        Returns
        -------
        torch.Tensor of shape ()
            The sum, differentiable in the weights.

        Raises
        ------
        ValueError
            If the module has parameters of other shapes than that of the constructor.
        """
        flat = self._blocks.flat(module)
        kind = (flat.device, flat.dtype)
        if kind not in self._cast_stacks:  # the float64 bases stay as they are
            self._cast_stacks = {kind: [stack.to(*kind) for stack in self._stacks]}
        return torch.dot(
            flat.new_tensor(list(self.strengths.values())),
            self._distances(flat, self._cast_stacks[kind]),
        )

    def values(self, module: nn.Module) -> dict[str, float]:
        """R_G of each group, the mean over members, computed in float64.

        Parameters
        ----------
        module : torch.nn.Module
            The network.

        Returns
        -------
        dict of str to float
            R_G by name.

        Raises
        ------
        ValueError
            If the module has parameters of other shapes than that of the constructor.
        """
        with torch.no_grad():
            flat = self._blocks.flat(module).cpu().double()
            distances = self._distances(flat, self._stacks) / self._blocks.n_members
        return dict(zip(self.groups, distances.tolist(), strict=True))

    def _distances(self, flat: torch.Tensor, stacks: Sequence[_Stack]) -> torch.Tensor:
        """R_G of each group, of shape (n_groups,), for the flat vector of all parameters."""
        # The empty sum gives weights that no group constrains a gradient, of zeros.
        outside = flat.new_zeros(len(self.groups), len(self._blocks.sizes)) + flat[:0].sum()
        inside = outside
        for stack in stacks:
            residuals, projections = stack.squared_norms(flat)
            outside = outside.index_add(1, stack.owner, residuals)
            inside = inside.index_add(1, stack.owner, projections)
        return _DISTANCES[self.distance](outside, inside).sum(1)


@dataclass(frozen=True)
class _Stack:
    """The blocks of one tensor type.

    Parameters
    ----------
    index : torch.Tensor of shape (n_blocks, n)
        Positions in the flat vector of all parameters.
    owner : torch.Tensor of shape (n_blocks,)
        Number of the member's weight or bias that each block is a part of.
    bases : list of torch.Tensor of shape (n, rank)
        Basis of each group's subspace.
    """

    index: torch.Tensor
    owner: torch.Tensor
    bases: list[torch.Tensor]

    @classmethod
    def of_type(cls, blocks: TypeBlocks, word: tuple[int, ...]) -> _Stack:
        """Blocks of one type of all layers, with bases in float64."""
        index = blocks.index[word]
        owner = np.searchsorted(np.cumsum(blocks.sizes), index[:, 0], side="right")
        bases = [torch.tensor(basis) for basis in blocks.bases(word)]
        return cls(torch.from_numpy(index), torch.from_numpy(owner), bases)

    def to(self, device: torch.device, dtype: torch.dtype) -> _Stack:
        """Return the blocks on a device, their bases in a precision."""
        bases = [basis.to(device, dtype) for basis in self.bases]
        return _Stack(self.index.to(device), self.owner.to(device), bases)

    def squared_norms(self, flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """|b - P_G b|^2 and |P_G b|^2 of each block, two arrays of shape (n_groups, n_blocks)."""
        blocks = flat.index_select(0, self.index.reshape(-1)).view(self.index.shape)
        residuals = blocks.new_zeros(len(self.bases), len(blocks))
        projections = torch.zeros_like(residuals)
        pairs = [_residual_and_projection(blocks, basis) for basis in self.bases]
        if pairs:
            residuals, projections = map(torch.stack, zip(*pairs, strict=True))
        return residuals, projections


def _residual_and_projection(
    blocks: torch.Tensor, basis: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    if basis.shape[1] == len(basis):  # rounding would put a free block outside
        return blocks.new_zeros(len(blocks)), (blocks * blocks).sum(1)
    coefficients = blocks @ basis
    residual = blocks - coefficients @ basis.T
    return (residual * residual).sum(1), (coefficients * coefficients).sum(1)


def _log_distance(outside: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    return 0.5 * torch.log1p(outside / _LOG_FLOOR)


def _cosine_distance(outside: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    # 1 - p / n = (n^2 - p^2) / (n^2 + n p): no digits cancel near the subspace.
    total = outside + inside
    return outside / (total + _root(total) * _root(inside) + _COSINE_FLOOR)


_DISTANCES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "log": _log_distance,
    "cosine": _cosine_distance,
}


def _root(x: torch.Tensor) -> torch.Tensor:
    """Square root whose gradient at 0 is 0."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, 1.0).sqrt(), 0.0)
