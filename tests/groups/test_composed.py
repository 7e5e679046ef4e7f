import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import (
    SE,
    SO,
    C,
    D,
    O,
    Reflection,
    S,
    Scaling,
    SO13p,
    Translation,
    Trivial,
    Z,
    generated_by,
    linear_part,
)

ABOUT_Z = SO(2).embed(3, axes=(0, 1))
ABOUT_X = SO(2).embed(3, axes=(1, 2))


# embed


@pytest.mark.parametrize("axes", [(0, 1), (3, 1), (2, 0)])
def test_embedded_samples_are_the_parents_on_the_axes(axes):
    group, parent = O(2).embed(4, axes=axes), O(2).sample(5, random_state=0)
    samples = group.sample(5, random_state=0)
    others = [i for i in range(4) if i not in axes]
    np.testing.assert_array_equal(samples[:, np.array(axes)[:, None], axes], parent)
    np.testing.assert_array_equal(samples[:, others], np.eye(4)[None, others].repeat(5, axis=0))
    np.testing.assert_array_equal(samples[:, :, others], np.eye(4)[None, :, others].repeat(5, 0))


def test_embedded_translations_move_their_axes_only():
    t = Translation(2).embed(3, axes=(2, 0)).sample(5, random_state=0)[:, :, 3]
    np.testing.assert_array_equal(t[:, [2, 0]], Translation(2).sample(5, random_state=0)[:, :, 2])
    np.testing.assert_array_equal(t[:, 1], 0.0)


def test_embedding_in_all_axes_in_order_changes_nothing():
    assert SE(2).embed(2, axes=(0, 1)) == SE(2)
    assert SO(2).embed(2, axes=(1, 0)) != SO(2)


def test_embeddings_compose():
    nested = D(3).embed(3, axes=(0, 2)).embed(5, axes=(4, 1, 3))
    assert nested == D(3).embed(5, axes=(4, 3))
    assert repr(nested) == "D(3).embed(3, axes=(0, 2)).embed(5, axes=(4, 1, 3))"


def test_embedded_groups_with_other_axes_differ():
    assert ABOUT_Z != ABOUT_X
    assert len({ABOUT_Z, ABOUT_X, SO(2).embed(3, axes=(0, 1))}) == 2


def test_embedded_group_refuses_what_happens_on_the_other_axes():
    assert not ABOUT_Z.contains(ABOUT_X.sample(5, random_state=0)).any()
    shift = np.eye(3, 4)
    shift[1, 3] = 1.0
    assert not Translation(2).embed(3, axes=(2, 0)).contains(shift)
    # A far translation is no excuse for a wrong linear part.
    far = np.eye(3, 4)
    far[0, 3], far[1, 1] = 1e9, 1.1
    assert not Translation(1).embed(3, axes=(0,)).contains(far)


def test_lorentz_boosts_in_more_dimensions():
    group = SO13p().embed(5, axes=(0, 1, 2, 3))
    assert group.contains(group.sample(10, random_state=0)).all()


@pytest.mark.parametrize(
    ("dim", "axes", "error", "message"),
    [
        (1, (0, 1), ValueError, "'dim' .* at least 2. Got 1"),
        (3.0, (0, 1), TypeError, "'dim' .* Got 3.0"),
        (3, (0,), ValueError, r"'axes' .* 2 different integers in range\(3\). Got \(0,\)"),
        (3, (0, 0), ValueError, r"'axes' .* Got \(0, 0\)"),
        (3, (0, 3), ValueError, r"'axes' .* Got \(0, 3\)"),
        (3, (0, -1), ValueError, "'axes' .* Got -1"),
        (3, 0, TypeError, "'axes' .* Got 0 of type int"),
        (3, "01", TypeError, "'axes' .* Got '01'"),
        (3, (0.0, 1.0), TypeError, "'axes' .* Got 0.0"),
        (10**6, (0, 1), ProblemTooLargeError, "1000000 x 1000000"),
    ],
)
def test_wrong_embeddings(dim, axes, error, message):
    with pytest.raises(error, match=message):
        SO(2).embed(dim, axes=axes)


