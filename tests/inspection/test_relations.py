"""Which candidates are part of others."""

import itertools

import numpy as np
import pytest

from softeq_sklearn.groups import (
    GL,
    SE,
    SO,
    C,
    D,
    MatrixGroup,
    O,
    Reflection,
    S,
    Translation,
    generated_by,
    is_subgroup,
)
from softeq_sklearn.inspection import relations

PLANES = {"xy": (0, 1), "yz": (1, 2), "xz": (0, 2)}
GROUPS = {name: O(2).embed(3, axes=axes) for name, axes in PLANES.items()}


def closure(pairs):
    """All pairs that follow from neighbours, by brute force."""
    pairs = set(pairs)
    while True:
        more = {(a, d) for (a, b), (c, d) in itertools.product(pairs, pairs) if b == c and a != d}
        if more <= pairs:
            return pairs
        pairs |= more


def test_planes_and_the_group_over_them():
    groups = GROUPS | {"all": O(3)}
    assert relations(groups) == (("xy", "all"), ("yz", "all"), ("xz", "all"))
    assert relations(GROUPS) == ()
    assert relations({}) == ()


def test_a_sequence_is_named_by_reprs():
    assert relations([SE(3), SO(3), Translation(3)]) == (
        ("SO(3)", "SE(3)"),
        ("Translation(3)", "SE(3)"),
    )


def test_neighbours_only():
    assert relations([C(2), C(4), C(8), SO(2)]) == (
        ("C(2)", "C(4)"),
        ("C(4)", "C(8)"),
        ("C(8)", "SO(2)"),
    )


def test_equal_groups_are_named_both_ways():
    groups = {"xy": GROUPS["xy"], "O": O(3), "made": generated_by(GROUPS["xy"], GROUPS["yz"])}
    assert set(relations(groups)) == {("xy", "O"), ("xy", "made"), ("O", "made"), ("made", "O")}


def test_neighbours_say_all_there_is():
    groups = [C(2), C(3), C(4), C(12), D(3), D(4), SO(2), O(2), GL(2), Reflection(2), S(2)]
    named = {repr(group): group for group in groups}
    all_pairs = {(a, b) for a in named for b in named if a != b and is_subgroup(named[a], named[b])}
    pairs = relations(named)
    assert closure(pairs) == all_pairs
    for left_out in pairs:
        assert closure(set(pairs) - {left_out}) != all_pairs


def test_undecided_pairs_are_left_out():
    shear = MatrixGroup(discrete_generators=[[[1, 1], [0, 1]]], name="shear")
    power = MatrixGroup(discrete_generators=[[[1, 3], [0, 1]]], name="power")
    assert relations({"shear": shear, "power": power}) == ()


def test_other_arguments_are_refused():
    with pytest.raises(ValueError, match="same dimension"):
        relations([SO(2), SO(3)])
    with pytest.raises(TypeError, match="must be a Group"):
        relations({"a": SO(2), "b": np.eye(2)})
