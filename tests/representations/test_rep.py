"""Representations are values: algebra, equality, printing, errors."""

import copy
import pickle

import numpy as np
import pytest

import softeq_sklearn.representations as representations
from softeq_sklearn.representations import Point, Rep, Scalar, T, Vector

NAMES = {name: getattr(representations, name) for name in representations.__all__}


def test_printing_evaluates_back(rep):
    assert eval(repr(rep), dict(NAMES)) == rep


def test_pickles_and_copies(rep):
    for other in (pickle.loads(pickle.dumps(rep)), copy.copy(rep), copy.deepcopy(rep)):
        assert other == rep
        assert hash(other) == hash(rep)
        assert repr(other) == repr(rep)


def test_zero_and_one_copies(rep):
    assert 1 * rep == rep * 1 == rep
    assert (0 * rep).dim(3) == 0
    assert rep + 0 * rep == 0 * rep + rep == rep
    assert sum([rep]) == rep


def test_multiples_are_sums(rep):
    assert 3 * rep == rep + rep + rep == sum([rep, rep, rep])
    assert hash(3 * rep) == hash(rep + 2 * rep)
    assert np.int64(2) * rep == rep * np.int64(2) == rep + rep


def test_dual_is_an_involution(linear_rep):
    assert linear_rep.T.T == linear_rep
    assert linear_rep.T.dim(3) == linear_rep.dim(3)


def test_sums_are_associative_not_commutative():
    assert (Scalar + Vector) + T(2) == Scalar + (Vector + T(2))
    assert Scalar + Vector != Vector + Scalar
    assert hash(Scalar + Vector) == hash(Vector + Scalar)


def test_products_are_associative_and_distribute_on_the_left(linear_rep, other_rep):
    A, B, C = linear_rep, other_rep, Scalar + Vector.T
    assert (A * B) * C == A * (B * C)
    assert (A + B) * C == A * C + B * C
    assert Scalar * A == A * Scalar == A


def test_right_sums_do_not_distribute():
    # Column (i, j) of V x (A + B) runs over j first, through all of A + B.
    assert Vector * (2 * Vector) != 2 * T(2)
    assert Vector * (Scalar + Vector) != Vector + T(2)


def test_dimensions_multiply(linear_rep, other_rep):
    for d in (1, 2, 3):
        assert (linear_rep * other_rep).dim(d) == linear_rep.dim(d) * other_rep.dim(d)
        assert (linear_rep + other_rep).dim(d) == linear_rep.dim(d) + other_rep.dim(d)
        assert (linear_rep >> other_rep).dim(d) == linear_rep.dim(d) * other_rep.dim(d)


def test_linear_maps_are_output_times_dual_input(linear_rep, other_rep):
    assert (linear_rep >> other_rep) == other_rep * linear_rep.T


def test_points_that_share_a_translation_stay_together():
    # Two functions of three Points each, or one function of six Points.
    assert 3 * Point >> 2 * Scalar != 6 * Point >> Scalar
    assert (3 * Point >> Scalar) + (3 * Point >> Scalar) == (3 * Point >> 2 * Scalar)
    assert 6 * Point >> Scalar == 2 * (3 * Point) >> Scalar


def test_huge_multiplicities_are_exact():
    rep = 10**30 * (Scalar + T(20))
    assert rep.dim(7) == 10**30 * (1 + 7**20)
    assert rep == 10**30 * (Scalar + T(20))


def test_dimension_from_a_group_or_an_integer():
    class Plane:
        dim = 2

    assert T(3).dim(Plane()) == T(3).dim(2) == T(3).dim(np.int64(2)) == 8


def test_words_are_the_tensor_types():
    assert (Vector + Scalar + 2 * Vector >> Vector).words == ((1, -1), (1,))
    assert Point.has_points and not Point.has_dual_points
    assert (Point >> Vector).has_dual_points and not (Point >> Vector).has_points


def test_cannot_be_changed():
    with pytest.raises(AttributeError, match="cannot be changed"):
        Vector.dim = 3
    with pytest.raises(AttributeError, match="cannot be changed"):
        Vector._terms = ()
    with pytest.raises(AttributeError, match="cannot be changed"):
        del Vector._terms


def test_rep_is_not_called():
    with pytest.raises(TypeError, match="Scalar, Vector"):
        Rep()


@pytest.mark.parametrize(
    "multiplicity, error", [(-1, ValueError), (2.5, TypeError), (True, TypeError), (2j, TypeError)]
)
def test_bad_multiplicities(multiplicity, error):
    for product in (lambda: multiplicity * Vector, lambda: Vector * multiplicity):
        with pytest.raises(error, match="multiplicity .* non-negative integer.* Got"):
            product()


def test_unknown_operands():
    for operation in (
        lambda: Vector + 1,
        lambda: 1 + Vector,
        lambda: Vector + "Vector",
        lambda: Vector * "Vector",
        lambda: Vector >> 3,
        lambda: 3 >> Vector,
    ):
        with pytest.raises(TypeError, match="unsupported operand|multiply sequence"):
            operation()
    assert Vector != "Vector"


@pytest.mark.parametrize(
    "product",
    [
        lambda: Point * Vector,
        lambda: Vector * Point,
        lambda: (Point >> Vector) * Vector,
        lambda: (Scalar + Point) * 2 * Scalar * Vector,
    ],
)
def test_points_do_not_multiply(product):
    with pytest.raises(ValueError, match="only in sums and on the left of >>.*Got.*Point"):
        product()


def test_no_linear_maps_into_points():
    for rep_in in (Point, Vector):
        with pytest.raises(ValueError, match="affine set, not a linear space.*Got rep_out = Sc"):
            rep_in >> Scalar + Point


def test_no_dual_of_maps_from_points():
    assert Point.T.T == Point
    with pytest.raises(ValueError, match="dual .* not available.*Vector"):
        (Point >> Vector).T  # noqa: B018


@pytest.mark.parametrize("group", ["O(3)", 2.5, None])
def test_bad_group(group):
    with pytest.raises(TypeError, match="'group' must be a Group or the dimension.*Got"):
        Vector.dim(group)


@pytest.mark.parametrize("d", [0, -1, True])
def test_bad_dimension(d):
    with pytest.raises(ValueError, match="at least 1. Got"):
        Vector.dim(d)


def test_centred_points_are_vectors():
    rep = 2 * (Point + Scalar) + T(1, 1)
    assert rep.centred == 2 * (Vector + Scalar) + T(1, 1)
    assert rep.dim(3) == rep.centred.dim(3)
    assert (Point >> Vector).centred == (Point >> Vector)
