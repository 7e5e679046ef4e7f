import numpy as np
import pytest

from softeq_sklearn.groups import SO, C, D, MatrixGroup, O, Reflection, Trivial


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 7, 12, 100])
def test_the_turn_has_order_k(k):
    turn = C(k).discrete_generators[0] if k > 1 else np.eye(2)
    powers = [np.linalg.matrix_power(turn, i) for i in range(1, k + 1)]
    at_identity = [bool(np.allclose(power, np.eye(2), atol=1e-12)) for power in powers]
    assert at_identity == [False] * (k - 1) + [True]


@pytest.mark.parametrize(
    ("k", "turn"),
    [(2, [[-1, 0], [0, -1]]), (4, [[0, -1], [1, 0]])],
)
def test_simple_turns_are_exact(k, turn):
    np.testing.assert_array_equal(C(k).discrete_generators, [turn])
    assert C(k) == MatrixGroup(discrete_generators=[turn])
    assert np.isin(C(k).sample(100, random_state=0), [-1.0, 0.0, 1.0]).all()
    assert np.isin(D(k).sample(100, random_state=0), [-1.0, 0.0, 1.0]).all()


def test_half_entries_are_exact():
    assert C(6).discrete_generators[0, 0, 0] == 0.5
    assert C(3).discrete_generators[0, 0, 0] == -0.5


def test_small_cases():
    assert C(1) == Trivial(2)
    assert D(1) == Reflection(2)


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_subgroups(k):
    rotations, symmetries = C(k).sample(50, random_state=0), D(k).sample(50, random_state=0)
    assert SO(2).contains(rotations).all()
    assert O(2).contains(symmetries).all()
    assert C(2 * k).contains(rotations).all()
    assert D(k).contains(rotations).all()
    np.testing.assert_array_equal(C(k).contains(symmetries), SO(2).contains(symmetries))


def test_half_of_the_symmetries_are_reflections():
    determinants = np.linalg.det(D(5).sample(4000, random_state=0))
    assert abs(determinants.mean()) < 0.08


@pytest.mark.parametrize("k", [3, 4, 5])
def test_symmetries_permute_the_corners_of_the_polygon(k):
    angles = np.pi / 2 + 2 * np.pi * np.arange(k) / k
    corners = np.stack([np.cos(angles), np.sin(angles)])
    for g in D(k).sample(20, random_state=0):
        distance = np.linalg.norm((g @ corners)[:, :, None] - corners[:, None], axis=0)
        np.testing.assert_allclose(distance.min(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(distance.min(axis=1), 0.0, atol=1e-12)


def test_large_groups_are_close_to_the_circle():
    assert C(100_000).order == 100_000
    assert D(100_000).order == 200_000
    assert C(100_000).contains(C(100_000).sample(100, random_state=0)).all()
    assert not C(9_999).contains(C(10_000).discrete_generators).any()


@pytest.mark.parametrize("cls", [C, D])
def test_wrong_order(cls):
    with pytest.raises(ValueError, match=rf"'k' parameter of {cls.__name__} .* Got 0 instead"):
        cls(0)
    with pytest.raises(TypeError, match=rf"'k' parameter of {cls.__name__} .* Got 4.0"):
        cls(4.0)
