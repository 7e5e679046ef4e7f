"""Two ways to compute the penalty of stacked blocks with its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from softeq_sklearn.projection._dense import triangular
from softeq_sklearn.regularizers._coupling import complements

# Unknowns for each block from which on blocks are faster as rows: 8 of 729 take a quarter of the
# time then.
_FEW = 4


@dataclass(frozen=True)
class StackedFactor:
    """S with S^T S = sum_G lambda_G (I - Q_G Q_G^T): one product for all groups.

    Parameters
    ----------
    matrix : torch.Tensor of shape (n_sets, n, n)
        The factor S of each set of unknowns.
    """

    matrix: torch.Tensor

    @classmethod
    def from_projections(
        cls, strengths: Sequence[float], bases: Sequence[np.ndarray], columns: np.ndarray
    ) -> StackedFactor:
        """Factor the sum over groups, on sets of columns that it does not couple to others.

        The triangles of QR decompositions of all stacked projections, never their sum: a strength
        of 1e-12 beside one of 1 keeps its digits.
        """
        stacked = [
            np.sqrt(strength) * complements(basis, columns)
            for strength, basis in zip(strengths, bases, strict=True)
        ]
        return cls(torch.from_numpy(triangular(np.concatenate(stacked, axis=1))))

    def to(self, device: torch.device, dtype: torch.dtype) -> StackedFactor:
        """Return the factor on a device, in a precision."""
        return StackedFactor(self.matrix.to(device, dtype))

    def value_and_gradient(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """1/2 |S B|^2 and S^T S B, for B of shape (n_sets, n, n_blocks)."""
        if len(blocks) > 1:
            product = self.matrix @ blocks
            return 0.5 * _square(product), self.matrix.mT @ product
        (matrix,), (columns,) = self.matrix, blocks  # no product of stacks, which takes longer
        if columns.shape[0] < _FEW * columns.shape[1]:
            product = matrix @ columns
            return 0.5 * _square(product), (matrix.T @ product)[None]
        product = columns.T.contiguous() @ matrix.T
        return 0.5 * _square(product), (product @ matrix).T[None]


@dataclass(frozen=True)
class ResidualFactor:
    """The residual of each group in turn, for types whose n x n matrix would be too large.

    Parameters
    ----------
    strengths : tuple of float
        Factor of each group's penalty.
    bases : tuple of torch.Tensor of shape (n, rank)
        Basis of each group's subspace.
    """

    strengths: tuple[float, ...]
    bases: tuple[torch.Tensor, ...]

    def to(self, device: torch.device, dtype: torch.dtype) -> ResidualFactor:
        """Return the factor on a device, in a precision."""
        return ResidualFactor(self.strengths, tuple(b.to(device, dtype) for b in self.bases))

    def value_and_gradient(self, blocks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Sum of 1/2 lambda |B - Q Q^T B|^2, and its gradient, for B of shape (1, n, n_blocks)."""
        value, gradient = blocks.new_zeros(()), torch.zeros_like(blocks)
        for strength, basis in zip(self.strengths, self.bases, strict=True):
            residual = blocks - basis @ (basis.T @ blocks)
            value = value + 0.5 * strength * _square(residual)
            gradient += strength * residual
        return value, gradient


def _square(matrix: torch.Tensor) -> torch.Tensor:
    """Squared Frobenius norm."""
    flat = matrix.reshape(-1)
    return torch.dot(flat, flat)  # a tenth of the whole step less than the sum of a product
