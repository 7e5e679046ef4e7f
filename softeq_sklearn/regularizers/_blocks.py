"""The weights of all linear layers, as blocks stacked by tensor type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import numpy as np
import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.nn import EquivariantLinear, SoftLinear
from softeq_sklearn.nn._subspaces import check_has_subspace
from softeq_sklearn.nn._type_blocks import type_index
from softeq_sklearn.projection import type_basis

_Layer: TypeAlias = SoftLinear | EquivariantLinear


class TypeBlocks:
    """Where the blocks of each tensor type stand among the parameters of a network.

    The dense weight and bias of each :class:`~softeq_sklearn.nn.SoftLinear` or
    :class:`~softeq_sklearn.nn.EquivariantLinear` layer, one after the other, are one flat vector;
    every number of it belongs to exactly one block. An equivariant layer computes them from its
    coefficients, to which the gradient goes back. Members that are trained
    as one module have a leading axis: weights of shape (n_members, out, in), biases of shape
    (n_members, out). Their blocks are further rows.

    Parameters
    ----------
    module : torch.nn.Module
        A network with soft or equivariant linear layers.
    groups : dict of str to Group
        The candidate groups.

    Attributes
    ----------
    index : dict of word -> ndarray of shape (n_blocks, n)
        Positions in the flat vector; n is the dimension of the type.
    layer : dict of word -> ndarray of shape (n_blocks,)
        Number of the layer that each block is a part of, in rising order.
    n_layers : int
        Number of these layers.
    n_members : int
        Number of members, 1 for weights without their axis.
    n_unknowns : int
        Length of the flat vector.
    sizes : list of int
        Number of entries of each weight and bias of each member.

    Raises
    ------
    ValueError
        If the module has no such layer, its layers have different numbers of members, a group
        acts on a space of another dimension, or the module has no subspace for it: other layers do
        not commute with it, types that it tells apart are stored as one, or it acts on Points
        about another centre than the origin.
    """

    def __init__(self, module: nn.Module, groups: Mapping[str, Group]) -> None:
        self._groups = list(groups.values())
        self._names = [n for n, m in module.named_modules() if isinstance(m, _Layer)]
        layers = self._layers(module)
        _check_dimensions(layers, groups)
        for name, group in groups.items():
            check_has_subspace(module, group, name)
        self.n_layers, self.n_members = len(layers), _number_of_members(layers)
        self._shapes = [p.shape for p in self.parameters_of(module)]
        self.sizes = [
            shape.numel() // self.n_members for shape in self._shapes for _ in range(self.n_members)
        ]
        orthogonal = all(group.is_orthogonal for group in self._groups)
        self.n_unknowns = sum(self.sizes)
        self.index, self.layer = _stacked_index(layers, orthogonal, self.n_members)

    def _layers(self, module: nn.Module) -> list[_Layer]:
        # What has these names in the module of the constructor is such a layer.
        return [cast(_Layer, module.get_submodule(name)) for name in self._names]

    def parameters_of(self, module: nn.Module) -> list[torch.Tensor]:
        """Weight and bias of each layer, in the order of the flat vector."""
        return [p for layer in self._layers(module) for p in layer.dense()]

    def flat(self, module: nn.Module) -> torch.Tensor:
        """All weights and biases as one vector.

        Raises
        ------
        ValueError
            If the module has parameters of other shapes than the one these blocks were made of.
        """
        parameters = self.parameters_of(module)
        shapes = [p.shape for p in parameters]
        if shapes != self._shapes:
            raise ValueError(
                f"module must have weights and biases of shapes {[*map(tuple, self._shapes)]}. "
                f"Got {[*map(tuple, shapes)]}."
            )
        return torch.cat([p.reshape(-1) for p in parameters])

    def bases(self, word: tuple[int, ...]) -> list[np.ndarray]:
        """Basis Q_G of shape (d**len(word), rank) of a type, for each group."""
        return [type_basis(word, group) for group in self._groups]

    def is_free(self, word: tuple[int, ...]) -> bool:
        """Whether no group constrains the blocks of a type."""
        return all(basis.shape[1] == len(basis) for basis in self.bases(word))


def _check_dimensions(layers: Sequence[_Layer], groups: Mapping[str, Group]) -> None:
    if not layers:
        raise ValueError("module must have SoftLinear layers. Got one without.")
    dims = {layer.layout_in.dim for layer in layers if any(layer.layout_in.types)}
    for name, group in groups.items():
        if not dims <= {group.dim}:
            raise ValueError(
                f"groups must act on the space of the module, of dimension {max(dims)}. "
                f"Got {group!r}, of dimension {group.dim}, for {name!r}."
            )


def _number_of_members(layers: Sequence[_Layer]) -> int:
    shapes = {tuple(layer.dense()[0].shape[:-2]) for layer in layers}
    if len(shapes) > 1 or any(len(shape) > 1 for shape in shapes):
        raise ValueError(
            "module must have weights of shape (out, in), or (n_members, out, in) with one number "
            f"of members. Got the leading axes {sorted(shapes)}."
        )
    return max([1, *shapes.pop()])


def _stacked_index(
    layers: Sequence[_Layer], orthogonal: bool, n_members: int
) -> tuple[dict[tuple[int, ...], np.ndarray], dict[tuple[int, ...], np.ndarray]]:
    """Positions in all layers' parameters, stacked by tensor type, and the layer of each row."""
    rows: dict[tuple[int, ...], list[np.ndarray]] = {}
    numbers: dict[tuple[int, ...], list[np.ndarray]] = {}
    offset = 0
    for number, layer in enumerate(layers):
        n_bias = layer.layout_out.size
        n_weight = n_bias * layer.layout_in.size
        for word, own in type_index(layer.layout_in, layer.layout_out, orthogonal).items():
            index = _of_members(own, n_weight, n_bias, n_members)
            rows.setdefault(word, []).append(index + offset)
            numbers.setdefault(word, []).append(np.full(len(index), number))
        offset += n_members * (n_weight + n_bias)
    return _concatenated(rows), _concatenated(numbers)


def _concatenated(
    stacks: Mapping[tuple[int, ...], Sequence[np.ndarray]],
) -> dict[tuple[int, ...], np.ndarray]:
    return {word: np.concatenate(parts) for word, parts in stacks.items()}


def _of_members(index: np.ndarray, n_weight: int, n_bias: int, n_members: int) -> np.ndarray:
    """From positions in (weight, bias) to those in (all members' weights, all their biases)."""
    in_bias = index >= n_weight
    first = index + np.where(in_bias, (n_members - 1) * n_weight, 0)
    step = np.where(in_bias, n_bias, n_weight)
    return np.concatenate([first + member * step for member in range(n_members)])
