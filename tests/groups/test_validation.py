import pickle

import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups._validation import check_axes, check_generator_count, check_integer


def test_integers_of_any_library_are_accepted():
    for value in (3, np.int32(3), np.uint8(3), np.array(3)):
        integer = check_integer("SO", "n", value, minimum=1)
        assert integer == 3
        assert type(integer) is int


@pytest.mark.parametrize("value", [3.0, "3", None, [3], True, np.True_])
def test_other_types_are_not(value):
    with pytest.raises(TypeError, match="The 'n' parameter of SO must be an integer of at least 1"):
        check_integer("SO", "n", value, minimum=1)


def test_axes_come_back_as_a_tuple_of_ints():
    axes = check_axes("SO.embed", np.array([2, 0]), n_axes=2, dim=3)
    assert axes == (2, 0)
    assert all(type(axis) is int for axis in axes)


def test_problem_too_large_is_a_value_error_with_the_sizes():
    with pytest.raises(ValueError, match="needs 7 generators of 4000 x 4000 = 112000000") as info:
        check_generator_count("G", 7, 4000)
    assert isinstance(info.value, ProblemTooLargeError)
    assert str(pickle.loads(pickle.dumps(info.value))) == str(info.value)
