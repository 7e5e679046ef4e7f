"""How loose the bounds of the equivariance error are on Inertia with default settings.

Run with ``python -m tests.benchmarks.bound``: for each noise a fit of 1000 rows (axis 2). First for
each group the bound at single fresh rows against the largest error of the row over many elements:
means, and the median, smallest and largest ratio. Then for each group and radius the bound over a
ball, the largest error that the search finds and their ratio. One row in two has a scaled norm
below 4.4, one in twenty below 3.3.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.inspection import equivariance_bound, local_equivariance_bound

N_TRAIN, AXIS = 1000, 2
N_ROWS, N_ELEMENTS = 50, 400


def fit(noise, seed):
    """A default fit and its data."""
    data = make_inertia(N_TRAIN, noise=noise, axis=AXIS, random_state=seed)
    model = SoftEquivariantRegressor(data.groups, data.rep_in, data.rep_out, random_state=seed)
    return model.fit(data.data, data.target), data


def largest_errors(model, data, group, X):
    """The largest error of each row over sampled elements."""
    here, largest = model.predict(X), np.zeros(len(X))
    for g in group.sample(N_ELEMENTS, 0):
        there = model.predict(data.rep_in.act(g, X))
        errors = np.linalg.norm(there - data.rep_out.act(g, here), axis=1)
        largest = np.maximum(largest, errors)
    return largest


def report_rows(model, data, noise, seed):
    """Print the bounds at single rows."""
    X = make_inertia(N_ROWS, noise=noise, axis=AXIS, random_state=10_000 + seed).data
    size = np.linalg.norm(model.predict(X), axis=1).mean()
    print(f"{N_ROWS} rows, mean norm of f {size:.1f}")
    print("group    mean bound  mean found  looseness: median  min    max    seconds a row")
    for name, group in data.groups.items():
        start = time.perf_counter()
        bounds = local_equivariance_bound(model, group, X)
        seconds = (time.perf_counter() - start) / len(X)
        found = largest_errors(model, data, group, X)
        ratio = bounds / found
        print(
            f"{name:8s} {bounds.mean():10.3f} {found.mean():11.3f} {np.median(ratio):18.2f} "
            f"{ratio.min():6.2f} {ratio.max():6.1f} {seconds:10.2f}",
            flush=True,
        )


def balls(model, groups, radii):
    """For each group and radius: name, radius, result and seconds."""
    for name, group in groups.items():
        for radius in radii:
            start = time.perf_counter()
            result = equivariance_bound(model, group, radius, random_state=0)
            yield name, radius, result, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.1, -1.0])
    parser.add_argument("--radii", type=float, nargs="+", default=[0.1, 1.0, 4.4])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for noise in arguments.noise:
        model, data = fit(noise, arguments.seed)
        levels = dict(zip(model.levels_.name, model.levels_.error, strict=True))
        print(f"noise {noise:g}: levels " + ", ".join(f"{n} {e:.4f}" for n, e in levels.items()))
        report_rows(model, data, noise, arguments.seed)
        print("group    radius      bound      found  looseness  seconds  largest contribution")
        for name, radius, result, seconds in balls(model, data.groups, arguments.radii):
            layer = max(result.per_layer, key=result.per_layer.get)
            share = result.per_layer[layer] / result.bound
            print(
                f"{name:8s} {radius:6.1f} {result.bound:10.4g} {result.largest_found:10.4g} "
                f"{result.looseness:10.3g} {seconds:8.1f}  {layer} ({share:.0%})",
                flush=True,
            )


if __name__ == "__main__":
    main()
