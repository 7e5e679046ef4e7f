"""Whether many fits in one process take more and more memory.

``python -m tests.benchmarks.memory --fits 200`` fits, predicts and reports again and again, with
groups that no fit before had, and prints the memory of the process after every tenth of them.
"""

from __future__ import annotations

import argparse
import gc
import resource

import numpy as np

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, MatrixGroup
from softeq_sklearn.projection import cache_info

# Memory that may come after the first tenth: what libraries keep of their first calls.
_ALLOWED_MB = 30


def one_fit(seed):
    """A fit with a group of its own, so that no basis is in the cache."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((200, 6))
    axis = np.cross(np.eye(3), rng.standard_normal(3))
    model = SoftEquivariantRegressor(
        {"rotations": SO(3), "one axis": MatrixGroup(lie_algebra=[axis])},
        "2*Vector",
        "Vector",
        n_members=2,
        hidden_channels=64,
        max_epochs=30,
        random_state=seed,
    ).fit(X, np.cross(X[:, :3], X[:, 3:]))
    model.predict(X)


def resident_mb():
    """Memory of this process that is not swapped out, on Linux."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=200)
    n_fits = parser.parse_args().fits
    used = []
    for seed in range(n_fits):
        one_fit(seed)
        if (seed + 1) % max(1, n_fits // 10) == 0:
            gc.collect()
            used.append(resident_mb())
            print(f"{seed + 1:5} fits {used[-1]:8.1f} MB  {cache_info()}", flush=True)
    growth = used[-1] - used[0]
    met = "met" if growth <= _ALLOWED_MB else "MISSED"
    print(f"growth after the first tenth {growth:.1f} MB, at most {_ALLOWED_MB}: {met}")


if __name__ == "__main__":
    main()
