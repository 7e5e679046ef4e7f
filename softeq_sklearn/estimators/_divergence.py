"""The callback that ends a training whose loss is no number any more."""

from __future__ import annotations

import numpy as np
from skorch.callbacks import Callback


class Divergence(ValueError):
    """Training has diverged."""


class StopAtDivergence(Callback):
    """Raise a `Divergence` after an epoch whose training loss is NaN or infinite.

    Otherwise the error would come from whatever meets these numbers first, and say nothing of
    their cause.
    """

    def on_epoch_end(self, net, **kwargs):
        """Look at the loss of the epoch."""
        loss = net.history[-1, "train_loss"]
        if not np.isfinite(loss):
            raise Divergence(
                "learning_rate must be small enough for training to converge: the training loss "
                f"of epoch {net.history[-1, 'epoch']} is {loss}. Got learning_rate={net.lr!r}."
            )
