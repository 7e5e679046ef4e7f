import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from softeq_sklearn.groups import SO
from softeq_sklearn.representations import Point, Rep, Scalar, Vector
from softeq_sklearn.testing import representations

LETTERS_OF_A_POINT = (2,)


def words(rep, d):
    return {block.word for block in rep.blocks(d)}


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 3), st.booleans(), st.data())
def test_representations_are_as_asked(d, max_columns, max_order, duals, data):
    rep = data.draw(representations(d, max_columns=max_columns, max_order=max_order, duals=duals))
    assert isinstance(rep, Rep)
    assert 1 <= rep.dim(d) <= max_columns
    assert all(len(word) <= max_order for word in words(rep, d))
    assert duals or all(letter == 1 for word in words(rep, d) for letter in word)
    assert Rep.parse(repr(rep)) == rep


def smallest(strategy, condition=lambda rep: True):
    return find(strategy, condition, settings=settings(derandomize=True, database=None))


def test_examples_shrink_to_one_scalar():
    assert smallest(representations(3)) == Scalar
    assert smallest(representations(SO(2)), lambda rep: rep.dim(2) > 1).dim(2) == 2


@pytest.mark.parametrize(
    "word", [(1,), (-1,), (1, 1), (-1, 1), (1, -1), (-1, -1), LETTERS_OF_A_POINT]
)
def test_every_word_comes(word):
    rep = smallest(representations(2, points=True), lambda rep: word in words(rep, 2))
    assert word in words(rep, 2)


def test_products_of_sums_come():
    rep = smallest(representations(2), lambda rep: "(" in repr(rep).replace("T(", ""))
    assert rep == Vector * (Scalar + Vector)


@given(representations(2))
def test_points_are_for_those_who_ask(rep):
    assert not rep.has_points
    assert not (rep + Scalar).has_points
    assert (rep + Point).has_points


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_columns": 0}, "'max_columns' must be at least 1. Got 0"),
        ({"max_order": -1}, "'max_order' must be at least 0. Got -1"),
    ],
)
def test_bad_bounds(arguments, message):
    with pytest.raises(ValueError, match=message):
        representations(3, **arguments)
