"""Fits in processes of their own that are ended at any moment, and begun again."""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import signal
import tempfile
import time
import warnings

import numpy as np

from softeq_sklearn import SoftEquivariantClassifier, SoftEquivariantRegressor
from softeq_sklearn.estimators import _checkpoint
from softeq_sklearn.groups import SO, Reflection
from tests.faults._outcome import Outcome

# Seconds after which a process counts as hung.
PATIENCE = 120.0
SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=12, batch_size=16, random_state=0)
GROUPS = {"rotations": SO(2), "reflection": Reflection(2)}


def models():
    """Fits of different kinds."""
    regressor = SoftEquivariantRegressor(GROUPS, "2*Vector", "Vector", **SMALL)
    kinds = {
        "regressor": regressor.set_params(tuning="explore"),
        "members": SoftEquivariantRegressor(**regressor.get_params(deep=False) | {"n_members": 2}),
        "classifier": SoftEquivariantClassifier(GROUPS, "2*Vector", **SMALL),
    }
    return kinds


def data():
    X = np.random.RandomState(0).standard_normal((80, 4))
    return X, X[:, :2] * [1, 3] + 0.1 * X[:, 2:]


def digest_of(kind, checkpoint):
    """Digest of the losses, predictions and levels of a fit."""
    model, (X, y) = models()[kind].set_params(checkpoint=checkpoint), data()
    if kind == "classifier":
        model.fit(X, np.where(y[:, 0] > 0, "right", "left"))
        outputs = model.predict_proba(X)
    else:
        outputs = model.fit(X, y).predict(X)
    names = "train_loss", "valid_loss"  # not there in an epoch that was cut short
    losses = [[epoch.get(name, np.nan) for name in names] for epoch in model.history_]
    content = np.array(losses).tobytes() + outputs.tobytes() + model.levels_.error.tobytes()
    return hashlib.sha256(content).hexdigest()


def _fit(kind, checkpoint, queue):
    _checkpoint._PAUSE = 0.0  # every epoch is kept
    signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs behind a terminal ignore it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            queue.put(digest_of(kind, checkpoint))
        except KeyboardInterrupt:
            queue.put("interrupted")


class Fit:
    """A fit in a process of its own."""

    def __init__(self, kind, checkpoint):
        context = multiprocessing.get_context("fork")  # nothing is imported again
        self._queue = context.SimpleQueue()
        self._process = context.Process(target=_fit, args=(kind, checkpoint, self._queue))
        self._process.start()

    def end_after(self, seconds, how):
        """Send a signal after some time, unless the fit has ended; return whether it was sent."""
        self._process.join(seconds)
        if self._process.is_alive():
            os.kill(self._process.pid, how)
            return True
        return False

    def digest(self):
        """What the fit has come to: its digest, "interrupted", "killed" or "hung"."""
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            return "hung"
        return "killed" if self._queue.empty() else self._queue.get()


def killed_fits(n_kills, seed):
    """Kill fits; the same lines again have to end with what a fit alone ends with."""
    return _ended(n_kills, seed, signal.SIGKILL)


def interrupted_fits(n_interrupts, seed):
    """Press Control-C; the fit keeps its best weights or raises, and can go on later."""
    return _ended(n_interrupts, seed, signal.SIGINT)


def _ended(n_faults, seed, how):
    rng, outcome = np.random.RandomState(seed), Outcome()
    expected, seconds = _undisturbed()
    kinds = itertools.cycle(sorted(expected))
    while outcome.injected < n_faults:
        kind = next(kinds)
        with tempfile.TemporaryDirectory() as folder:
            n_tries, digest = 0, None
            while digest != expected[kind]:
                fit, n_tries = Fit(kind, folder), n_tries + 1
                # The last try is left alone.
                sent = n_tries < 5 and fit.end_after(rng.uniform(0, seconds[kind]), how)
                outcome.injected += sent
                digest = fit.digest()
                outcome.hung += digest == "hung"
                outcome.noticed += sent and digest != expected[kind]
                if not sent:
                    break
            outcome.lost += digest != expected[kind] or bool(os.listdir(folder))
    return outcome


def _undisturbed():
    """What each kind of fit ends with if nothing disturbs it, and how long that takes."""
    expected, seconds = {}, {}
    for kind in models():
        start = time.perf_counter()
        expected[kind] = Fit(kind, None).digest()
        seconds[kind] = time.perf_counter() - start
    return expected, seconds
