"""Containment of groups, against tables from group theory and against sampled elements."""

import numpy as np
import pytest
import scipy.linalg

from softeq_sklearn.groups import (
    GL,
    O13,
    SE,
    SL,
    SO,
    SO13,
    C,
    Cube,
    D,
    E,
    MatrixGroup,
    O,
    Reflection,
    RubiksCube,
    S,
    Scaling,
    SO13p,
    Sp,
    Translation,
    Trivial,
    Z,
    exponential,
    generated_by,
    is_same_group,
    is_subgroup,
)
from softeq_sklearn.groups._lie_closure import lie_algebra_closure
from softeq_sklearn.groups._logarithm import principal_logarithm

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
O_Z, O_X = O(2).embed(3, axes=(0, 1)), O(2).embed(3, axes=(1, 2))
SO_Z, SO_X = SO(2).embed(3, axes=(0, 1)), SO(2).embed(3, axes=(1, 2))
SO_12, SO_34 = SO(2).embed(4, axes=(0, 1)), SO(2).embed(4, axes=(2, 3))
TORUS = generated_by(SO_12, SO_34)


def line(first, second):
    """Turns of two planes at once, with these frequencies."""
    return MatrixGroup(
        first * SO_12.lie_algebra + second * SO_34.lie_algebra,
        name=f"line {first:.3g} {second:.3g}",
    )


def dense_rotations(k):
    """Turns by 2 pi / k about two axes."""
    return generated_by(C(k).embed(3, axes=(0, 1)), C(k).embed(3, axes=(1, 2)))


# The chain is strict: each group is in all that follow, and contains none of them.
CHAINS = {
    "orthogonal": [Trivial(3), SO_Z, SO(3), O(3), GL(3)],
    "volume": [SO_X, SO(3), SL(3), generated_by(SL(3), Scaling(3)), GL(3)],
    "scales": [Scaling(3), generated_by(SO(3), Scaling(3)), generated_by(O(3), Scaling(3)), GL(3)],
    "affine": [Trivial(3), Translation(3), SE(3), E(3), generated_by(E(3), Scaling(3))],
    "rigid": [SO_Z, SE(2).embed(3, axes=(0, 1)), SE(3), E(3)],
    "reflections": [Reflection(3), O_Z, generated_by(O_Z, O_X)],
    "plane": [C(1), C(4), C(12), SO(2), O(2), GL(2)],
    "polygons": [Reflection(2), D(4), D(12), O(2)],
    "permutations": [Trivial(5), Z(5), S(5), O(5), GL(5)],
    "puzzle": [Cube(), S(6), O(6)],
    "large puzzle": [RubiksCube(), S(48)],
    "Lorentz": [SO(3).embed(4, axes=(1, 2, 3)), SO13p(), SO13(), O13(), GL(4)],
    "proper Lorentz": [SO13p(), SO13(), SL(4), GL(4)],
    "symplectic": [Sp(2), SL(4)],
    "torus": [line(1, 12), TORUS, SO(4)],
    "circle and dozen": [SO_12, generated_by(SO_12, C(12).embed(4, axes=(2, 3))), TORUS],
    "cube in space": [dense_rotations(4), SO(3)],
}
ORDERED = [
    pytest.param(chain[i], chain[j], id=f"{name}: {chain[i]!r} in {chain[j]!r}"[:80])
    for name, chain in CHAINS.items()
    for i in range(len(chain))
    for j in range(i + 1, len(chain))
]
UNRELATED = [
    (O_Z, O_X),
    (O_Z, SO(3)),
    (Translation(3), SO(3)),
    (SO(3), Translation(3)),
    (Scaling(3), SE(3)),
    (Scaling(3), SL(3)),
    (SO13p(), O(4)),
    (C(5), C(12)),
    (C(3), D(4)),
    (Reflection(2, 1), D(3)),
    (S(4), SO(4)),
    (S(3), SE(3)),
    (SL(4), Sp(2)),
    (Reflection(3), generated_by(SL(3), Scaling(3))),
    (Reflection(3), generated_by(SO_Z, SO_X)),
    (Reflection(3, 2), generated_by(SO(3), Translation(3))),
]
SAME = [
    (generated_by(O_Z, O_X), O(3)),
    (generated_by(SO_Z, SO_X), SO(3)),
    (generated_by(SO_Z, Reflection(3), SO_X), O(3)),
    (generated_by(SO(3), Translation(3)), SE(3)),
    (generated_by(O_Z, O_X, Translation(3)), E(3)),
    (generated_by(SE(2).embed(3, axes=(0, 1)), SE(2).embed(3, axes=(1, 2))), SE(3)),
    (generated_by(SE(3), Reflection(3, 2)), E(3)),
    (generated_by(SL(3), Scaling(3), Reflection(3)), GL(3)),
    (generated_by(SO13p(), Reflection(4, 0), Reflection(4, 1)), O13()),
    (generated_by(Z(4), S(2).embed(4, axes=(0, 1))), S(4)),
    (generated_by(C(3), Reflection(2)), D(3)),
    (generated_by(C(3), C(4)), C(12)),
    (Sp(1), SL(2)),
    # Only the closure is the same.
    (dense_rotations(5), SO(3)),
]


