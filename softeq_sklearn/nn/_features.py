"""Which tensor features a hidden layer has."""

from __future__ import annotations

from softeq_sklearn.nn._layout import FeatureLayout, output_map
from softeq_sklearn.representations import as_representation

# Tensors of rank 2 are enough for products of two vectors; higher ones come from the user's
# representations or from a representation given as hidden_channels.
_DEFAULT_RANK = 2


def hidden_layout(hidden_channels, outer, dim, *, orthogonal):
    """Layout of a hidden layer.

    Parameters
    ----------
    hidden_channels : int or Rep
        Number of features, shared equally over the ranks 0, 1, ... and within a rank over its
        types, what is left going to the scalars; or the representation itself.
    outer : sequence of FeatureLayout
        Layouts of the input and the output: if both have scalars only, so has the hidden layer.
    dim : int
        Dimension d of V.
    orthogonal : bool
        Whether V and its dual are the same type.

    Returns
    -------
    FeatureLayout
    """
    if not isinstance(hidden_channels, int):
        return output_map(as_representation(hidden_channels), dim, orthogonal).layout
    rank = max(len(word) for layout in outer for word in layout.types)
    ranks = range(1, max(rank, _DEFAULT_RANK) + 1) if rank else ()
    channels, left = {}, hidden_channels
    share = hidden_channels / (1 + len(ranks))
    for r in ranks:
        words = _words(r, orthogonal)
        c = int(share // (len(words) * dim**r))
        channels.update(dict.fromkeys(words, c))
        left -= c * len(words) * dim**r
    channels[()] = left
    return FeatureLayout.from_channels(dim, channels)


def _words(rank, orthogonal):
    if orthogonal:
        return [(1,) * rank]
    return [(1,) * p + (-1,) * (rank - p) for p in range(rank, -1, -1)]
