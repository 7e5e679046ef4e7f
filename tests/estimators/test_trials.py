"""Candidates that keep no lengths: left out where they cost accuracy and are far from holding."""

from types import SimpleNamespace

import numpy as np
import pytest
from skorch.history import History

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.estimators._divergence import Divergence
from softeq_sklearn.estimators._trials import misspecified
from softeq_sklearn.groups import SL, SO, MatrixGroup, O, Scaling, SO13p


def trials(data, rep_in, rep_out, groups, strengths=None, **changes):
    X, y = data
    estimator = SoftEquivariantRegressor(
        groups, rep_in, rep_out, **({"hidden_channels": 64, "validation_fraction": 0.5} | changes)
    )
    strengths = dict.fromkeys(groups, 1.0) | (strengths or {})
    return misspecified(
        estimator, groups, strengths, X, y, max_epochs=30, exploration=0.003, seed=0
    )


@pytest.fixture(scope="module")
def inertia():
    data = make_inertia(1200, noise=-1.0, random_state=0)
    return data, (data.data, data.target)


@pytest.mark.slow
def test_found_on_inertia(inertia):
    data, rows = inertia
    groups = data.groups | {"SL(3)": SL(3)}
    assert trials(rows, data.rep_in, data.rep_out, groups) == ["SL(3)"]


@pytest.mark.slow
def test_kept_where_it_holds():
    """Products of Minkowski: boosts are exact."""
    X = np.random.RandomState(0).standard_normal((1200, 2, 4))
    X[..., 0] = np.abs(X[..., 0]) + 1
    y = np.tanh((X[:, 0] * X[:, 1] * [1, -1, -1, -1]).sum(axis=1, keepdims=True) / 3)
    groups = {"turns": SO(3).embed(4, axes=(1, 2, 3)), "boosts": SO13p()}
    assert trials((X.reshape(-1, 8), y), "2*Vector", "Scalar", groups) == []


@pytest.mark.parametrize(
    ("loss_with", "loss_without", "levels", "found"),
    [
        (0.3, 0.2, {"SL": 0.3, "shear": 0.3}, ["SL", "shear"]),
        (0.3, 0.2, {"SL": 0.05, "shear": 0.3}, ["shear"]),
        (0.3, 0.2, {"SL": 0.05, "shear": 0.05}, []),
        (0.3, 0.1, {"SL": 0.05, "shear": 0.05}, ["SL", "shear"]),
        (0.1, 0.3, {"SL": 0.3, "shear": 0.3}, []),
    ],
)
def test_rule(monkeypatch, loss_with, loss_without, levels, found):
    """A much lower loss without, or a lower one and a large level with."""
    seen = []

    def fit(self, X, y):
        seen.append(self.get_params())
        full = self.strengths["SL"] > 0
        self.history_ = History()
        for loss in (9.0, loss_with if full else loss_without):
            self.history_.new_epoch()
            self.history_.record("valid_loss", loss)
        self.levels_ = SimpleNamespace(
            name=np.array(["O", *levels]), error=np.array([0.9, *levels.values()])
        )
        return self

    monkeypatch.setattr(SoftEquivariantRegressor, "fit", fit)
    monkeypatch.setattr(SoftEquivariantRegressor, "history_", None)
    shear = MatrixGroup([[[0, 1, 0], [0, 0, 0], [0, 0, 0]]])
    groups = {"O": O(3), "SL": SL(3), "shear": shear}
    data = np.zeros((10, 3)), np.zeros(10)
    assert trials(data, "Vector", "Scalar", groups, {"O": 2.0}, n_members=5) == found
    assert [params["strengths"] for params in seen] == [
        {"O": 0.006, "SL": 0.003, "shear": 0.003},
        {"O": 0.006, "SL": 0.0, "shear": 0.0},
    ]
    for params in seen:
        assert (params["n_members"], params["tuning"], params["max_epochs"]) == (1, "fixed", 30)


def test_nothing_to_try(inertia, monkeypatch):
    """No fit where all candidates keep lengths up to a factor, or none does, or none counts."""
    data, rows = inertia

    def fit(*args):
        raise AssertionError("there is nothing to try")

    monkeypatch.setattr(SoftEquivariantRegressor, "fit", fit)
    reps = data.rep_in, data.rep_out
    assert trials(rows, *reps, {"O": O(3), "s": Scaling(3)}) == []
    assert trials(rows, *reps, {"SL": SL(3)}) == []
    assert trials(rows, *reps, {"O": O(3), "SL": SL(3)}, {"SL": 0.0}) == []
    assert trials(rows, *reps, {"O": O(3), "SL": SL(3)}, validation_fraction=0) == []
    few = tuple(part[:8] for part in rows)  # of which a tenth is no row
    assert trials(few, *reps, {"O": O(3), "SL": SL(3)}, validation_fraction=0.1) == []