@pytest.mark.parametrize(("smaller", "larger"), ORDERED)
def test_chains_are_strict(smaller, larger):
    assert is_subgroup(smaller, larger) is True
    assert is_subgroup(larger, smaller) is False


@pytest.mark.parametrize(("H", "G"), UNRELATED, ids=str)
def test_unrelated_groups(H, G):
    assert is_subgroup(H, G) is False
    assert is_same_group(H, G) is False


@pytest.mark.parametrize(("G", "H"), SAME, ids=str)
def test_same_groups(G, H):
    assert is_same_group(G, H) is True
    assert is_same_group(H, G) is True


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_answers_do_not_depend_on_the_basis(chain):
    """A change of basis moves the groups, not their relations; no family knows it any more."""
    group, larger = chain[0], chain[-1]
    change = np.random.RandomState(0).standard_normal((group.dim, group.dim))
    change = np.linalg.qr(change)[0]

    def moved(group):
        lie, discrete = group.lie_algebra.copy(), group.discrete_generators.copy()
        for stack in (lie, discrete):
            stack[..., : group.dim] = change @ stack[..., : group.dim] @ change.T
            if group.is_affine:
                stack[..., -1] = stack[..., -1] @ change.T
        if not len(lie) + len(discrete):
            return group
        return MatrixGroup(lie, discrete)

    if group.dim <= 5:
        assert is_subgroup(moved(group), moved(larger)) in (True, None)
        assert is_subgroup(moved(larger), moved(group)) is False


@pytest.mark.parametrize(
    ("group", "dimension"),
    [
        (SO(4), 6),
        (generated_by(SO_Z, SO_X), 3),
        (generated_by(SO_Z, S(3)), 3),
        (generated_by(SE(2).embed(3, axes=(0, 1)), SO_X), 6),
        (SL(4), 15),
        (generated_by(SL(2).embed(3, axes=(0, 1)), SO_X), 8),
        (MatrixGroup([[[0, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1], [0, 0, 0]]]), 3),
        (S(4), 0),
        (Trivial(2), 0),
    ],
    ids=str,
)
def test_dimension_of_the_lie_algebra(group, dimension):
    basis = lie_algebra_closure(group)
    assert len(basis) == dimension
    np.testing.assert_allclose(basis @ basis.T, np.eye(dimension), atol=1e-9)


def test_closure_is_closed_under_brackets():
    """All brackets of pairs, where the code probes random ones."""
    group = generated_by(SL(2).embed(4, axes=(0, 1)), SO(3).embed(4, axes=(1, 2, 3)))
    basis = lie_algebra_closure(group)
    matrices = basis.reshape(-1, 4, 4)
    brackets = np.einsum("aij,bjk->abik", matrices, matrices)
    brackets = (brackets - np.swapaxes(brackets, 0, 1)).reshape(-1, 16)
    np.testing.assert_allclose(brackets - (brackets @ basis.T) @ basis, 0, atol=1e-9)


@pytest.mark.parametrize("group", [SO(3), SO(4), SL(3), SO13p(), Sp(2)], ids=str)
def test_logarithm(group):
    for g in group.sample(5, random_state=0):
        log = principal_logarithm(g)
        np.testing.assert_allclose(log, scipy.linalg.logm(g), atol=1e-10)
        np.testing.assert_allclose(exponential(log), g, atol=1e-10)


def test_logarithm_of_a_shear():
    np.testing.assert_allclose(
        principal_logarithm(np.array([[1.0, 5.0], [0.0, 1.0]])), [[0, 5], [0, 0]]
    )


def test_undecided_is_said():
    """A shear generates a non-compact group of which only powers are reached."""
    shear = MatrixGroup(discrete_generators=[[[1, 1], [0, 1]]])
    third_power = MatrixGroup(discrete_generators=[[[1, 3], [0, 1]]])
    assert is_subgroup(third_power, shear) is None
    assert is_same_group(third_power, shear) is None
    assert is_subgroup(SO(2), shear) is False


