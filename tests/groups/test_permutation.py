import math

import numpy as np
import pytest

from softeq_sklearn.groups import C, MatrixGroup, O, S, Trivial, Z


@pytest.mark.parametrize("n", [1, 2, 3, 5, 12, 20])
def test_orders_agree_with_schreier_sims(n):
    generators = S(n).discrete_generators
    if len(generators):
        assert MatrixGroup(discrete_generators=generators).order == math.factorial(n)
        assert MatrixGroup(discrete_generators=Z(n).discrete_generators).order == n
    assert S(n).order == math.factorial(n)


def test_the_cycle_takes_each_axis_to_the_next():
    e = np.eye(5)
    cycle = Z(5).discrete_generators[0]
    for i in range(5):
        np.testing.assert_array_equal(cycle @ e[i], e[(i + 1) % 5])
    np.testing.assert_array_equal(S(5).discrete_generators[1], cycle)


def test_small_cases():
    assert S(1) == Z(1) == Trivial(1)
    assert S(2) == Z(2)


def test_every_permutation_is_symmetric_but_not_cyclic():
    swap = np.eye(3)[[1, 0, 2]]
    assert S(3).contains(swap)
    assert not Z(3).contains(swap)
    assert O(3).contains(swap)


@pytest.mark.parametrize(
    "wrong",
    [
        [[1.0, 0.0], [1.0, 0.0]],
        [[1.0, 1.0], [0.0, 0.0]],
        [[2.0, -1.0], [-1.0, 2.0]],
        [[0.5, 0.5], [0.5, 0.5]],
    ],
)
def test_matrices_that_are_no_permutations(wrong):
    assert not S(2).contains(wrong)
    assert not Z(2).contains(wrong)


def test_each_axis_goes_everywhere_alike():
    mean = S(6).sample(20_000, random_state=0).mean(axis=0)
    np.testing.assert_allclose(mean, 1 / 6, atol=0.015)


def test_permutations_are_not_turns():
    assert Z(2) != C(2)


@pytest.mark.parametrize("cls", [S, Z])
def test_wrong_dimension(cls):
    with pytest.raises(ValueError, match=rf"'n' parameter of {cls.__name__} .* Got 0 instead"):
        cls(0)
