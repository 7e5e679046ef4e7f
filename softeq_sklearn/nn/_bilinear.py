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
# A path has at most this many channels, and at most this many numbers a sample unless one channel
# alone has more.
MAX_RANK = 16
MAX_NUMBERS = 144


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
    scale : float, default=0.1
        Standard deviation of the products at the start against that of the input.
    generator : torch.Generator or None, default=None
        Source of the initial values.
    """

    def __init__(self, layout, *, orthogonal, scale=0.1, generator=None):
        super().__init__()
        self.layout = layout
        self.paths = product_paths(layout, orthogonal)
        n_operands = dict.fromkeys(layout.types, 0)
        n_products = dict.fromkeys(layout.types, 0)
        self._slots = []
        for path in self.paths:
            rank = path_rank(path, layout)
            left = n_operands[path.left]
            right = left + rank if path.left == path.right else n_operands[path.right]
            n_operands[path.left] += rank
            n_operands[path.right] += rank
            n_products[path.out] += rank
            self._slots.append((slice(left, left + rank), slice(right, right + rank), rank))
        self.operands = nn.ParameterList()
        self.mixes = nn.ParameterList()
        for word, c in zip(layout.types, layout.channels, strict=True):
            self.operands.append(_normal((n_operands[word], c), c, 1.0, generator))
            self.mixes.append(_normal((c, n_products[word]), n_products[word], scale, generator))

    def forward(self, x):
        """Return x plus its products; x of shape (layout.size, n_samples)."""
        n, d = x.shape[1], self.layout.dim
        tensors = {
            word: x[self.layout.slice_of(word)].view(c, -1)
            for word, c in zip(self.layout.types, self.layout.channels, strict=True)
        }
        operands = {
            word: weight @ tensors[word]
            for word, weight in zip(self.layout.types, self.operands, strict=True)
        }
        products = {word: [] for word in self.layout.types}
        for path, (left, right, rank) in zip(self.paths, self._slots, strict=True):
            n_summed = d**path.n_contracted
            a = operands[path.left][left].view(rank, -1, n_summed, 1, n)
            b = operands[path.right][right].view(rank, 1, n_summed, -1, n)
            product = (a * b).sum(2) if n_summed > 1 else a * b
            products[path.out].append(product.view(rank, -1))
        pieces = []
        for word, mix in zip(self.layout.types, self.mixes, strict=True):
            y = tensors[word]
            if products[word]:
                y = torch.addmm(y, mix, torch.cat(products[word]))
            pieces.append(y.view(-1, n))
        return torch.cat(pieces)


def path_rank(path, layout):
    """Number of channels of a product: as many as the result has, less where one is large."""
    size = layout.dim ** (len(path.left) + len(path.right) - path.n_contracted)
    wanted = min(layout.channels_of(path.out), MAX_RANK)
    return max(1, min(wanted, MAX_NUMBERS // size))


def _normal(shape, fan_in, scale, generator):
    values = torch.randn(shape, generator=generator) * scale / math.sqrt(max(fan_in, 1))
    return nn.Parameter(values)
