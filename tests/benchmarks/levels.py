"""Levels and accuracy on Inertia with default settings.

Run with ``python -m tests.benchmarks.levels``: for each axis and seed the mean squared error on
2000 fresh rows, the seconds of the fit, and whether the true group (the O(2) that keeps the broken
axis) has the smallest error and the largest strength.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia

# Breaking axis i leaves the rotations and reflections of the other two coordinates.
TRUE_GROUP = {0: "O(2) yz", 1: "O(2) xz", 2: "O(2) xy"}
N_TRAIN, N_TEST, NOISE = 1000, 2000, -1.0


def one_fit(axis, seed):
    """Fit with default settings; return the test error, the seconds and the levels."""
    train = make_inertia(N_TRAIN, noise=NOISE, axis=axis, random_state=seed)
    test = make_inertia(N_TEST, noise=NOISE, axis=axis, random_state=10_000 + seed)
    model = SoftEquivariantRegressor(
        groups=train.groups, rep_in=train.rep_in, rep_out=train.rep_out, random_state=seed
    )
    start = time.perf_counter()
    model.fit(train.data, train.target)
    seconds = time.perf_counter() - start
    mse = float(np.mean((model.predict(test.data) - test.target) ** 2))
    return mse, seconds, model.levels_


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--axes", type=int, nargs="+", default=[0, 1, 2], choices=[0, 1, 2])
    arguments = parser.parse_args()
    n_right = n_fits = 0
    errors, times = {axis: [] for axis in arguments.axes}, []
    print("axis seed  test MSE  seconds  errors (xy, yz, xz)      strengths (xy, yz, xz)   right")
    for axis in arguments.axes:
        for seed in range(arguments.seeds):
            mse, seconds, levels = one_fit(axis, seed)
            named = [levels.name[np.argmin(levels.error)], levels.name[np.argmax(levels.strength)]]
            right = named == [TRUE_GROUP[axis]] * 2
            n_right, n_fits = n_right + right, n_fits + 1
            errors[axis].append(mse)
            times.append(seconds)
            print(
                f"{axis:4d} {seed:4d} {mse:9.4f} {seconds:8.1f}  "
                f"{np.array2string(levels.error, precision=4):24s} "
                f"{np.array2string(levels.strength, precision=3):24s} {right}",
                flush=True,
            )
    print(f"true group has the smallest error and the largest strength: {n_right} of {n_fits}")
    for axis, values in errors.items():
        print(f"axis {axis}: test MSE mean {np.mean(values):.4f}, worst {max(values):.4f}")
    print(f"seconds a fit: median {np.median(times):.1f}, worst {max(times):.1f}")


if __name__ == "__main__":
    main()
