import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from softeq_sklearn.groups import GL, SE, SO, C, Cube, D, MatrixGroup, O, S, Trivial
from softeq_sklearn.groups._finite import all_elements
from softeq_sklearn.meta._elements import averaged_elements, evenly_spaced, unembedded


def test_unembedded():
    assert unembedded(SO(3)) == (SO(3), (0, 1, 2))
    inner = SE(2).embed(3, axes=(2, 0))
    assert unembedded(inner) == (SE(2), (2, 0))
    assert unembedded(inner.embed(5, axes=(4, 3, 1))) == (SE(2), (1, 4))


@pytest.mark.parametrize(
    "group", [C(5), D(4), S(4), Cube(), Trivial(2), S(3).embed(4, axes=(3, 0, 1))], ids=str
)
def test_all_elements_are_the_group(group):
    elements = all_elements(group, group.order)
    assert len(elements) == group.order
    assert group.contains(elements).all()
    assert len(np.unique(np.round(elements, 9), axis=0)) == group.order
    assert_array_equal(elements[0], np.eye(group.dim))
    assert all_elements(group, group.order - 1) is None


def test_infinite_groups_are_not_enumerated():
    assert all_elements(SO(2), 10_000) is None


@pytest.mark.parametrize(
    "group", [SO(2), SO(2).embed(3, axes=(0, 2)), MatrixGroup([[[0, -1], [1, 0]]])]
)
def test_evenly_spaced_rotations(group):
    elements = evenly_spaced(group, 6)
    assert len(elements) == 6
    power = np.linalg.matrix_power(elements[1], 6)
    assert_allclose(power, np.eye(group.dim), atol=1e-14)


def test_evenly_spaced_reflections():
    assert len(evenly_spaced(O(2), 9)) == 8
    assert (np.linalg.det(evenly_spaced(O(2), 9)) < 0).sum() == 4
    assert evenly_spaced(O(2), 1) is None
    assert evenly_spaced(SO(3), 9) is None


def test_averaged_elements():
    rng = np.random.RandomState(0)
    elements, whole = averaged_elements(D(4), 8, rng)
    assert whole and len(elements) == 8
    elements, whole = averaged_elements(D(4), 7, rng)
    assert not whole and elements.shape == (7, 2, 2)
    elements, whole = averaged_elements(SO(2), 5, rng)
    assert not whole and len(elements) == 5
    elements, whole = averaged_elements(GL(2), 5, np.random.RandomState(3))
    assert not whole
    assert_array_equal(elements, GL(2).sample(5, np.random.RandomState(3)))
