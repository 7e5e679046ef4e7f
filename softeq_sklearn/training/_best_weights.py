"""The callback that keeps the weights of the best epoch."""

from __future__ import annotations

import numpy as np
import torch
from skorch.callbacks import EarlyStopping
from skorch.utils import noop

from softeq_sklearn.training._stopping import StopTraining

_STATE = "_epoch", "misses_", "dynamic_threshold_", "best_epoch_", "best_model_weights_"


class BestWeights(EarlyStopping):
    """Restore the weights of the epoch with the lowest validation loss; stop early if asked.

    skorch's `EarlyStopping` that looks away until strengths are tuned: weights from before would
    stand beside strengths that they were never trained with, and stopping before would leave the
    strengths untuned.

    Parameters
    ----------
    first_epoch : int, default=1
        First epoch, counted from 1 in each training, that may be the best.
    patience : float, default=inf
        Epochs without improvement after which training stops.

    Examples
    --------
    >>> from softeq_sklearn.training import BestWeights
    >>> BestWeights(first_epoch=11, patience=20).load_best
    True
    """

    def __init__(self, first_epoch=1, patience=np.inf):
        super().__init__(patience=patience, threshold=0, load_best=True, sink=noop)
        self.first_epoch = first_epoch

    def on_train_begin(self, net, **kwargs):
        """Forget an earlier training."""
        super().on_train_begin(net, **kwargs)
        self._epoch = 0

    def on_epoch_end(self, net, **kwargs):
        """Look at the validation loss, from the first epoch that counts.

        Raises
        ------
        KeyboardInterrupt
            If the patience has ended (a subclass, which no Control-C raises).
        """
        self._epoch += 1
        if self._epoch < self.first_epoch:
            return
        try:
            super().on_epoch_end(net, **kwargs)
        except KeyboardInterrupt as interrupt:
            if self.misses_ < self.patience:
                raise
            raise StopTraining from interrupt

    def training_state(self):
        """Return what the rest of the training depends on.

        Returns
        -------
        dict
            Of tensors and plain values.
        """
        return {name: getattr(self, name) for name in _STATE}

    def restore_training(self, state, net):
        """Take over the state of an earlier training.

        Parameters
        ----------
        state : dict
            What `training_state` has returned, perhaps with arrays for tensors.
        net : PenalizedNet
            The net.
        """
        vars(self).update({name: state[name] for name in _STATE})
        if self.best_model_weights_ is not None:
            best = self.best_model_weights_
            self.best_model_weights_ = {name: torch.as_tensor(best[name]) for name in best}

    def on_train_end(self, net, **kwargs):
        """Put the best weights back, if an epoch has ended that counts."""
        if self.best_model_weights_ is not None:
            super().on_train_end(net, **kwargs)
