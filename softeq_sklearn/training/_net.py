"""A skorch net whose loss has one penalty per candidate group."""

from __future__ import annotations

from skorch import NeuralNet

from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.training._batches import targets_and_weights


class PenalizedNet(NeuralNet):
    """skorch net that adds the penalties of its groups to the training loss.

    Validation losses do not contain the penalty, so that they can be compared between strengths.

    A module with members (see :func:`~softeq_sklearn.nn.stack_members`) is trained on the sum of
    their losses, so that each is trained as it would be alone; the losses in the history are the
    mean over members.

    Parameters
    ----------
    module : torch.nn.Module or class
        The network, as for any skorch net.
    criterion : torch.nn.Module class
        The loss, such as torch.nn.MSELoss; for rows with weights a
        :class:`~softeq_sklearn.training.RowLoss`.
    groups : mapping of str to Group or None, default=None
        The candidate groups.
    strengths : mapping of str to float or None, default=None
        Start of the factor of each group's penalty.
    penalty : callable, default=ProjectionPenalty
        Makes the penalty from the module, the groups and the strengths. The default needs
        :class:`~softeq_sklearn.nn.SoftLinear` layers.
    **kwargs : dict
        Parameters of :class:`skorch.NeuralNet`.

    Attributes
    ----------
    penalty_ : torch.nn.Module
        The penalty, with its present strengths; there if groups were given.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from softeq_sklearn.groups import O
    >>> from softeq_sklearn.nn import SoftEquivariantNetwork
    >>> from softeq_sklearn.training import PenalizedNet
    >>> groups = {"O(2)": O(2)}
    >>> net = PenalizedNet(
    ...     SoftEquivariantNetwork,
    ...     nn.MSELoss,
    ...     groups=groups,
    ...     strengths={"O(2)": 1.0},
    ...     module__rep_in="2*Vector",
    ...     module__rep_out="Vector",
    ...     module__groups=[O(2)],
    ...     module__hidden_channels=32,
    ...     train_split=None,
    ...     max_epochs=2,
    ...     verbose=0,
    ... )
    >>> X = np.random.RandomState(0).randn(100, 4).astype("float32")
    >>> net.fit(X, X[:, :2]).predict(X).shape
    (100, 2)
    """

    def __init__(
        self,
        module,
        criterion,
        *,
        groups=None,
        strengths=None,
        penalty=ProjectionPenalty,
        **kwargs,
    ):
        super().__init__(module, criterion, **kwargs)
        self.groups = groups
        self.strengths = strengths
        self.penalty = penalty

    def initialize_module(self):
        """Make the module, then the penalty, which looks at the layers of the module."""
        super().initialize_module()
        if self.groups:
            self.penalty_ = self.penalty(self.module_, self.groups, self.strengths)
        return self

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the criterion, and in training the sum of strengths times penalties.

        Targets may come with weights of mean 1, one for each row, which the criterion then takes as
        its third argument.
        """
        n_members = _n_members(y_pred)
        y_true, weights = targets_and_weights(y_true, y_pred.device)
        if y_true.ndim < y_pred.ndim:  # the same targets for all members
            y_true = y_true.expand_as(y_pred)
        loss = self.criterion_(y_pred, y_true, *([] if weights is None else [weights]))
        if training:
            loss = loss * n_members
            if self.groups:
                loss = loss + self.penalty_(self.module_, X)
        return loss

    def train_step_single(self, batch, **fit_params):
        """Train on a batch; the loss that is reported is the mean over members."""
        step = super().train_step_single(batch, **fit_params)
        return {**step, "loss": step["loss"].detach() / _n_members(step["y_pred"])}


def _n_members(y_pred):
    return len(y_pred) if y_pred.ndim == 3 else 1
