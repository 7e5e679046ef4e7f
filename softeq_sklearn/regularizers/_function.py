"""What penalties on the function of a module share: the actions of the groups, and rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from softeq_sklearn.regularizers._actions import GroupActions, check_actions
from softeq_sklearn.regularizers._base import Penalty


class FunctionPenalty(Penalty):
    """Penalties that look at what a module computes, not at its weights.

    Parameters
    ----------
    actions : mapping of str to GroupActions
        How each group acts on the rows that the module gets and returns.
    strengths : float or mapping of str to float
        The factor of each group's penalty, at least 0.
    rows : torch.Tensor of shape (n_samples, n_in) or None
        Rows at which `values` measures the function, and the batch of a call that gets none.
    """

    strengths: Mapping[str, float]
    rows: torch.Tensor | None

    def __init__(
        self,
        actions: Mapping[str, GroupActions],
        strengths: float | Mapping[str, float],
        rows: torch.Tensor | None,
    ) -> None:
        check_actions(actions)
        super().__init__({name: item.group for name, item in actions.items()}, strengths)
        self._actions = dict(actions)
        self._cast_actions: dict[tuple[torch.device, torch.dtype], dict[str, GroupActions]] = {}
        if rows is not None:
            self._check_rows("rows", rows)
            rows = rows.detach().clone()
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, module: nn.Module, X: torch.Tensor | None = None) -> torch.Tensor:
        """Return sum_G lambda_G R_G, a scalar, differentiable in the parameters of the module.

        Parameters
        ----------
        module : torch.nn.Module
            Maps rows of shape (n_samples, n_in) to (n_samples, n_out).
        X : torch.Tensor of shape (n_samples, n_in) or None, default=None
            The batch, as the module gets it; None takes the rows of the constructor.

        Returns
        -------
        torch.Tensor of shape ()
            The sum.

        Raises
        ------
        ValueError
            If the rows are not of this shape, the module returns another one, or there are none.
        TypeError
            If the rows are no tensor of real numbers.
        """
        if X is None:
            X = self._own_rows(module)
        self._check_rows("X", X)
        drawn = self._drawn(self._actions_like(X))
        active = {name: drawn[name] for name, strength in self.strengths.items() if strength > 0}
        total = X.new_zeros(())
        for name, term in self._terms(module, X, active).items():
            total = total + self.strengths[name] * term
        return total if total.requires_grad else total + _zero(module, X)

    def values(self, module: nn.Module) -> dict[str, float]:
        """R_G of each group at the rows of the constructor.

        The module is evaluated in its own precision and in evaluation mode, in which no dropout is
        drawn and no running mean changed; then it is put back as it was.

        Parameters
        ----------
        module : torch.nn.Module
            As for `forward`.

        Returns
        -------
        dict of str to float
            R_G by name.

        Raises
        ------
        ValueError
            If the constructor got no rows, or the module returns another shape.
        """
        X = self._own_rows(module)
        with torch.no_grad(), _evaluation_mode(module):
            terms = self._terms(module, X, self._actions_like(X))
        return {name: float(term) for name, term in terms.items()}

    def _drawn(self, actions: Mapping[str, GroupActions]) -> Mapping[str, GroupActions]:
        """Actions for one batch: the same, where a penalty does not sample."""
        return actions

    def _terms(
        self, module: nn.Module, X: torch.Tensor, actions: Mapping[str, GroupActions]
    ) -> dict[str, torch.Tensor]:
        """R_G at the rows X, a scalar tensor for each name in `actions`."""
        raise NotImplementedError

    def _outputs(self, module: nn.Module, rows: torch.Tensor) -> torch.Tensor:
        """Outputs of the module, of a shape that was checked."""
        outputs: torch.Tensor = module(rows)
        self._check_outputs(outputs, len(rows))
        return outputs

    def _check_outputs(self, outputs: torch.Tensor, n_rows: int) -> None:
        """Refuse other shapes: the difference of an (n,) and an (n, 1) would be an (n, n)."""
        shape = n_rows, next(iter(self._actions.values())).n_out
        if outputs.shape != shape:
            raise ValueError(
                f"module must return an array of shape {shape} for {n_rows} rows. "
                f"Got shape {tuple(outputs.shape)}."
            )

    def _actions_like(self, X: torch.Tensor) -> dict[str, GroupActions]:
        """Actions on the device and in the precision of X."""
        kind = (X.device, X.dtype)
        if kind not in self._cast_actions:  # the float64 actions stay as they are
            cast = {name: item.to(*kind) for name, item in self._actions.items()}
            self._cast_actions = {kind: cast}
        return self._cast_actions[kind]

    def _own_rows(self, module: nn.Module) -> torch.Tensor:
        if self.rows is None:
            raise ValueError("rows must be given to the constructor for this. Got None.")
        like = next(module.parameters(), self.rows)
        return self.rows.to(like.device, like.dtype)

    def _check_rows(self, name: str, X: torch.Tensor) -> None:
        n_in = next(iter(self._actions.values())).n_in
        if not isinstance(X, torch.Tensor) or not X.is_floating_point():
            raise TypeError(f"{name} must be a tensor of real numbers. Got {type(X).__name__}.")
        if X.ndim != 2 or X.shape[1] != n_in or not len(X):
            raise ValueError(
                f"{name} must have shape (n_samples, {n_in}) with at least one sample. "
                f"Got shape {tuple(X.shape)}."
            )


@contextmanager
def _evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Evaluation mode of all parts of a module, each put back as it was."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


def _zero(module: nn.Module, X: torch.Tensor) -> torch.Tensor:
    """0 that has a gradient, of zeros: `backward` works when no group is penalised."""
    return sum((p.reshape(-1)[:0].sum() for p in module.parameters()), X.new_zeros(()))
