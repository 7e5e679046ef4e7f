"""Dense bases in the user's columns."""

import time
import tracemalloc

import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import SE, O, S, SO13p, Trivial
from softeq_sklearn.projection import equivariant_basis, equivariant_projector
from softeq_sklearn.representations import Point, Scalar, T, Vector


@pytest.mark.parametrize(
    "rep",
    [
        Scalar + Vector + T(1, 1),
        2 * Vector + Scalar >> T(2) + Scalar,
        "5*Scalar + 2*Vector >> Vector",
        Vector * (Scalar + Vector.T),
    ],
    ids=str,
)
def test_orthonormal_basis_of_the_image_of_the_projector(case, rep):
    group = case.group
    if group.dim > 6:
        return
    basis = equivariant_basis(rep, group)
    P = equivariant_projector(rep, group)
    assert basis.shape == (P.shape[0], P.rank)
    assert basis.dtype == np.float64
    np.testing.assert_allclose(basis.T @ basis, np.eye(P.rank), atol=1e-12)
    np.testing.assert_allclose(P @ basis, basis, atol=1e-12)


def test_maps_from_points():
    rep = 3 * Point + Scalar >> Vector + Scalar
    basis = equivariant_basis(rep, SE(2))
    P = equivariant_projector(rep, SE(2))
    np.testing.assert_allclose(basis @ basis.T, P.to_dense(), atol=1e-14)


def test_identity_for_the_trivial_group():
    np.testing.assert_array_equal(equivariant_basis(Scalar + Vector, Trivial(3)), np.eye(4))


def test_caller_may_change_the_result():
    first = equivariant_basis(T(1, 1), SO13p())
    first[...] = 0.0
    assert np.abs(equivariant_basis(T(1, 1), SO13p())).max() > 0.1


def test_maps_of_matrices_over_twenty_points():
    start = time.perf_counter()
    basis = equivariant_basis(T(2) >> T(2), S(20))
    assert time.perf_counter() - start < 2.0
    assert basis.shape == (160_000, 15)
    np.testing.assert_allclose(basis.T @ basis, np.eye(15), atol=1e-12)


@pytest.mark.parametrize(
    "rep, group, sizes",
    [
        (T(20), O(3), "3486784401 unknowns"),
        (T(62) + Scalar, S(20), "unknowns"),
        (10**20 * Vector, O(3), "300000000000000000000 columns"),
        (10**9 * (Scalar + Vector), O(3), "4000000000 columns"),
        (T(8) >> T(8), Trivial(2), r"shape \(65536, 65536\) would have 4294967296 entries"),
        (T(4) >> T(3), S(7), r"shape \(823543, 877\) would have 722247211 entries"),
    ],
)
def test_too_large_is_refused_before_anything_is_allocated(rep, group, sizes):
    tracemalloc.start()
    try:
        with pytest.raises(ProblemTooLargeError, match=sizes):
            equivariant_basis(rep, group)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # At most the labels of orbits and the positions of columns.
    assert peak < 3e8
