"""What every penalty has: named groups, their strengths, a sum for the loss, a value per group."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.regularizers._strengths import GivenStrength, Strength, named_strengths


class Penalty(nn.Module):
    """Interface of the penalties sum_G lambda_G R_G; each class says what its R_G is.

    Parameters
    ----------
    groups : mapping of str to Group
        The candidate groups.
    strengths : float or mapping of str to float or sequence of float
        The factor lambda_G of each group's penalty, at least 0. A mapping may give a sequence of
        one factor for each layer where the penalty is a sum over layers.
    n_layers : int or None, default=None
        Number of layers that R_G is a sum over; None where it is no such sum.

    Attributes
    ----------
    groups : dict of str to Group
        The candidate groups.
    strengths : dict of str to float or tuple of float
        The present strengths; `set_strengths` changes them.
    n_layers : int or None
        Number of layers that may have strengths of their own; None if none may.
    """

    # What a class narrows: most have no strengths of layers.
    strengths: Mapping[str, Strength]
    n_layers: int | None

    def __init__(
        self,
        groups: Mapping[str, Group],
        strengths: float | Mapping[str, GivenStrength],
        n_layers: int | None = None,
    ) -> None:
        super().__init__()
        self.groups = dict(groups)
        self.n_layers = n_layers
        self.strengths = named_strengths(strengths, self.groups, n_layers)

    def set_strengths(self, strengths: float | Mapping[str, GivenStrength]) -> None:
        """Change the strengths.

        Parameters
        ----------
        strengths : float or mapping of str to float or sequence of float
            As in the constructor.

        Raises
        ------
        ValueError
            If a strength is negative or not finite, is missing or has no group, or there are not as
            many as layers.
        """
        self.strengths = named_strengths(strengths, self.groups, self.n_layers)
        self._strengths_changed()

    def _strengths_changed(self) -> None:
        """Make anew what is computed from the strengths; nothing, in general."""

    def forward(self, module: nn.Module, X: torch.Tensor | None = None) -> torch.Tensor:
        """Return sum_G lambda_G R_G, a scalar, differentiable in the parameters of the module.

        Parameters
        ----------
        module : torch.nn.Module
            The network.
        X : torch.Tensor of shape (n_samples, n_in) or None, default=None
            The rows as the module gets them; penalties of the weights alone do not look at them.

        Returns
        -------
        torch.Tensor of shape ()
            The sum.
        """
        raise NotImplementedError

    @property
    def n_constraints(self) -> dict[str, int]:
        """Number of terms that R_G is a sum of, to compare groups; 1 where R_G is a mean."""
        return dict.fromkeys(self.groups, 1)

    def values(self, module: nn.Module) -> dict[str, float]:
        """Return R_G of each group, without strengths and without gradient.

        Parameters
        ----------
        module : torch.nn.Module
            The network.

        Returns
        -------
        dict of str to float
            R_G by name.
        """
        raise NotImplementedError
