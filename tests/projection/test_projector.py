"""The projector, on a table of groups; tests/laws has what holds for all."""

import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import (
    SE,
    SO,
    E,
    O,
    S,
    SO13p,
    Translation,
    Trivial,
    generated_by,
)
from softeq_sklearn.projection import equivariant_basis, equivariant_projector
from softeq_sklearn.projection._projector import helmert
from softeq_sklearn.representations import Point, Scalar, T, Vector

REPS = [
    Scalar + 2 * Vector,
    T(1, 1) + Vector.T * Vector,
    Vector * (Scalar + 2 * Vector.T),
    Scalar + Vector >> Vector + 2 * Scalar,
]
AFFINE = [
    SE(2),
    E(3),
    Translation(2),
    SO(3),
    Translation(1).embed(3, axes=(1,)),
    generated_by(SO(2).embed(3, axes=(0, 1)), Translation(1).embed(3, axes=(2,))),
]


@pytest.mark.parametrize("rep", REPS, ids=repr)
def test_equals_the_projector_of_dense_constraints(case, rep, reference):
    group = case.group
    d, n = group.dim, rep.dim(group)
    if n > 100:
        return
    rows = [np.zeros((0, n)), *(rep.drho(A[:, :d]) for A in group.lie_algebra)]
    rows += [rep.rho(h[:, :d]) - np.eye(n) for h in group.discrete_generators]
    expected = reference.svd_projector(np.concatenate(rows))
    np.testing.assert_allclose(equivariant_projector(rep, group).to_dense(), expected, atol=1e-10)


def test_every_way_to_apply_it_is_the_same(rng):
    P = equivariant_projector(Scalar + Vector >> T(2), O(3))
    V = rng.standard_normal((P.shape[1], 4))
    dense, basis = P.to_dense(), equivariant_basis(Scalar + Vector >> T(2), O(3))
    assert P.shape == dense.shape == (36, 36)
    np.testing.assert_allclose(P @ V, dense @ V, atol=1e-14)
    np.testing.assert_allclose(P @ V[:, 0], (P @ V)[:, 0], atol=1e-14)
    np.testing.assert_allclose(basis @ basis.T, dense, atol=1e-14)
    np.testing.assert_allclose(P.residual(V), V - dense @ V, atol=1e-14)
    np.testing.assert_allclose(P @ P.residual(V), 0, atol=1e-14)
    np.testing.assert_array_equal(P @ V.tolist(), P @ V)


def test_order_of_columns_follows_the_text():
    group = SO13p()
    A, B = T(1, 1) + Scalar, Vector * Vector.T + Vector
    n, m = A.dim(4), B.dim(4)
    swap = np.r_[n : n + m, :n]
    P = equivariant_projector(A + B, group).to_dense()
    np.testing.assert_allclose(
        equivariant_projector(B + A, group).to_dense(), P[np.ix_(swap, swap)], atol=1e-14
    )


def test_linear_maps_in_the_subspace_commute_with_the_group(case, rng):
    rep_in, rep_out = Scalar + Vector, Vector + T(1, 1)
    group = case.group
    if group.dim > 6 or group.is_affine:
        return
    W = equivariant_projector(rep_in >> rep_out, group) @ rng.standard_normal(
        rep_in.dim(group) * rep_out.dim(group)
    )
    W = W.reshape(rep_out.dim(group), rep_in.dim(group))
    for g in group.sample(3, 0):
        difference = rep_out.rho(g) @ W - W @ rep_in.rho(g)
        np.testing.assert_allclose(difference, 0, atol=1e-10 * np.abs(rep_out.rho(g)).max())


# Points


