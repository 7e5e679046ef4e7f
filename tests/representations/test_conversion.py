"""Representations as arguments."""

import pytest

from softeq_sklearn.representations import Scalar, Vector, as_representation


def test_representation_or_text():
    rep = 5 * Scalar + Vector
    assert as_representation(rep) is rep
    assert as_representation("5*Scalar + Vector") == rep


@pytest.mark.parametrize("value", [3, None, [Scalar], b"Scalar"])
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError, match="'rep_in' must be a representation .*Got .* of type"):
        as_representation(value, "rep_in")


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="'rep_out' must be the text.*Got 'Vektor'"):
        as_representation("Vektor", "rep_out")
