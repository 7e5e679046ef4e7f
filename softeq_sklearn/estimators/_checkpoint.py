"""Fits that go on where they were when their process was killed."""

from __future__ import annotations

import copy
import functools
import hashlib
import logging
import re
import time
from numbers import Number
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback

from softeq_sklearn import __version__
from softeq_sklearn.estimators._processes import (
    check_same_fit,
    done_by_main_process,
    processes_of,
)
from softeq_sklearn.estimators._training_state import restore_training, training_state
from softeq_sklearn.estimators._weight_contents import in_words
from softeq_sklearn.persistence._checkpoint_file import read_checkpoint, write_checkpoint

_logger = logging.getLogger(__name__)

# Seconds between two writes in a training.
_PAUSE = 30.0
# How Python writes an object that has no text of its own; it differs between processes.
_ADDRESS = re.compile(" at 0x[0-9a-f]+>")
# Parameters that the name of the file leaves out: those of the user's surroundings.
_NOT_IN_THE_NAME = {"checkpoint", "on_interrupt", "verbose"}


def checkpoint_of(estimator, X, Y, weights, again):
    """Return the checkpoint of a fit, with what an earlier try of the same fit has left.

    Parameters
    ----------
    estimator : BaseEquivariantEstimator
        What is fitted; nothing is kept where its `checkpoint` is None.
    X, Y : ndarray
        Rows and targets.
    weights : ndarray or None
        Their weights.
    again : bool
        Whether the fit goes on from the weights of the last one.

    Returns
    -------
    FitCheckpoint

    Raises
    ------
    ValueError
        If the file of this fit is damaged, or processes that fit together have different rows.
    OSError
        If the folder cannot be made or read.
    """
    processes = processes_of(estimator.device)
    check_processes(estimator, X, Y, weights, again, processes)

    def left_behind():
        if estimator.checkpoint is None:
            return None, {}
        folder = Path(estimator.checkpoint)
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(f"checkpoint must be a folder. Got the file '{folder}'.")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_fit_digest(estimator, X, Y, weights, again)}.npz"
        return path, read_checkpoint(path)

    return FitCheckpoint(*done_by_main_process(left_behind, processes), processes)


def check_processes(estimator, X, Y, weights, again, processes):
    """Raise an error if processes that fit together have been given different fits.

    Parameters
    ----------
    estimator : BaseEquivariantEstimator
        What is fitted.
    X, Y : ndarray
        Rows and targets.
    weights : ndarray or None
        Their weights.
    again : bool
        Whether the fit goes on from the weights of the last one.
    processes : accelerate.PartialState or None
        None for a process that is alone.

    Raises
    ------
    ValueError
        If rows, parameters or weights to begin with differ.
    """
    if processes is not None:
        digest = _fit_digest(estimator, X, Y, weights, again, {"callbacks"})
        check_same_fit(digest, processes)


class FitCheckpoint:
    """What a fit has found out and trained so far, by name; the same in all its processes.

    Parameters
    ----------
    path : Path or None
        The file, which only the main process writes; None keeps nothing.
    parts : dict
        What an earlier try has left.
    processes : accelerate.PartialState or None
        The processes of the fit; None for one that is alone.
    """

    def __init__(self, path, parts, processes):
        self._path, self._parts, self._processes = path, parts, processes
        self._writes = path is not None and (processes is None or processes.is_main_process)
        # Of writes that were killed; later ones are of another process with the same fit.
        self._unfinished = list(path.parent.glob(f"{path.name}*.part")) if self._writes else []

    def once(self, name, compute):
        """Return what an earlier try has computed under a name, or compute and keep it."""
        if name in self._parts:
            return self._parts[name]
        return self.keep(name, compute())

    def keep(self, name, value):
        """Write a value of the main process to the file, beside all others, and return it."""

        def kept():
            self.write(name, value)
            return value

        return done_by_main_process(kept, self._processes)

    def write(self, name, value):
        """Write a value to the file, beside all others, whenever this process wants to."""
        if not self._writes:
            return
        self._parts[name] = value
        write_checkpoint(self._path, self._parts)

    def callbacks(self, name):
        """Callbacks that keep a training under a name, and take it up where it was; at the end."""
        return [] if self._path is None else [("checkpoint", TrainingCheckpoint(self, name))]

    def kept(self, name):
        """Return a copy of what was kept under a name, None if nothing was."""
        return copy.deepcopy(self._parts.get(name))

    def done(self):
        """Forget a fit that has finished."""
        if self._writes:
            for file in (self._path, *self._unfinished):
                file.unlink(missing_ok=True)


