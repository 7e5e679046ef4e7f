"""Elements along orbits, against closed forms."""

import numpy as np
import pytest

from softeq_sklearn.groups import (
    SE,
    SL,
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
    exponential,
)
from softeq_sklearn.inspection._orbit_elements import orbit_elements, period


def test_a_rotation_goes_through_a_full_turn():
    orbit = orbit_elements(SO(2), 0, 7, None)
    angle = np.deg2rad(orbit.t)
    np.testing.assert_allclose(orbit.t, [0, 60, 120, 180, 240, 300, 360])
    expected = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    np.testing.assert_allclose(orbit.elements, np.moveaxis(expected, -1, 0), atol=1e-12)
    assert orbit.is_path and orbit.label == "angle in degrees"


@pytest.mark.parametrize("factor", [1.0, 0.2, 30.0])
def test_the_period_of_a_scaled_rotation(factor):
    (A,) = SO(2).embed(3, axes=(0, 2)).lie_algebra
    assert period(factor * A) == pytest.approx(2 * np.pi / factor)


@pytest.mark.parametrize("distance", [1.0, 1e6, 1e12])
def test_the_period_of_a_turn_about_a_point_wherever_it_is(distance):
    (A,) = SO(2).lie_algebra
    about = np.column_stack([A, -A @ [distance, distance]])
    assert period(about) == pytest.approx(2 * np.pi)


def test_periods_of_several_frequencies():
    turn = SO(2).lie_algebra[0]
    A = np.zeros((4, 4))
    A[:2, :2] = turn
    for multiple, expected in [(3, 2 * np.pi), (np.sqrt(2), None)]:
        A[2:, 2:] = multiple * turn
        assert period(A) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    "A",
    [
        np.zeros((2, 2)),
        np.eye(2),
        [[0, 1], [0, 0]],
        [[1, -1], [1, 1]],
        [[999, -1], [1, 999]],  # its exponential after a turn is no floating point number
        [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]],  # a screw: turns about z and moves along z
        [[0, -1, 1, 0], [1, 0, 0, 1], [0, 0, 0, -1], [0, 0, 1, 0]],  # turns that grow
    ],
)
def test_what_never_comes_back_has_no_period(A):
    assert period(np.array(A, dtype=float)) is None


def test_generators_of_one_group_may_differ():
    group = SO13p()
    labels = [orbit_elements(group, i, 3, None).label for i in range(len(group.lie_algebra))]
    closed = [np.abs(A + A.T).max() == 0 for A in group.lie_algebra]
    assert any(closed) and not all(closed)
    assert [label == "angle in degrees" for label in labels] == closed


@pytest.mark.parametrize("group", [Scaling(3), SL(2), Translation(2), SO(3), SE(2), O(3)])
def test_open_paths_are_bounded_and_go_through_the_identity(group):
    for generator, A in enumerate(group.lie_algebra):
        orbit = orbit_elements(group, generator, 5, None)
        assert np.isfinite(orbit.elements).all()
        norm = np.linalg.norm(A, ord=2)
        if orbit.label != "angle in degrees":
            np.testing.assert_allclose(orbit.t * norm, [-1, -0.5, 0, 0.5, 1])
            np.testing.assert_allclose(orbit.elements, exponential(orbit.t[:, None, None] * A))
        start = orbit.elements[np.flatnonzero(orbit.t == 0)]
        np.testing.assert_allclose(start[0], np.eye(*A.shape), atol=1e-12)
        assert np.abs(np.diff(orbit.elements, axis=0)).max() > 0.1


def test_translations_move_by_at_most_one():
    orbit = orbit_elements(Translation(2), 1, 3, None)
    np.testing.assert_allclose(orbit.elements[:, :, 2], [[0, -1], [0, 0], [0, 1]])


def test_finite_groups_are_listed_once_the_identity_first():
    for group in (C(5), D(4), S(4), Reflection(3), Trivial(2), S(3).embed(4, axes=(0, 1, 3))):
        orbit = orbit_elements(group, 0, 100, None)
        assert len(orbit.elements) == group.order
        assert len(np.unique(np.round(orbit.elements, 9), axis=0)) == group.order
        assert group.contains(orbit.elements).all()
        np.testing.assert_array_equal(orbit.elements[0], np.eye(group.dim))
        np.testing.assert_array_equal(orbit.t, range(group.order))
        assert not orbit.is_path


def test_powers_of_one_generator_stand_in_order():
    group = C(5)
    orbit = orbit_elements(group, 0, 100, None)
    (h,) = group.discrete_generators
    powers = [np.linalg.matrix_power(h, k) for k in range(5)]
    np.testing.assert_allclose(orbit.elements, powers, atol=1e-12)
    assert orbit.label == "power k of the generator"


def test_of_large_finite_groups_some_are_drawn_at_random():
    first, again = (orbit_elements(S(5), 0, 30, 0) for _ in range(2))
    assert first.elements.shape == (30, 5, 5)
    assert S(5).contains(first.elements).all()
    np.testing.assert_array_equal(first.elements, again.elements)
    assert first.label == "random element"
