"""Size and power of the randomisation test of equivariance.

Run with ``python -m tests.benchmarks.equivariance_test``: the share of data sets on which it
rejects at 5 %. Size: the symmetry is exact, and the share should be 0.05 or less; with 200 data
sets 95 % of such shares lie below 0.08. Power: it is broken, and the share should be near 1.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from softeq_sklearn.datasets import make_cosine_similarity, make_distances, make_inertia
from softeq_sklearn.inspection import equivariance_test

_INERTIA, _COSINE, _DISTANCES = make_inertia, make_cosine_similarity, make_distances
# Name, maker, its arguments, group, rows. Shifted rows have a law that the group changes.
SIZE = [
    ("inertia, exact targets", _INERTIA, {"noise": 0.3}, "O(2) xy", 300),
    ("inertia, noisy targets", _INERTIA, {"noise": 0.3, "noise_std": 0.3}, "O(2) xy", 300),
    ("inertia, shifted rows", _INERTIA, {"noise": 0.3, "shift": 2.0}, "O(2) xy", 300),
    ("cosines", _COSINE, {"symmetry": "so3-scale"}, "SO(3)", 300),
    ("cosines, scalings", _COSINE, {"symmetry": "so3-scale"}, "Scaling(3)", 300),
    ("cosines, shifted rows", _COSINE, {"symmetry": "so3", "shift": 1.0}, "SO(3)", 300),
    ("the same, far", _COSINE, {"symmetry": "so3-scale", "shift": 3.0}, "SO(3)", 300),
    ("the same, scalings", _COSINE, {"symmetry": "scale", "shift": 1.0}, "Scaling(3)", 300),
    ("distances, moves", _DISTANCES, {"symmetry": "translations"}, "Translation(3)", 300),
    ("distances, turns", _DISTANCES, {"symmetry": "rotations", "shift": 1.0}, "SO(3)", 300),
]
POWER = [
    (f"inertia, noise {noise}", _INERTIA, {"noise": noise}, "O(2) yz", n)
    for n in (100, 300, 1000)
    for noise in (0.03, 0.1, 0.3, 1.0)
] + [
    ("cosines, radius 0.1", _COSINE, {"symmetry": "so3", "noise": 0.1}, "Scaling(3)", 300),
    ("cosines, ratio 0.1", _COSINE, {"symmetry": "scale", "noise": 0.1}, "SO(3)", 300),
    ("distances, moves", _DISTANCES, {"symmetry": "rotations"}, "Translation(3)", 300),
    ("distances, turns", _DISTANCES, {"symmetry": "translations"}, "SO(3)", 300),
]


def p_values(make, arguments, group, n_rows, n_sets):
    """The p-value of each data set."""
    values = []
    for seed in range(n_sets):
        data = make(n_rows, random_state=seed, **arguments)
        result = equivariance_test(
            data.data,
            data.target,
            data.groups[group],
            data.rep_in,
            data.rep_out,
            random_state=seed,
        )
        values.append(result.p_value)
    return np.array(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size-sets", type=int, default=200)
    parser.add_argument("--power-sets", type=int, default=50)
    parser.add_argument("--only", choices=["size", "power"])
    parser.add_argument("--cases", type=int, nargs="+", help="numbers of cases, from 0")
    arguments = parser.parse_args()
    tables = {"size": (SIZE, arguments.size_sets), "power": (POWER, arguments.power_sets)}
    for title, (cases, n_sets) in tables.items():
        if arguments.only not in (None, title):
            continue
        print(f"{title}: {'data set':24s} {'group':15s} rows  rejected  of  CPU s a test")
        for number, (name, make, options, group, n_rows) in enumerate(cases):
            if arguments.cases and number not in arguments.cases:
                continue
            start = time.process_time()
            rejected = np.mean(p_values(make, options, group, n_rows, n_sets) <= 0.05)
            seconds = (time.process_time() - start) / n_sets
            print(
                f"{title}: {name:24s} {group:15s} {n_rows:4d}  {rejected:8.3f} {n_sets:3d}  "
                f"{seconds:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