def test_axes_may_be_any_sequence():
    assert SO(2).embed(3, axes=np.array([0, 1])) == SO(2).embed(3, axes=[0, 1]) == ABOUT_Z
    assert repr(SO(2).embed(3, axes=np.array([0, 1]))) == "SO(2).embed(3, axes=(0, 1))"
    assert repr(Scaling(1).embed(2, axes=range(1))) == "Scaling(1).embed(2, axes=(0,))"


# generated_by


def test_generators_come_once_in_order():
    group = generated_by(O(2), SO(2), Reflection(2), Reflection(2, axis=1), O(2))
    assert group == generated_by(SO(2), Reflection(2), Reflection(2, axis=1))
    assert len(group.lie_algebra) == 1
    assert len(group.discrete_generators) == 2


@pytest.mark.parametrize("group", [SO(3), S(4), SE(2), Trivial(2)], ids=repr)
def test_a_group_generates_itself(group):
    assert generated_by(group) == group
    assert generated_by(group, group) == group
    assert generated_by(Trivial(group.dim), group) == group


@pytest.mark.parametrize(
    ("parts", "order"),
    [
        ((C(2), C(3)), 6),
        ((C(4), C(6)), 12),
        ((D(4), D(6)), 24),
        ((C(5), Reflection(2)), 10),
        ((Z(5), S(2).embed(5, axes=(0, 1))), 120),
        ((S(3).embed(6, axes=(0, 1, 2)), S(3).embed(6, axes=(3, 4, 5))), 36),
        ((S(3), Reflection(3)), 48),
        ((C(7), SO(2)), None),
    ],
)
def test_orders(parts, order):
    assert generated_by(*parts).order == order


def test_finite_results_are_sampled_uniformly(assert_uniform):
    assert_uniform(generated_by(S(3), Reflection(3)), 48)


def test_rotations_about_two_axes_fill_the_sphere():
    g = generated_by(ABOUT_Z, ABOUT_X).sample(5000, random_state=0)
    np.testing.assert_allclose(g.mean(axis=0), 0.0, atol=0.05)
    np.testing.assert_allclose((g**2).mean(axis=0), 1 / 3, atol=0.05)


def test_non_compact_parts_keep_their_bounds():
    g = generated_by(SO(3), Scaling(3), Translation(3)).sample(1000, random_state=0)
    factor = np.abs(np.linalg.det(linear_part(g))) ** (1 / 3)
    assert 0.5 <= factor.min() < 0.51
    assert 1.9 < factor.max() <= 2.0


def test_nested_results_print_and_compare():
    nested = generated_by(generated_by(C(4), Reflection(2)), Scaling(2))
    assert nested == generated_by(D(4), Scaling(2))
    assert repr(nested) == "generated_by(generated_by(C(4), Reflection(2)), Scaling(2))"


def test_linear_parts_become_affine():
    group = generated_by(Reflection(2), Translation(2))
    np.testing.assert_array_equal(group.discrete_generators, [[[-1, 0, 0], [0, 1, 0]]])
    assert group.sample(3, random_state=0).shape == (3, 2, 3)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="at least one group. Got none instead"):
        generated_by()
    with pytest.raises(ValueError, match="same dimension. Got dimensions 2, 3 instead"):
        generated_by(SO(2), SO(3))
    with pytest.raises(TypeError, match="must be groups. Got 'SO' of type str instead"):
        generated_by(SO(2), "SO")
    with pytest.raises(TypeError, match="must be groups. Got .* of type list instead"):
        generated_by([SO(2), SO(2)])


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_embedded_translations_keep_to_their_axes_whatever_the_unit(unit):
    along_x = Translation(1).embed(2, axes=(0,))
    assert along_x.contains([[1.0, 0.0, unit], [0.0, 1.0, 0.0]])
    assert along_x.contains([[1.0, 0.0, unit], [0.0, 1.0, 1e-9 * unit]])
    assert not along_x.contains([[1.0, 0.0, unit], [0.0, 1.0, unit]])
    assert not along_x.contains([[1.0, 0.0, 0.0], [0.0, 1.0, unit]])
