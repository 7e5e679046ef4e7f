"""Why the verdict is "cannot tell"."""

import numpy as np
import pytest

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, Reflection
from softeq_sklearn.levels import LevelEstimate, level_interval, why_not_told
from softeq_sklearn.levels._interval import parts_of_high
from softeq_sklearn.representations import Scalar, Vector


def reason(estimate, hidden=0.0, chance=0.0):
    return why_not_told(estimate, hidden, chance, level_interval(estimate, hidden, chance)[1])


@pytest.mark.parametrize(
    ("estimate", "hidden", "chance", "says"),
    [
        (LevelEstimate(0.03, 0.05, 0.01, 0.0), 0.01, 0.01, "members do not agree"),
        (
            LevelEstimate(0.0, 0.0, 0.0, 0.0),
            0.03,
            0.02,
            "0.0492, beyond 0.02: members may have missed",
        ),
        (LevelEstimate(0.0, 0.0, 0.0, 0.0), 0.01, 0.02, "0.0287, beyond 0.02: softer networks"),
        (LevelEstimate(0.0, 0.0, 0.0, 0.0, moves=False), 0.0, 0.0, "moves no column"),
        (LevelEstimate(0.1, 0.0, 0.0, 0.0, share_outside=0.876), 0.0, 0.0, "88 % of the rows"),
        (LevelEstimate(0.1, 0.0, 0.0, 0.0), np.nan, 0.0, "no interval after partial_fit"),
    ],
)
def test_the_largest_part_is_named(estimate, hidden, chance, says):
    assert says in reason(estimate, hidden, chance)


def test_parts_make_the_upper_end():
    estimate = LevelEstimate(0.1, 0.06, 0.003, 0.004, n_members=4)
    parts = parts_of_high(estimate, hidden=0.03, chance=0.02)
    assert parts["members"] == pytest.approx((0.1 + 1.959964 * 0.005) ** 2 + 0.03**2)
    assert parts["missed"] == pytest.approx(2 * 0.03**2)
    assert parts["chance"] == pytest.approx(0.025**2)
    high = level_interval(estimate, hidden=0.03, chance=0.02)[1]
    assert high == pytest.approx(np.sqrt(sum(parts.values())))


def test_levels_of_a_fit_say_why():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 3))
    y = (X[:, :2] ** 2).sum(axis=1) + 2 * rng.standard_normal(60)
    groups = {"turns": SO(2), "flip": Reflection(2)}
    model = SoftEquivariantRegressor(
        groups, Vector + Scalar, n_members=3, hidden_channels=16, max_epochs=5, random_state=0
    ).fit(X, y)
    levels = model.levels_
    assert levels.verdict[0] == "cannot tell"
    assert levels.reason[0].startswith("the interval ends at")
    assert repr(levels).endswith(f"{levels.name[1]}: cannot tell, since {levels.reason[1]}.")
    alone = model.set_params(n_members=1).fit(X, y).levels_
    assert not any(alone.reason) and "since" not in repr(alone)
    flat = X * [1, 0, 1]
    outside = model.set_params(n_members=3).fit(flat, y).levels_
    assert "where there are no data" in outside.reason[0]
