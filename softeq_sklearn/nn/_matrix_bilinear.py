"""The bilinear layer of EMLP: tensors that act on features as matrices."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from softeq_sklearn.nn._layout import FeatureLayout, canonical_word


@dataclass(frozen=True)
class MatrixPath:
    """One type that acts as a matrix from one type to another.

    Parameters
    ----------
    left, right, out : tuple of int
        Words of the matrices, of what they act on, and of the result.
    axes : tuple of int
        Order of the axes of `left` in which those of `out` come first, then those of `right`.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    out: tuple[int, ...]
    axes: tuple[int, ...]


class MatrixBilinear(nn.Module):
    r"""Add to the features what they do to themselves as matrices (Finzi et al. 2021, section 6).

    A feature of type :math:`a \otimes b^*` is a matrix from type b to type a. The layer mixes, for
    each channel i of a and each channel j of b, a few such features into one matrix and applies it,

    .. math:: y^a_i = s \sum_{b, j} \Big( \sum_c p_{ijc} \, x^{a \otimes b^*}_c \Big) x^b_j .

    The matrices are never built: with the sum over j first, or over the products first, whichever
    makes fewer numbers, the cost is that of a few matrix products. As in the reference there are no
    products with scalars as matrices, at most :math:`d^{rank}` features of a type are mixed, drawn
    at random with repetition, and p starts as standard normal.

    :class:`Bilinear` is the layer of our own networks; this one is for comparisons.

    Parameters
    ----------
    layout : FeatureLayout
        Types and channels, the same in and out.
    orthogonal : bool
        Whether every candidate group is orthogonal, so that V and its dual are one type.
    scale : float, default=0.1
        The factor s.
    generator : torch.Generator or None, default=None
        Source of the initial values and of the features that are mixed.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.nn import FeatureLayout, MatrixBilinear
    >>> layout = FeatureLayout(3, ((), (1,)), (4, 2))
    >>> layer = MatrixBilinear(layout, orthogonal=True)
    >>> layer(torch.zeros(layout.size, 5)).shape  # samples are the last axis
    torch.Size([10, 5])
    """

    def __init__(
        self,
        layout: FeatureLayout,
        *,
        orthogonal: bool,
        scale: float = 0.1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.scale = scale
        self.paths = matrix_paths(layout, orthogonal)
        for i, word in enumerate(layout.types):
            c = layout.channels_of(word)
            n_mixed = min(c, layout.components(word))
            # Part of the state: with others the coefficients would make another function.
            self.register_buffer(f"mixed_{i}", torch.randint(c, (n_mixed,), generator=generator))
        self.coefficients, mixed = nn.ParameterList(), self.mixed
        for path in self.paths:
            n_out, n_in = layout.channels_of(path.out), layout.channels_of(path.right)
            shape = (n_out, n_in, len(mixed[path.left]))
            self.coefficients.append(nn.Parameter(torch.randn(shape, generator=generator)))

    @property
    def mixed(self) -> dict[tuple[int, ...], torch.Tensor]:
        """Numbers of the features of each type that are used as matrices, by type."""
        return {word: getattr(self, f"mixed_{i}") for i, word in enumerate(self.layout.types)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x plus its products.

        Parameters
        ----------
        x : torch.Tensor of shape (layout.size, n_samples)
            Features.

        Returns
        -------
        torch.Tensor of shape (layout.size, n_samples)
            Features of the same types.
        """
        n, layout = x.shape[1], self.layout
        tensors = {
            word: part.view(c, size // c, n)
            for word, part, c, size in zip(
                layout.types,
                x.contiguous().split(layout.sizes),
                layout.channels,
                layout.sizes,
                strict=True,
            )
        }
        chosen = self._chosen(tensors)
        added: dict[tuple[int, ...], list[torch.Tensor]] = {word: [] for word in layout.types}
        for path, coefficients in zip(self.paths, self.coefficients, strict=True):
            matrices = self._matrices(path, chosen[path.left])
            added[path.out].append(_apply(coefficients, matrices, tensors[path.right]))
        pieces = []
        for word, size in zip(layout.types, layout.sizes, strict=True):
            total = tensors[word]
            for product in added[word]:
                total = torch.add(total, product, alpha=self.scale)
            pieces.append(total.view(size, n))
        return torch.cat(pieces)

    def _chosen(
        self, tensors: dict[tuple[int, ...], torch.Tensor]
    ) -> dict[tuple[int, ...], torch.Tensor]:
        """The features that are mixed, of each type that acts as a matrix."""
        mixed, chosen = self.mixed, {}
        for word in {path.left for path in self.paths}:
            tensor = tensors[word]
            # A product with ones and zeros: the gradient of an index is added row by row.
            ones = nn.functional.one_hot(mixed[word], len(tensor)).to(tensor)
            chosen[word] = (ones @ tensor.flatten(1)).view(len(ones), *tensor.shape[1:])
        return chosen

    def _matrices(self, path: MatrixPath, chosen: torch.Tensor) -> torch.Tensor:
        """The features that are mixed, of shape (n_mixed, out, right, n_samples)."""
        d, n = self.layout.dim, chosen.shape[2]
        chosen = chosen.view(len(chosen), *(d,) * len(path.left), n)
        order = (0, *(1 + axis for axis in path.axes), 1 + len(path.left))
        shape = (len(chosen), d ** len(path.out), d ** len(path.right), n)
        return chosen.permute(order).reshape(shape)


def _apply(
    coefficients: torch.Tensor, matrices: torch.Tensor, vectors: torch.Tensor
) -> torch.Tensor:
    """Sum over j and c of p_ijc M_c v_j, of shape (n_out, components, n_samples)."""
    n_out, n_in, n_mixed = coefficients.shape
    _, n_free, n_summed, n = matrices.shape
    if n_in * n_free <= n_out * n_summed:
        # All products M_c v_j first, then one mix of them.
        products = (matrices[:, None] * vectors[None, :, None]).sum(3)
        mix = coefficients.transpose(1, 2).reshape(n_out, n_mixed * n_in)
        return (mix @ products.view(n_mixed * n_in, n_free * n)).view(n_out, n_free, n)
    mix = coefficients.permute(0, 2, 1).reshape(n_out * n_mixed, n_in)
    mixed = (mix @ vectors.reshape(n_in, n_summed * n)).view(n_out, n_mixed, 1, n_summed, n)
    return (matrices * mixed).sum((1, 3))


def matrix_paths(layout: FeatureLayout, orthogonal: bool) -> list[MatrixPath]:
    """All ways in which a type of rank at least 1 is a matrix between two types of a layout."""
    paths = []
    for out, right in itertools.product(layout.types, layout.types):
        word, order = canonical_word(out + tuple(-letter for letter in right), orthogonal)
        if word and word in layout.types:
            paths.append(MatrixPath(word, right, out, tuple(np.argsort(order).tolist())))
    return paths
