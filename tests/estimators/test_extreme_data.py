"""Data at the edge: very large and small numbers, nothing that varies, one row, one column."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

from softeq_sklearn import SoftEquivariantClassifier, SoftEquivariantRegressor
from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import Reflection

# Columns that are scalars are enough for what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:The groups .* move no column")

SMALL = dict(hidden_channels=8, n_hidden_layers=1, max_epochs=2, batch_size=16, random_state=0)


@pytest.mark.parametrize("make", ["make_soft", "make_exact", "make_residual"])
@pytest.mark.parametrize("y_unit", [1e-12, 1e12])
@pytest.mark.parametrize("x_unit", [1e-12, 1e12])
def test_units_change_nothing(make, plane, x_unit, y_unit, request):
    make, (X, y) = request.getfixturevalue(make), plane
    usual = make().fit(X, y)
    model = make().fit(X * x_unit, y * y_unit)
    assert_allclose(model.predict(X * x_unit) / y_unit, usual.predict(X), rtol=1e-9)
    if hasattr(usual, "levels_"):
        assert_allclose(model.levels_.error, usual.levels_.error, rtol=1e-6, atol=1e-9)


ROWS = np.random.RandomState(1).standard_normal((60, 4))
PLAIN = {
    "a tensor that is constant": np.c_[ROWS[:, :2], np.ones((60, 2))],
    "constant rows": np.ones((60, 4)),
    "zeros": np.zeros((60, 4)),
    "duplicates": np.repeat(ROWS[:4], 15, axis=0),
    "two rows": ROWS[:2],
    "one row": ROWS[:1],
}


@pytest.mark.parametrize("targets", ["usual", "constant"])
@pytest.mark.parametrize("X", PLAIN.values(), ids=PLAIN)
@pytest.mark.parametrize("n_members", [1, 2])
def test_rows_that_say_little(make_soft, X, targets, n_members):
    y = X[:, :2] * [1, 3] if targets == "usual" else np.full((len(X), 2), 7.0)
    model = make_soft(n_members=n_members).fit(X, y)
    assert np.isfinite(model.predict(ROWS)).all()
    errors = model.levels_.error
    assert ((errors >= 0) & (errors <= 1)).all()


def test_one_feature():
    x = ROWS[:, :1]
    groups = {"mirror": Reflection(1)}
    assert SoftEquivariantRegressor(groups, **SMALL).fit(x, 2 * x).predict(x).shape == (60, 1)
    assert SoftEquivariantRegressor(groups, **SMALL).fit(x, 2 * x[:, 0]).predict(x).shape == (60,)
    labels = np.where(x[:, 0] > 0, "right", "left")
    assert SoftEquivariantClassifier(groups, **SMALL).fit(x, labels).predict(x).shape == (60,)


@pytest.mark.parametrize("large", ["X", "y"])
def test_a_million_columns_are_refused(large):
    many, few = np.zeros((2, 1_000_000)), np.zeros((2, 2))
    X, y = (many, few) if large == "X" else (few, many)
    start = time.process_time()
    for groups, n_most in (({"mirror": Reflection(2)}, 8192), ((), 131072)):
        message = f"{large} has 1000000 columns.*at most {n_most}"
        with pytest.raises(ProblemTooLargeError, match=message):
            SoftEquivariantRegressor(groups, **SMALL).fit(X, y)
    assert time.process_time() - start < 5  # nothing has begun
