"""Which tensor features a hidden layer has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from softeq_sklearn.nn._layout import FeatureLayout, output_map
from softeq_sklearn.representations import Rep, as_representation
from softeq_sklearn.representations._words import POINT, VECTOR

# Tensors of rank 2 are enough for products of two vectors; higher ones come from the user's
# representations or from a representation given as hidden_channels.
_DEFAULT_RANK = 2


def hidden_layout(
    hidden_channels: int | Rep | str,
    outer: Sequence[FeatureLayout],
    dim: int,
    *,
    orthogonal: bool,
) -> FeatureLayout:
    """Layout of a hidden layer.

    Parameters
    ----------
    hidden_channels : int, Rep or str
        Number of features, shared equally over the ranks 0, 1, ... and within a rank over its
        types, what is left going to the scalars; or the representation itself. Each type of the
        input and the output has at least one channel, without which it could not pass through the
        layer, even if that makes more features than were asked for.
    outer : sequence of FeatureLayout
        Layouts of the input and the output: if both have scalars only, so has the hidden layer.
    dim : int
        Dimension d of V.
    orthogonal : bool
        Whether V and its dual are the same type.

    Returns
    -------
    FeatureLayout
        Layout with scalars first.

    Raises
    ------
    ValueError
        If the representation does not parse, or has duals of Points.

    Examples
    --------
    >>> from softeq_sklearn.nn import FeatureLayout, hidden_layout
    >>> vectors = FeatureLayout(3, ((1,),), (2,))
    >>> hidden_layout(128, [vectors], 3, orthogonal=True)
    FeatureLayout(dim=3, types=((), (1,), (1, 1)), channels=(50, 14, 4))
    """
    if not isinstance(hidden_channels, int | np.integer):
        return output_map(as_representation(hidden_channels), dim, orthogonal).layout
    needed = {tuple(map(_vector_letter, word)) for layout in outer for word in layout.types}
    rank = max(map(len, needed))
    ranks = range(1, max(rank, _DEFAULT_RANK) + 1) if rank else ()
    share = int(hidden_channels) / (1 + len(ranks))
    channels: dict[tuple[int, ...], int] = {}
    for r in ranks:
        words = _words(r, orthogonal)
        for word in words:
            channels[word] = max(int(share // (len(words) * dim**r)), word in needed)
    n_tensors = sum(c * dim ** len(word) for word, c in channels.items())
    channels[()] = max(int(hidden_channels) - n_tensors, math.ceil(share))
    return FeatureLayout.from_channels(dim, channels)


def _vector_letter(letter: int) -> int:
    """Points of the input reach a hidden layer as Vectors."""
    return VECTOR if letter == POINT else letter


def _words(rank: int, orthogonal: bool) -> list[tuple[int, ...]]:
    if orthogonal:
        return [(1,) * rank]
    return [(1,) * p + (-1,) * (rank - p) for p in range(rank, -1, -1)]
