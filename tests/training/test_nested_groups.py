"""Penalties per constraint of groups that are parts of others."""

import numpy as np
import pytest
import torch

from softeq_sklearn.groups import SE, SO, O, Translation
from softeq_sklearn.groups._subgroups import contained_in
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.training._nested_groups import per_new_constraint
from softeq_sklearn.training._ratio_rule import per_constraint


def test_without_relations_it_is_the_mean():
    penalties, counts = {"a": 2.0, "b": 3.0, "c": 0.0}, {"a": 10, "b": 4, "c": 0}
    expected = per_constraint(penalties, counts)
    assert per_new_constraint(penalties, counts, {}) == expected
    assert per_new_constraint(penalties, counts, {"a": set(), "b": set()}) == expected


def test_no_group_is_better_than_its_parts():
    within = {"large": {"small", "middle"}, "middle": {"small"}}
    penalties = {"small": 5.0, "middle": 5.0, "large": 6.0}
    means = per_new_constraint(penalties, {"small": 5, "middle": 50, "large": 500}, within)
    assert means == {"small": 1.0, "middle": 1.0, "large": 1.0}


def test_equal_groups_and_layers():
    within = {"a": {"b"}, "b": {"a"}}
    penalties = {"a": np.array([1.0, 0.0]), "b": np.array([1.0, 0.0])}
    counts = {"a": np.array([4, 0]), "b": np.array([4, 0])}
    for value in per_new_constraint(penalties, counts, within).values():
        np.testing.assert_array_equal(value, [0.25, 0.0])


@pytest.mark.parametrize(
    ("groups", "larger", "smaller"),
    [
        ({"SO(3)": SO(3), "SE(3)": SE(3)}, SE(3), Translation(3)),
        ({"xy": O(2).embed(3, axes=(0, 1)), "all": O(3)}, None, None),
    ],
)
def test_weights_that_keep_only_the_part(groups, larger, smaller):
    """Weights in the subspace of the part: all of the penalty is on the other constraints."""
    part, whole = groups
    representation = "3*Point" if larger else "3*Vector"
    network = SoftEquivariantNetwork(
        representation, "Scalar", list(groups.values()), hidden_channels=16, n_hidden_layers=1
    ).double()
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(torch.randn(weights.shape, generator=torch.Generator().manual_seed(0)))
    network.project(groups[part])
    penalty = ProjectionPenalty(network, groups, 1.0)
    values, counts = penalty.values(network), penalty.n_constraints
    means = per_new_constraint(values, counts, contained_in(groups))
    assert values[part] == pytest.approx(0, abs=1e-12)
    assert means[whole] == pytest.approx(values[whole] / (counts[whole] - counts[part]))
    assert means[whole] > 0.1
    if smaller is not None:  # what is left is what translations alone say
        alone = ProjectionPenalty(network, {"t": smaller}, 1.0).values(network)["t"]
        assert values[whole] == pytest.approx(alone)
