"""The size of a row, divided out of its features and multiplied back onto the outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

# Below the logarithm of any size, also divided by a weight.
_LOG_OF_ZERO = -1e4


class RowSize(nn.Module):
    r"""Divide features by powers of their row's size n, and multiply outputs by them.

    An element :math:`g = \rho R` of a conformal group, R orthogonal, multiplies a tensor T(p, q) by
    :math:`\rho^w` with the weight w = p - q, beside its rotation. With a size
    :math:`n(g x) = \rho\, n(x)`,

    .. math:: f(x) = n^{w_{out}} F(u, \log n), \qquad u = x / n^{w_{in}},

    every g moves u by R alone, so that f is equivariant if F is under the R and does not read
    :math:`\log n`. The size is made of the features with positive weights,

    .. math:: n^2 = \sum_w k_w\, m_w^{1 / w} \Big/ \sum_w k_w,

    with :math:`m_w` the mean square of the :math:`k_w` features of weight w; in the same way
    :math:`n^{-2}` of those with negative weights, for rows where all others are zero. A row where
    these are zero too has no size. It is left as it is, and its outputs of weight other than 0 are
    zero: no other value is equivariant.

    What the layers read is :math:`\sqrt{2k} \log n`, with k the number of features that count: the
    variance of :math:`\log n` is about 1 / (2 k) where these are independent normal numbers, and a
    feature of unit variance is learnt as fast as all others. docs/method.md, "Scalings", derives
    this, and shows what it is good for.

    Parameters
    ----------
    weights_in : ndarray of shape (n_in,)
        Weight of each feature.
    counted : ndarray of bool of shape (n_in,)
        Which features the size is made of. The mean of Points is none of them where translations
        are among the groups, which move it.
    weights_out : ndarray of shape (n_out,)
        Weight of each output.
    position : int
        Where the logarithm of the size is put among the features.

    Raises
    ------
    ValueError
        If no feature that counts has a weight other than 0.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from softeq_sklearn.nn import RowSize
    >>> row_size = RowSize(np.ones(2), np.ones(2, bool), np.ones(1), position=0)
    >>> features = torch.tensor([[3.0, 0.0], [4.0, 0.0]])  # samples are the last axis
    >>> normalised, size = row_size.divide(features)
    >>> normalised.shape
    torch.Size([3, 2])
    >>> row_size.multiply(torch.ones(1, 2), size)  # the root mean square of 3 and 4, and nothing
    tensor([[3.5355, 0.0000]])
    """

    is_of_kind: torch.Tensor
    kind: torch.Tensor
    means: torch.Tensor
    weights_in: torch.Tensor
    weights_out: torch.Tensor

    def __init__(
        self,
        weights_in: np.ndarray,
        counted: np.ndarray,
        weights_out: np.ndarray,
        position: int,
    ) -> None:
        super().__init__()
        weights_in, weights_out = np.asarray(weights_in), np.asarray(weights_out)
        self._powers = [int(w) for w in np.unique(weights_in[counted]) if w]
        if not self._powers:
            raise ValueError(
                "A feature that counts must have a weight other than 0. Got the weights "
                f"{weights_in[counted].tolist()}."
            )
        rows = np.stack([(weights_in == w) & counted for w in self._powers]).astype(float)
        self._shares = rows.sum(1).tolist()
        self.position = position
        self.spread = 1 / np.sqrt(2 * sum(self._shares))
        self.register_buffer("means", torch.tensor(rows / rows.sum(1, keepdims=True)))
        self.register_buffer("weights_in", torch.tensor(weights_in.astype(float)[:, None]))
        self.register_buffer("weights_out", torch.tensor(weights_out.astype(float)[:, None]))
        # Features of one weight, those that count first. Not persistent: weights files have none.
        kinds = np.stack([~rows.any(axis=0), weights_in])
        kind = np.unique(kinds, axis=1, return_inverse=True)[1].reshape(-1)
        is_of_kind = kind == np.arange(kind.max() + 1)[:, None]
        self.register_buffer("kind", torch.tensor(kind), persistent=False)
        self.register_buffer("is_of_kind", torch.tensor(is_of_kind[..., None]), persistent=False)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log n, 0 where there is no size, and whether there is one.

        Parameters
        ----------
        features : torch.Tensor of shape (..., n_in, n_samples)
            The features.

        Returns
        -------
        log_size : torch.Tensor of shape (..., 1, n_samples)
            Logarithm of the size n, which is in the units of a feature of weight 1.
        has_size : torch.Tensor of bool of shape (..., 1, n_samples)
            Whether there is a size.
        """
        scaled, _, log_units = self._scaled(features)
        return self._size(scaled, log_units)

    def _scaled(
        self, features: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, Sequence[torch.Tensor]]:
        """Features over their units, the units' logarithms, and those of what the size is made of.

        Features of one kind share a unit in each row, so that squares are numbers. The size does
        not depend on units, so that gradients do not go through them.
        """
        sizes = features.detach().abs().unsqueeze(-3)
        largest = torch.where(self.is_of_kind, sizes, 0.0).amax(-2)
        unit = _unit(largest)
        log_unit, is_zero = unit.log(), largest < torch.finfo(largest.dtype).tiny
        log_units = torch.where(is_zero, _LOG_OF_ZERO, log_unit).split(1, -2)
        scaled = features / unit.index_select(-2, self.kind)
        return scaled, log_unit.index_select(-2, self.kind), log_units

    def _size(
        self, scaled: torch.Tensor, log_units: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what `forward` does, from features in units."""
        squares = (self.means.to(scaled.dtype) @ scaled.square()).split(1, -2)
        up, grows = self._log(squares, log_units, 1)
        down, shrinks = self._log(squares, log_units, -1)
        return torch.where(grows, up, -down), grows | shrinks

    def _log(
        self, squares: Sequence[torch.Tensor], log_units: Sequence[torch.Tensor], sign: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log n from features of positive weight, or -log n from those of negative weight.

        And whether there is such a size; else the logarithm is 0.
        """
        chosen = [i for i, w in enumerate(self._powers) if w * sign > 0]
        if not chosen:
            return torch.zeros_like(squares[0]), torch.zeros_like(squares[0], dtype=torch.bool)
        logs = torch.stack([log_units[i] / abs(self._powers[i]) for i in chosen])
        log_unit, power = logs.amax(0), torch.zeros_like(squares[0])
        for i, log in zip(chosen, logs, strict=True):
            root = _root(squares[i], abs(self._powers[i]))
            power = power + self._shares[i] * root * torch.exp(2 * (log - log_unit))
        power = power / sum(self._shares[i] for i in chosen)
        positive = power > 0
        log = torch.where(positive, power, 1.0).log() / 2  # with gradient 0 where not positive
        return torch.where(positive, log_unit + log, 0.0), positive

    def divide(
        self, features: torch.Tensor
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Return u with sqrt(2 k) log n among it, and what `multiply` needs.

        Parameters
        ----------
        features : torch.Tensor of shape (..., n_in, n_samples)
            The features.

        Returns
        -------
        normalised : torch.Tensor of shape (..., n_in + 1, n_samples)
            Features without a unit.
        size : tuple of two torch.Tensor of shape (..., 1, n_samples)
            As returned by `forward`.
        """
        scaled, log_unit, log_units = self._scaled(features)
        log_size, has_size = self._size(scaled, log_units)
        powers = log_unit - self.weights_in.to(features.dtype) * log_size
        # Only features of 0 have larger ones, and 0 times infinity is no number.
        powers = powers.clamp(max=np.log(torch.finfo(features.dtype).max) - 1)
        units = scaled * torch.exp(powers)
        before, after = units[..., : self.position, :], units[..., self.position :, :]
        return torch.cat([before, log_size / self.spread, after], -2), (log_size, has_size)

    def multiply(
        self, outputs: torch.Tensor, size: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        """Return outputs times their power of n.

        Parameters
        ----------
        outputs : torch.Tensor of shape (..., n_out, n_samples)
            Outputs of layers that have worked with features without a unit.
        size : tuple of two torch.Tensor of shape (..., 1, n_samples)
            As returned by `forward`.

        Returns
        -------
        torch.Tensor of shape (..., n_out, n_samples)
            Outputs that scale with the rows.
        """
        log_size, has_size = size
        weights = self.weights_out.to(outputs.dtype)
        return outputs * torch.where(
            has_size | (weights == 0), torch.exp(weights * log_size), torch.zeros_like(weights)
        )


def _unit(largest: torch.Tensor) -> torch.Tensor:
    """Unit of numbers up to a largest one: 1 where squares are numbers, so that they stay the same.

    Numbers that have lost their digits count as 0, since the gradient of the logarithm of their
    size is infinite.
    """
    limits = torch.finfo(largest.dtype)
    is_usual = (largest > limits.tiny ** (1 / 3)) & (largest < limits.max ** (1 / 3))
    return torch.where(is_usual | (largest < limits.tiny), 1.0, largest)


def _root(x: torch.Tensor, order: int) -> torch.Tensor:
    """Root of an order, whose gradient at 0 is 0."""
    if order == 1:
        return x
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, 1.0) ** (1 / order), 0.0)
