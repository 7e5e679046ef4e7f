"""Blocks of a linear layer, by the tensor type that each is of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from softeq_sklearn.groups import Group
from softeq_sklearn.nn._layout import FeatureLayout, block_word, canonical_word
from softeq_sklearn.projection import type_basis
from softeq_sklearn.projection._types import SIZE
from softeq_sklearn.representations._words import DUAL_POINT, POINT

# The logarithm of a size is a number, whose dual is itself; all others but Points change sign.
_DUAL = {POINT: DUAL_POINT, SIZE: SIZE}


def type_index(
    layout_in: FeatureLayout, layout_out: FeatureLayout, orthogonal: bool
) -> dict[tuple[int, ...], np.ndarray]:
    """Positions of the blocks of each tensor type in one layer's weight and bias.

    The weight of shape (out, in) followed by the bias is one flat vector. A block that maps one
    channel of type V^p V*^q to one of type V^r V*^s is a tensor of type V^(r + q) V*^(s + p); all
    blocks of one type are stacked as rows, biases (maps from a scalar) included.

    Returns
    -------
    dict of word -> ndarray of shape (n_blocks, n)
        Words with letter 0 map the mean of the Points. Between features of unit size words have the
        letters 3, 4 and 5 of :func:`~softeq_sklearn.projection.type_basis`: groups act by their
        orthogonal parts there, so that V and its dual are one type whatever `orthogonal` is.
    """
    unit_size = layout_in.unit_size
    orthogonal = orthogonal or unit_size
    rows: dict[tuple[int, ...], list[np.ndarray]] = {}
    for out_word in layout_out.types:
        index_out = layout_out.index_of(out_word)
        for in_word in layout_in.types:
            dual = tuple(_DUAL.get(letter, -letter) for letter in in_word)
            index_in = layout_in.index_of(in_word)
            flat = np.add.outer(index_out * layout_in.size, index_in)
            # axes: out channel, out components, in channel, in components
            flat = np.moveaxis(flat, index_out.ndim, 1)
            _append(rows, out_word + dual, flat.reshape(-1, *flat.shape[2:]), orthogonal)
        _append(rows, out_word, index_out + layout_out.size * layout_in.size, orthogonal)
    return {block_word(word, unit_size): np.concatenate(parts) for word, parts in rows.items()}


def project_blocks(
    flat: np.ndarray,
    index: Mapping[tuple[int, ...], np.ndarray],
    group: Group,
    softness: float = 0.0,
) -> None:
    """Move a layer into a group's equivariant subspace, or part of the way, in place.

    Parameters
    ----------
    flat : ndarray of shape (..., n_out * n_in + n_out)
        Weight and bias, float64; leading axes are members.
    index : dict of word -> ndarray
        Positions of the blocks, see :func:`type_index`.
    group : Group
        The group.
    softness : float, default=0.0
        What is left of the part outside the subspace: 0 is in it, 1 changes nothing.
    """
    for word, positions in index.items():
        basis = type_basis(word, group)
        blocks = flat[..., positions]
        inside = (blocks @ basis) @ basis.T
        flat[..., positions] = inside + softness * (blocks - inside) if softness else inside


def _append(
    rows: dict[tuple[int, ...], list[np.ndarray]],
    word: tuple[int, ...],
    index: np.ndarray,
    orthogonal: bool,
) -> None:
    canonical, order = canonical_word(word, orthogonal)
    index = index.transpose(0, *(order + 1)).reshape(len(index), -1)
    rows.setdefault(canonical, []).append(index)
