"""How loose the bound of the equivariance error is on Inertia with default settings.

Run with ``python -m tests.benchmarks.bound``: for each noise a fit of 1000 rows (axis 2), and for
each group and radius the bound, the largest error that the search finds and their ratio. One row
in two has a scaled norm below 4.4, one in twenty below 3.3.
"""

from __future__ import annotations

import argparse
import time

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.inspection import equivariance_bound

N_TRAIN, AXIS = 1000, 2


def fit(noise, architecture, seed):
    """A default fit and its data."""
    data = make_inertia(N_TRAIN, noise=noise, axis=AXIS, random_state=seed)
    model = SoftEquivariantRegressor(
        data.groups, data.rep_in, data.rep_out, architecture=architecture, random_state=seed
    )
    return model.fit(data.data, data.target), data


def rows(model, groups, radii):
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
    parser.add_argument("--architecture", default="factored", choices=["factored", "emlp"])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for noise in arguments.noise:
        model, data = fit(noise, arguments.architecture, arguments.seed)
        levels = dict(zip(model.levels_.name, model.levels_.error, strict=True))
        print(f"noise {noise:g}: levels " + ", ".join(f"{n} {e:.4f}" for n, e in levels.items()))
        print("group    radius      bound      found  looseness  seconds  largest contribution")
        for name, radius, result, seconds in rows(model, data.groups, arguments.radii):
            layer = max(result.per_layer, key=result.per_layer.get)
            share = result.per_layer[layer] / result.bound
            print(
                f"{name:8s} {radius:6.1f} {result.bound:10.4g} {result.largest_found:10.4g} "
                f"{result.looseness:10.3g} {seconds:8.1f}  {layer} ({share:.0%})",
                flush=True,
            )


if __name__ == "__main__":
    main()
