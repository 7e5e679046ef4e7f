"""The penalty: how far a function is from equivariance under sampled group elements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from softeq_sklearn.groups._validation import check_integer
from softeq_sklearn.regularizers._actions import AffineMaps, GroupActions
from softeq_sklearn.regularizers._function import FunctionPenalty


class SampledPenalty(FunctionPenalty):
    r"""Equivariance error of a module under sampled elements of each group.

    .. math:: \sum_G \lambda_G R_G, \quad
        R_G = \mathbb{E}_{x, g} \, \frac{\| f(g x) - g f(x) \|^2}{n_{out}}

    (the equivariance loss of REMUL, Elhag et al. 2024, arXiv 2410.17878), for any module f that
    maps rows to rows. In each batch a few elements of a group's pool are drawn and the rows are
    dealt out to them, one element to each row: one evaluation of f for each group, however many
    elements, and one for f(x), all in one call of the module.

    Parameters
    ----------
    actions : mapping of str to GroupActions
        How each group acts on the rows that the module gets and returns; see
        :func:`group_actions`.
    strengths : float or mapping of str to float
        The factor of each group's penalty, at least 0.
    rows : torch.Tensor of shape (n_samples, n_in) or None, default=None
        Rows, as the module gets them, at which `values` measures R_G, each with one element of the
        pool, and the batch of a call that gets none; a few hundred are enough.
    n_per_batch : int, default=16
        Number of elements of each group in one batch, all different; at most the whole pool, and
        one for each row. More of them make the gradient less noisy and cost only products with
        more, smaller matrices.
    seed : int, default=0
        Seed of the choice of elements; the global generators are not used.

    Attributes
    ----------
    groups : dict of str to Group
        The candidate groups.
    strengths : dict of str to float
        The present strengths; `set_strengths` changes them.

    Raises
    ------
    ValueError
        If the actions are not on the same columns, the strengths do not fit the groups, the rows
        have another number of columns, or a number is too small.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    Dropout draws anew for f(g x) and for f(x), so that the penalty contains its noise. Batch
    normalisation in training mode sees the transformed rows beside the others.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.regularizers import SampledPenalty, group_actions
    >>> actions = {"SO(3)": group_actions(SO(3), "Vector", "Vector", 32, random_state=0)}
    >>> penalty = SampledPenalty(actions, 1.0)
    >>> twice = torch.nn.Linear(3, 3, bias=False)
    >>> twice.weight.data = 2 * torch.eye(3)
    >>> bool(penalty(twice, torch.ones(10, 3)) < 1e-10)  # it commutes with all rotations
    True
    """

    def __init__(
        self,
        actions: Mapping[str, GroupActions],
        strengths: float | Mapping[str, float],
        *,
        rows: torch.Tensor | None = None,
        n_per_batch: int = 16,
        seed: int = 0,
    ) -> None:
        super().__init__(actions, strengths, rows)
        self.n_per_batch = check_integer("SampledPenalty", "n_per_batch", n_per_batch, minimum=1)
        self._random = np.random.RandomState(
            check_integer("SampledPenalty", "seed", seed, minimum=0)
        )

    def _drawn(self, actions: Mapping[str, GroupActions]) -> Mapping[str, GroupActions]:
        """A few elements of every group: a strength of 0 does not change those of the others."""
        return {
            name: item.with_elements(self._choice(len(item.elements_in)))
            for name, item in actions.items()
        }

    def _choice(self, n_elements: int) -> torch.Tensor:
        size = min(self.n_per_batch, n_elements)
        return torch.from_numpy(self._random.choice(n_elements, size, replace=False))

    def _terms(
        self, module: nn.Module, X: torch.Tensor, actions: Mapping[str, GroupActions]
    ) -> dict[str, torch.Tensor]:
        moved = [_dealt(item.elements_in, X) for item in actions.values()]
        values, *transformed = self._outputs(module, torch.cat([X, *moved])).split(len(X))
        return {
            name: (own - _dealt(item.elements_out, values)).square().mean()
            for (name, item), own in zip(actions.items(), transformed, strict=True)
        }


def _dealt(maps: AffineMaps, rows: torch.Tensor) -> torch.Tensor:
    """Deal rows of shape (n_samples, n_columns) out to the maps, one after the other, in turn."""
    maps = maps[: len(rows)]
    size = -(-len(rows) // len(maps))
    padded = F.pad(rows, (0, 0, 0, size * len(maps) - len(rows)))
    stacks = padded.view(size, len(maps), -1).transpose(0, 1)
    return maps(stacks).transpose(0, 1).flatten(0, 1)[: len(rows)]
