"""Methods of tuning strengths, compared on tasks whose true errors are known.

Run with ``python -m tests.benchmarks.tuning``: for each task, method and seed the mean absolute
error of the levels (against the true error of each group), the mean squared error on 2000 fresh
rows as a share of their variance, and the strengths. "parts" is "distances" without the candidate
that contains the others. Seeds of 100 and more are for development.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_distances, make_inertia

TASKS = {
    "inertia 0.1": partial(make_inertia, noise=0.1, axis=2),
    "inertia 0.3": partial(make_inertia, noise=0.3, axis=2),
    "inertia 1": partial(make_inertia, noise=1.0, axis=2),
    "distances": partial(make_distances, symmetry="rotations"),
    "parts": partial(make_distances, symmetry="rotations"),
}
METHODS = ("explore", "ratio", "evidence", "dual")
N_TRAIN, N_TEST = 1000, 2000


def candidates(task, data):
    """Candidate groups of a task."""
    return {n: g for n, g in data.groups.items() if task != "parts" or n != "SE(3)"}


def true_errors(task, data):
    """Relative equivariance error of the function that made the data, for each group."""
    return np.array([data.true_error(group) for group in candidates(task, data).values()])


def one_fit(task, method, seed, max_epochs=200):
    """Fit; return the level error, the share of the variance not explained and the model."""
    train = TASKS[task](N_TRAIN, random_state=seed)
    test = TASKS[task](N_TEST, random_state=10_000 + seed)
    model = SoftEquivariantRegressor(
        groups=candidates(task, train),
        rep_in=train.rep_in,
        rep_out=train.rep_out,
        tuning=method,
        max_epochs=max_epochs,
        random_state=seed,
    ).fit(train.data, train.target)
    level_error = float(np.mean(np.abs(model.levels_.error - true_errors(task, train))))
    target = test.target.reshape(N_TEST, -1)
    residual = model.predict(test.data).reshape(N_TEST, -1) - target
    return level_error, float(np.mean(residual**2) / np.mean(target.var(axis=0))), model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--max-epochs", type=int, default=200)
    arguments = parser.parse_args()
    summary = {}
    print("task         method    seed  level error  unexplained  CPU s  levels, strengths")
    for task in arguments.tasks:
        for method in arguments.methods:
            for seed in arguments.seeds:
                start = time.process_time()
                level_error, unexplained, model = one_fit(task, method, seed, arguments.max_epochs)
                seconds = time.process_time() - start
                summary.setdefault((task, method), []).append((level_error, unexplained, seconds))
                print(
                    f"{task:12s} {method:9s} {seed:4d} {level_error:12.4f} {unexplained:12.6f} "
                    f"{seconds:6.1f}  {np.array2string(model.levels_.error, precision=4)} "
                    f"{np.array2string(model.strengths_, precision=2)}",
                    flush=True,
                )
    print("\n| task | method | level error | unexplained variance | CPU s |")
    print("|---|---|---|---|---|")
    for (task, method), figures in summary.items():
        level_error, unexplained, seconds = np.mean(figures, axis=0)
        print(f"| {task} | {method} | {level_error:.4f} | {unexplained:.5f} | {seconds:.0f} |")


if __name__ == "__main__":
    main()
