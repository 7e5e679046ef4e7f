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
from softeq_sklearn.inspection import discover, discovered_group
from softeq_sklearn.levels import Findings, LevelEstimate, Levels, UnseenResiduals, judge
from tests.benchmarks.discovery._tasks import Cell, Task

# What makes a fit another fit, then what is known of the target, then what came out.
KEY = ("family", "noise", "target_noise", "rows", "inputs", "candidates", "seed")
SETTING = ("tuning", "n_members", "epochs", "hidden")
# Up to so many rows a fit has twice the epochs: an epoch has one to three steps there, and with 100
# epochs, half the default, no exploration would begin, which by default does.
ROWS_OF_TWICE_THE_EPOCHS = 100
# What intervals and verdicts are made of.
FINDINGS = (
    "spread",
    "standard_error",
    "can_tell",
    "residual",
    "residual_error",
    "residual_spread",
    "tested",
    "score",
    "chance",
    "imposed",
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
    *FINDINGS,
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
        With `ROWS_OF_TWICE_THE_EPOCHS` and fewer, twice as many.
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

    def epochs_for(self, n_rows):
        """Epochs of a fit to so many rows."""
        return 2 * self.epochs if n_rows <= ROWS_OF_TWICE_THE_EPOCHS else self.epochs

    def model(self, task):
        """The estimator, not fitted."""
        bunch = task.bunch(1, 0)
        return SoftEquivariantRegressor(
            task.groups(),
            bunch.rep_in,
            bunch.rep_out,
            tuning=self.tuning,
            n_members=self.n_members,
            max_epochs=self.epochs_for(task.cell.n_rows),
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
            **texts_of(model._findings[str(name)]),
        }
        for i, name in enumerate(levels.name)
    ]


def texts_of(findings):
    """Values of the columns `FINDINGS`."""
    estimate = findings.estimate
    residuals = findings.residuals or UnseenResiduals(np.nan, np.nan, np.nan)
    values = (
        estimate.spread,
        np.hypot(estimate.member_std, estimate.row_error),
        int(estimate.can_tell),
        residuals.mean,
        residuals.standard_error,
        residuals.spread,
        int(findings.tested),
        findings.score,
        findings.chance,
        int(findings.imposed),
    )
    return dict(zip(FINDINGS, values, strict=True))


def findings_of(line):
    """The findings of a line of the CSV file; None for an old line that has none."""
    if not line["spread"]:
        return None
    value = {name: float(line[name]) for name in ("error", *FINDINGS)}
    estimate = LevelEstimate(
        value["error"],
        value["spread"],
        value["standard_error"],
        0.0,
        share_outside=1.0 - value["can_tell"],
        n_members=int(line["n_members"]),
    )
    residuals = UnseenResiduals(*(value[f"residual{part}"] for part in ("", "_error", "_spread")))
    return Findings(
        estimate,
        None if np.isnan(residuals.mean) else residuals,
        bool(value["tested"]),
        value["score"],
        value["chance"],
        bool(value["imposed"]),
    )


def judged_anew(lines, groups):
    """Lines of one fit, with intervals and verdicts by the rule as it is now.

    Parameters
    ----------
    lines : list of dict
        Lines of the CSV file.
    groups : dict of str to Group
        The candidates.
    """
    judgements = [judge(findings_of(line)) for line in lines]
    levels = Levels(
        name=np.array([line["group"] for line in lines]),
        strength=np.array([float(line["strength"]) for line in lines]),
        penalty=np.full(len(lines), np.nan),
        error=np.array([float(line["error"]) for line in lines]),
        verdict=np.array([judgement.verdict for judgement in judgements]),
        supported=np.array([judgement.supported for judgement in judgements]),
    )
    names = names_of(discovered_group(levels, groups))
    return [
        {
            **line,
            "error_low": str(judgement.low),
            "error_high": str(judgement.high),
            "verdict": judgement.verdict,
            "discovered": names,
        }
        for line, judgement in zip(lines, judgements, strict=True)
    ]


def discovered(model):
    """Candidates that are part of the discovered group, joined; "-" where there is none."""
    return names_of(discover(model))


def names_of(found):
    """Names of the candidates that are part of a discovered group."""
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
