"""Commuting normal generators are solved in closed form."""

import numpy as np
import pytest

from softeq_sklearn.groups import GL, SO, C, MatrixGroup, O, Scaling, SO13p, Sp
from softeq_sklearn.projection._generators import generators_of
from softeq_sklearn.projection._tensor_operators import constraints_of
from softeq_sklearn.projection._weights import eigenframe_of

GROUPS = [SO(2), SO(3), SO(4), O(3), SO13p(), GL(3), Sp(2), Scaling(2), C(5), C(2)]


def frame_of(group):
    return eigenframe_of(constraints_of(generators_of(group)), group.dim)


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_eigenvectors(group):
    frame = frame_of(group)
    U = frame.vectors
    np.testing.assert_allclose(U.conj().T @ U, np.eye(group.dim), atol=1e-14)
    np.testing.assert_allclose(U[:, frame.conjugate], U.conj(), atol=1e-15)
    constraints = constraints_of(generators_of(group))
    assert len(frame.eigenvalues) + len(frame.remaining) == len(constraints)


@pytest.mark.parametrize("group", GROUPS, ids=repr)
@pytest.mark.parametrize("word", [(1,), (1, -1), (-1, -1), (1, 1, -1, -1)])
def test_tensors_are_fixed_by_the_diagonal_generators_and_nothing_is_lost(group, word, reference):
    frame = frame_of(group)
    positions = frame.fixed_positions(word)
    rows = frame.to_tensors(word, positions, frame.real_basis(positions, word).T.tocsr())
    np.testing.assert_allclose(rows @ rows.T, np.eye(len(positions)), atol=1e-13)
    solved = [c for c in constraints_of(generators_of(group)) if not is_in(c, frame.remaining)]
    matrices = [
        reference.on_algebra(word, c.matrix)
        if c.is_lie
        else reference.on_group(word, c.matrix) - np.eye(rows.shape[1])
        for c in solved
    ]
    assert len(solved) == len(frame.eigenvalues)
    expected = reference.svd_projector(np.concatenate(matrices))
    np.testing.assert_allclose(rows.T @ rows, expected, atol=1e-13)


def is_in(constraint, others):
    return any(np.array_equal(constraint.matrix, other.matrix) for other in others)


def test_diagonal_generators_come_first():
    # O(3) has rotations and one reflection; the rotation about its axis commutes with it.
    frame = frame_of(O(3))
    assert [is_lie for _, is_lie in frame.eigenvalues] == [False, True]
    assert len(frame.remaining) == 2


def test_all_diagonal_needs_no_complex_numbers():
    frame = frame_of(GL(3))
    assert frame.is_real
    np.testing.assert_array_equal(frame.vectors, np.eye(3))
    # The three axes, and the reflection that reaches the other half of the group.
    assert [is_lie for _, is_lie in frame.eigenvalues] == [True, True, True, False]


def test_generators_that_are_not_normal_are_left():
    frame = frame_of(MatrixGroup(lie_algebra=[[[0.0, 1.0], [0.0, 0.0]]]))
    assert not frame.eigenvalues
    assert len(frame.fixed_positions((1, 1))) == 4


def test_eigenvalues_of_multiplicity():
    # Two planes turning alike: the frame is not unique, the space is.
    turn = SO(2).lie_algebra[0]
    both = MatrixGroup(lie_algebra=[np.kron(np.eye(2), turn), np.kron(turn, np.eye(2))])
    frame = frame_of(both)
    assert len(frame.eigenvalues) == 2
    assert len(frame.fixed_positions((1, -1))) == 4
