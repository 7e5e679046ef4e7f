import itertools

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from softeq_sklearn import groups as all_groups
from softeq_sklearn.groups import Group, Trivial
from softeq_sklearn.projection import equivariant_basis
from softeq_sklearn.testing import groups

TAGS = [
    tags
    for tags in itertools.product((None, True, False), repeat=3)
    # Permutations are orthogonal and linear, and so far every affine group is orthogonal.
    if not (tags[1] and (tags[0] is False or tags[2])) and not (tags[0] is False and tags[2])
]


@pytest.mark.parametrize(("orthogonal", "permutation", "affine"), TAGS)
@settings(max_examples=15)
@given(data=st.data())
def test_groups_are_as_asked(orthogonal, permutation, affine, data):
    group = data.draw(groups(orthogonal=orthogonal, permutation=permutation, affine=affine))
    assert isinstance(group, Group)
    assert 1 <= group.dim <= 4
    assert orthogonal in (None, group.is_orthogonal)
    assert permutation in (None, group.is_permutation)
    assert affine in (None, group.is_affine)


@settings(max_examples=60)
@given(groups(max_dim=3, affine=None))
def test_groups_are_sound(group):
    assert eval(repr(group), dict(vars(all_groups))) == group
    elements = group.sample(3, random_state=0)
    assert elements.shape == (3, group.dim, group.dim + group.is_affine)
    assert np.isfinite(elements).all()
    basis = equivariant_basis("Vector", group)
    for g in elements:
        np.testing.assert_allclose(g[:, : group.dim] @ basis, basis, atol=1e-8)


@pytest.mark.parametrize("d", [1, 2, 3, 6])
@settings(max_examples=5)
@given(data=st.data())
def test_bounds_of_the_dimension(d, data):
    assert data.draw(groups(min_dim=d, max_dim=d)).dim == d


def smallest(strategy, condition=lambda group: True):
    return find(strategy, condition, settings=settings(derandomize=True, database=None))


def test_examples_shrink_to_named_groups_of_small_dimension():
    assert smallest(groups()) == Trivial(1)
    assert smallest(groups(min_dim=2)) == Trivial(2)
    group = smallest(groups(), lambda group: not group.is_orthogonal)
    assert group.dim == 1
    assert repr(group).count("(") == 1
    assert smallest(groups(), lambda group: group.dim > 2).dim == 3


@pytest.mark.parametrize("kind", ["EmbeddedGroup", "GeneratedGroup", "MatrixGroup", "SO13p", "Sp"])
def test_every_kind_of_group_comes(kind):
    options = settings(derandomize=True, database=None, max_examples=1000)
    four = groups(min_dim=4, max_dim=4)
    group = find(four, lambda group: type(group).__name__ == kind, settings=options)
    assert type(group).__name__ == kind


@pytest.mark.parametrize(("min_dim", "max_dim"), [(0, 3), (3, 2), (-1, 1)])
def test_bad_bounds(min_dim, max_dim):
    with pytest.raises(ValueError, match=rf"1 <= min_dim <= max_dim. Got {min_dim} and {max_dim}"):
        groups(min_dim=min_dim, max_dim=max_dim)


def test_what_cannot_be():
    with pytest.raises(ValueError, match="No group of dimension 1 to 4 .* permutation=True"):
        groups(orthogonal=False, permutation=True)
