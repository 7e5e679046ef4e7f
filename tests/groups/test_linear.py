import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import GL, SL, SO, O, Scaling, Sp, Trivial


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_dimensions_of_the_lie_algebras(n):
    assert len(GL(n).lie_algebra) == n * n
    assert len(SL(n).lie_algebra) == n * n - 1
    assert len(Sp(n).lie_algebra) == n * (2 * n + 1)
    assert Sp(n).dim == 2 * n
    assert len(Scaling(n).lie_algebra) == 1
    assert len(Trivial(n).lie_algebra) == 0


def test_special_linear_samples_preserve_volume():
    np.testing.assert_allclose(np.linalg.det(SL(3).sample(50, random_state=0)), 1.0)
    np.testing.assert_allclose(np.einsum("nii->n", SL(3).lie_algebra), 0.0)


def test_symplectic_samples_preserve_the_canonical_form(rng):
    def area(x, y):
        return x[:2] @ y[2:] - x[2:] @ y[:2]

    x, y = rng.standard_normal((2, 4))
    for g in Sp(2).sample(10, random_state=0):
        assert area(g @ x, g @ y) == pytest.approx(area(x, y))


def test_symplectic_matrices_of_the_plane_are_the_special_linear_ones():
    assert SL(2).contains(Sp(1).sample(20, random_state=0)).all()
    assert Sp(1).contains(SL(2).sample(20, random_state=0)).all()
    assert not Sp(2).contains(SL(4).sample(20, random_state=0)).any()


def test_general_linear_samples_have_both_signs():
    determinants = np.linalg.det(GL(3).sample(2000, random_state=0))
    assert abs(np.sign(determinants).mean()) < 0.1


def test_general_linear_refuses_nearly_singular_matrices():
    assert GL(2).contains(np.diag([1.0, 1e-3]))
    assert not GL(2).contains(np.diag([1.0, 1e-9]))
    assert GL(2).contains(1e-20 * np.eye(2))


@pytest.mark.parametrize("group", [GL(3), SL(3), Sp(2)], ids=repr)
def test_samples_are_no_isometries(group):
    assert not O(group.dim).contains(group.sample(20, random_state=0)).any()


@pytest.mark.parametrize("group", [GL(3), SL(3)], ids=repr)
def test_rotations_are_a_subgroup(group):
    assert group.contains(SO(3).sample(20, random_state=0)).all()


def test_scaling_factors_are_between_a_half_and_two():
    samples = Scaling(2).sample(5000, random_state=0)
    factors = samples[:, 0, 0]
    assert 0.5 <= factors.min() < 0.51
    assert 1.96 < factors.max() <= 2.0
    assert abs(np.log(factors).mean()) < 0.03
    np.testing.assert_array_equal(samples, factors[:, None, None] * np.eye(2))


def test_scaling_refuses_negative_and_unequal_factors():
    assert not Scaling(2).contains(-np.eye(2))
    assert not Scaling(2).contains(np.diag([2.0, 3.0]))
    assert Scaling(2).contains(1e-20 * np.eye(2))


@pytest.mark.parametrize("cls", [GL, SL, Sp, Scaling, Trivial])
def test_wrong_dimension(cls):
    with pytest.raises(ValueError, match=rf"parameter of {cls.__name__} must be .* Got 0 instead"):
        cls(0)
    with pytest.raises(TypeError, match=rf"parameter of {cls.__name__} must be .* Got None"):
        cls(None)


def test_a_group_too_large_to_store_says_so_before_it_tries():
    with pytest.raises(ProblemTooLargeError, match=r"GL\(1000\) needs 1000001 generators"):
        GL(1000)


def test_the_trivial_group_of_a_huge_space_costs_nothing():
    group = Trivial(10**6)
    assert group.is_orthogonal
    assert group.is_permutation
    assert group == Trivial(10**6)
