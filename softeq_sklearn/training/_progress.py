"""One progress line for a whole fit."""

from __future__ import annotations

from skorch.callbacks import Callback
from tqdm.auto import tqdm


class EpochProgress(Callback):
    """Show the epochs done and the last losses on one line of the standard error.

    skorch's own `PrintLog` prints a line per epoch, which is too much for thousands of them.

    Examples
    --------
    >>> from softeq_sklearn.training import EpochProgress
    >>> progress = EpochProgress()
    """

    def on_train_begin(self, net, **kwargs):
        """Open the line."""
        self._bar = tqdm(total=net.max_epochs, unit="epoch")

    def on_epoch_end(self, net, **kwargs):
        """Advance by one epoch."""
        last = net.history[-1]
        names = [name for name in ("train_loss", "valid_loss") if name in last]
        self._bar.set_postfix({name: f"{last[name]:.3g}" for name in names}, refresh=False)
        self._bar.update()

    def on_train_end(self, net, **kwargs):
        """Close the line."""
        self._bar.close()

    def __getstate__(self):
        # A line is open where training ended with an error, and cannot be pickled.
        return {name: value for name, value in self.__dict__.items() if name != "_bar"}
