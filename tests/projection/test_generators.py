"""Generators as the solvers use them."""

import numpy as np

from softeq_sklearn.groups import SE, SO, MatrixGroup, O, Translation, Trivial, generated_by
from softeq_sklearn.projection._generators import generators_of


def test_lie_algebra_is_scaled_and_zeros_are_dropped():
    group = MatrixGroup(lie_algebra=[[[0.0, -7.0], [7.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    np.testing.assert_allclose(generators_of(group).lie, SO(2).lie_algebra)


def test_identities_are_dropped():
    group = MatrixGroup(discrete_generators=[np.eye(2), -np.eye(2)])
    np.testing.assert_array_equal(generators_of(group).discrete, [-np.eye(2)])
    assert not len(generators_of(Trivial(3)).discrete)


def test_translations_are_an_orthonormal_basis_of_their_span():
    assert generators_of(O(3)).translations.shape == (0, 3)
    np.testing.assert_allclose(
        np.abs(generators_of(Translation(1).embed(3, axes=(1,))).translations), [[0, 1, 0]]
    )
    group = generated_by(
        MatrixGroup(lie_algebra=[[[0, 0, 3], [0, 0, 3]]]),
        MatrixGroup(discrete_generators=[[[1, 0, 1e-3], [0, 1, 1e-3]], [[-1, 0, 0], [0, 1, 0]]]),
    )
    directions = generators_of(group).translations
    np.testing.assert_allclose(np.abs(directions), [[0.5**0.5, 0.5**0.5]])


def test_small_translations_beside_large_ones_count():
    group = MatrixGroup(lie_algebra=[[[0, 0, 1e3], [0, 0, 0]], [[0, 0, 0], [0, 0, 1e-11]]])
    directions = generators_of(group).translations
    np.testing.assert_allclose(np.abs(directions), np.eye(2))


def test_translations_leave_linear_parts_alone():
    generators = generators_of(SE(3))
    assert generators.lie.shape == (3, 3, 3)
    assert generators.translations.shape == (3, 3)
