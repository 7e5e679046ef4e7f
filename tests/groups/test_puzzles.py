from itertools import combinations

import numpy as np
import pytest

from softeq_sklearn.groups import Cube, MatrixGroup, RubiksCube
from softeq_sklearn.groups._finite import permutation_matrices
from softeq_sklearn.groups._puzzles import FACES, face_turn, facelets, quarter_turn

TURNS = [face_turn(normal) for normal in FACES]
RIGHT, LEFT, UP = TURNS[0], TURNS[1], TURNS[4]


def power(permutation, exponent):
    """Return the permutation applied `exponent` times."""
    result = np.arange(len(permutation))
    for _ in range(exponent):
        result = permutation[result]
    return result


def order(permutation):
    """Return the least number of repetitions that changes nothing."""
    cycles = []
    for start in range(len(permutation)):
        point, length = permutation[start], 1
        while point != start:
            point, length = permutation[point], length + 1
        cycles.append(length)
    return np.lcm.reduce(cycles)


def inverse(permutation):
    return np.argsort(permutation)


# The geometry


@pytest.mark.parametrize("normal", FACES)
def test_quarter_turns_are_clockwise_from_outside(normal):
    turn = quarter_turn(normal)
    np.testing.assert_array_equal(turn @ normal, normal)
    for x in np.eye(3)[normal == 0]:
        np.testing.assert_array_equal(turn @ x, -np.cross(normal, x))


def test_there_are_eight_facelets_on_each_face():
    stickers = facelets()
    assert len(np.unique(stickers, axis=0)) == 48
    for normal in FACES:
        assert (stickers[:, 3:] == normal).all(axis=1).sum() == 8
    n_faces = np.abs(stickers[:, :3]).sum(axis=1)
    assert (np.bincount(n_faces) == [0, 0, 24, 24]).all()


def test_a_turn_keeps_edges_and_corners_together():
    positions = facelets()[:, :3]
    for turn in TURNS:
        for i, j in combinations(range(48), 2):
            before = (positions[i] == positions[j]).all()
            assert before == (positions[turn[i]] == positions[turn[j]]).all()


# Rubik's cube


def test_the_order_is_that_of_the_puzzle():
    # 8! 3^7 positions of the corners, 12! 2^11 of the edges, half of them with equal signs.
    expected = 40320 * 3**7 * 479001600 * 2**11 // 2
    assert RubiksCube().order == expected == 43252003274489856000


def test_turns_move_twenty_facelets_and_have_order_four():
    for turn in TURNS:
        assert (turn != np.arange(48)).sum() == 20
        assert order(turn) == 4


def test_opposite_faces_turn_independently_others_do_not():
    np.testing.assert_array_equal(RIGHT[LEFT], LEFT[RIGHT])
    assert (RIGHT[UP] != UP[RIGHT]).any()


def test_known_sequences_have_their_known_orders():
    assert order(RIGHT[UP]) == 105
    assert order(RIGHT[inverse(UP)]) == 63
    assert order(RIGHT[UP][inverse(RIGHT)][inverse(UP)]) == 6


def test_two_faces_generate_the_known_subgroup():
    assert MatrixGroup(discrete_generators=permutation_matrices([RIGHT, UP])).order == 73_483_200


def test_states_that_need_a_screwdriver_are_refused():
    positions = facelets()[:, :3]
    sticker_of = [
        np.flatnonzero((positions == p).all(axis=1)) for p in np.unique(positions, axis=0)
    ]
    corner = next(stickers for stickers in sticker_of if len(stickers) == 3)
    edge, other = [stickers for stickers in sticker_of if len(stickers) == 2][:2]
    twisted, flipped, swapped = np.tile(np.arange(48), (3, 1))
    twisted[corner] = np.roll(corner, 1)
    flipped[edge] = edge[::-1]
    swapped[edge], swapped[other] = other, edge
    states = permutation_matrices([twisted, flipped, swapped])
    assert not RubiksCube().contains(states).any()


def test_the_cubes_own_rotations_are_not_turns_of_faces():
    # Turning the whole cube keeps the facelets on their faces, but moves the centres.
    whole = facelets()
    number = {tuple(sticker): index for index, sticker in enumerate(whole)}
    turn = quarter_turn(FACES[0])
    turned = np.hstack([whole[:, :3] @ turn.T, whole[:, 3:] @ turn.T])
    rotation = permutation_matrices([[number[tuple(sticker)] for sticker in turned]])
    rotated = rotation[0] @ RubiksCube().discrete_generators @ rotation[0].T
    assert RubiksCube().contains(rotated).all()


def test_samples_look_like_a_scrambled_cube():
    moved = RubiksCube().sample(4000, random_state=0)
    positions = facelets()[:, :3]
    is_corner = np.abs(positions).sum(axis=1) == 3
    expected = np.where(is_corner[:, None] & is_corner, 1 / 24, 0.0)
    expected += np.where(~is_corner[:, None] & ~is_corner, 1 / 24, 0.0)
    np.testing.assert_allclose(moved.mean(axis=0), expected, atol=5 * np.sqrt(1 / 24 / 4000))


# The cube


def test_the_cube_has_24_rotations():
    assert Cube().order == 24


def test_opposite_faces_stay_opposite():
    opposite = permutation_matrices([[1, 0, 3, 2, 5, 4]])[0]
    for g in Cube().sample(50, random_state=0):
        np.testing.assert_array_equal(g @ opposite, opposite @ g)
    # Swapping opposite faces everywhere is a reflection through the centre, not a rotation.
    assert not Cube().contains(opposite)


def test_elements_of_the_cube_are_rotations_of_space():
    normals = FACES.T
    for g in Cube().sample(50, random_state=0):
        # The rotation R takes normal i to the normal of the face that i moves to.
        rotation = normals @ g @ normals.T / 2
        np.testing.assert_allclose(rotation @ normals, normals @ g)
        assert np.linalg.det(rotation) == pytest.approx(1.0)
