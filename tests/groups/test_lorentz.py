import numpy as np
import pytest
from scipy.stats import kstest

from softeq_sklearn.groups import O11, O13, SO, SO13, SO11p, SO13p

GROUPS = [SO11p(), O11(), SO13p(), SO13(), O13()]
TIME, SPACE = np.diag([-1.0, 1, 1, 1]), np.diag([1.0, -1, -1, -1])


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_samples_preserve_the_interval(group, rng):
    x = rng.standard_normal(group.dim)
    y = group.sample(50, random_state=0) @ x
    intervals = y[:, 0] ** 2 - (y[:, 1:] ** 2).sum(axis=1)
    np.testing.assert_allclose(intervals, x[0] ** 2 - (x[1:] ** 2).sum())


@pytest.mark.parametrize("group", GROUPS, ids=repr)
def test_rapidity_is_at_most_one(group):
    time_dilation = np.abs(group.sample(1000, random_state=0)[:, 0, 0])
    assert 1.0 <= time_dilation.min()
    assert np.cosh(0.95) < time_dilation.max() <= np.cosh(1.0) + 1e-12


@pytest.mark.parametrize(
    ("group", "members"),
    [
        (SO13p(), [True, False, False, False]),
        (SO13(), [True, False, False, True]),
        (O13(), [True, True, True, True]),
    ],
    ids=repr,
)
def test_components(group, members):
    assert group.contains([np.eye(4), TIME, SPACE, TIME @ SPACE]).tolist() == members
    boosts = SO13p().sample(10, random_state=0)
    for reversal, member in zip([np.eye(4), TIME, SPACE, TIME @ SPACE], members, strict=True):
        assert (group.contains(boosts @ reversal) == member).all()


@pytest.mark.parametrize(
    ("group", "fractions"),
    [
        (SO11p(), [0, 0, 0, 1]),
        (O11(), [1 / 4] * 4),
        (SO13p(), [0, 0, 0, 1]),
        (SO13(), [0, 1 / 2, 0, 1 / 2]),
        (O13(), [1 / 4] * 4),
    ],
    ids=repr,
)
def test_components_are_sampled_alike(group, fractions):
    g = group.sample(4000, random_state=0)
    number = (np.linalg.det(g) > 0) + 2 * (g[:, 0, 0] > 0)
    # In the order (time, determinant) = (-, -), (-, +), (+, -), (+, +).
    np.testing.assert_allclose(np.bincount(number, minlength=4) / 4000, fractions, atol=0.04)


def test_rotations_of_space_are_lorentz_transformations():
    rotations = SO(3).embed(4, axes=(1, 2, 3))
    assert SO13p().contains(rotations.sample(10, random_state=0)).all()


def test_boosts_come_first():
    lie_algebra = SO13p().lie_algebra
    np.testing.assert_array_equal(lie_algebra[:3], lie_algebra[:3].swapaxes(1, 2))
    np.testing.assert_array_equal(lie_algebra[3:], SO(3).embed(4, axes=(1, 2, 3)).lie_algebra)


def test_boosts_have_no_preferred_direction():
    direction = SO13p().sample(20_000, random_state=0)[:, 1:, 0]
    np.testing.assert_allclose(direction.mean(axis=0), 0.0, atol=0.02)
    second = (direction**2).mean(axis=0)
    np.testing.assert_allclose(second, second.mean(), rtol=0.05)


def test_boosts_of_the_line_go_both_ways_alike():
    rapidity = np.arcsinh(SO11p().sample(4000, random_state=0)[:, 0, 1])
    assert kstest(rapidity, "uniform", args=(-1, 2)).pvalue > 1e-3