@pytest.mark.parametrize("group", AFFINE, ids=repr)
@pytest.mark.parametrize(
    "rep_in",
    [Point, 3 * Point, Point + Scalar + 2 * Point + Vector, 2 * (Scalar + Point)],
    ids=repr,
)
@pytest.mark.parametrize("rep_out", [Scalar, 2 * Vector, Scalar + T(2) + Vector], ids=repr)
def test_maps_from_points(group, rep_in, rep_out, reference, rng):
    n_in, n_out, d = rep_in.dim(group), rep_out.dim(group), group.dim
    P = equivariant_projector(rep_in >> rep_out, group)
    # W M_in = M_out W and W t = 0 for every generator, from dense matrices
    rows = [np.zeros((0, n_in * n_out))]
    for generators, method in ((group.lie_algebra, "drho"), (group.discrete_generators, "rho")):
        for g in generators:
            M_in, M_out = getattr(rep_in, method)(g), getattr(rep_out, method)(g[:, :d])
            rows.append(np.kron(M_out, np.eye(n_in)) - np.kron(np.eye(n_out), M_in[:, :n_in].T))
            if M_in.shape[1] > n_in:
                rows.append(np.kron(np.eye(n_out), M_in[:, n_in]))
    expected = reference.svd_projector(np.concatenate(rows))
    np.testing.assert_allclose(P.to_dense(), expected, atol=1e-12)
    # and as a map of samples
    W = (P @ rng.standard_normal(n_in * n_out)).reshape(n_out, n_in)
    X = rng.standard_normal((2, n_in))
    for g in group.sample(3, 0):
        moved = rep_in.act(g, X) @ W.T
        np.testing.assert_allclose(moved, rep_out.act(g, X @ W.T), atol=1e-10)


def test_differences_of_points_are_vectors():
    # Under SE(3), 3 Points give 2 differences: as many maps as from 2 Vectors.
    for rep_out in (Scalar, Vector, T(2)):
        ranks = [
            equivariant_projector(rep_in >> rep_out, SE(3)).rank
            for rep_in in (3 * Point, 2 * Vector)
        ]
        assert ranks[0] == ranks[1]


def test_points_are_vectors_for_linear_groups():
    for group in (O(2), S(2), Trivial(2)):
        for a, b in ((2 * Point, 2 * Vector), (2 * Point >> Vector, 2 * Vector >> Vector)):
            np.testing.assert_allclose(
                equivariant_projector(a, group).to_dense(),
                equivariant_projector(b, group).to_dense(),
                atol=1e-14,
            )


def test_points_under_translations_are_refused():
    with pytest.raises(ValueError, match=r"no Points for the affine group SE\(3\).*Got 2\*Point"):
        equivariant_projector(2 * Point, SE(3))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_helmert(n):
    H = helmert(n)
    np.testing.assert_allclose(H @ H.T, np.eye(n), atol=1e-15)
    np.testing.assert_allclose(H[0], n**-0.5)


# Sizes, text, errors


def test_large_orbit_projector_needs_no_dense_array(rng):
    group = S(20)
    P = equivariant_projector(T(2) >> T(2), group)
    v = rng.standard_normal(160_000)
    fixed = P @ v
    assert P.rank == 15
    np.testing.assert_allclose(P @ fixed, fixed, atol=1e-14)
    (g,) = group.sample(1, 0)
    np.testing.assert_array_equal((T(2) >> T(2)).act(g, fixed[None])[0], fixed)
    with pytest.raises(
        ProblemTooLargeError,
        match=r"^The matrix of the projector of shape \(160000, 160000\) .* 25600000000 .*@",
    ):
        P.to_dense()


def test_text_and_repr():
    P = equivariant_projector("Vector >> Vector", SO(2))
    assert repr(P) == "EquivariantProjector(T(1, 1), SO(2), rank=2)"


def test_empty_representation():
    P = equivariant_projector(0 * Vector, O(3))
    assert P.rank == 0
    assert (P @ np.zeros((0, 2))).shape == (0, 2)
    assert equivariant_basis(0 * Vector, O(3)).shape == (0, 0)


@pytest.mark.parametrize("shape", [(3,), (9, 2, 1), ()])
def test_bad_shapes(shape):
    P = equivariant_projector(T(2), O(3))
    for apply in (P.__matmul__, P.residual):
        with pytest.raises(ValueError, match=r"'v' must have shape \(9,\) or \(9, n\). Got"):
            apply(np.zeros(shape))


def test_bad_arguments():
    with pytest.raises(TypeError, match="'rep' must be a representation"):
        equivariant_projector(3, O(3))
    with pytest.raises(TypeError, match="'group' must be a Group. Got 3 of type int"):
        equivariant_projector(Vector, 3)


def test_integers_are_projected_as_numbers():
    P = equivariant_projector(T(2), O(2))
    np.testing.assert_allclose(P @ np.array([1, 2, 3, 2]), [1.5, 0, 0, 1.5], atol=1e-12)
