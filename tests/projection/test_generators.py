"""Generators as the solvers use them."""

import numpy as np
import pytest

from softeq_sklearn.groups import SE, SL, SO, MatrixGroup, O, Translation, Trivial, generated_by
from softeq_sklearn.projection import type_basis
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


def test_a_screw_translates_along_its_axis():
    screw = MatrixGroup([[[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0.7]]])
    np.testing.assert_allclose(np.abs(generators_of(screw).translations), [[0, 0, 1]])


def test_small_translations_beside_large_ones_count():
    group = MatrixGroup(lie_algebra=[[[0, 0, 1e3], [0, 0, 0]], [[0, 0, 0], [0, 0, 1e-11]]])
    directions = generators_of(group).translations
    np.testing.assert_allclose(np.abs(directions), np.eye(2))


def test_translations_leave_linear_parts_alone():
    generators = generators_of(SE(3))
    assert generators.lie.shape == (3, 3, 3)
    assert generators.translations.shape == (3, 3)


@pytest.mark.parametrize("size", [1e-13, 1e13])
def test_the_size_of_a_generator_means_nothing(size):
    turn, squeeze = np.array([[0.0, -1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
    for word in ((1, 1), (1, -1), (-1, -1), (1, 1, -1, -1)):
        turns = type_basis(word, MatrixGroup([size * turn]))
        np.testing.assert_allclose(turns, type_basis(word, SO(2)))
        expected = type_basis(word, SL(2))
        for generators in ([turn, size * squeeze], [size * turn, squeeze]):
            basis = type_basis(word, MatrixGroup(generators))
            np.testing.assert_allclose(basis @ basis.T, expected @ expected.T, atol=1e-12)


@pytest.mark.parametrize("unit", [1e-14, 1e14])
def test_translations_count_whatever_the_unit(unit):
    lattice = MatrixGroup(
        discrete_generators=[[[1, 0, unit], [0, 1, 0]], [[1, 0, 0], [0, 1, unit]]]
    )
    assert len(generators_of(lattice).translations) == 2
    noisy = MatrixGroup([[[0, 0, unit], [0, 0, 0]], [[0, -1, unit], [1, 0, 1e-16 * unit]]])
    assert len(generators_of(noisy).translations) == 1
