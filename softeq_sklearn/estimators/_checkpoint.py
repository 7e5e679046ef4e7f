"""Fits that go on where they were when their process was killed."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback

from softeq_sklearn import __version__
from softeq_sklearn.estimators._training_state import restore_training, training_state
from softeq_sklearn.estimators._weight_contents import in_words
from softeq_sklearn.persistence._checkpoint_file import read_checkpoint, write_checkpoint

# Seconds between two writes in a training.
_PAUSE = 30.0
# Parameters that do not change what comes out.
_FREE = {"callbacks", "checkpoint", "on_interrupt", "verbose"}


def checkpoint_of(estimator, X, Y, weights, again):
    """Return the checkpoint of a fit, with what an earlier try of the same fit has left.

    Parameters
    ----------
    estimator : BaseEquivariantEstimator
        What is fitted; without a folder `checkpoint` nothing is kept.
    X, Y : ndarray
        Rows and targets.
    weights : ndarray or None
        Their weights.
    again : bool
        Whether the fit goes on from the weights of the last one.

    Returns
    -------
    Checkpoint

    Raises
    ------
    ValueError
        If the folder is none, or its file of this fit is damaged.
    """
    if estimator.checkpoint is None:
        return Checkpoint(None)
    folder = Path(estimator.checkpoint)
    if not folder.is_dir():
        raise ValueError(f"checkpoint must be a folder that exists. Got {str(folder)!r}.")
    return Checkpoint(folder / f"{_digest(estimator, X, Y, weights, again)}.npz")


class Checkpoint:
    """What a fit has found out and trained so far, by name.

    Parameters
    ----------
    path : Path or None
        The file; None keeps nothing.
    """

    def __init__(self, path):
        self._path = path
        self._parts = {} if path is None else read_checkpoint(path)

    def once(self, name, compute):
        """Return what an earlier try has computed under a name, or compute and keep it."""
        if name not in self._parts:
            value = compute()
            if self._path is None:
                return value
            self.keep(name, value)
        return self._parts[name]

    def keep(self, name, value):
        """Write a value to the file, beside all others."""
        self._parts[name] = value
        write_checkpoint(self._path, self._parts)

    def watching(self, name):
        """Callbacks that keep a training under a name, and take it up where it was; at the end."""
        return [] if self._path is None else [("checkpoint", KeepsTraining(self, name))]

    def training(self, name):
        """The state that was kept of a training, None if there is none."""
        return self._parts.get(name)

    def done(self):
        """Forget a fit that is whole."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class KeepsTraining(Callback):
    """Keeps the state of a training every half minute, and at its end.

    It has to be the last of all callbacks.

    Parameters
    ----------
    checkpoint : Checkpoint
        Where.
    name : str
        Name of the training.
    """

    def __init__(self, checkpoint, name):
        self.checkpoint = checkpoint
        self.name = name

    def on_train_begin(self, net, **kwargs):
        """Take up the training that was kept."""
        self._last, self._n_done = time.monotonic(), 0
        kept = self.checkpoint.training(self.name)
        if kept is not None:
            restore_training(net, kept["state"])
            self._n_done = kept["n_epochs"]
        net.epochs_done_ = net.max_epochs if kept is not None and kept["ended"] else self._n_done

    def on_epoch_end(self, net, **kwargs):
        """Keep the state from time to time."""
        self._n_done += 1
        if time.monotonic() - self._last >= _PAUSE:
            self._keep(net, ended=False)
            self._last = time.monotonic()

    def on_train_end(self, net, **kwargs):
        """Keep the end, with the best weights; what the user has interrupted is none."""
        if not net.interrupted_:
            self._keep(net, ended=True)

    def _keep(self, net, ended):
        state = {"state": training_state(net), "n_epochs": self._n_done, "ended": ended}
        self.checkpoint.keep(self.name, state)


def _digest(estimator, X, Y, weights, again):
    """Name of a fit: the same for the same data, parameters and start."""
    digest = hashlib.sha256()
    parameters = estimator.get_params(deep=False)
    words = {name: _words_of(parameters[name]) for name in sorted({*parameters} - _FREE)}
    digest.update(repr([__version__, type(estimator).__name__, words, again]).encode())
    for array in (X, Y, weights):
        digest.update(b"none" if array is None else repr(array.shape).encode())
        digest.update(b"" if array is None else np.ascontiguousarray(array))
    if again:
        digest.update(_digest_of(estimator.module_).encode())
    return digest.hexdigest()[:32]


def _words_of(value):
    """What tells parameters apart, the same in every process."""
    if isinstance(value, torch.nn.Module):
        return f"{type(value).__qualname__} {_digest_of(value)}"
    if isinstance(value, np.random.RandomState):
        return "a generator"  # whose numbers are in the file
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return in_words(value)


def _digest_of(module):
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy())
    return digest.hexdigest()
