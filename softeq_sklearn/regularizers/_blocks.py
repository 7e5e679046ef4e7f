"""The weights of all soft linear layers, as blocks stacked by tensor type."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.nn import SoftLinear
from softeq_sklearn.projection import type_basis


class TypeBlocks:
    """Where the blocks of each tensor type stand among the parameters of a network.

    The weight and bias of each :class:`~softeq_sklearn.nn.SoftLinear` layer, one after the other,
    are one flat vector; every number of it belongs to exactly one block.

    Parameters
    ----------
    module : torch.nn.Module
        A network with soft linear layers.
    groups : dict of str to Group
        The candidate groups.

    Attributes
    ----------
    index : dict of word -> ndarray of shape (n_blocks, d**len(word))
        Positions in the flat vector.
    sizes : list of int
        Number of entries of each weight and bias.

    Raises
    ------
    ValueError
        If the module has no soft linear layer, or a group acts on a space of another dimension.
    """

    def __init__(self, module, groups):
        self._groups = list(groups.values())
        self._names = [n for n, m in module.named_modules() if isinstance(m, SoftLinear)]
        layers = self._layers(module)
        _check_dimensions(layers, groups)
        orthogonal = all(group.is_orthogonal for group in self._groups)
        self.sizes = [p.numel() for p in self.parameters_of(module)]
        self.index = _stacked_index(layers, orthogonal)

    def _layers(self, module):
        return [module.get_submodule(name) for name in self._names]

    def parameters_of(self, module):
        """Weight and bias of each layer, in the order of the flat vector."""
        return [p for layer in self._layers(module) for p in (layer.weight, layer.bias)]

    def bases(self, word):
        """Basis Q_G of shape (d**len(word), rank) of a type, for each group."""
        return [type_basis(word, group) for group in self._groups]

    def is_free(self, word):
        """Whether no group constrains the blocks of a type."""
        return all(basis.shape[1] == len(basis) for basis in self.bases(word))


def _check_dimensions(layers, groups):
    if not layers:
        raise ValueError("module must have SoftLinear layers. Got one without.")
    dims = {layer.layout_in.dim for layer in layers if any(layer.layout_in.types)}
    for name, group in groups.items():
        if not dims <= {group.dim}:
            raise ValueError(
                f"groups must act on the space of the module, of dimension {max(dims)}. "
                f"Got {group!r}, of dimension {group.dim}, for {name!r}."
            )


def _stacked_index(layers, orthogonal):
    """Positions in all layers' parameters, stacked by tensor type."""
    rows, offset = {}, 0
    for layer in layers:
        for word, index in layer.type_index(orthogonal).items():
            rows.setdefault(word, []).append(index + offset)
        offset += layer.weight.numel() + layer.bias.numel()
    return {word: np.concatenate(parts) for word, parts in rows.items()}
