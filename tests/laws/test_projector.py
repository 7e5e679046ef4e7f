"""Laws of projectors: orthogonal, the group fixes their image, maps in it are equivariant."""

import numpy as np
import pytest
from hypothesis import strategies as st

from softeq_sklearn.groups import (
    SE,
    SO,
    C,
    O,
    Reflection,
    Scaling,
    generated_by,
)
from softeq_sklearn.projection import equivariant_basis, equivariant_projector
from softeq_sklearn.representations import Point, Scalar, T, Vector
from softeq_sklearn.testing import representations
from tests.laws import _reference as reference
from tests.laws._law import law
from tests.laws._strategies import any_groups, columns, elements, groups_of_dimension, seeds


class Altered:
    """A projector with another matrix."""

    def __init__(self, projector, matrix, rank=None):
        self._matrix, self.shape = matrix, matrix.shape
        self.rank = projector.rank if rank is None else rank

    def to_dense(self):
        return self._matrix

    def __matmul__(self, v):
        return self._matrix @ v

    def residual(self, v):
        return v - self._matrix @ v


def check_orthogonal_projector(P):
    """It is idempotent and symmetric, and its rank is the dimension of its image."""
    matrix = P.to_dense()
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12)
    np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-12)
    assert abs(P.rank - np.trace(matrix)) < 1e-9


def check_image_is_fixed(P, rep, g):
    """The action leaves the image fixed; P need not commute with groups that keep no lengths."""
    matrix, image = rep.rho(g), P.to_dense()
    scale = max(1.0, np.abs(matrix).max())
    np.testing.assert_allclose(matrix @ image, image, rtol=0, atol=1e-10 * scale)


def check_all_that_is_fixed(P, rep, group):
    """The image is everything that the constraints of the generators leave, solved densely."""
    np.testing.assert_allclose(P.to_dense(), reference.projector(rep, group), atol=1e-8)


def check_one_operator(P, basis, V):
    """The operator, its matrix, what it leaves and the basis are the same thing."""
    matrix = P.to_dense()
    np.testing.assert_allclose(P @ V, matrix @ V, atol=1e-12)
    np.testing.assert_allclose(P.residual(V), V - matrix @ V, atol=1e-12)
    assert basis.shape == (len(matrix), P.rank)
    np.testing.assert_allclose(basis.T @ basis, np.eye(P.rank), atol=1e-12)
    np.testing.assert_allclose(basis @ basis.T, matrix, atol=1e-12)


def check_maps_are_equivariant(P, rep_in, rep_out, g, X, v):
    """A linear map in the image takes rows that g has moved where g moves its values."""
    W = (P @ v).reshape(-1, X.shape[1])
    moved, values = reference.act(rep_in, g, X), reference.act(rep_out, g, X @ W.T)
    M_out = reference.of_group(rep_out, g)[0]
    scale = max(1.0, np.abs(moved).max(), np.abs(M_out).max() * np.abs(X @ W.T).max())
    np.testing.assert_allclose(moved @ W.T, values, rtol=0, atol=1e-9 * scale)


def check_joint_image(P_joint, *parts):
    """What groups fix together is what every single one of them fixes, and no more."""
    joint = P_joint.to_dense()
    for part in parts:
        np.testing.assert_allclose(part.to_dense() @ joint, joint, atol=1e-9)
    total = sum(part.to_dense() for part in parts)
    in_all = np.linalg.eigvalsh(total) > len(parts) - 1e-9
    assert P_joint.rank == in_all.sum()


@st.composite
def problems(draw):
    """A group, one of its elements, and a representation."""
    group = draw(any_groups(48, affine=False))
    return group, draw(elements(group)), draw(representations(group, max_columns=48, max_order=3))


@st.composite
def maps(draw):
    """A group, one of its elements, and two representations."""
    group = draw(any_groups())
    rep_in = draw(columns(group, 8))
    rep_out = draw(representations(group, max_columns=6))
    return group, draw(elements(group)), rep_in, rep_out


@st.composite
def pairs(draw):
    """Two groups on one space, and a representation."""
    d = draw(st.integers(1, 3))
    groups = draw(st.lists(groups_of_dimension(d, affine=False), min_size=2, max_size=2))
    return groups, draw(representations(d, max_columns=12))


