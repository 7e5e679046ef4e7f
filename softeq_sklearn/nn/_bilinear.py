"""Products of features that commute with every matrix group."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import nn

from softeq_sklearn.nn._layout import VECTOR, FeatureLayout

# A product of two tensors makes d**(free axes + contracted axes) numbers a channel; the ones
# that would dominate the whole network are left out.
MAX_PRODUCT_SIZE = 1024


@dataclass(frozen=True)
class ProductPath:
    """One natural product: contract the last axes of `left` with the first axes of `right`.

    Parameters
    ----------
    left, right, out : tuple of int
        Words of the operands and of the result.
    n_contracted : int
        Number of axes summed over.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    out: tuple[int, ...]
    n_contracted: int


def product_paths(layout: FeatureLayout, orthogonal: bool) -> list[ProductPath]:
    """All products of two types of a layout whose result is again a type of it.

    V is contracted with its dual (any axis with any other where the candidates are orthogonal),
    so that every path commutes with every matrix group on V. A product of two scalars is one of
    them. Each unordered pair of types is taken once where the order makes no difference.
    """
    words = [word for word in layout.types if all(abs(x) == VECTOR for x in word)]
    paths = []
    for left, right in itertools.product(words, words):
        if _repeats(left, right, orthogonal):
            continue
        for k in range(min(len(left), len(right)) + 1):
            kept = _contract(left, right, k, orthogonal)
            size = layout.dim ** (len(left) + len(right) - k)
            if kept in words and size <= MAX_PRODUCT_SIZE:
                paths.append(ProductPath(left, right, kept, k))
    return paths


def _repeats(left, right, orthogonal):
    """Whether the opposite order gives the same products up to an order of axes."""
    if not left:
        return False
    return not right or (orthogonal and len(left) < len(right))


def _contract(left, right, k, orthogonal):
    """Word of the contraction, None where it is not natural or its axes would not be sorted."""
    pairs = zip(left[len(left) - k :], right[:k], strict=True)
    if not all(orthogonal or a == -b for a, b in pairs):
        return None
    kept = left[: len(left) - k] + right[k:]
    return kept if list(kept) == sorted(kept, reverse=True) else None


class Bilinear(nn.Module):
    r"""Add to the features their learned products, path by path.

    For a path (left, right, k) with result type c,

    .. math:: y_c = \\sum_{paths} M_c \\, [ (A x_{left}) \\cdot_k (B x_{right}) ],

    where A, B and M mix channels (and nothing else, so that they commute with every group) and
    the dot contracts k axes, channel by channel. It is the bilinear layer of EMLP (Finzi et al.
    2021, section 6) in factored form: no weight matrix per sample is ever built, and outer
    products are there too.

    Parameters
    ----------
    layout : FeatureLayout
        Types and channels, the same in and out.
    orthogonal : bool
        Whether every candidate group is orthogonal, so that V contracts with V.
    rank : int, default=16
        Channels of each product.
    scale : float, default=0.1
        Standard deviation of the products at the start against that of the input.
    generator : torch.Generator or None, default=None
        Source of the initial values.
    """

    def __init__(self, layout, *, orthogonal, rank=16, scale=0.1, generator=None):
        super().__init__()
        self.layout = layout
        self.rank = rank
        self.paths = product_paths(layout, orthogonal)
        n_left = {word: 0 for word in layout.types}
        self.slots = []
        for path in self.paths:
            left = n_left[path.left]
            n_left[path.left] += rank
            right = n_left[path.right]
            n_left[path.right] += rank
            self.slots.append((left, right))
        self.operands = nn.ParameterList()
        for word, c in zip(layout.types, layout.channels, strict=True):
            self.operands.append(_normal((c, n_left[word]), 1 / math.sqrt(c), generator))
        self.mixes = nn.ParameterList()
        for word, c in zip(layout.types, layout.channels, strict=True):
            n = rank * sum(path.out == word for path in self.paths)
            self.mixes.append(_normal((n, c), scale / math.sqrt(max(n, 1)), generator))

    def forward(self, x):
        """Return x plus its products; x of shape (n_samples, layout.size)."""
        n, d = len(x), self.layout.dim
        operands = {}
        for word, c, weight in zip(
            self.layout.types, self.layout.channels, self.operands, strict=True
        ):
            tensors = x[:, self.layout.slice_of(word)].reshape(n, d ** len(word), c)
            operands[word] = tensors @ weight
        products = {word: [] for word in self.layout.types}
        for path, (a, b) in zip(self.paths, self.slots, strict=True):
            k = path.n_contracted
            left = operands[path.left][..., a : a + self.rank]
            right = operands[path.right][..., b : b + self.rank]
            left = left.reshape(n, -1, d**k, 1, self.rank)
            right = right.reshape(n, 1, d**k, -1, self.rank)
            product = left * right
            product = product.sum(2) if k else product[:, :, 0]
            products[path.out].append(product.reshape(n, -1, self.rank))
        pieces = []
        for word, mix in zip(self.layout.types, self.mixes, strict=True):
            if products[word]:
                pieces.append((torch.cat(products[word], -1) @ mix).reshape(n, -1))
            else:
                pieces.append(x.new_zeros(n, len(self.layout.index_of(word).reshape(-1))))
        return x + torch.cat(pieces, 1)


def _normal(shape, std, generator):
    return nn.Parameter(torch.randn(shape, generator=generator) * std)