class TrainingCheckpoint(Callback):
    """Keeps the state of a training every half minute, and at its end.

    It has to be the last callback, so that strengths and best weights of an epoch are in what it
    keeps.

    Parameters
    ----------
    checkpoint : FitCheckpoint
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
        kept = self.checkpoint.kept(self.name)
        if kept is not None:
            restore_training(net, kept["state"])
            self._n_done = kept["n_epochs"]
            _logger.info("training goes on after %d epochs that were kept", self._n_done)
        net._epochs_done = net.max_epochs if kept is not None and kept["ended"] else self._n_done

    def on_epoch_end(self, net, **kwargs):
        """Keep the state from time to time."""
        self._n_done += 1
        if time.monotonic() - self._last >= _PAUSE:
            self._keep(net, ended=False)
            self._last = time.monotonic()

    def on_train_end(self, net, **kwargs):
        """Keep the end, with the best weights; a training that Control-C ended can go on."""
        if not net.interrupted_:
            self._keep(net, ended=True)

    def _keep(self, net, ended):
        state = {"state": training_state(net), "n_epochs": self._n_done, "ended": ended}
        try:
            self.checkpoint.write(self.name, state)
        except TypeError as error:
            raise TypeError(
                "checkpoint needs callbacks that record numbers, texts and arrays in the history. "
                f"Got something else: {error}"
            ) from error


def _fit_digest(estimator, X, Y, weights, again, but=frozenset()):
    """Name of a fit: the same for the same data, parameters, but for some, and start."""
    digest = hashlib.sha256()
    parameters = estimator.get_params(deep=False)
    words = {
        name: _words_of(parameters[name]) for name in sorted({*parameters} - _NOT_IN_THE_NAME - but)
    }
    digest.update(repr([__version__, type(estimator).__name__, words, again]).encode())
    for array in (X, Y, weights):
        digest.update(b"none" if array is None else repr(array.shape).encode())
        digest.update(b"" if array is None else np.ascontiguousarray(array))
    if again:
        digest.update(_weights_digest(estimator.module_).encode())
    return digest.hexdigest()[:32]


def _words_of(value):
    """What tells parameters apart, the same in every process."""
    if isinstance(value, torch.nn.Module):
        return f"{value!r} {_weights_digest(value)}"
    if isinstance(value, functools.partial):
        return ["partial", *map(_words_of, (value.func, value.args, value.keywords))]
    if isinstance(value, dict):
        return {name: _words_of(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_words_of(entry) for entry in value]
    if isinstance(value, Callback):
        own = value.get_params(deep=False)
        return f"{type(value).__qualname__} { ({n: own[n] for n in own if _is_simple(own[n])}) }"
    if isinstance(value, np.random.RandomState):
        return "a generator"  # the seeds from it are in the file, not in its name
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    words = in_words(value)
    if _ADDRESS.search(str(words)):
        raise ValueError(
            "checkpoint needs parameters that have the same name in every process, such as "
            f"functions, classes and partials of them. Got {value!r}."
        )
    return words


def _is_simple(value):
    """Whether a value is a number, a text, or made of such."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_simple, value))
    return value is None or isinstance(value, (Number, str))


def _weights_digest(module):
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy())
    return digest.hexdigest()
