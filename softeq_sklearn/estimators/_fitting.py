"""The steps of a fit: data, scaling, exploration, training, what is found out at the end."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.utils import check_random_state
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from softeq_sklearn._columns import representation_of, schema_of
from softeq_sklearn._restoring import restored_after_an_error
from softeq_sklearn._warnings import warn_user
from softeq_sklearn.estimators._checkpoint import FitCheckpoint, check_processes, checkpoint_of
from softeq_sklearn.estimators._column_warnings import (
    warn_of_far_columns,
    warn_of_scalar_targets,
    warn_of_unmoved,
)
from softeq_sklearn.estimators._fit_tasks import (
    CALLBACK_ATTRIBUTES,
    EpochTasks,
    fit_task,
    part_of_fit,
    with_callbacks,
)
from softeq_sklearn.estimators._parameters import callbacks_of, hidden_of
from softeq_sklearn.estimators._plain_net import net_from, plain_net
from softeq_sklearn.estimators._processes import of_main_process, processes_of
from softeq_sklearn.estimators._training_net import (
    make_net,
    rows_of_a_step,
    train_net,
    unchanged_after_an_error,
)
from softeq_sklearn.exceptions import FitInterruptedWarning
from softeq_sklearn.levels import Support
from softeq_sklearn.preprocessing._column_scaling import fit_scaling, no_scaling
from softeq_sklearn.projection._limits import check_data_columns
from softeq_sklearn.training._exchange import take_main_weights

# Parameters that a training which goes on has from its beginning: always, and between two calls of
# `partial_fit`.
_OF_THE_PENALTY = "strengths", "regularizer", "penalty"
_OF_THE_STEPS = "max_gradient_norm", "compile"
# Parameters that have no part in how the net of a fit is built again.
_NOT_OF_THE_NET = {
    "callbacks",
    "checkpoint",
    "device",
    "on_interrupt",
    "random_state",
    "verbose",
    "warm_start",
}


@dataclass(frozen=True, eq=False)
class _FitData:
    """What the steps of one fit share."""

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    train: np.ndarray
    valid: np.ndarray
    seeds: np.ndarray
    checkpoint: FitCheckpoint

    @property
    def reported(self):
        """Rows on which levels are measured: those that were held out, if there are any."""
        return self.X[self.valid] if len(self.valid) else self.X


class FittingMixin:
    """Fits an estimator, which says what differs from others (`BaseEquivariantEstimator`)."""

    @with_callbacks
    def _fit(self, X, y, sample_weight):
        """Train the network; a fit that fails leaves the estimator as it was."""
        self._validate_params()
        with (
            restored_after_an_error(self, but=CALLBACK_ATTRIBUTES),
            fit_task(self, X, y, sample_weight),
        ):
            again = self.warm_start and hasattr(self, "net_")
            return self._fit_rows(*self._rows_that_count(X, y, sample_weight, not again), again)

    def _fit_rows(self, X, Y, weights, again=False):
        """Train the network on checked rows, whose weights may be None, perhaps once more."""
        checkpoint = checkpoint_of(self, X, Y, weights, again)
        drawn = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=7)
        seeds = checkpoint.once("seeds", lambda: drawn)
        self._set_up(X, Y, weights, keep=again)
        self._remember_rows(X)
        if not again:
            self._warn_of_columns(X, Y, weights)
        data = _FitData(X, Y, weights, *self._checked_split(Y, seeds[0]), seeds, checkpoint)
        if not again:
            self._leave_out(data)
        with part_of_fit(self, "explore"):
            self._explore_once(data, again)
        earlier, residuals = vars(self).get("net_"), None
        try:
            residuals = self._train_and_impose(data, earlier, again)
            self.interrupted_ = False
        except KeyboardInterrupt:
            self._keep_interrupted(earlier, again)
        try:
            self._report(data.reported, np.random.RandomState(seeds[3]), residuals)
        except KeyboardInterrupt:
            self._keep_interrupted(earlier, again)
            vars(self).pop("levels_", None)
        if not self.interrupted_:
            checkpoint.done()
        return self

    def _checked_split(self, Y, seed):
        train, valid = self._split(Y, seed)
        if self.early_stopping and not len(valid):
            raise ValueError(
                "early_stopping needs at least one held-out row. Got "
                f"validation_fraction={self.validation_fraction!r} of {len(Y)} rows."
            )
        return train, valid

    def _leave_out(self, data):
        """Leave out candidates that would shape the network for nothing."""
        rows, n_train = (data.X, data.Y, data.weights), len(data.train)
        with part_of_fit(self, "try out"):
            misspecified = data.checkpoint.once(
                "misspecified", lambda: self._misspecified(*rows, n_train, data.seeds[6])
            )
        if misspecified:
            self._set_up(*rows, keep=False, left_out=misspecified)

    def _explore_once(self, data, again):
        """Explore, or recall what an earlier try of this fit has found."""
        rows, n_steps = (data.X, data.Y, data.weights), self._n_steps(len(data.train))
        found = data.checkpoint.kept("explored")
        if found is None:
            self._explore(*rows, n_steps, int(data.seeds[6]), again)
            data.checkpoint.keep("explored", self._found_so_far())
        else:
            self._recall(found, *rows)

    def _train_and_impose(self, data, earlier, again):
        """Train, and impose what holds; return residuals of rows that members have not seen."""
        self._run_training(data, "train", earlier if again else None)
        if again:  # rows that are held out now may have been trained on in the earlier fit
            self._impose_once(data)
            return None
        if self._release_once(data):
            self._run_training(data, "train again", self.net_)
        residuals = self._unseen_residuals(data.X, data.Y, data.train, data.seeds[5])
        self._impose_once(data)
        return residuals

    def _impose_once(self, data):
        """Impose what holds; all processes then have the network of the main one."""
        self._impose(data.X, data.Y, data.valid)
        if processes_of(self.device) is not None:
            take_main_weights(self.module_)

    def _release_once(self, data):
        """Weaken strengths, or recall what an earlier try of this fit has done."""
        kept = data.checkpoint.kept("released")
        if kept is not None:
            self._recall(kept["found"], data.X, data.Y, data.weights)
            return kept["releases"]
        releases = self._release(data.X, data.Y, data.train, data.valid, data.seeds[5:])
        own = {"releases": releases, "found": self._found_so_far()}
        kept = data.checkpoint.keep("released", own)
        if kept is not own:
            self._recall(kept["found"], data.X, data.Y, data.weights)
        return kept["releases"]

    def _keep_interrupted(self, earlier, again):
        """Go on with the net of a fit that the user has ended, or end the fit, too."""
        together = processes_of(self.device) is not None  # which stop at different moments
        if self.on_interrupt == "raise" or vars(self).get("net_") is earlier or together:
            raise
        self.interrupted_ = True
        n_before = len(earlier.history) if again else 0
        n_epochs = sum("train_loss" in epoch for epoch in list(self.net_.history)[n_before:])
        warn_user(
            f"The fit was interrupted after {n_epochs} epochs: the best weights so far are kept. "
            "on_interrupt='raise' leaves the estimator as it was.",
            FitInterruptedWarning,
        )

    def _partial_fit(self, X, y, sample_weight, **about_targets):
        """Train for one more epoch."""
        with restored_after_an_error(self):
            self._validate_params()
            first = not hasattr(self, "net_")
            rows = self._rows_that_count(X, y, sample_weight, first, **about_targets)
            return self._partial_fit_rows(*rows)

    def _partial_fit_rows(self, X, Y, weights):
        first = not hasattr(self, "net_")
        rng = check_random_state(self.random_state)
        processes = processes_of(self.device)
        check_processes(self, X, Y, weights, not first, processes)
        seeds = of_main_process(rng.randint(np.iinfo(np.int32).max, size=6), processes)
        if not first:
            self._check_same_steps()
        self._set_up(X, Y, weights, keep=not first)
        if first:
            self._warn_of_columns(X, Y, weights)
        if first or len(X) >= self._n_supporting:  # a few rows say less than many before them
            self._remember_rows(X)
        inputs, targets = self._scaled(X, Y)
        net = None if first else self.net_
        if first or not self._constant_rate:
            net = make_net(self, inputs, 0, seeds, net, one_epoch=True)
        net.iterator_train__weights = weights
        net.set_params(lr=self.learning_rate, batch_size=rows_of_a_step(self.batch_size, len(X)))
        decays = dict(self._own_decays())
        for group in net.optimizer_.param_groups:
            group["weight_decay"] = decays.get(group.get("pattern"), self.weight_decay)
        with unchanged_after_an_error(net):
            train_net(net, inputs, targets, seeds[2], processes)
            if net.interrupted_:  # a part of an epoch is none
                raise KeyboardInterrupt
            self._constant_rate, self.interrupted_ = True, False
            self.net_ = net
            self._forget()
            self._report(X, np.random.RandomState(seeds[3]))
        return self

    def _check_same_steps(self):
        """Refuse changes of what a training that goes on has from its beginning."""
        own, before = self.get_params(deep=False), self._fit_parameters
        fixed = [*_OF_THE_PENALTY, *(_OF_THE_STEPS if self._constant_rate else ())]
        changed = [name for name in fixed if name in own and own[name] != before[name]]
        if changed:
            raise ValueError(
                f"{changed[0]} must be that of the fit that partial_fit goes on from, "
                f"{before[changed[0]]!r}. Got {own[changed[0]]!r}; call fit with warm_start=True."
            )

    def _split(self, Y, seed):
        """Shuffle rows into those for training and those held out, of which there may be none."""
        order = np.random.RandomState(seed).permutation(len(Y))
        n_valid = int(self.validation_fraction * len(Y))
        return np.sort(order[n_valid:]), np.sort(order[:n_valid])

    def _set_up(self, X, Y, weights, keep, left_out=()):
        """Resolve parameters and learn the scaling; keep those of an earlier fit if asked."""
        self._resolve(X.shape[1], Y.shape[1], keep, left_out)
        if keep:
            return
        if self.scale_columns:
            reps = self._rep_in, self._rep_out
            self._scale_in = fit_scaling(X, reps[0], self._dim, self._shaping, weights=weights)
            self._scale_out = self._target_scaling(Y, reps[1], weights)
        else:
            self._scale_in, self._scale_out = no_scaling(X.shape[1]), no_scaling(Y.shape[1])

    def _resolve(self, n_in, n_out, keep, left_out=()):
        """Resolve groups and representations of so many columns.

        Candidates that are left out shape nothing; which ones is kept, too.
        """
        self._check_choices()
        callbacks_of(self.callbacks)
        self._fit_parameters = {
            name: _own(value)
            for name, value in self.get_params(deep=False).items()
            if name not in _NOT_OF_THE_NET
        }
        if not keep:
            self._left_out = tuple(left_out)
        groups = self._candidate_groups()
        check_data_columns("X", n_in, bool(groups))
        check_data_columns("y", n_out, bool(groups))
        dim = next((group.dim for group in groups.values()), None)
        rep_in, dim = representation_of("rep_in", self.rep_in, n_in, dim)
        rep_out, dim = representation_of("rep_out", self.rep_out, n_out, dim, self._each_target)
        self._check_structure(groups, rep_out)
        shaping = self._shaping_groups(groups)
        structure = {
            "groups": list(groups.items()),
            "groups with a strength": shaping,
            "exact_group": getattr(self, "_exact", None),
            "rep_in": rep_in,
            "rep_out": rep_out,
            "columns of rep_in": getattr(schema_of(self.rep_in), "names", None),
            "columns of rep_out": getattr(schema_of(self.rep_out), "names", None),
            "hidden_channels": hidden_of(self.hidden_channels),
            "n_hidden_layers": self.n_hidden_layers,
            "architecture": self.architecture,
            "scale_columns": self.scale_columns,
            "module": getattr(self, "module", None),
            "n_members": self._members,
        }
        if keep:
            _check_same_structure(self._structure, structure)
            return
        self._structure = structure
        self._groups, self._rep_in, self._rep_out, self._dim = groups, rep_in, rep_out, dim or 1
        self._shaping, self._hidden = shaping, structure["hidden_channels"]

    def _remember_rows(self, X):
        """Remember where rows are, which levels ask for."""
        self._support = Support.of(X, self._rep_in, self._dim) if self._groups else None
        self._n_supporting = len(X)

    def _warn_of_columns(self, X, Y, weights):
        """Warn where groups can hardly be right."""
        if not self._groups:
            return
        warn_of_unmoved(self._groups, self._rep_in)
        if self.rep_out is None and self._each_target is None:
            warn_of_scalar_targets(self._groups, self._rep_in, Y.shape[1])
        data = ("X", X, self._rep_in, self.rep_in), ("y", Y, self._rep_out, self.rep_out)
        for (name, rows, rep, given), scaling in zip(
            data, (self._scale_in, self._scale_out), strict=True
        ):
            names = getattr(schema_of(given), "names", None)
            warn_of_far_columns(name, rows, rep, self._dim, scaling, weights, names)

    def _as_fitted(self):
        """Return a shallow copy with the parameters of the fit, whatever was set after it."""
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self) | self._fit_parameters)
        return twin

    def _scaled(self, X, Y):
        inputs = self._scale_in.transform(X, np.float32)
        targets = self._scale_out.transform(Y, np.float32)
        return torch.from_numpy(inputs), torch.from_numpy(targets)

    def _run_training(self, data, name, previous):
        """Train a net for `max_epochs`, from the weights of a previous one if there is one.

        A training that the checkpoint has under the name goes on where it was.
        """
        inputs, targets = self._scaled(data.X, data.Y)
        train, valid = data.train, data.valid
        net = make_net(self, inputs[train], len(valid), data.seeds, previous)
        if len(valid):
            held_out = Dataset(inputs[valid], targets[valid])
            net.set_params(train_split=predefined_split(held_out))
        if data.weights is not None:
            drawn = net.iterator_train__weights
            net.iterator_train__weights = data.weights[train] * (1 if drawn is None else drawn)
            net.iterator_valid__weights = data.weights[valid]
        with part_of_fit(self, "train", self.max_epochs) as task:
            watching = [] if task is None else [("epoch tasks", EpochTasks(self, task))]
            watching += data.checkpoint.callbacks(name)
            net.callbacks_ += watching
            processes = processes_of(self.device)
            train_net(net, inputs[train], targets[train], data.seeds[2], processes)
            net.callbacks_ = [item for item in net.callbacks_ if item not in watching]
        self._constant_rate = False
        self.net_ = net
        if net.interrupted_:
            raise KeyboardInterrupt

    def _snapshot(self, net):
        """Attributes with which a copy predicts as the net does now, whatever it learns later."""
        plain = plain_net(net, False)
        net = net if plain is None else net_from(self, plain)
        return {"net_": net, "_constant_rate": False}

    def _n_steps(self, n_train):
        """Number of gradient steps of a whole fit."""
        return self.max_epochs * -(-n_train // rows_of_a_step(self.batch_size, n_train))


def _own(value):
    """A copy of what can be changed in place, but for a module, whose layers a net may share."""
    return copy.deepcopy(value) if isinstance(value, (Mapping, list, Callback)) else value


def _check_same_structure(before, now):
    """Raise an error that names what differs from the first fit."""
    changed = [
        f"{name}={now[name]!r} after {before[name]!r}" for name in now if now[name] != before[name]
    ]
    if changed:
        raise ValueError(
            "Training can only go on with the groups, representations and hidden layers of the "
            f"first fit. Got {', '.join(changed)}."
        )
