"""Which unknowns of a type projectors couple."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from softeq_sklearn.groups import SO, O, S, Trivial
from softeq_sklearn.projection import type_basis
from softeq_sklearn.regularizers import ProjectionPenalty, _projection
from softeq_sklearn.regularizers._coupling import complements, stacked_by_size, uncoupled_sets

PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]
CASES = [
    (PLANES, (1, 1)),
    (PLANES, 6 * (1,)),
    (PLANES, (1, 1, 1, 1)),
    ([SO(3), S(3)], (1, 1)),
    ([SO(2)], (1, 1)),
]


@pytest.mark.parametrize(("groups", "word"), CASES, ids=str)
def test_projectors_are_those_of_the_sets(groups, word):
    """Together they are all of the projector, whose entries between sets are zero."""
    bases = [type_basis(word, group) for group in groups]
    sets = uncoupled_sets(bases)
    assert_array_equal(np.sort(np.concatenate(sets)), np.arange(len(bases[0])))
    assert all((np.diff(members) > 0).all() for members in sets)
    for basis in bases:
        expected, found = np.eye(len(basis)) - basis @ basis.T, np.zeros(2 * (len(basis),))
        for columns in stacked_by_size(sets):
            for own, part in zip(columns, complements(basis, columns), strict=True):
                found[np.ix_(own, own)] = part
        assert_allclose(found, expected, atol=1e-12)


def test_planes_leave_most_unknowns_alone():
    def sizes(groups, word):
        sets = uncoupled_sets([type_basis(word, group) for group in groups])
        return sorted(map(len, sets), reverse=True)

    assert sizes(PLANES, (1, 1)) == [3, 1, 1, 1, 1, 1, 1]
    assert sizes(PLANES, 6 * (1,))[:2] == [183, 1]
    assert sizes([SO(3), SO(2).embed(3, axes=(0, 1))], (1, 1)) == [3, 2, 1, 1, 1, 1]


def test_stacks_are_by_size():
    stacks = stacked_by_size([np.array([4]), np.array([0, 2]), np.array([1]), np.array([3, 5])])
    assert [stack.tolist() for stack in stacks] == [[[4], [1]], [[0, 2], [3, 5]]]


@pytest.mark.parametrize(("k", "n_parts"), [(3, 1), (5, 2), (6, 6)])
def test_large_types_are_looked_at_in_parts(k, n_parts):
    bases = [type_basis(k * (1,), group) for group in PLANES]
    parts = _projection._large_parts(3**k, bases)
    assert len(parts) == n_parts
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(3**k))
    if n_parts > 1:
        assert min(map(len, parts[:-1])) >= 128 > 3**k - sum(map(len, parts[:-1]))
        part_of = np.repeat(np.arange(n_parts), list(map(len, parts)))[
            np.argsort(np.concatenate(parts))
        ]
        assert all(len(set(part_of[members])) == 1 for members in uncoupled_sets(bases))


def test_a_network_that_no_group_constrains_has_no_squares(soft_layers):
    groups = {"nothing": Trivial(2)}
    module = soft_layers(groups, [({(1,): 1}, {(1,): 1}), ({(1,): 1}, {(): 1})])
    assert ProjectionPenalty(module, groups, 1.0).layer_half_squares(module).tolist() == [0, 0]