def random_rows(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


@law(problems())
def test_projectors_are_orthogonal(problem):
    group, _, rep = problem
    check_orthogonal_projector(equivariant_projector(rep, group))


@law(problems())
def test_the_action_fixes_the_image(problem):
    group, g, rep = problem
    check_image_is_fixed(equivariant_projector(rep, group), rep, g)


@law(problems())
def test_the_image_is_all_that_is_fixed(problem):
    group, _, rep = problem
    check_all_that_is_fixed(equivariant_projector(rep, group), rep, group)


@law(problems(), seeds)
def test_operator_matrix_and_basis_agree(problem, seed):
    group, _, rep = problem
    V = random_rows(seed, rep.dim(group), 2)
    check_one_operator(equivariant_projector(rep, group), equivariant_basis(rep, group), V)


@law(maps(), seeds)
def test_maps_in_the_image_are_equivariant(case, seed):
    group, g, rep_in, rep_out = case
    P = equivariant_projector(rep_in >> rep_out, group)
    X, v = random_rows(seed, 3, rep_in.dim(group)), random_rows(seed + 1, P.shape[1])
    check_maps_are_equivariant(P, rep_in, rep_out, g, X, v)


@law(pairs())
def test_groups_fix_together_what_each_one_fixes(pair):
    groups, rep = pair
    P = equivariant_projector(rep, generated_by(*groups))
    check_joint_image(P, *(equivariant_projector(rep, group) for group in groups))


# What each check is for


def perturbed(matrix, size=1e-6):
    """One column moved."""
    matrix = matrix.copy()
    matrix[:, 1] += size
    return matrix


OBLIQUE = np.array([[1.0, 0.5], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("matrix", "rank"),
    [
        (perturbed(equivariant_projector(T(2), O(2)).to_dense()), 1),
        (2 * equivariant_projector(T(2), O(2)).to_dense(), 2),
        (equivariant_projector(T(2), O(2)).to_dense(), 2),
        (OBLIQUE, 1),
    ],
)
def test_what_is_no_orthogonal_projector_is_told(matrix, rank):
    P = equivariant_projector(T(2), O(2))
    check_orthogonal_projector(P)
    with pytest.raises(AssertionError):
        check_orthogonal_projector(Altered(P, matrix, rank))


@pytest.mark.parametrize(
    "other",
    [
        perturbed(equivariant_projector(T(2), O(2)).to_dense()),
        equivariant_projector(T(2), Reflection(2)).to_dense(),  # of a smaller group
        np.eye(4),
    ],
)
def test_an_image_that_is_not_fixed_is_told(other):
    P, (g,) = equivariant_projector(T(2), O(2)), SO(2).sample(1, 0)
    check_image_is_fixed(P, T(2), g)
    with pytest.raises(AssertionError):
        check_image_is_fixed(Altered(P, other), T(2), g)


@pytest.mark.parametrize("group", [SO(2), O(3)])
def test_an_image_that_is_too_small_is_told(group):
    P = equivariant_projector(T(2), group)
    check_all_that_is_fixed(P, T(2), group)
    one_column = equivariant_basis(T(2), group)[:, :1]
    too_small = 0 * P.to_dense() if P.rank == 1 else one_column @ one_column.T
    with pytest.raises(AssertionError):
        check_all_that_is_fixed(Altered(P, too_small), T(2), group)


def test_operators_that_differ_are_told():
    P, basis = (make(T(2), SO(2)) for make in (equivariant_projector, equivariant_basis))
    V = random_rows(0, 4, 2)
    check_one_operator(P, basis, V)
    wrong_basis = basis.copy()
    wrong_basis[0, 0] *= 1.001
    for wrong in (wrong_basis, basis[:, :1], 2 * basis, basis[:, [0, 0]]):
        with pytest.raises(AssertionError):
            check_one_operator(P, wrong, V)
    with pytest.raises(AssertionError):
        check_one_operator(Altered(P, perturbed(P.to_dense())), basis, V)


@pytest.mark.parametrize(
    "wrong",
    [
        equivariant_projector(2 * Point >> Vector, SO(2)),  # no translations
        equivariant_projector(2 * Vector >> Vector, SE(2)),
    ],
)
def test_maps_that_are_not_equivariant_are_told(wrong):
    rep_in, rep_out, g = 2 * Point, Vector, np.array([[0.0, -1.0, 3.0], [1.0, 0.0, 4.0]])
    X, v = random_rows(0, 3, 4), random_rows(1, 8)
    check_maps_are_equivariant(
        equivariant_projector(rep_in >> rep_out, SE(2)), rep_in, rep_out, g, X, v
    )
    with pytest.raises(AssertionError):
        check_maps_are_equivariant(wrong, rep_in, rep_out, g, X, v)


def test_joint_images_that_are_too_large_or_too_small_are_told():
    rep = T(2) + Scalar
    parts = [equivariant_projector(rep, group) for group in (C(3), Reflection(2))]
    check_joint_image(equivariant_projector(rep, generated_by(C(3), Reflection(2))), *parts)
    for group in (C(3), generated_by(C(3), Reflection(2), Scaling(2))):
        with pytest.raises(AssertionError):
            check_joint_image(equivariant_projector(rep, group), *parts)
