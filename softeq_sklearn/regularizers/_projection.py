"""The penalty: squared distance of all weights to each group's equivariant subspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.regularizers._base import Penalty
from softeq_sklearn.regularizers._blocks import TypeBlocks
from softeq_sklearn.regularizers._coupling import complements, stacked_by_size, uncoupled_sets
from softeq_sklearn.regularizers._effective_numbers import effective_numbers
from softeq_sklearn.regularizers._factors import ResidualFactor, StackedFactor
from softeq_sklearn.regularizers._strengths import GivenStrength, Strength

# Types with more unknowns than this are penalised group by group instead of by one n x n matrix.
_LARGEST_STACKED = 1024
# Unknowns of types with more than this are looked at in parts that no group couples.
_SMALLEST_SPLIT = 128

_Factor: TypeAlias = StackedFactor | ResidualFactor
# Number of sets of unknowns that a type has, of unknowns in each, and of blocks of each stack.
_Shape: TypeAlias = tuple[int, int, list[int]]


class ProjectionPenalty(Penalty):
    r"""Distance of a network's weights to the equivariant subspaces of several groups.

    .. math:: \sum_G \lambda_G R_G, \quad
        R_G = \tfrac12 \sum_{\text{blocks } b} \| (I - Q_G Q_G^T) b \|^2

    (PER, Kim et al. 2023, equation 4). The blocks b of one tensor type are the columns of B; with
    :math:`S^T S = \sum_G \lambda_G (I - Q_G Q_G^T)` the whole sum is
    :math:`\tfrac12 \| S B \|^2`: one matrix product per type, whose cost does not depend on the
    number of groups and in which no digits cancel near the subspaces. Unknowns that no projector
    couples to others need no product, but a factor; most do where groups are aligned with the axes.

    A module may be several members in one, with weights of shape (n_members, out, in) and biases
    of shape (n_members, out). The penalty is then the sum over members, so that each has the
    gradient that it has alone, and `values` are their mean.

    Parameters
    ----------
    module : torch.nn.Module
        A network with :class:`~softeq_sklearn.nn.SoftLinear` or
        :class:`~softeq_sklearn.nn.EquivariantLinear` layers.
    groups : mapping of str to Group
        The candidate groups.
    strengths : float or mapping of str to float or sequence of float
        The factor of each group's penalty, at least 0; or one factor for each linear layer.
        Such strengths take one matrix product per type and layer.

    Attributes
    ----------
    strengths : dict of str to float or tuple of float
        The present strengths; `set_strengths` changes them.
    n_layers : int
        Number of linear layers, each of which may have strengths of its own.

    Raises
    ------
    ValueError
        If the module has no such layer, its layers have different numbers of members, a group
        acts on a space of another dimension, the module has no subspace for it, or the strengths
        do not fit the groups.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO, O
    >>> from softeq_sklearn.nn import SoftEquivariantNetwork
    >>> from softeq_sklearn.regularizers import ProjectionPenalty
    >>> groups = {"SO(2)": SO(2), "O(2)": O(2)}
    >>> network = SoftEquivariantNetwork("2*Vector", "Vector", list(groups.values()))
    >>> penalty = ProjectionPenalty(network, groups, {"SO(2)": 1.0, "O(2)": 0.5})
    >>> bool(penalty(network) < 1e-10)  # the start is equivariant under all groups
    True
    """

    n_layers: int
    _position: torch.Tensor

    def __init__(
        self,
        module: nn.Module,
        groups: Mapping[str, Group],
        strengths: float | Mapping[str, GivenStrength],
    ) -> None:
        blocks = TypeBlocks(module, dict(groups))
        super().__init__(groups, strengths, blocks.n_layers)
        self._blocks = blocks
        self._index = {w: index for w, index in blocks.index.items() if not blocks.is_free(w)}
        self._alone: dict[tuple[int, ...], np.ndarray] = {}
        self._coupled: list[tuple[tuple[int, ...], np.ndarray]] = []
        for word, index in self._index.items():
            for columns in _stacks(index.shape[1], blocks.bases(word)):
                if columns.shape[1] == 1:
                    self._alone[word] = columns[:, 0]
                else:
                    self._coupled.append((word, columns))
        # Few long rows: products with a small factor are several times faster than with many
        # short ones.
        position = _concatenate(
            [
                self._index[w][:, columns].transpose(1, 2, 0).reshape(-1)
                for w, columns in self._coupled
            ]
        )
        # It follows from the groups, as the factors do.
        self.register_buffer("_position", torch.from_numpy(position), persistent=False)
        self._strengths_changed()

    @property
    def has_layer_strengths(self) -> bool:
        """Whether a group has a strength for each layer."""
        return any(isinstance(strength, tuple) for strength in self.strengths.values())

    def _strengths_changed(self) -> None:
        """Make all factors anew, in float64: one per stack of sets, or one per stack and layer."""
        self._shapes: list[_Shape] = []
        self._factors: list[_Factor] = []
        for word, columns in self._coupled:
            stacks = self._layer_stacks(word)
            self._shapes.append((*columns.shape, [n_blocks for _, n_blocks in stacks]))
            for layer, _ in stacks:
                self._factors.append(self._factor(self._strengths_of(layer), word, columns))
        self._weight = torch.from_numpy(self._own_weights())
        self._cast: dict[tuple[torch.device, torch.dtype], tuple[torch.Tensor, list[_Factor]]] = {}

    def _layer_stacks(self, word: tuple[int, ...]) -> list[tuple[int, int]]:
        """Layer and number of blocks of each stack of a type; one stack where layers are alike."""
        layers = self._blocks.layer[word]
        if not self.has_layer_strengths:
            return [(0, len(layers))]  # which stands for all
        # Blocks are in this order.
        return list(zip(*np.unique(layers, return_counts=True), strict=True))

    def _strengths_of(self, layer: int) -> list[float]:
        return [_of_layer(strength, layer) for strength in self.strengths.values()]

    def _factor(
        self, strengths: Sequence[float], word: tuple[int, ...], columns: np.ndarray
    ) -> _Factor:
        bases = self._blocks.bases(word)
        if columns.shape[1] <= _LARGEST_STACKED:
            return StackedFactor.from_projections(strengths, bases, columns)
        return ResidualFactor(tuple(strengths), tuple(torch.tensor(basis) for basis in bases))

    def _own_weights(self) -> np.ndarray:
        """sum_G lambda_G (1 - q^2) of every number that stands alone, 0 of all others."""
        weight = np.zeros(self._blocks.n_unknowns)
        strengths = np.array([self._strengths_of(layer) for layer in range(self.n_layers)])
        for word, columns in self._alone.items():
            # A projector of one dimension is 0 or 1.
            outside = [np.rint(1 - (b[columns] ** 2).sum(axis=1)) for b in self._blocks.bases(word)]
            own = strengths[self._blocks.layer[word]] @ np.array(outside)
            weight[self._index[word][:, columns]] = own
        return weight

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
        if kind not in self._cast:  # the float64 factors stay as they are
            factors = [factor.to(*kind) for factor in self._factors]
            self._cast = {kind: (self._weight.to(*kind), factors)}
        weight, factors = self._cast[kind]
        arguments = weight, self._position, self._shapes, factors, flat
        return _StackedDistance.apply(*arguments)  # type: ignore[no-untyped-call]

    @property
    def n_constraints(self) -> dict[str, int]:
        """Dimension of what lies outside each group's subspace, over one member's parameters."""
        return {name: int(counts.sum()) for name, counts in self.layer_constraints.items()}

    @property
    def layer_constraints(self) -> dict[str, np.ndarray]:
        """`n_constraints` of each layer, arrays of shape (n_layers,)."""
        total = {name: np.zeros(self.n_layers, dtype=np.int64) for name in self.groups}
        for word in self._index:
            n_blocks = np.bincount(self._blocks.layer[word], minlength=self.n_layers)
            for name, basis in zip(self.groups, self._blocks.bases(word), strict=True):
                n_outside = len(basis) - basis.shape[1]
                total[name] += n_outside * n_blocks // self._blocks.n_members
        return total

    def values(self, module: nn.Module) -> dict[str, float]:
        """R_G of each group, the mean over members.

        Computed in float64 from the residuals, not as a difference of squared norms.

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
        return {name: float(values.sum()) for name, values in self.layer_values(module).items()}

    def layer_values(self, module: nn.Module) -> dict[str, np.ndarray]:
        """What each layer contributes to `values`.

        Parameters
        ----------
        module : torch.nn.Module
            The network.

        Returns
        -------
        dict of str to ndarray of shape (n_layers,)
            R_G of each layer, by name of the group.

        Raises
        ------
        ValueError
            If the module has parameters of other shapes than that of the constructor.
        """
        total = {name: np.zeros(self.n_layers) for name in self.groups}
        for word, blocks in self._typed_blocks(module):
            for name, basis in zip(self.groups, self._blocks.bases(word), strict=True):
                residual = blocks - (blocks @ basis) @ basis.T
                total[name] += self._half_squares(word, residual)
        return total

    def layer_half_squares(self, module: nn.Module) -> np.ndarray:
        """Half the squared norm of what some group constrains in each layer.

        Parameters
        ----------
        module : torch.nn.Module
            The network.

        Returns
        -------
        ndarray of shape (n_layers,)
            The mean over members; the number of weights that it is a sum over is `layer_sizes`.

        Raises
        ------
        ValueError
            If the module has parameters of other shapes than that of the constructor.
        """
        parts = [self._half_squares(word, blocks) for word, blocks in self._typed_blocks(module)]
        return np.sum(parts, axis=0) if parts else np.zeros(self.n_layers)

    @property
    def layer_sizes(self) -> np.ndarray:
        """Number of one member's weights and biases that some group constrains, (n_layers,)."""
        total = np.zeros(self.n_layers, dtype=np.int64)
        for word, index in self._index.items():
            n_blocks = np.bincount(self._blocks.layer[word], minlength=self.n_layers)
            total += index.shape[1] * n_blocks // self._blocks.n_members
        return total

    def flat_gradient(self, module: nn.Module, output: torch.Tensor) -> torch.Tensor:
        """Gradient of a scalar in all weights and biases, as one vector for `effective_numbers`.

        Parameters
        ----------
        module : torch.nn.Module
            The network.
        output : torch.Tensor of shape ()
            What is differentiated.

        Returns
        -------
        torch.Tensor of shape (n_parameters,)
            The gradient.

        Raises
        ------
        ValueError
            If weights are computed from other parameters, as those of exactly equivariant layers.
        """
        parameters = self._blocks.parameters_of(module)
        if not all(p.is_leaf for p in parameters):
            raise ValueError(
                "module must have only SoftLinear layers for effective numbers of weights. Got "
                "exactly equivariant ones."
            )
        parts = torch.autograd.grad(output, parameters, allow_unused=True, materialize_grads=True)
        return torch.cat([part.reshape(-1) for part in parts])

    def check_effective_numbers(self) -> None:
        """Raise an error where `effective_numbers` would be too large.

        Raises
        ------
        ValueError
            If a tensor type has more than 1024 unknowns.
        """
        largest = max((index.shape[1] for index in self._index.values()), default=0)
        if largest > _LARGEST_STACKED:
            raise ValueError(
                f"types must have at most {_LARGEST_STACKED} unknowns for effective numbers. "
                f"Got {largest}."
            )

    def effective_numbers(self, gradients: torch.Tensor) -> dict[str, np.ndarray]:
        """How many weights outside each group's subspace the data determine, in each layer.

        The effective numbers of MacKay (1992), for penalties that overlap (docs/method.md,
        "Evidence").

        Parameters
        ----------
        gradients : torch.Tensor of shape (n_draws, n_parameters)
            Random vectors as of `flat_gradient`, whose mean outer product is the curvature of the
            loss. Its blocks are looked at one by one.

        Returns
        -------
        dict of str to ndarray of shape (n_layers,)
            The mean over members.

        Raises
        ------
        ValueError
            If a tensor type has more than 1024 unknowns.
        """
        total = np.zeros((len(self.groups), self.n_layers))
        draws = gradients.double().cpu().numpy()
        self.check_effective_numbers()
        for word, index in self._index.items():
            bases = self._blocks.bases(word)
            for columns in _large_parts(index.shape[1], bases):
                outside = np.concatenate([complements(basis, columns[None]) for basis in bases])
                for layer in np.unique(self._blocks.layer[word]):
                    strengths = np.array(self._strengths_of(layer))
                    own = draws[:, index[self._blocks.layer[word] == layer][:, columns]]
                    total[:, layer] += effective_numbers(outside, strengths, own)
        return dict(zip(self.groups, total / self._blocks.n_members, strict=True))

    def _typed_blocks(self, module: nn.Module) -> list[tuple[tuple[int, ...], np.ndarray]]:
        """Word and blocks of each constrained type, in float64."""
        with torch.no_grad():
            flat = self._blocks.flat(module).double().cpu().numpy()
        return [(word, flat[index]) for word, index in self._index.items()]

    def _half_squares(self, word: tuple[int, ...], blocks: np.ndarray) -> np.ndarray:
        squares = 0.5 * np.einsum("bi,bi->b", blocks, blocks)
        layers = np.bincount(self._blocks.layer[word], weights=squares, minlength=self.n_layers)
        return layers / self._blocks.n_members


