"""Which solver is used, and on how many threads."""

import numpy as np
from threadpoolctl import ThreadpoolController

from softeq_sklearn.groups import SO, S
from softeq_sklearn.projection import _solver
from softeq_sklearn.projection._generators import generators_of
from softeq_sklearn.projection._orbits import OrbitSpace


def test_permutations_by_orbits_others_dense():
    assert isinstance(_solver.fixed_space((1, 1), generators_of(S(3))), OrbitSpace)
    assert isinstance(_solver.fixed_space((1, 1), generators_of(SO(3))), _solver.DenseSpace)


def test_one_thread_while_solving_only(monkeypatch):
    def threads():
        return [lib["num_threads"] for lib in ThreadpoolController().info()]

    before, during = threads(), []

    def record(word, generators):
        during.extend(threads())
        return _solver.DenseSpace(np.eye(3))

    monkeypatch.setattr(_solver, "_solve", record)
    _solver.fixed_space((1,), generators_of(SO(3)))
    blas = [lib["user_api"] == "blas" for lib in ThreadpoolController().info()]
    assert all(n == 1 for n, is_blas in zip(during, blas, strict=True) if is_blas)
    assert threads() == before