def test_closures_above_three_dimensions_are_not_guessed():
    """Few tensors are compared there, and finite groups may be too large to be enumerated."""
    dense = line(1, 2**0.5)
    assert is_subgroup(dense, TORUS) is True
    assert is_subgroup(TORUS, dense) is None  # yes, but only the closure
    for d in (6, 8):
        signed_permutations = generated_by(S(d), Reflection(d))
        assert signed_permutations.order is None  # 46080 elements and more
        assert is_subgroup(signed_permutations, O(d)) is True
        assert is_subgroup(O(d), signed_permutations) in ((False,) if d == 6 else (None,))


def test_other_arguments_are_refused():
    with pytest.raises(ValueError, match="same dimension. Got dimensions 2 and 3"):
        is_subgroup(SO(2), SO(3))
    with pytest.raises(TypeError, match="'G' must be a Group. Got 'SO"):
        is_subgroup(SO(2), "SO(2)")


def about(*centre, unit=1.0):
    """Turns of the plane about a point."""
    return MatrixGroup([np.column_stack([TURN, -TURN @ centre]) * unit])


def steps(*vector):
    """Translations by multiples of a vector."""
    return MatrixGroup(discrete_generators=[np.column_stack([np.eye(2), vector])])


ALONG_X = Translation(1).embed(2, axes=(0,))


@pytest.mark.parametrize("distance", [0.0, 1.0, 1e3, 1e5, 1e7, 1e9])
def test_answers_do_not_depend_on_the_distance_of_a_centre(distance):
    turns = about(distance, 0.0)
    assert is_same_group(generated_by(turns, ALONG_X), SE(2)) is True
    assert is_same_group(generated_by(turns, about(distance, 10.0)), SE(2)) is True
    assert is_subgroup(turns, SE(2)) is True
    assert is_subgroup(SE(2), turns) is False
    assert is_subgroup(SO(2), turns) is (distance == 0)
    assert is_same_group(turns, about(distance, 0.0, unit=3.0)) is True
    # Where rounding is more than a hundred millionth of 10, the answer may be that it is unknown.
    denied = (False,) if distance <= 1e5 else (False, None)
    assert is_subgroup(about(distance, 10.0), turns) in denied
    assert is_subgroup(turns, Translation(2)) is False
    quarter = np.array([0.0, -1.0, 1.0, 0.0]).reshape(2, 2)
    moves = (np.eye(2) - quarter) @ [distance, 0.0]
    quarter_turns = MatrixGroup(discrete_generators=[np.column_stack([quarter, moves])])
    assert quarter_turns.order == 4
    assert is_subgroup(quarter_turns, turns) is True
    assert is_subgroup(turns, quarter_turns) is False
    assert is_subgroup(quarter_turns, about(distance, 10.0)) in denied


def test_what_rounding_hides_is_not_denied():
    far = about(1e13, 0.0)
    assert is_same_group(generated_by(far, about(1e13, 10.0)), SE(2)) is not False
    nearly = MatrixGroup([TURN, TURN + 1e-10 * np.diag([1.0, -1.0])])
    assert is_subgroup(SL(2), nearly) is None


@pytest.mark.parametrize("unit", [5e-10, 1.0, 1e10])
def test_lattices_do_not_depend_on_the_unit(unit):
    lattice = steps(unit, 0.0)
    assert is_subgroup(lattice, Trivial(2)) is False
    assert is_subgroup(lattice, SO(2)) is False
    assert is_subgroup(lattice, ALONG_X) is True
    assert is_subgroup(steps(0.0, unit), ALONG_X) is False
    assert is_subgroup(lattice, Translation(2)) is True
    assert is_subgroup(Translation(2), lattice) is False
    assert is_same_group(lattice, steps(-unit, 0.0)) is True
    assert is_subgroup(steps(0.0, unit), lattice) is False


@pytest.mark.parametrize("size", [1e-13, 1e13])
def test_answers_do_not_depend_on_the_size_of_generators(size):
    turns, shrinking = MatrixGroup([size * TURN]), MatrixGroup([size * np.eye(2)])
    assert is_same_group(turns, SO(2)) is True
    assert is_same_group(shrinking, Scaling(2)) is True
    assert is_subgroup(Scaling(2), turns) is False
    assert is_subgroup(MatrixGroup(discrete_generators=[2 * np.eye(2)]), shrinking) is True
    assert is_same_group(generated_by(shrinking, Translation(2)), SE(2)) is False
