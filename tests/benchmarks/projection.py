"""Ranks and cost of equivariant subspaces.

Run with ``python -m tests.benchmarks.projection``. First the time of the solves that matter for a
network, each from an empty cache; then, for every group of tests/projection/reference.py and every
T(p, q), the rank beside its closed form and beside a singular value decomposition of the stacked
constraints. The decompositions take nearly all of the time: ``--max-unknowns 300`` is a quick look.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc

import numpy as np

from softeq_sklearn.groups import O, S, SO13p, Sp
from softeq_sklearn.projection import (
    clear_cache,
    equivariant_basis,
    equivariant_projector,
    type_basis,
)
from softeq_sklearn.representations import Scalar, T, Vector
from tests.projection.reference import CASES, constraints, svd_rank

N_REPEATS = 5
# 384 features, shared about equally by the ranks.
HIDDEN_2 = 132 * Scalar + 42 * Vector + 14 * T(2)
HIDDEN_3 = 117 * Scalar + 32 * Vector + 10 * T(2) + 3 * T(3)

TIMED = [
    ("O(3), all T(p, q) with p, q <= 3", lambda: _all_types(O(3), 3)),
    ("O(3), layer of 384 channels up to T(2)", lambda: _layer(HIDDEN_2, O(3))),
    ("O(3), layer of 384 channels up to T(3)", lambda: _layer(HIDDEN_3, O(3))),
    ("S(20), basis of T(2) >> T(2)", lambda: equivariant_basis(T(2) >> T(2), S(20))),
    ("O(3), T(8)", lambda: type_basis((1,) * 8, O(3))),
    ("SO13p(), T(4)", lambda: type_basis((1,) * 4, SO13p())),
    ("Sp(3), T(4)", lambda: type_basis((1,) * 4, Sp(3))),
    ("S(30), T(4)", lambda: type_basis((1,) * 4, S(30))),
]


def _all_types(group, max_order):
    orders = range(max_order + 1)
    return [type_basis((1,) * p + (-1,) * q, group) for p in orders for q in orders]


def _layer(hidden, group):
    assert hidden.dim(group) == 384
    return equivariant_projector(hidden >> hidden, group)


def seconds_of(solve):
    """Median time from an empty cache."""
    times = []
    for _ in range(N_REPEATS):
        clear_cache()
        start = time.perf_counter()
        solve()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def peak_of(solve):
    """Peak of memory allocated by numpy and Python, in MB."""
    clear_cache()
    tracemalloc.start()
    solve()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def print_times():
    """One line for each solve."""
    print(f"{'cold solve':45} {'seconds':>9} {'peak MB':>9}")
    for name, solve in TIMED:
        print(f"{name:45} {seconds_of(solve):9.4f} {peak_of(solve):9.1f}", flush=True)


def print_ranks(max_unknowns):
    """One line for each group and type; return how many are wrong."""
    n_types, n_wrong = 0, 0
    print(f"\n{'group':60} {'type':>8} {'unknowns':>8} {'rank':>6} {'form':>6} {'SVD':>6} {'s':>8}")
    for case in CASES:
        for p, q in case.types(max_unknowns):
            word = (1,) * p + (-1,) * q
            start = time.perf_counter()
            basis = type_basis(word, case.group)
            seconds = time.perf_counter() - start
            form = case.rank(p, q) if case.rank else None
            rank = svd_rank(word, case.group)
            wrong = not _is_right(word, case.group, basis, {rank, rank if form is None else form})
            n_types, n_wrong = n_types + 1, n_wrong + wrong
            print(
                f"{repr(case.group)[:60]:60} {f'({p}, {q})':>8} {len(basis):8} "
                f"{basis.shape[1]:6} {'-' if form is None else form:>6} "
                f"{rank:6} {seconds:8.4f}{'  WRONG' * wrong}",
                flush=True,
            )
    print(f"{n_types} types, {n_wrong} wrong")
    return n_wrong


def _is_right(word, group, basis, ranks):
    """Whether all ranks agree, and all constraints vanish on an orthonormal basis."""
    gram = basis.T @ basis
    return (
        ranks == {len(gram)}
        and np.abs(gram - np.eye(len(gram))).max(initial=0) < 1e-12
        and all(
            np.abs(C @ basis).max(initial=0) <= 1e-11 * max(1.0, np.abs(C).max())
            for C in constraints(word, group)
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max-unknowns", type=int, default=2000, help="largest d^(p + q)")
    options = parser.parse_args()
    print_times()
    raise SystemExit(min(print_ranks(options.max_unknowns), 1))
