import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from softeq_sklearn.groups import (
    SE,
    SL,
    SO,
    MatrixGroup,
    O,
    Reflection,
    SO13p,
    is_same_group,
)

TURN = [[0, -1], [1, 0]]


def test_the_name_does_not_enter_equality():
    assert MatrixGroup([TURN]) == MatrixGroup([TURN], name="turns") == SO(2)
    assert MatrixGroup([TURN], name="turns").name == "turns"
    assert MatrixGroup([TURN]).name is None


def test_the_order_of_generators_does():
    assert MatrixGroup(lie_algebra=SO(3).lie_algebra[::-1]) != SO(3)


@pytest.mark.parametrize(
    ("group", "text"),
    [
        (MatrixGroup([TURN]), "MatrixGroup(lie_algebra=[[[0.0, -1.0], [1.0, 0.0]]])"),
        (
            MatrixGroup(discrete_generators=[TURN], name="a 'quarter'"),
            "MatrixGroup(discrete_generators=[[[0.0, -1.0], [1.0, 0.0]]], name=\"a 'quarter'\")",
        ),
        (
            MatrixGroup([[[1]]], [[[-1]]]),
            "MatrixGroup(lie_algebra=[[[1.0]]], discrete_generators=[[[-1.0]]])",
        ),
    ],
)
def test_repr(group, text):
    assert repr(group) == text


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_repr_and_pickle_keep_every_digit(entries):
    group = MatrixGroup(lie_algebra=np.reshape(entries, (1, 2, 2)))
    rebuilt = eval(repr(group), {"MatrixGroup": MatrixGroup})
    assert rebuilt == group == pickle.loads(pickle.dumps(group)) == copy.deepcopy(group)
    assert hash(rebuilt) == hash(group)


def test_input_is_copied():
    generators = np.array([TURN], dtype=np.float64)
    group = MatrixGroup(generators)
    generators[...] = 7.0
    assert group == SO(2)
    assert generators.flags.writeable


def test_negative_zeros_are_zeros():
    assert MatrixGroup([[[-0.0, -1.0], [1.0, -0.0]]]) == SO(2)


def test_empty_stacks_are_no_generators():
    assert MatrixGroup([TURN], []) == MatrixGroup([TURN], np.zeros((0, 2, 2))) == SO(2)


def test_one_affine_stack_makes_the_group_affine():
    group = MatrixGroup(SE(2).lie_algebra, Reflection(2).discrete_generators)
    assert group.is_affine
    assert group.discrete_generators.shape == (1, 2, 3)


def test_turns_reach_the_whole_circle_uniformly():
    g = MatrixGroup([TURN]).sample(5000, random_state=0)
    angle = np.arctan2(g[:, 1, 0], g[:, 0, 0])
    assert kstest(angle, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3


def test_samples_of_known_lie_algebras_are_elements():
    for known in (SO(3), SL(2), SO13p(), SE(3)):
        samples = MatrixGroup(known.lie_algebra).sample(50, random_state=0)
        assert known.contains(samples).all()


def test_discrete_part_is_sampled_too():
    group = MatrixGroup([TURN], Reflection(2).discrete_generators)
    samples = group.sample(4000, random_state=0)
    assert O(2).contains(samples).all()
    assert abs(np.linalg.det(samples).mean()) < 0.08


def test_lie_algebra_norms_are_bounded():
    g = MatrixGroup(lie_algebra=100 * SL(3).lie_algebra).sample(500, random_state=0)
    assert np.linalg.norm(g, ord=2, axis=(1, 2)).max() <= np.e


def test_a_lie_algebra_of_zeros_is_no_continuous_part():
    group = MatrixGroup(lie_algebra=np.zeros((1, 2, 2)))
    assert group.order == 1
    np.testing.assert_array_equal(group.sample(3, random_state=0), [np.eye(2)] * 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, r"at least one generator .* Got none instead; Trivial\(n\)"),
        ({"lie_algebra": []}, ValueError, "at least one generator"),
        ({"lie_algebra": TURN}, ValueError, r"'lie_algebra' .* Got shape \(2, 2\)"),
        ({"lie_algebra": [[[1, 2, 3, 4]]]}, ValueError, r"Got shape \(1, 1, 4\)"),
        ({"lie_algebra": np.zeros((1, 0, 0))}, ValueError, r"Got shape \(1, 0, 0\)"),
        ({"lie_algebra": [TURN, [[1]]]}, ValueError, "matrices of different shapes"),
        ({"lie_algebra": [[[np.nan]]]}, ValueError, "'lie_algebra' .* NaN or infinite"),
        ({"discrete_generators": [[[np.inf]]]}, ValueError, "'discrete_generators' .* NaN or inf"),
        ({"lie_algebra": [[[1j]]]}, TypeError, "'lie_algebra' .* Got dtype complex128"),
        ({"lie_algebra": [[["a"]]]}, TypeError, "'lie_algebra' .* Got dtype <U1"),
        ({"lie_algebra": [TURN], "name": 3}, TypeError, "'name' .* Got 3 of type int"),
        (
            {"lie_algebra": [TURN], "discrete_generators": [np.eye(3)]},
            ValueError,
            r"'discrete_generators' parameter of MatrixGroup .* d = 2. Got shape \(1, 3, 3\)",
        ),
        (
            {"discrete_generators": [np.eye(2), np.ones((2, 2))]},
            ValueError,
            "must hold invertible matrices. Got a singular one at position 1",
        ),
    ],
)
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        MatrixGroup(**arguments)


