"""The table compares clones of one estimator on the same held-out rows."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold
from skorch.callbacks import Callback

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SL, SO, O, Reflection, Trivial
from softeq_sklearn.inspection import accuracy_table, symmetry_gap


class Forbidden(Callback):
    """Fails where training starts."""

    def on_train_begin(self, net, **kwargs):
        raise AssertionError("a fit was begun")


COLUMNS = ["loss", "difference", "difference_low", "difference_high"]


@pytest.fixture(scope="module")
def data():
    X = np.random.RandomState(0).standard_normal((90, 2))
    return X, X * [1, -2]


@pytest.fixture(scope="module")
def model():
    return SoftEquivariantRegressor(
        {"rotations": SO(2), "flip": Reflection(2)},
        "Vector",
        "Vector",
        strengths={"rotations": 1.0, "flip": 0.5},
        hidden_channels=16,
        n_hidden_layers=1,
        max_epochs=10,
    )


@pytest.fixture(scope="module")
def table(model, data):
    return accuracy_table(model, *data, cv=3, random_state=0)


def test_rows_and_columns(table):
    assert table.columns.tolist() == COLUMNS
    assert table.index.tolist() == ["soft", "plain", "exact all candidates"]
    assert table.index.name == "model"
    assert (table.loc["soft", COLUMNS[1:]] == 0).all()
    np.testing.assert_allclose(table.difference, table.loss - table.loss["soft"], atol=1e-12)
    others = table.iloc[1:]
    assert (others.difference_low < others.difference).all()
    assert (others.difference < others.difference_high).all()


def test_losses_are_those_of_refitted_estimators(model, data, table):
    X, y = data
    rng = np.random.RandomState(0)
    folds = list(KFold(3, shuffle=True, random_state=rng).split(X))
    seeds = rng.randint(np.iinfo(np.int32).max, size=3)
    plain = clone(model).set_params(groups=(), strengths=1.0)
    losses = []
    for (train, test), seed in zip(folds, seeds, strict=True):
        fitted = clone(plain).set_params(random_state=int(seed)).fit(X[train], y[train])
        losses.append(np.square(fitted.predict(X[test]) - y[test]).sum(axis=1).mean())
    expected = np.mean(losses) / y.var(axis=0).sum()
    assert table.loss["plain"] == pytest.approx(expected, rel=1e-6)


def test_what_the_data_break_costs(table):
    """A diagonal map commutes with no rotation but half a turn."""
    assert table.difference_low["exact all candidates"] > 0


def test_groups_of_your_own(model, data):
    groups = {"nothing": Trivial(2), "rotations": SO(2)}
    table = accuracy_table(model, *data, exact_groups=groups, cv=2, random_state=0)
    assert table.index.tolist() == ["soft", "plain", "exact nothing", "exact rotations"]
    gap = symmetry_gap(model, *data, "rotations", cv=2, random_state=0)
    assert table.loss["exact rotations"] == gap.loss_exact


def test_candidates_that_do_not_pull_are_left_out(model, data):
    weak = clone(model).set_params(strengths={"rotations": 1.0, "flip": 0.0}, max_epochs=1)
    assert accuracy_table(weak, *data, cv=2).index[-1] == "exact rotations"
    three = {"rotations": SO(2), "flip": Reflection(2), "shears": SL(2)}
    strengths = {"rotations": 1.0, "flip": 1.0, "shears": 0.0}
    wild = clone(model).set_params(groups=three, strengths=strengths, max_epochs=1)
    table = accuracy_table(wild, *data, cv=2)
    assert table.index[-1] == "exact all candidates but shears"


def test_what_cannot_be_exact_is_refused_before_any_fit(model, data):
    own = clone(model).set_params(
        module=torch.nn.Linear(2, 2), regularizer="sampled", tuning="fixed"
    )
    for refused in (own, clone(model).set_params(tuning="evidence")):
        refused.set_params(callbacks=[Forbidden()])
        with pytest.raises(ValueError, match="exact_group"):
            accuracy_table(refused, *data, cv=2)


def test_a_single_candidate_has_its_name(model, data):
    single = clone(model).set_params(groups={"all": O(2)}, strengths=1.0, max_epochs=1)
    assert accuracy_table(single, *data, cv=2).index[-1] == "exact all"


def test_errors(model, data):
    with pytest.raises(TypeError, match="must be a SoftEquivariantRegressor"):
        accuracy_table(LinearRegression(), *data)
    with pytest.raises(TypeError, match="exact_groups must be a mapping"):
        accuracy_table(model, *data, exact_groups=[SO(2)])
    with pytest.raises(ValueError, match="must have candidate groups to compare with. Got none"):
        accuracy_table(clone(model).set_params(groups=(), strengths=1.0), *data)
    with pytest.raises(ValueError, match="must have no exact group"):
        accuracy_table(clone(model).set_params(exact_group="flip"), *data)
    with pytest.raises(ValueError, match="at least 2 folds"):
        accuracy_table(model, *data, cv=[(np.arange(50), np.arange(50, 90))])
    with pytest.raises(ValueError, match="confidence"):
        accuracy_table(model, *data, confidence=1.0)
