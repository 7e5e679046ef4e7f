"""Candidates that keep no lengths: left out where they cost accuracy and are far from holding."""

from types import SimpleNamespace

import numpy as np
import pytest
from skorch.history import History

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
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
        (0.3, 0.1, {"SL": 0.3, "shear": 0.3}, ["SL", "shear"]),
        (0.3, 0.1, {"SL": 0.05, "shear": 0.3}, ["shear"]),
        (0.3, 0.1, {"SL": 0.05, "shear": 0.05}, []),
        (0.1, 0.3, {"SL": 0.3, "shear": 0.3}, []),
    ],
)
def test_rule(monkeypatch, loss_with, loss_without, levels, found):
    """Both must be: a lower loss without, and a large level with."""
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
    assert trials((None, None), "Vector", "Scalar", groups, {"O": 2.0}, n_members=5) == found
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