@pytest.mark.parametrize(("diverges", "found"), [(("with",), ["SL"]), (("with", "without"), [])])
def test_trials_that_diverge(inertia, monkeypatch, diverges, found):
    """A trial that fails says that its candidates cost too much; it does not end the fit."""
    data, rows = inertia

    def fit(self, X, y):
        if ("with" if self.strengths["SL"] > 0 else "without") in diverges:
            raise Divergence("learning_rate must be small enough")
        self.history_ = History()
        self.history_.new_epoch()
        self.history_.record("valid_loss", 0.1)
        return self

    monkeypatch.setattr(SoftEquivariantRegressor, "fit", fit)
    monkeypatch.setattr(SoftEquivariantRegressor, "history_", None)
    assert trials(rows, data.rep_in, data.rep_out, {"O": O(3), "SL": SL(3)}) == found


@pytest.fixture
def found(monkeypatch):
    """Let the trials find SL at once; record how they were asked."""
    calls = []

    def at_once(estimator, groups, strengths, X, y, **options):
        calls.append((strengths, X.shape, y.shape, options))
        return ["SL"]

    monkeypatch.setattr("softeq_sklearn.estimators._soft.misspecified", at_once)
    return calls


def candidates(**changes):
    options = {"tuning": "explore", "hidden_channels": 16, "max_epochs": 4, "random_state": 0}
    groups = {"O": O(3), "x": O(2).embed(3, axes=(0, 1)), "SL": SL(3)}
    return SoftEquivariantRegressor(groups, "Vector", "Scalar", **(options | changes))


@pytest.fixture(scope="module")
def lengths():
    X = np.random.RandomState(0).standard_normal((100, 3))
    return X, (X**2).sum(axis=1)


def test_what_is_found_shapes_nothing(found, lengths):
    model = candidates(strengths={"O": 1.0, "x": 1.0, "SL": 0.5}, warm_start=True).fit(*lengths)
    (strengths, rows, targets, options) = found.pop()
    assert strengths == {"O": 1.0, "x": 1.0, "SL": 0.5}
    assert (rows, targets) == ((100, 3), (100, 1))
    assert (options["max_epochs"], options["exploration"]) == (4, 0.003)
    strengths = dict(zip(model.levels_.name, model.strengths_, strict=True))
    assert strengths["SL"] == 0 and strengths["O"] > 0 and strengths["x"] > 0
    assert np.isfinite(model.levels_.error).all()
    # As if it had had no strength from the beginning.
    without = candidates(strengths={"O": 1.0, "x": 1.0, "SL": 0.0}, tuning="explore")
    found_nothing = without.fit(*lengths)
    np.testing.assert_array_equal(model.predict(lengths[0]), found_nothing.predict(lengths[0]))
    # Training that goes on does not ask again, and a new fit does.
    found.clear()
    model.fit(*lengths)
    model.partial_fit(*lengths)
    assert found == [] and model.strengths_[2] == 0
    model.set_params(warm_start=False).fit(*lengths)
    assert len(found) == 1


@pytest.mark.parametrize(
    "changes", [{"tuning": "ratio"}, {"tuning": "fixed"}, {"exact_group": "x"}, {"tuning": "auto"}]
)
def test_no_trials_without_an_exploration(found, lengths, changes):
    """With few epochs "auto" does not explore."""
    model = candidates(**changes).fit(*lengths)
    assert found == [] and model.strengths_[2] > 0


@pytest.mark.slow
def test_accuracy_is_not_hurt_on_inertia(inertia):
    data, (X, y) = inertia
    fits = [
        SoftEquivariantRegressor(
            groups, data.rep_in, data.rep_out, hidden_channels=64, max_epochs=60, random_state=0
        ).fit(X, y)
        for groups in (data.groups, data.groups | {"SL(3)": SL(3)})
    ]
    np.testing.assert_array_equal(fits[0].predict(X), fits[1].predict(X))
    assert fits[1].levels_.error[-1] > 0.2
