"""Every task, method and figure of the paper, and three real data sets, in one table.

``python -m tests.benchmarks.paper`` fits each method to each task with the same number of gradient
steps. It writes one line a fit to a CSV file, as soon as the fit has ended, and a table of means
and standard deviations over seeds to a Markdown file. Fits that the CSV file has already are not
done again. ``--quick`` is a trial run of a few minutes. ``--whole-reference`` compares, on Inertia
with axis 2, all of the reference's steps with a tenth of them for ours.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from softeq_sklearn.metrics import equivariance_error
from tests.benchmarks.paper.methods import METHODS, batch_size_of
from tests.benchmarks.paper.table import write_table
from tests.benchmarks.paper.tasks import TASKS

COLUMNS = [
    "task",
    "method",
    "steps",
    "seed",
    "n_train",
    "test_mse",
    "shifted_mse",
    "errors",
    "true_errors",
    "strengths",
    "seconds",
    "n_parameters",
]
# Inertia of the paper: 8000 epochs of two steps.
REFERENCE_STEPS, REFERENCE_TASK = 16_000, "inertia, axis 2"
ERROR_ROWS, ERROR_ELEMENTS = 200, 16


def one_fit(task_name, method, steps, seed):
    """Fit once; return a line of the CSV file."""
    task = TASKS[task_name]()
    data = task.draw(seed)
    X, y = data.train
    n_rows = len(X) - int(data.validation_fraction * len(X))
    validation_fraction, n_seen = data.validation_fraction, n_rows
    if method == "augmented":
        # Held-out rows would be copies of training rows: all are for training, and as many as for
        # the other methods.
        X, y, validation_fraction, n_seen = X[:n_rows], y[:n_rows], 0.0, 5 * n_rows
    per_epoch = -(-n_seen // batch_size_of(method, task, n_seen))
    model = METHODS[method](
        task,
        max_epochs=int(np.clip(round(steps / per_epoch), 1, task.max_epochs)),
        validation_fraction=validation_fraction,
        random_state=seed,
    )
    start = time.perf_counter()
    with threadpool_limits(1):
        model.fit(X, y)
    seconds = time.perf_counter() - start
    net = model if hasattr(model, "module_") else model.estimator_
    errors = {
        name: equivariance_error(
            model,
            data.test[0][:ERROR_ROWS],
            group,
            task.rep_in,
            task.rep_out,
            n_elements=ERROR_ELEMENTS,
            random_state=0,
        )
        for name, group in task.groups.items()
    }
    levels = getattr(model, "levels_", None)
    strengths = {} if levels is None else dict(zip(levels.name, levels.strength, strict=True))
    return {
        "task": task_name,
        "method": method,
        "steps": steps,
        "seed": seed,
        "n_train": n_rows,
        "test_mse": mean_squared(model, *data.test),
        "shifted_mse": mean_squared(model, *data.shifted) if data.shifted else float("nan"),
        "errors": written(errors),
        "true_errors": written(task.true_errors()),
        "strengths": written(strengths),
        "seconds": seconds,
        "n_parameters": sum(p.numel() for p in net.module_.parameters()),
    }


def mean_squared(model, X, y):
    """Mean squared error over rows and outputs, in the user's units."""
    return float(np.mean((model.predict(X) - y) ** 2))


def written(figures):
    """A dict of figures as text, one for each group."""
    return "; ".join(f"{name}: {value:.4g}" for name, value in figures.items())


def wanted(arguments):
    """What to fit, as tuples (task, method, steps, seed), the seeds in turn."""
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    if arguments.whole_reference:
        return [
            (REFERENCE_TASK, method, steps, seed)
            for seed in seeds
            for method, steps in (("soft", REFERENCE_STEPS // 10), ("reference", REFERENCE_STEPS))
        ]
    known = {name for name, make in TASKS.items() if make().settings}
    return [
        (task, method, arguments.steps, seed)
        for seed in seeds
        for task in arguments.task
        for method in arguments.method
        if method != "reference" or task in known
    ]


def read(path):
    """Lines that an earlier run has written."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--method", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0, help="100: for choosing settings")
    parser.add_argument("--steps", type=int, default=2000, help="gradient steps of every fit")
    parser.add_argument("--jobs", type=int, default=1, help="fits at a time, one thread each")
    parser.add_argument("--output", type=Path, help="without suffix", default=Path("build/paper"))
    parser.add_argument("--quick", action="store_true", help="one seed, 100 steps")
    parser.add_argument("--whole-reference", action="store_true", help="no other task or method")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.steps = 1, 100
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    lines = arguments.output.with_suffix(".csv")
    done = {(r["task"], r["method"], int(r["steps"]), int(r["seed"])) for r in read(lines)}
    todo = [fit for fit in wanted(arguments) if fit not in done]
    fits = Parallel(arguments.jobs, return_as="generator_unordered")(
        delayed(one_fit)(*fit) for fit in todo
    )
    with lines.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if not file.tell():
            writer.writeheader()
        for number, line in enumerate(fits, 1):
            writer.writerow(line)
            file.flush()
            print(
                f"{number:4d}/{len(todo)} {line['task']:30s} {line['method']:20s} "
                f"{line['seed']:2d} {line['test_mse']:10.5g} {line['seconds']:7.1f} s",
                flush=True,
            )
    write_table(read(lines), arguments.output.with_suffix(".md"))


if __name__ == "__main__":
    main()
