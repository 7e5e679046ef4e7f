"""Permutation groups against brute force and, where it is installed, against sympy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.groups._schreier_sims import PermutationGroup


def generator_lists(max_degree=6):
    """Draw up to three permutations of up to `max_degree` points."""
    return st.integers(1, max_degree).flatmap(
        lambda degree: st.lists(st.permutations(range(degree)), min_size=1, max_size=3)
    )


def all_products(generators):
    """Return the set of all products, by brute force."""
    found = {tuple(range(len(generators[0])))}
    frontier = found
    while frontier:
        frontier = {tuple(g[i] for i in p) for p in frontier for g in generators} - found
        found = found | frontier
    return found


@given(generator_lists())
def test_order_and_elements_agree_with_brute_force(generators):
    group = PermutationGroup(np.array(generators))
    elements = all_products(generators)
    assert group.order == len(elements)
    assert group.contains(np.array(sorted(elements))).all()


@given(generator_lists(max_degree=5), st.integers(0, 2**31))
def test_membership_agrees_with_brute_force(generators, seed):
    group = PermutationGroup(np.array(generators))
    elements = all_products(generators)
    candidates = np.random.RandomState(seed).uniform(size=(20, len(generators[0]))).argsort(axis=1)
    expected = [tuple(candidate.tolist()) in elements for candidate in candidates]
    assert group.contains(candidates).tolist() == expected


@given(generator_lists(max_degree=9))
def test_order_agrees_with_sympy(generators):
    combinatorics = pytest.importorskip("sympy.combinatorics")
    theirs = combinatorics.PermutationGroup([combinatorics.Permutation(g) for g in generators])
    assert PermutationGroup(np.array(generators)).order == theirs.order()


def test_samples_are_uniform():
    # The alternating group of 4 points, from two 3-cycles.
    generators = [[1, 2, 0, 3], [0, 2, 3, 1]]
    group = PermutationGroup(np.array(generators))
    samples = group.sample(6000, np.random.RandomState(0))
    _, counts = np.unique(samples, axis=0, return_counts=True)
    assert group.order == len(counts) == 12
    assert ((counts - 500) ** 2 / 500).sum() < 31.3  # chi-square, 11 degrees, p = 0.001


@pytest.mark.parametrize(
    ("generators", "order"),
    [
        ([[0, 1, 2]], 1),
        ([[1, 0, 2, 3], [0, 1, 3, 2]], 4),
        ([[1, 0, 2, 3], [2, 3, 0, 1]], 8),
        # The Mathieu groups M11 and M24 of 7920 and 244823040 elements.
        ([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0], [0, 1, 6, 9, 5, 3, 10, 2, 8, 4, 7]], 7920),
        (
            [
                [*range(1, 23), 0, 23],
                [0, 1, 16, 12, 3, 5, 8, 17, 2, 6, 11, 22, 13, 18, 19, 14, 9, 10, 4, 21, 15, 20]
                + [7, 23],
                [23, 22, 11, 15, 17, 9, 19, 13, 20, 5, 16, 2, 21, 7, 18, 3, 10, 4, 14, 6, 8, 12]
                + [1, 0],
            ],
            244823040,
        ),
    ],
)
def test_known_groups(generators, order):
    assert PermutationGroup(np.array(generators)).order == order


def test_many_points():
    n = 30
    generators = np.array([[1, 0, *range(2, n)], [*range(1, n), 0]])
    assert PermutationGroup(generators).order == math.factorial(n)
