import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from softeq_sklearn.groups import (
    SE,
    SL,
    SO,
    C,
    Cube,
    MatrixGroup,
    O,
    S,
    Scaling,
    SO13p,
    Translation,
    Trivial,
)
from softeq_sklearn.testing import elements

GROUPS = [
    Trivial(2),
    SO(3),
    O(2),
    SL(2),
    Scaling(3),
    C(5),
    S(4),
    Cube(),
    SO13p(),
    SE(2),
    Translation(3),
    SO(2).embed(3, axes=(0, 2)),
]


@pytest.mark.parametrize("group", GROUPS, ids=repr)
@given(data=st.data())
def test_elements_belong_to_the_group(group, data):
    g = data.draw(elements(group))
    assert g.shape == (group.dim, group.dim + group.is_affine)
    assert group.contains(g)


@given(elements(MatrixGroup(lie_algebra=[[[0.0, -1e9], [1e9, 0.0]]])))
def test_elements_stay_bounded(g):
    np.testing.assert_allclose(g @ g.T, np.eye(2), atol=1e-9)


@pytest.mark.parametrize("group", [SO(3), SE(2), C(4)], ids=repr)
def test_elements_shrink_to_the_identity(group):
    options = settings(derandomize=True, database=None)
    identity = np.eye(group.dim, group.dim + group.is_affine)
    assert np.array_equal(find(elements(group), lambda g: True, settings=options), identity)
    # Others are found: generators, and elements that are none.
    generators = [*group.discrete_generators, identity]
    other = find(
        elements(group),
        lambda g: all(np.abs(g - h).max() > 0.1 for h in generators),
        settings=options,
    )
    assert group.contains(other)


@pytest.mark.parametrize("group", [S(3), SO(3)], ids=repr)
def test_an_element_may_be_changed_without_changing_others(group):
    strategy = elements(group)

    @given(strategy)
    def spoil(g):
        assert np.isfinite(g).all()
        g[:] = np.nan

    spoil()
    spoil()  # one run draws the identity at most once
    assert np.isfinite(group.discrete_generators).all()
