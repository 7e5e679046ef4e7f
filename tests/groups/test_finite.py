import numpy as np
import pytest

from softeq_sklearn.groups import (
    SO,
    C,
    D,
    MatrixGroup,
    Reflection,
    S,
    Trivial,
    is_same_group,
    is_subgroup,
)
from softeq_sklearn.groups._finite import (
    _KnownElements,
    are_permutation_matrices,
    enumerate_elements,
    permutation_matrices,
)

GOLDEN = (1 + 5**0.5) / 2


def turn(axis, angle):
    """Return the rotation of space by an angle about an axis (formula of Rodrigues)."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


POLYHEDRA = [
    ("tetrahedron", [turn([1, 1, 1], 2 * np.pi / 3), turn([0, 0, 1], np.pi)], 12),
    ("cube", [turn([1, 1, 1], 2 * np.pi / 3), turn([0, 0, 1], np.pi / 2)], 24),
    ("icosahedron", [turn([1, 1, 1], 2 * np.pi / 3), turn([0, 1, GOLDEN], 2 * np.pi / 5)], 60),
]


@pytest.mark.parametrize(("name", "generators", "order"), POLYHEDRA, ids=[p[0] for p in POLYHEDRA])
def test_rotation_groups_of_regular_solids(name, generators, order, assert_uniform):
    group = MatrixGroup(discrete_generators=generators, name=name)
    assert group.order == order
    assert_uniform(group, order)
    assert group.contains(group.sample(50, random_state=0)).all()
    assert not group.contains(turn([1, 2, 3], 1.0))
    assert not group.contains(-np.eye(3))


def test_elements_form_a_group():
    elements = enumerate_elements(D(6).discrete_generators)
    products = (elements[:, None] @ elements).reshape(-1, 2, 2)
    distance = np.abs(products[:, None] - elements).max(axis=(2, 3))
    assert (distance.min(axis=1) < 1e-12).all()
    np.testing.assert_array_equal(elements[0], np.eye(2))


def test_no_generators_give_the_identity():
    np.testing.assert_array_equal(enumerate_elements(Trivial(3).discrete_generators), [np.eye(3)])


def test_rounding_does_not_multiply_elements():
    # Products along different ways to the same of 2000 elements differ by rounding.
    generators = [*C(1000).discrete_generators, *Reflection(2).discrete_generators]
    assert MatrixGroup(discrete_generators=generators).order == 2000


@pytest.mark.parametrize("distance", [1e-12, -1e-12, 0.0])
def test_equal_elements_in_neighbouring_cells_are_one(distance):
    known = _KnownElements((1, 1))
    # For one number the cells are 1e-9 wide; this is the boundary of two.
    boundary = 1.0 + 0.5e-9
    known.add(np.array([[boundary]]))
    known.add(np.array([[boundary + distance]]))
    known.add(np.array([[boundary - distance]]))
    known.add(np.array([[boundary + 3e-9]]))
    assert len(known.elements) == 2


def test_entries_on_a_rounding_boundary_do_not_multiply_elements():
    scale = np.diag([1.0, 2.0**-9])
    conjugate = scale @ D(3).discrete_generators @ np.linalg.inv(scale)
    assert MatrixGroup(discrete_generators=conjugate).order == 6


@pytest.mark.parametrize(
    "generator",
    [
        [[1.0, 1.0], [0.0, 1.0]],
        [[2.0, 0.0], [0.0, 0.5]],
        [[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]],
        [[1.0, 0.0, 1.0], [0.0, -1.0, 0.0]],
    ],
    ids=["shear", "squeeze", "irrational turn", "glide reflection"],
)
def test_infinite_discrete_groups(generator):
    group = MatrixGroup(discrete_generators=[generator])
    assert group.order is None
    assert np.isfinite(group.sample(100, random_state=0)).all()
    with pytest.raises(NotImplementedError, match="not a finite group small enough"):
        group.contains(generator)


def test_words_of_infinite_groups_are_even_and_odd_alike():
    glide = [[1.0, 0.0, 1.0], [0.0, -1.0, 0.0]]
    samples = MatrixGroup(discrete_generators=[glide]).sample(4000, random_state=0)
    assert abs(samples[:, 1, 1].mean()) < 0.08
    assert np.abs(samples[:, 0, 2]).max() == 4.0


def test_large_matrices_are_not_enumerated_beyond_memory():
    n = 400
    generators = np.tile(np.eye(n), (8, 1, 1))
    generators[np.arange(8), np.arange(8), np.arange(8)] = -1.0
    assert MatrixGroup(discrete_generators=generators).order is None


def test_a_reflection_of_a_large_space_has_order_two():
    assert Reflection(1500).order == 2
    assert Trivial(1500).sample(1, random_state=0).shape == (1, 1500, 1500)


def test_permutation_matrices_take_axes_to_their_images():
    (matrix,) = permutation_matrices([[2, 0, 1]])
    np.testing.assert_array_equal(matrix @ [10.0, 20.0, 30.0], [20.0, 30.0, 10.0])
    assert are_permutation_matrices(matrix[None], 0.0).all()
    assert MatrixGroup(discrete_generators=[matrix]).order == 3


def test_permutation_groups_too_large_to_enumerate_are_finite():
    group = MatrixGroup(discrete_generators=S(12).discrete_generators)
    assert group.order == 479001600
    assert S(12).contains(group.sample(20, random_state=0)).all()


@pytest.mark.parametrize(
    "generator",
    [
        0.5 * np.eye(2),
        2.0 * np.eye(2),
        [[0.5, 0.0, 1.0], [0.0, 0.5, 0.0]],
        0.9 * turn([0, 0, 1], 1.0),
        [[1.0 - 1e-8]],
        [[1e300]],
    ],
    ids=["contraction", "expansion", "affine contraction", "spiral", "slow", "overflow"],
)
def test_powers_of_a_matrix_that_changes_volumes_are_not_finite(generator):
    group = MatrixGroup(discrete_generators=[generator])
    assert group.order is None
    with pytest.raises(NotImplementedError, match="not a finite group small enough"):
        group.contains(generator)


def test_contractions_and_expansions_are_the_same_group():
    half, two, four = (MatrixGroup(discrete_generators=[s * np.eye(2)]) for s in (0.5, 2.0, 4.0))
    assert is_same_group(half, two)
    assert is_subgroup(half, four) is not True


def test_samples_of_turns_and_contractions_have_the_documented_number_of_letters():
    group = MatrixGroup(SO(2).lie_algebra, discrete_generators=[0.5 * np.eye(2)])
    factors = np.sqrt(np.linalg.det(group.sample(2000, random_state=0)))
    np.testing.assert_allclose([factors.min(), factors.max()], [2.0**-4, 2.0**4])


@pytest.mark.parametrize("step", [5e-10, 1.0, 1e300])
def test_lattices_are_infinite_whatever_the_unit(step):
    lattice = MatrixGroup(discrete_generators=[[[1.0, 0.0, step], [0.0, 1.0, 0.0]]])
    assert lattice.order is None


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_turns_about_a_point_are_finite_whatever_the_unit(unit):
    turns = MatrixGroup(discrete_generators=[[[0.0, -1.0, 3 * unit], [1.0, 0.0, unit]]])
    assert turns.order == 4
    assert turns.contains(turns.sample(10, random_state=0)).all()
    assert not turns.contains([[0.0, -1.0, 3 * unit], [1.0, 0.0, 1.01 * unit]])
    assert not turns.contains([[1.0, 0.0, 1e-3 * unit], [0.0, 1.0, 0.0]])