def _of_layer(strength: Strength, layer: int) -> float:
    return strength[layer] if isinstance(strength, tuple) else strength


def _stacks(n: int, bases: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Sets of unknowns that no group couples, stacked by size; types that are too large as one."""
    if n > _LARGEST_STACKED:
        return [np.arange(n)[None]]
    return stacked_by_size(uncoupled_sets(bases))


def _large_parts(n: int, bases: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Sets of unknowns that no group couples, joined until they are large enough for a loop."""
    if not _SMALLEST_SPLIT < n <= _LARGEST_STACKED:
        return [np.arange(n)]
    parts: list[np.ndarray] = []
    current: list[np.ndarray] = []
    for members in uncoupled_sets(bases):
        current.append(members)
        if sum(map(len, current)) >= _SMALLEST_SPLIT:
            parts.append(np.concatenate(current))
            current = []
    return [*parts, np.concatenate(current)] if current else parts


def _concatenate(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)


class _StackedDistance(torch.autograd.Function):
    """Sum of the factors' values; their gradients are computed beside them."""

    @staticmethod
    def forward(
        ctx: Any,
        weight: torch.Tensor,
        position: torch.Tensor,
        shapes: Sequence[_Shape],
        factors: Sequence[_Factor],
        flat: torch.Tensor,
    ) -> torch.Tensor:
        flat = flat.detach()
        gradient = flat * weight
        total, remaining, written = 0.5 * torch.dot(flat, gradient), iter(factors), []
        sizes = [n_sets * n * sum(stacks) for n_sets, n, stacks in shapes]
        parts = flat.index_select(0, position).split(sizes)
        for part, (n_sets, n, stacks) in zip(parts, shapes, strict=True):
            pieces = []
            for blocks in part.view(n_sets, n, -1).split(stacks, 2):
                value, piece = next(remaining).value_and_gradient(blocks)
                total = total + value
                pieces.append(piece)
            written.append((torch.cat(pieces, 2) if len(pieces) > 1 else pieces[0]).reshape(-1))
        if written:
            gradient.scatter_(0, position, torch.cat(written))  # the fastest of all that write
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_output: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return None, None, None, None, gradient * grad_output
