"""The callback that keeps, for each member of a stacked network, its best weights."""

from __future__ import annotations

import numpy as np
import torch
from skorch.callbacks import Callback

from softeq_sklearn.training._batches import targets_and_weights
from softeq_sklearn.training._row_losses import as_row_loss
from softeq_sklearn.training._stopping import StopTraining


class BestMembers(Callback):
    """Restore each member's weights of the epoch with its lowest validation loss.

    What :class:`BestWeights` does for one network: members are at their best in different epochs.
    The criterion of the net must be a :class:`~softeq_sklearn.training.RowLoss`.

    Parameters
    ----------
    first_epoch : int, default=1
        First epoch, counted from 1 in each training, that may be the best.
    patience : float, default=inf
        Epochs without improvement of any member after which training stops.

    Attributes
    ----------
    losses_ : torch.Tensor of shape (n_members,)
        Lowest validation loss of each member.

    Examples
    --------
    >>> from softeq_sklearn.training import BestMembers
    >>> BestMembers(first_epoch=11, patience=20).patience
    20
    """

    def __init__(self, first_epoch=1, patience=np.inf):
        self.first_epoch = first_epoch
        self.patience = patience

    def on_train_begin(self, net, **kwargs):
        """Forget an earlier training."""
        self._epoch, self._missed = 0, 0
        self.losses_, self._best = None, None

    def on_epoch_begin(self, net, **kwargs):
        """Begin the sums of the epoch."""
        self._sum, self._rows = 0.0, 0

    def on_batch_end(self, net, batch, training, y_pred=None, **kwargs):
        """Add up the losses of the held-out rows, member by member.

        Raises
        ------
        TypeError
            If the criterion of the net is no RowLoss.
        """
        if training:
            return
        y_true, weights = targets_and_weights(batch, y_pred.device)
        losses = as_row_loss(net.criterion_).rows(y_pred, y_true)
        self._sum = self._sum + (losses if weights is None else weights * losses).sum(1)
        self._rows += len(y_true)

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights of the members that are better than ever; stop if asked.

        Raises
        ------
        KeyboardInterrupt
            If the patience has ended (a subclass, which no Control-C raises).
        """
        self._epoch += 1
        if self._epoch < self.first_epoch:
            return
        losses = self._sum / self._rows
        weights = {name: p.detach() for name, p in net.module_.named_parameters()}
        if self.losses_ is None:
            self.losses_ = losses
            self._best = {name: value.clone() for name, value in weights.items()}
            return
        # What a member lost as a NaN in the first epoch is worse than any number.
        better = ~(losses >= self.losses_) & losses.isfinite()
        self._missed = 0 if better.any() else self._missed + 1
        best = {name: value.clone() for name, value in self._best.items()}
        for name, value in weights.items():
            best[name][better] = value[better]
        # Both at once: an interruption leaves no member with weights of two epochs.
        self.losses_, self._best = torch.where(better, losses, self.losses_), best
        if self._missed >= self.patience:
            raise StopTraining

    def training_state(self):
        """Return what the rest of the training depends on.

        Returns
        -------
        dict
            Of tensors and plain values.
        """
        return {name: getattr(self, name) for name in ("_epoch", "_missed", "losses_", "_best")}

    def restore_training(self, state, net):
        """Take over the state of an earlier training.

        Parameters
        ----------
        state : dict
            What `training_state` has returned, perhaps with arrays for tensors.
        net : PenalizedNet
            The net.
        """
        self._epoch, self._missed = state["_epoch"], state["_missed"]
        device, best = next(net.module_.parameters()).device, state["_best"]
        self.losses_ = self._best = None
        if state["losses_"] is not None:
            self.losses_ = torch.as_tensor(state["losses_"], device=device)
        if best is not None:
            self._best = {name: torch.as_tensor(best[name], device=device) for name in best}

    def on_train_end(self, net, **kwargs):
        """Put the best weights back."""
        if self._best is None:
            return
        with torch.no_grad():
            for name, p in net.module_.named_parameters():
                p.copy_(self._best[name])
        self._best = None
