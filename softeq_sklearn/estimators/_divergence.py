"""What ends a training that has diverged, and the error for it."""

from __future__ import annotations

import numpy as np
from skorch.callbacks import Callback


class Divergence(ValueError):
    """Training has diverged."""


def _diverged(net, what):
    """Return the error that says what is no number any more, and what to try."""
    return Divergence(
        "learning_rate must be small enough for training to converge, and columns of a size near 1 "
        f"where scale_columns=False: {what}. Got learning_rate={net.lr!r}."
    )


class StopAtDivergence(Callback):
    """Raise a `Divergence` after an epoch whose training loss, or a weight, is NaN or infinite.

    Otherwise the error would come from whatever meets these numbers first, and say nothing of
    their cause.
    """

    def on_epoch_end(self, net, **kwargs):
        """Look at the loss of the epoch, which is that before its last step, and at the weights."""
        loss = net.history[-1, "train_loss"]
        if not np.isfinite(loss):
            epoch = net.history[-1, "epoch"]
            raise _diverged(net, f"the training loss of epoch {epoch} is {loss}")
        _check_weights(net)


def check_converged(net, n_before):
    """Refuse a trained net with which no prediction would be a number.

    Parameters
    ----------
    net : PenalizedNet
        Trained, with its best weights.
    n_before : int
        Epochs in its history before this training.

    Raises
    ------
    Divergence
        If a weight is NaN or infinite, or the loss of held-out rows after every epoch.
    """
    _check_weights(net)
    losses = [
        epoch["valid_loss"] for epoch in list(net.history)[n_before:] if "valid_loss" in epoch
    ]
    if losses and not np.isfinite(losses).any():
        raise _diverged(net, "the losses of held-out rows are NaN or infinite")


def _check_weights(net):
    if not all(p.isfinite().all() for p in net.module_.parameters() if p.requires_grad):
        raise _diverged(net, "weights are NaN or infinite")
