import numpy as np
import pytest
from hypothesis import given, settings

from softeq_sklearn.groups import (
    GL,
    SL,
    SO,
    C,
    E,
    MatrixGroup,
    O,
    S,
    Scaling,
    SO13p,
    Translation,
    Trivial,
    generated_by,
    linear_part,
)
from softeq_sklearn.testing import groups

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
SPIRAL = MatrixGroup(lie_algebra=[TURN + 0.5 * np.eye(2)])
DOUBLED_TURN = MatrixGroup(discrete_generators=[2 * TURN])
CONFORMAL = [
    (Scaling(3), Trivial(3)),
    (Scaling(1), Trivial(1)),
    (generated_by(SO(3), Scaling(3)), SO(3)),
    (generated_by(S(3), Scaling(3)), S(3)),
    (SPIRAL, SO(2)),
    (DOUBLED_TURN, MatrixGroup(discrete_generators=[TURN])),
    (MatrixGroup(discrete_generators=[[[3.0, 0], [0, 3.0]]]), Trivial(2)),
    (GL(1), O(1)),
    (generated_by(Scaling(2), Translation(2)), Translation(2)),
    (generated_by(Scaling(2), E(2)), E(2)),
]


@pytest.mark.parametrize(("group", "part"), CONFORMAL, ids=repr)
def test_orthogonal_part(group, part):
    assert group.is_conformal
    assert not group.is_orthogonal
    assert group.orthogonal_part == part
    assert group.orthogonal_part.is_orthogonal


@pytest.mark.parametrize("group", [SO(3), O(2), S(4), C(5), E(3), Trivial(2)], ids=repr)
def test_orthogonal_groups_are_their_own_part(group):
    assert group.is_conformal
    assert group.orthogonal_part is group


@pytest.mark.parametrize(
    "group",
    [
        SL(2),
        GL(2),
        SO13p(),
        Scaling(2).embed(3, axes=(0, 1)),
        MatrixGroup(lie_algebra=[TURN + np.diag([0.5, 0.5 + 1e-9])]),
        MatrixGroup(discrete_generators=[np.diag([2.0, 2.0 + 1e-9])]),
        generated_by(SO(2), SL(2)),
    ],
    ids=repr,
)
def test_others_have_none(group):
    assert not group.is_conformal
    with pytest.raises(ValueError, match="Only a conformal group"):
        _ = group.orthogonal_part


def test_rounding_is_not_a_rotation():
    noise = 1e-16 * np.random.RandomState(0).standard_normal((3, 3))
    group = MatrixGroup(lie_algebra=[1e6 * (np.eye(3) + noise)])
    assert group.is_conformal
    assert group.orthogonal_part == Trivial(3)


@settings(max_examples=50)
@given(groups(max_dim=4, affine=None))
def test_singular_values_of_the_elements_are_equal(group):
    linear = linear_part(group.sample(5, 0))
    values = np.linalg.svd(linear, compute_uv=False)
    if group.is_conformal:
        np.testing.assert_allclose(values[:, 0], values[:, -1], rtol=1e-9)
    elif len(group.lie_algebra):
        assert not np.allclose(values[:, 0], values[:, -1], rtol=1e-9)


@pytest.mark.parametrize("size", [1e-13, 1.0, 1e13])
def test_the_size_of_a_generator_means_nothing(size):
    squeeze = np.diag([1.0, -1.0])
    for generators in ([size * TURN, squeeze], [TURN, size * squeeze]):
        group = MatrixGroup(lie_algebra=generators)
        assert not group.is_conformal
        assert not group.is_orthogonal
    spirals = MatrixGroup(lie_algebra=[size * TURN, np.eye(2)])
    assert spirals.is_conformal
    assert spirals.orthogonal_part == SO(2)
    moving = MatrixGroup([[[1.0, 0, 0], [0, 1, 0]], [[0, 0, size], [0, 0, 0]]])
    assert moving.orthogonal_part == Translation(1).embed(2, axes=(0,))
