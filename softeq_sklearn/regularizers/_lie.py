"""The penalty: Lie derivatives of a function along the generators of each group."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from softeq_sklearn.regularizers._actions import GroupActions
from softeq_sklearn.regularizers._forward_mode import directional_derivative
from softeq_sklearn.regularizers._function import FunctionPenalty


class LiePenalty(FunctionPenalty):
    r"""Lie derivatives of a module along the generators of each group.

    For generators :math:`A_i` of the Lie algebra and discrete generators :math:`h_k`,

    .. math:: R_G = \mathbb{E}_{x, i} \,
        \frac{\| J_f(x) \, A_i x - A_i f(x) \|^2}{n_{out}} + \mathbb{E}_{x, k} \,
        \frac{\| f(h_k x) - h_k f(x) \|^2}{n_{out}},

    which is zero at every x if and only if f is equivariant (Otto et al. 2023, arXiv 2311.00212;
    Gruver et al. 2023, arXiv 2210.02984, measure trained networks with the first term). Nothing is
    sampled: the derivatives are exact, by differentiation in forward mode.

    Generators come with the size that the group gives them, so that R_G of two groups compare as
    their generators do: those of SO(n) are turns at one radian per unit of time, translations move
    by one unit of the user's. One evaluation of f with its derivative is made for each A_i, one of
    f for each h_k: :class:`SampledPenalty` is cheaper, above all for a group with many generators,
    and a call with some rows of the batch is cheaper than with all.

    Parameters
    ----------
    actions : mapping of str to GroupActions
        How each group acts on the rows that the module gets and returns; see
        :func:`group_actions`. The pool of elements is not used.
    strengths : float or mapping of str to float
        The factor of each group's penalty, at least 0.
    rows : torch.Tensor of shape (n_samples, n_in) or None, default=None
        Rows, as the module gets them, at which `values` measures R_G, and the batch of a call that
        gets none; a few hundred are enough.

    Attributes
    ----------
    groups : dict of str to Group
        The candidate groups.
    strengths : dict of str to float
        The present strengths; `set_strengths` changes them.

    Raises
    ------
    ValueError
        If the actions are not on the same columns, the strengths do not fit the groups, or the
        rows have another number of columns.
    TypeError
        If an argument is of the wrong kind.
    NotImplementedError
        In a call, if torch cannot differentiate the module.

    Notes
    -----
    Torch must know the derivative of the module in forward mode, and the derivative of that; it
    raises where it does not (fused attention, ``glu``, an own ``torch.autograd.Function`` without
    ``jvp``). Layer normalisation works; batch normalisation in training mode and instance
    normalisation raise an error, because torch gets their second derivatives wrong. Dropout draws
    once for a row, its value and its derivative, but anew for :math:`f(h_k x)`.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.regularizers import LiePenalty, group_actions
    >>> actions = {"SO(3)": group_actions(SO(3), "Vector", "Vector", 1, random_state=0)}
    >>> penalty = LiePenalty(actions, 1.0)
    >>> twice = torch.nn.Linear(3, 3, bias=False)
    >>> twice.weight.data = 2 * torch.eye(3)
    >>> penalty(twice, torch.ones(10, 3)).item()  # it commutes with all rotations
    0.0
    """

    def __init__(
        self,
        actions: Mapping[str, GroupActions],
        strengths: float | Mapping[str, float],
        *,
        rows: torch.Tensor | None = None,
    ) -> None:
        super().__init__(actions, strengths, rows)

    def _terms(
        self, module: nn.Module, X: torch.Tensor, actions: Mapping[str, GroupActions]
    ) -> dict[str, torch.Tensor]:
        terms = dict.fromkeys(actions, X.new_zeros(()))
        for part in (self._lie_errors(module, X, actions), self._steps(module, X, actions)):
            for name, errors in part.items():
                terms[name] = terms[name] + errors.square().mean()
        return terms

    def _lie_errors(
        self, module: nn.Module, X: torch.Tensor, actions: Mapping[str, GroupActions]
    ) -> dict[str, torch.Tensor]:
        """J_f(x) A_i x - A_i f(x), of shape (n_generators, n_samples, n_out) for each group."""
        actions = {name: item for name, item in actions.items() if len(item.lie_in)}
        if not actions:
            return {}
        velocities = torch.cat([item.lie_in(X) for item in actions.values()])
        values, slopes = self._derivatives(module, X.repeat(len(velocities), 1), velocities)
        sizes = [len(item.lie_in) for item in actions.values()]
        return {
            name: slope - item.lie_out(value)
            for (name, item), value, slope in zip(
                actions.items(), values.split(sizes), slopes.split(sizes), strict=True
            )
        }

    def _derivatives(
        self, module: nn.Module, rows: torch.Tensor, velocities: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Values and derivatives, of shape (n_generators, n_samples, n_out)."""
        values, slopes = directional_derivative(module, rows, velocities.flatten(0, 1))
        self._check_outputs(values, len(rows))
        shape = (*velocities.shape[:2], values.shape[1])
        return values.view(shape), slopes.view(shape)

    def _steps(
        self, module: nn.Module, X: torch.Tensor, actions: Mapping[str, GroupActions]
    ) -> dict[str, torch.Tensor]:
        """f(h_k x) - h_k f(x), of shape (n_discrete, n_samples, n_out) for each group."""
        actions = {name: item for name, item in actions.items() if len(item.discrete_in)}
        if not actions:
            return {}
        moved = [item.discrete_in(X).flatten(0, 1) for item in actions.values()]
        sizes = [len(X), *(len(rows) for rows in moved)]
        values, *transformed = self._outputs(module, torch.cat([X, *moved])).split(sizes)
        return {
            name: own.view(-1, *values.shape) - item.discrete_out(values)
            for (name, item), own in zip(actions.items(), transformed, strict=True)
        }
