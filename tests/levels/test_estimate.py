"""Levels, their spread and intervals, against what is known in closed form."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from softeq_sklearn.groups import SO, Reflection, Scaling
from softeq_sklearn.levels import (
    LevelEstimate,
    Support,
    estimate_level,
    level_interval,
    unseen_residuals,
    verdict,
)
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import Scalar, Vector


@pytest.fixture
def rows():
    return np.random.RandomState(0).standard_normal((400, 3))


def stretched(X, factor=1.5):
    return X * [1.0, 1.0, factor]


def test_error_of_one_function_is_the_relative_equivariance_error(rows):
    estimate = estimate_level(
        lambda X: stretched(X)[None], rows, SO(3), Vector, Vector, random_state=0
    )
    # Here all rows share their elements, so that many are needed.
    again = equivariance_error(
        stretched, rows, SO(3), Vector, Vector, n_elements=20_000, random_state=1
    )
    assert abs(estimate.error - again) < 4 * estimate.row_error < 0.01
    assert np.isnan(estimate.spread) and np.isnan(estimate.member_std)


def test_standard_error_is_what_other_rows_and_elements_give():
    errors, said = [], []
    for seed in range(60):
        X = np.random.RandomState(seed).standard_normal((50, 3))
        estimate = estimate_level(
            lambda X: stretched(X)[None], X, SO(3), Vector, Vector, n_elements=4, random_state=seed
        )
        errors.append(estimate.error)
        said.append(estimate.row_error)
    assert np.std(errors) == pytest.approx(np.mean(said), rel=0.3)


def test_the_error_is_that_of_the_mean_of_the_members(rows):
    """Members that break a symmetry in opposite ways have a mean that keeps it."""

    def members(X):
        return np.stack([stretched(X, 1.5), stretched(X, 0.5)])

    estimate = estimate_level(members, rows, SO(3), Vector, Vector, random_state=0)
    assert estimate.error < 1e-12
    assert estimate.spread > 0.1


def test_spread_is_the_size_of_the_deviations():
    """Constant deviations under a reflection, whose flip of a scalar-valued function shows them."""
    rows = np.random.RandomState(0).uniform(1, 2, (300, 2))
    offsets = np.array([-0.1, 0.0, 0.1])

    def members(X):  # even in x, but for an odd part of size |offset|
        return 10 + offsets[:, None, None] * np.sign(X[None, :, :1])

    estimate = estimate_level(members, rows, Reflection(2), Vector, Scalar, random_state=0)
    flips = 0.5  # half of the elements are the identity
    assert estimate.spread == pytest.approx(flips * 2 * 0.1 / 20, rel=0.1)
    assert estimate.error < 1e-12


def test_chunks_make_no_difference(rows, monkeypatch):
    import softeq_sklearn.levels._estimate as module

    def members(X):
        return np.stack([stretched(X, 1.5), stretched(X, 1.2)])

    whole = estimate_level(members, rows, SO(3), Vector, Vector, random_state=0)
    monkeypatch.setattr(module, "_BATCH_NUMBERS", 1)
    parts = estimate_level(members, rows, SO(3), Vector, Vector, random_state=0)
    for field in ("error", "spread", "member_std", "row_error", "share_outside"):
        assert_allclose(getattr(parts, field), getattr(whole, field), rtol=1e-12)


def test_a_group_that_moves_nothing_is_seen(rows):
    nothing = estimate_level(lambda X: X[None, :, :1], rows, SO(2), 3 * Scalar, Scalar)
    assert not nothing.moves and nothing.error == 0
    assert verdict(0.0, 0.0, 0.0, can_tell=nothing.can_tell) == "cannot tell"
    outputs = estimate_level(lambda X: X[None, :, :2], rows, SO(2), 3 * Scalar, Vector)
    assert outputs.moves


def test_rows_that_leave_the_data(rows):
    flat = rows * [1, 1, 0]
    function = lambda X: stretched(X)[None]  # noqa: E731
    assert estimate_level(function, flat, SO(3), Vector, Vector).share_outside > 0.95
    about_z = SO(2).embed(3, axes=(0, 1))
    assert estimate_level(function, flat, about_z, Vector, Vector).share_outside < 0.05
    assert estimate_level(function, rows, SO(3), Vector, Vector).share_outside < 0.02
    assert estimate_level(function, rows, Scaling(3), Vector, Vector).share_outside < 0.5
    near = estimate_level(function, rows[:5], SO(3), Vector, Vector, support=Support.of(rows))
    assert near.share_outside < 0.05


def test_elements_that_move_nothing_stay_out_of_the_share(rows):
    """Half of the elements of a reflection are the identity, for which no row leaves the data."""
    one_sided = np.abs(rows) + 20
    function = lambda X: stretched(X)[None]  # noqa: E731
    estimate = estimate_level(function, one_sided, Reflection(3), Vector, Vector, random_state=0)
    assert estimate.share_outside == 1
    nothing = estimate_level(function, one_sided, SO(2), 3 * Scalar, 3 * Scalar)
    assert nothing.share_outside == 0


def test_an_error_beside_vanishing_values_is_not_lost(rows):
    """Members that disagree and cancel: their mean is zero, and what it would be is unknown."""

    def members(X):
        return np.stack([X[:, :1], -X[:, :1]])

    estimate = estimate_level(members, rows, SO(3), Vector, Scalar, random_state=0)
    assert estimate.error == 0 and estimate.spread == 1
    assert level_interval(estimate, hidden=0.0) == (0.0, pytest.approx(np.sqrt(0.5)))


def test_support_of_constant_rows():
    X = np.ones((10, 2))
    support = Support.of(X)
    assert not support.is_outside(X).any()
    assert support.is_outside(X + [0, 1e-3]).all()


def test_interval():
    estimate = LevelEstimate(error=0.1, spread=0.06, member_std=0.003, row_error=0.004)
    low, high = level_interval(estimate, hidden=0.03)
    assert low == pytest.approx(np.sqrt((0.1 - 1.959964 * 0.005) ** 2 - 0.06**2))
    squares = (0.1 + 1.959964 * 0.005) ** 2, 0.06**2, 2 * 0.03**2
    assert high == pytest.approx(np.sqrt(sum(squares)))
    assert level_interval(LevelEstimate(0.03, 0.04, 0.0, 0.0), 0.0)[1] == pytest.approx(0.05)
    four = LevelEstimate(0.03, 0.08, 0.0, 0.0, n_members=4)
    assert level_interval(four, 0.0)[1] == pytest.approx(0.05)
    imposed = level_interval(LevelEstimate(0.0, 0.0, 0.0, 0.0), 0.0, chance=0.02)
    assert imposed == (0.0, pytest.approx(0.025))
    assert level_interval(LevelEstimate(0.05, 0.06, 0.0, 0.0), 0.0)[0] == 0
    assert level_interval(LevelEstimate(0.9, 0.0, 0.1, 0.0), 0.0)[1] == 1
    assert np.isnan(level_interval(LevelEstimate(0.1, np.nan, np.nan, 0.1), 0.0)).all()
    assert np.isnan(level_interval(estimate, hidden=np.nan)).all()
    # Rounding that all members share.
    assert level_interval(LevelEstimate(1e-16, 0.0, 1e-18, 1e-18), 0.0)[0] == 0


@pytest.mark.parametrize(
    "error, low, high, expected",
    [
        (0.3, 0.2, 0.4, "broken"),
        (0.1, 1e-6, 0.2, "broken"),
        (0.05, 0.01, 0.1, "approximate"),
        (0.001, 0.0, 0.02, "exact"),
        (0.001, 0.0, 0.021, "cannot tell"),
        (0.001, 0.0, np.nan, "cannot tell"),
        (0.001, np.nan, np.nan, "cannot tell"),
    ],
)
def test_verdict(error, low, high, expected):
    assert verdict(error, low, high) == expected
    assert verdict(error, low, high, can_tell=False) == "cannot tell"


def hidden_part(values, targets, unseen):
    return unseen_residuals(values, targets, unseen).hidden_part()


def noisy_members(k, size, seed=0, n=2000):
    rng = np.random.RandomState(seed)
    truth = rng.standard_normal((n, 3)) * 5 + 20
    return truth, truth + size * rng.standard_normal((k, n, 3))


def test_variance_of_members_is_not_hidden():
    """Bagged members whose only error is independent noise have missed nothing."""
    truth, values = noisy_members(12, 1.0)
    seen_once = np.arange(12)[:, None] % 6 != np.arange(2000) % 6  # two members a row
    found = unseen_residuals(values, truth, ~seen_once)
    rough = hidden_part(values[:1].repeat(2, 0), truth, np.full((2, 2000), True))
    assert found.hidden_part() < 0.3 * rough
    # The residuals of a mean of two have half the variance of each.
    assert found.hidden_part(tested=False) == pytest.approx(found.spread / np.sqrt(2), rel=0.05)


def test_what_all_members_miss_is_hidden():
    truth, values = noisy_members(10, 0.1)
    missed = np.sin(truth[:, :1])
    hidden = hidden_part(values, truth + missed, np.full((10, 2000), True))
    expected = np.mean(np.sqrt(3) * np.abs(missed[:, 0]) / (2 * np.linalg.norm(truth, axis=1)))
    assert hidden == pytest.approx(expected, rel=0.1)


def test_skewed_residuals_count_twice():
    """And those of the rule of three, at most 3 of n rows."""
    truth, values = noisy_members(10, 0.1)
    unseen = np.full((10, 2000), True)
    dense, skewed = (unseen_residuals(values, truth, unseen, skewed=s) for s in (False, True))
    assert skewed.mean == pytest.approx(2 * (dense.mean + 3 / 2000 / np.sqrt(2)))
    assert skewed.standard_error == 2 * dense.standard_error and skewed.spread == 0


def test_few_rows_leave_room_for_more():
    truth, values = noisy_members(10, 0.1, n=20)
    targets = truth + np.sin(truth[:, :1])
    few = hidden_part(values, targets, np.full((10, 20), True))
    repeated = np.tile(values, (1, 100, 1)), np.tile(targets, (100, 1))
    assert few > 1.1 * hidden_part(*repeated, np.full((10, 2000), True))


def test_members_that_have_seen_a_row_do_not_predict_it():
    truth, values = noisy_members(4, 0.1)
    values[0] = truth  # one that has learnt its rows by heart
    values[1:] += 3
    unseen = np.full((4, 2000), True)
    assert hidden_part(values, truth, unseen) < 0.8 * hidden_part(values[1:], truth, unseen[1:])
    unseen[0] = False
    assert hidden_part(values, truth, unseen) == hidden_part(values[1:], truth, unseen[1:])


def test_without_unseen_rows_nothing_is_known():
    truth, values = noisy_members(3, 0.1, n=5)
    assert unseen_residuals(values, truth, np.full((3, 5), False)) is None
    assert unseen_residuals(values[:1], truth, np.full((1, 5), True)) is None


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_units_of_other_columns_do_not_matter(rows, size):
    """Rows in a plane, beside a mass in any unit: rotations take them to where there are none."""
    flat = np.hstack([size * (1 + rows[:, :1] ** 2), rows * [1, 1, 0]])
    function = lambda X: stretched(X[:, 1:])[None]  # noqa: E731
    rep = Scalar + Vector
    for about, share in (((1, 2), 1), ((0, 1), 0)):
        turns = SO(2).embed(3, axes=about)
        estimate = estimate_level(function, flat, turns, rep, Vector, random_state=0)
        assert abs(estimate.share_outside - share) < 0.05


def test_support_of_a_constant_tensor():
    """A vector that is the same in all rows, in small units: turned, it is where no row was."""
    X = np.hstack([1e9 * np.random.RandomState(0).randn(50, 1), np.tile([1e-3, 0, 0], (50, 1))])
    support = Support.of(X, Scalar + Vector, 3)
    assert not support.is_outside(X).any()
    assert support.is_outside(X[:, [0, 2, 1, 3]]).all()


def test_support_needs_the_dimension_of_a_representation(rows):
    with pytest.raises(TypeError, match="dim must be given with rep"):
        Support.of(rows, Vector)


def test_rows_of_integers(rows):
    whole = np.round(10 * rows).astype(int)
    norm = lambda X: np.linalg.norm(X, axis=1)[None, :, None]  # noqa: E731
    estimate = estimate_level(norm, whole, SO(3), Vector, Scalar, random_state=0)
    assert estimate.error < 1e-12


# Powers of two, near 1e-170 and 1e170: digits stay the same.
unit_of_values = pytest.mark.parametrize("unit", [2.0**-565, 1.0, 2.0**565])


@unit_of_values
def test_levels_have_no_units(rows, unit):
    def members(X):
        return np.stack([stretched(X), stretched(X, 1.4), X * [1.1, 1.0, 1.3]])

    arguments = rows, SO(3), Vector, Vector
    expected = estimate_level(members, *arguments, random_state=0)
    assert expected.error > 0.01 and expected.spread > 0.01 and expected.member_std > 0.001
    found = estimate_level(lambda X: unit * members(X), *arguments, random_state=0)
    assert found == expected


@unit_of_values
def test_residuals_have_no_units(unit):
    truth, values = noisy_members(5, 1.0, n=100)
    truth[0] = 0
    values[:2, 0], values[2:, 0] = [[1.0], [-1.0]], 0  # a mean of 0 for a target of 0
    unseen = np.full((5, 100), True)
    expected = unseen_residuals(values, truth, unseen)
    assert expected.mean > 0.01 and expected.spread > 0.01
    assert unseen_residuals(unit * values, unit * truth, unseen) == expected