@pytest.mark.parametrize("size", [1e-13, 1e13])
def test_the_size_of_a_generator_means_nothing(size):
    turn, squeeze = np.array(TURN), np.diag([1.0, -1.0])
    assert MatrixGroup([size * turn]).is_orthogonal
    assert not MatrixGroup([turn, size * squeeze]).is_orthogonal
    assert is_same_group(MatrixGroup([size * turn]), SO(2))
    assert is_same_group(MatrixGroup([turn, size * squeeze]), SL(2))


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_samples_do_not_depend_on_the_size_of_generators(size):
    A = SE(2).lie_algebra
    expected = MatrixGroup(A).sample(100, random_state=0)
    for scaled in (A * np.array([1, size, size])[:, None, None], A * size):
        samples = MatrixGroup(scaled).sample(100, random_state=0)
        np.testing.assert_allclose(samples, expected, atol=1e-12)


@pytest.mark.parametrize("distance", [0.0, 3.0, 1e4])
def test_turns_about_a_point_reach_the_same_angles_wherever_it_is(distance):
    turn, centre = np.array(TURN), np.array([distance, -distance])
    about = MatrixGroup([np.column_stack([turn, -turn @ centre])])
    g = about.sample(1000, random_state=0)
    angles = np.arctan2(g[:, 1, 0], g[:, 0, 0])
    assert 0.99 < np.abs(angles).max() <= 1.0
    np.testing.assert_allclose(g[:, :, :2] @ centre + g[:, :, 2], centre[None].repeat(1000, 0))


@pytest.mark.parametrize("distance", [1.0, 100.0, 1e4])
def test_samples_do_not_depend_on_the_basis_that_generates_a_group(distance):
    """SE(2): two turns about different points, or a far turn and all translations."""
    turn, A = np.array(TURN), SE(2).lie_algebra
    far = np.column_stack([turn, -turn @ [distance, 0]])
    for generators in ([A[0], far], [far, *A[1:]], [far, *A]):
        g = MatrixGroup(generators).sample(20000, random_state=0)
        assert np.abs(g[:, :, 2]).max() < 1.3
        assert 0.9 < np.abs(np.arctan2(g[:, 1, 0], g[:, 0, 0])).max() <= 1.0


def test_what_cannot_be_taken_out_stays():
    """A screw, and turns in space about axes that do not meet."""
    A = SE(3).lie_algebra
    turns = A[np.abs(A[:, :, :3]).any(axis=(1, 2))]
    screw = turns[0] + np.eye(3, 4, 3) * 0
    screw[:, 3] = np.linalg.svd(screw[:, :3])[2][-1] * 0.7
    g = MatrixGroup([screw]).sample(100, random_state=0)
    along = g[:, :, 3] @ screw[:, 3] / 0.49
    np.testing.assert_allclose(np.cos(along), (np.trace(g[:, :, :3], axis1=1, axis2=2) - 1) / 2)
    other = turns[1].copy()
    other[:, 3] = -other[:, :3] @ [0, 0, 0] + [0.0, 3.0, 1.0]
    both = MatrixGroup([turns[0], other])
    assert 0.5 < np.abs(both.sample(1000, random_state=0)[:, :, 3]).max() < 10


def test_a_zero_generator_is_sampled_as_the_identity():
    np.testing.assert_array_equal(
        MatrixGroup([np.zeros((2, 2))]).sample(2, random_state=0), [np.eye(2)] * 2
    )
