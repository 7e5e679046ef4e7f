"""Representations from text: the notation reads back, and errors show the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.representations import (
    Point,
    Rep,
    Scalar,
    T,
    Vector,
    parse_representation,
)
from softeq_sklearn.testing import representations


def test_printing_and_parsing_are_inverse(rep):
    assert parse_representation(repr(rep)) == rep
    assert repr(parse_representation(repr(rep))) == repr(rep)


@given(representations(2, max_columns=40, max_order=3, points=True))
def test_printing_and_parsing_are_inverse_at_random(rep):
    assert Rep.parse(repr(rep)) == rep


@given(representations(2), representations(2))
def test_operators_mean_the_same_in_text(left, right):
    for symbol, value in (("+", left + right), ("*", left * right), (">>", left >> right)):
        assert parse_representation(f"({left}) {symbol} ({right})") == value
    assert parse_representation(f"({left}).T") == left.T


@pytest.mark.parametrize(
    "text, expected",
    [
        ("5*Scalar + 5*Vector", 5 * Scalar + 5 * Vector),
        ("  Vector\n", Vector),
        ("T(2)", T(2)),
        ("T( 2 , 1 )", T(2, 1)),
        ("T(2, q=1)", T(2, 1)),
        ("Vector * 3", 3 * Vector),
        ("2 * 3 * Vector", 6 * Vector),
        ("2*(Scalar+Vector)", 2 * (Scalar + Vector)),
        ("Vector.T.T", Vector),
        ("Scalar + Vector >> 2*Vector", Scalar + Vector >> 2 * Vector),
        ("Scalar >> Vector >> Vector", (Scalar >> Vector) >> Vector),
        ("3*Point >> Vector", 3 * Point >> Vector),
        ("((Vector))", Vector),
        ("0*Scalar", 0 * Scalar),
    ],
)
def test_notation(text, expected):
    assert parse_representation(text) == expected


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", r"expected Scalar, Vector, .* at position 0, found the end"),
        ("5*Scaler", r"expected Scalar, Vector, .* at position 2, found 'Scaler'"),
        ("Vector Scalar", r"expected '\+', '\*', '>>', '\.T' or the end at position 7"),
        ("Vector +", r"expected Scalar.* at position 8, found the end"),
        ("Vector - Scalar", r"or the end at position 7, found '-'"),
        ("2*-1*Vector", r"expected .* at position 2, found '-'"),
        ("Vector & Scalar", r"unexpected character '&' at position 7"),
        ("Vector > Scalar", r"unexpected character '>' at position 7"),
        ("1.5*Vector", r"or the end at position 1, found '\.'"),
        ("Vector.X", r"expected 'T' after '\.' at position 7, found 'X'"),
        ("(Vector", r"expected '\)' at position 7, found the end"),
        ("Vector)", r"or the end at position 6, found '\)'"),
        ("T", r"expected '\(' after T at position 1, found the end"),
        ("T()", r"expected an integer at position 2, found '\)'"),
        ("T(-1)", r"expected an integer at position 2, found '-'"),
        ("T(1, 2, 3)", r"expected '\)' at position 6, found ','"),
        ("T(1, p=2)", r"expected an integer at position 5, found 'p'"),
        ("T(1; 2)", r"unexpected character ';' at position 3"),
        ("T (99)", r"T at position 0: .*at most 62 axes"),
        ("3", r"found only the integer 3"),
        ("3 + Vector", r"'\+' at position 2 must stand between two representations"),
        ("Vector >> 3", r"'>>' at position 7 must stand between two representations"),
        ("Point * Vector", r"'\*' at position 6: Points may stand only in sums"),
        ("Vector >> Point", r"'>>' at position 7: 'rep_out'"),
        ("(Point >> Vector).T", r"dual of a space of linear maps"),
        ("__import__(1)", r"expected Scalar.* at position 0, found '__import__'"),
        ("*".join(["(Vector + Vector.T)"] * 40), r"at most 1000 different tensor types"),
        ("9" * 40 + "*Vector", r"integer at position 0 has more than 18 digits"),
        ("(" * 5000 + "Vector", r"more than 50 nested parentheses"),
    ],
)
def test_errors_show_text_place_and_what_was_expected(text, reason):
    with pytest.raises(ValueError, match=reason) as error:
        parse_representation(text)
    assert str(error.value).startswith("'rep' must be the text of a representation: ")
    assert str(error.value).endswith(f"Got {text!r} instead.")


def test_long_text_is_refused():
    with pytest.raises(ValueError, match="at most 10000 characters. Got 90008 characters"):
        parse_representation("Vector" + "  + Scalar"[1:] * 10_000 + "  ")


def test_the_longest_text_and_the_deepest_parentheses():
    assert parse_representation("Vector".rjust(10_000)) == Vector
    assert parse_representation("(" * 50 + "Vector" + ")" * 50) == Vector


def test_parentheses_side_by_side_are_not_nested():
    assert parse_representation(" + ".join(["(Vector)"] * 100)) == 100 * Vector


def test_not_a_text():
    with pytest.raises(TypeError, match="'rep_in' must be a str. Got 3 of type int"):
        parse_representation(3, "rep_in")


@given(st.text(alphabet="ScalrVectoPinT()+*>.,= 0123", max_size=12))
def test_any_text_gives_a_representation_or_a_value_error(text):
    try:
        assert isinstance(parse_representation(text), Rep)
    except ValueError as error:
        assert repr(text) in str(error)


@pytest.mark.parametrize("n_copies", [10**5, 10**18 - 1])
def test_short_texts_of_many_terms_end(n_copies):
    """Copies that stand in another order on both sides are not written out to the end."""
    m = n_copies
    text = f"2*(Scalar + {m}*(Vector+Scalar)) + 2*({m}*(Scalar+Vector) + Scalar)"
    rep = parse_representation(text)
    assert rep.dim(2) == 4 * (1 + 3 * m)
    assert rep == parse_representation(text)


def test_many_duals_end():
    factors = "*".join(["(Vector + Vector.T)"] * 8)
    rep = parse_representation(factors)
    assert parse_representation(f"({factors})" + ".T" * 2001) == rep.T
    assert parse_representation(f"({factors})" + ".T" * 2000) == rep
