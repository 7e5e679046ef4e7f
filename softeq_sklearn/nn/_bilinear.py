"""Products of features that commute with every matrix group."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import nn

from softeq_sklearn.nn._layout import FeatureLayout
from softeq_sklearn.representations._words import VECTOR

# A product of two tensors makes d**(free axes + contracted axes) numbers a channel; those with more
# than this and than d**2, an outer product of two vectors, would dominate the whole network.
MAX_PRODUCT_SIZE = 64
# A path has at most this many channels, and at most this many numbers a sample unless one channel
# alone has more.
MAX_RANK = 8
MAX_NUMBERS = 72


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
        for k in range(min(len(left), len(right)) + 1):
            if _repeats(left, right, k, orthogonal):
                continue
            kept = _contract(left, right, k, orthogonal)
            size = layout.dim ** (len(left) + len(right) - k)
            if kept in words and size <= max(MAX_PRODUCT_SIZE, layout.dim**2):
                paths.append(ProductPath(left, right, kept, k))
    return paths


def _repeats(left: tuple[int, ...], right: tuple[int, ...], k: int, orthogonal: bool) -> bool:
    """Whether the opposite order gives the same products up to an order of axes."""
    if not left:
        return False
    scalar = k == len(left) == len(right)
    return not right or (orthogonal and len(left) < len(right)) or (scalar and left < right)


def _contract(
    left: tuple[int, ...], right: tuple[int, ...], k: int, orthogonal: bool
) -> tuple[int, ...] | None:
    """Word of the contraction, None where it is not natural or its axes would not be sorted."""
    pairs = zip(left[len(left) - k :], right[:k], strict=True)
    if not all(orthogonal or a == -b for a, b in pairs):
        return None
    kept = left[: len(left) - k] + right[k:]
    return kept if list(kept) == sorted(kept, reverse=True) else None


class Bilinear(nn.Module):
    r"""Add to the features their learned products, path by path.

    For a path (left, right, k) with result type c,

    .. math:: y_c = \sum_{paths} M_c \, [ (A x_{left}) \cdot_k (B x_{right}) ],

    where A, B and M mix channels (and nothing else, so that they commute with every group) and
    the dot contracts k axes, channel by channel. Where every group is orthogonal, the operands are
    first damped, :math:`x / \sqrt{1 + \mathrm{mean}(x^2) / limit^2}` with the mean over all
    components of a type, which commutes with the groups: without it products of products make the
    function grow like a polynomial of high degree away from the training rows (docs/method.md,
    "Damping").

    This is the bilinear layer of EMLP (Finzi et al. 2021, section 6) in factored form: no weight
    matrix per sample is ever built, and outer products are there too.

    Parameters
    ----------
    layout : FeatureLayout
        Types and channels, the same in and out.
    orthogonal : bool
        Whether every candidate group is orthogonal, so that V contracts with V.
    limit : float, default=4.0
        Root mean square at which operands are damped; not used where a group is not orthogonal.
    scale : float, default=0.1
        Standard deviation of the products at the start against that of the input.
    generator : torch.Generator or None, default=None
        Source of the initial values.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.nn import Bilinear, FeatureLayout
    >>> layout = FeatureLayout(3, ((), (1,)), (4, 2))
    >>> layer = Bilinear(layout, orthogonal=True)
    >>> layer(torch.zeros(layout.size, 5)).shape  # samples are the last axis
    torch.Size([10, 5])
    """

    _one: torch.Tensor

    def __init__(
        self,
        layout: FeatureLayout,
        *,
        orthogonal: bool,
        limit: float = 4.0,
        scale: float = 0.1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.limit = limit if orthogonal else None
        self.paths = product_paths(layout, orthogonal)
        self.ranks = [path_rank(path, layout) for path in self.paths]
        self._operand_ranks: dict[tuple[int, ...], list[int]] = {word: [] for word in layout.types}
        n_products = dict.fromkeys(layout.types, 0)
        for path, rank in zip(self.paths, self.ranks, strict=True):
            self._operand_ranks[path.left].append(rank)
            self._operand_ranks[path.right].append(rank)
            n_products[path.out] += rank
        self.register_buffer("_one", torch.ones(()), persistent=False)
        self.operands = nn.ParameterList()
        self.mixes = nn.ParameterList()
        for word, c in zip(layout.types, layout.channels, strict=True):
            self.operands.append(_normal((sum(self._operand_ranks[word]), c), 1.0, generator))
            self.mixes.append(_normal((c, n_products[word]), scale, generator))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x plus its products.

        Parameters
        ----------
        x : torch.Tensor of shape (..., layout.size, n_samples)
            Features.

        Returns
        -------
        torch.Tensor of shape (..., layout.size, n_samples)
            Features of the same types.
        """
        members, n, d = x.shape[:-2], x.shape[-1], self.layout.dim
        channels, sizes = self.layout.channels, self.layout.sizes
        tensors = [
            part.view(*members, c, size // c * n)
            for part, c, size in zip(x.contiguous().split(sizes, -2), channels, sizes, strict=True)
        ]
        operands = {
            word: iter((weight @ self._damped(tensor, size)).split(self._operand_ranks[word], -2))
            for word, weight, tensor, size in zip(
                self.layout.types, self.operands, tensors, sizes, strict=True
            )
        }
        products: dict[tuple[int, ...], list[torch.Tensor]] = {w: [] for w in self.layout.types}
        for path, rank in zip(self.paths, self.ranks, strict=True):
            k = path.n_contracted
            n_left, n_summed, n_right = d ** (len(path.left) - k), d**k, d ** (len(path.right) - k)
            a = next(operands[path.left]).view(*members, rank, n_left, n_summed, 1, n)
            b = next(operands[path.right]).view(*members, rank, 1, n_summed, n_right, n)
            product = (a * b).sum(-3) if n_summed > 1 else a * b
            products[path.out].append(product.view(*members, rank, n_left * n_right * n))
        pieces = []
        for word, mix, tensor, size in zip(
            self.layout.types, self.mixes, tensors, sizes, strict=True
        ):
            if products[word]:
                add = torch.baddbmm if members else torch.addmm
                tensor = add(tensor, mix, torch.cat(products[word], -2))
            pieces.append(tensor.view(*members, size, n))
        return torch.cat(pieces, -2)

    def _damped(self, tensor: torch.Tensor, size: int) -> torch.Tensor:
        """Bound the features of one type, by a factor that every orthogonal group leaves alone."""
        if self.limit is None:
            return tensor
        members, n = tensor.shape[:-2], tensor.shape[-2] * tensor.shape[-1] // size
        rows = tensor.view(*members, size, n)
        squares = (rows * rows).sum(-2, keepdim=True)
        # alpha and a tensor of one: for each number torch would make a tensor and cast it.
        power = torch.add(self._one, squares, alpha=1 / (size * self.limit**2))
        return (rows * torch.rsqrt(power)).view_as(tensor)


def path_rank(path: ProductPath, layout: FeatureLayout) -> int:
    """Number of channels of a product: as many as the result has, less where one is large."""
    size = layout.dim ** (len(path.left) + len(path.right) - path.n_contracted)
    wanted = min(layout.channels_of(path.out), MAX_RANK)
    return max(1, min(wanted, MAX_NUMBERS // size))


def _normal(
    shape: tuple[int, int], scale: float, generator: torch.Generator | None
) -> nn.Parameter:
    """Parameter of shape (out, in) that keeps the size of its input, times a scale."""
    values = torch.randn(shape, generator=generator)
    return nn.Parameter(values * scale / math.sqrt(max(shape[1], 1)))
