"""Orbits of signed permutations agree with the dense solver."""

import numpy as np
import pytest

from softeq_sklearn.groups import (
    C,
    Cube,
    D,
    MatrixGroup,
    O,
    Reflection,
    RubiksCube,
    S,
    Trivial,
    Z,
)
from softeq_sklearn.projection import _solver
from softeq_sklearn.projection._generators import generators_of
from softeq_sklearn.projection._orbits import orbit_space, signed_permutations

QUARTERS = MatrixGroup(
    discrete_generators=[
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    ]
)
GROUPS = [
    S(4),
    Z(3),
    C(4),
    C(2),
    D(4),
    Reflection(3, axis=1),
    QUARTERS,
    Cube(),
    Trivial(2),
    S(3).embed(4, axes=(3, 1, 0)),
]


@pytest.mark.parametrize("group", GROUPS, ids=repr)
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_agree_with_the_dense_solver(group, order, monkeypatch):
    word, generators = (1,) * order, generators_of(group)
    space = orbit_space(word, *signed_permutations(generators))
    monkeypatch.setattr(_solver, "signed_permutations", lambda generators: None)
    dense = _solver.fixed_space(word, generators)
    assert isinstance(dense, _solver.DenseSpace)
    assert space.rank == dense.rank
    basis = space.basis()
    np.testing.assert_allclose(basis @ basis.T, dense.columns @ dense.columns.T, atol=1e-12)
    V = np.random.default_rng(0).standard_normal((group.dim**order, 3))
    np.testing.assert_allclose(space.project(V), basis @ (basis.T @ V), atol=1e-13)
    np.testing.assert_allclose(dense.project(V), space.project(V), atol=1e-12)


def test_a_wrong_sign_would_be_seen():
    images, signs = signed_permutations(generators_of(C(4)))
    assert orbit_space((1, 1), images, signs).rank == 2
    assert orbit_space((1, 1), images, np.abs(signs)).rank == 2
    assert orbit_space((1,), images, signs).rank == 0
    assert orbit_space((1,), images, np.abs(signs)).rank == 1


def test_only_signed_permutations_qualify():
    assert signed_permutations(generators_of(O(2))) is None
    assert signed_permutations(generators_of(C(5))) is None
    stretch = MatrixGroup(discrete_generators=[[[2.0, 0.0], [0.0, 1.0]]])
    assert signed_permutations(generators_of(stretch)) is None
    merge = MatrixGroup(discrete_generators=[[[1.0, 1.0], [0.0, 1.0]]])
    assert signed_permutations(generators_of(merge)) is None


def test_orbits_of_the_rubiks_cube():
    # Corner and edge facelets. Pairs of corner facelets: equal, on one piece (2 ways round it), on
    # others; pairs of edge facelets: equal, on one piece, on others; and mixed pairs.
    permutations = signed_permutations(generators_of(RubiksCube()))
    assert orbit_space((1,), *permutations).rank == 2
    assert orbit_space((1, 1), *permutations).rank == 4 + 3 + 2


def test_orbits_are_numbered_by_their_first_tuple():
    space = orbit_space((1, 1), *signed_permutations(generators_of(S(3))))
    assert space.labels.tolist() == [0, 1, 1, 1, 0, 1, 1, 1, 0]
    assert space.sizes.tolist() == [3, 6]
    assert space.nbytes == space.labels.nbytes + space.sizes.nbytes
