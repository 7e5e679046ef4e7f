"""One fit of the grid, and what is written down about it."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import softeq_sklearn
from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.inspection import discover
from softeq_sklearn.levels import UnseenResiduals
from tests.benchmarks.discovery._tasks import Cell, Task

# What makes a fit another fit, then what is known of the target, then what came out.
KEY = ("family", "noise", "target_noise", "rows", "inputs", "candidates", "seed")
SETTING = ("tuning", "n_members", "epochs", "hidden")
# What intervals and verdicts are made of, for looking at other rules without new fits.
PARTS = (
    "spread",
    "standard_error",
    "missed",
    "chance",
    "score",
    "imposed",
    "residual",
    "residual_error",
    "residual_spread",
)
COLUMNS = [
    *KEY,
    *SETTING,
    "kind",
    "axis",
    "group",
    "n_groups",
    "identifiable",
    "true_error",
    "error",
    "error_low",
    "error_high",
    "floor",
    "verdict",
    "strength",
    *PARTS,
    "discovered",
    "test_mse",
    "test_nmse",
    "cpu_seconds",
    "version",
    "date",
]


@dataclass(frozen=True)
class Setting:
    """How every fit of a run is made.

    Parameters
    ----------
    tuning : str
        Tuning method of the strengths.
    n_members : int
    epochs : int
    hidden : int
        Hidden channels.
    """

    tuning: str = "auto"
    n_members: int = 10
    epochs: int = 200
    hidden: int = 128

    def texts(self):
        """The values of the columns `SETTING`, as they stand in the CSV file."""
        return self.tuning, str(self.n_members), str(self.epochs), str(self.hidden)

    def model(self, task):
        """The estimator, not fitted."""
        bunch = task.bunch(1, 0)
        return SoftEquivariantRegressor(
            task.groups(),
            bunch.rep_in,
            bunch.rep_out,
            tuning=self.tuning,
            n_members=self.n_members,
            max_epochs=self.epochs,
            hidden_channels=self.hidden,
            device="cpu",
            random_state=task.seed,
        )


def key_of(task, setting):
    """What tells fits apart, as a tuple of texts like those in the CSV file."""
    cell = task.cell
    place = cell.family, cell.noise, cell.target_noise, cell.n_rows, cell.inputs, cell.candidates
    return tuple(str(value) for value in (*place, task.seed)) + setting.texts()


def key_of_line(line):
    """The same of a line of the CSV file."""
    return tuple(line[column] for column in (*KEY, *SETTING))


def fitted(task, setting):
    """Fit in one thread.

    Returns
    -------
    model : SoftEquivariantRegressor
    cpu_seconds : float
        Time of the processor, which other processes on the machine do not lengthen.
    """
    model = setting.model(task)
    X, y = task.rows()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            start = time.process_time()
            model.fit(X, y)
            return model, time.process_time() - start
    finally:
        torch.set_num_threads(threads)


def one_fit(task, setting, true_errors):
    """Fit once.

    Parameters
    ----------
    task : Task
    setting : Setting
    true_errors : dict of str to float
        By group.

    Returns
    -------
    list of dict
        Lines of the CSV file, one for each group.
    """
    model, cpu_seconds = fitted(task, setting)
    X, y = task.test_rows()
    test_mse = float(np.mean((model.predict(X) - y) ** 2))
    levels = model.levels_
    of_fit = {
        **dict(zip((*KEY, *SETTING), key_of(task, setting), strict=True)),
        "kind": task.kind,
        "axis": "" if task.axis is None else task.axis,
        "n_groups": len(levels),
        "discovered": discovered(model),
        "test_mse": test_mse,
        "test_nmse": float(np.divide(test_mse, np.mean((y - y.mean(axis=0)) ** 2))),
        "cpu_seconds": cpu_seconds,
        "version": softeq_sklearn.__version__,
        "date": datetime.date.today().isoformat(),
    }
    return [
        {
            **of_fit,
            "group": str(name),
            "identifiable": int(task.is_identifiable(name)),
            "true_error": true_errors[name],
            "error": levels.error[i],
            "error_low": levels.error_low[i],
            "error_high": levels.error_high[i],
            "floor": levels.floor[i],
            "verdict": str(levels.verdict[i]),
            "strength": levels.strength[i],
            **parts_of(model, str(name)),
        }
        for i, name in enumerate(levels.name)
    ]


def parts_of(model, name):
    """Values of the columns `PARTS` for a group."""
    estimate, missed, chance = model._interval_parts[name]
    found, nothing = model._exploration, UnseenResiduals(np.nan, np.nan, np.nan)
    residuals = model._residuals or nothing
    values = (
        estimate.spread,
        np.hypot(estimate.member_std, estimate.row_error),
        missed,
        chance,
        np.nan if found is None else found.scores.get(name, np.nan),
        int(name in model._imposed),
        residuals.mean,
        residuals.standard_error,
        residuals.spread,
    )
    return dict(zip(PARTS, values, strict=True))


def discovered(model):
    """Candidates that are part of the discovered group, joined; "-" where there is none."""
    found = discover(model)
    return " & ".join((*found.names, *found.contained)) or "-"


def timed_pair(family, setting, seed):
    """Processor seconds of one member and of all, one fit after the other.

    One more fit of one member comes before them, since the first fit of a process also solves for
    bases.

    Parameters
    ----------
    family : str
    setting : Setting
    seed : int

    Returns
    -------
    dict
        A line of the file of times.
    """
    task = Task(Cell(family, 0.3, 0.0, 1000), seed)
    alone = replace(setting, n_members=1)
    fitted(task, alone)
    (_, one), (_, many) = fitted(task, alone), fitted(task, setting)
    return {
        "family": family,
        "seed": seed,
        "tuning": setting.tuning,
        "n_members": setting.n_members,
        "epochs": setting.epochs,
        "hidden": setting.hidden,
        "one": one,
        "many": many,
        "ratio": many / one,
    }
