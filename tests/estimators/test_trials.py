"""Candidates that keep no lengths: left out where they cost accuracy."""

import numpy as np
import pytest

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.estimators._divergence import Divergence
from softeq_sklearn.estimators._exploration import Exploration
from softeq_sklearn.estimators._trials import misspecified
from softeq_sklearn.groups import SL, SO, MatrixGroup, O, Scaling, SO13p


def trials(data, rep_in, rep_out, groups, strengths=None, **changes):
    X, y = data
    estimator = SoftEquivariantRegressor(
        groups, rep_in, rep_out, **({"hidden_channels": 64, "validation_fraction": 0.5} | changes)
    )
    strengths = dict.fromkeys(groups, 1.0) | (strengths or {})
    return misspecified(
        estimator, groups, strengths, X, y, None, max_epochs=30, exploration=0.003, seed=0
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


@pytest.mark.slow
def test_left_out_where_it_costs():
    """Lengths beside a column that breaks all rotations: no volume is kept either."""
    X = np.random.RandomState(0).standard_normal((600, 9))
    y = np.linalg.norm(X[:, :3], axis=1, keepdims=True) + 0.5 * X[:, 2:3]
    groups = {"turns": SO(3), "SL": SL(3)}
    assert trials((X, y), "3*Vector", "Scalar", groups, validation_fraction=0.3) == ["SL"]


@pytest.fixture
def fitted_with(monkeypatch):
    """Let trials end at once, with errors of held-out rows that depend on the suspects."""

    def use(errors):
        seen = []

        def fit(self, X, y, weights):
            seen.append(self.get_params() | {"n_rows": len(X)})
            chosen = [name for name in ("SL", "shear") if self.strengths.get(name)]
            if not np.isfinite(errors[tuple(chosen)]).all():
                raise Divergence("learning_rate must be small enough")
            self.errors_ = errors[tuple(chosen)]
            return self

        monkeypatch.setattr(SoftEquivariantRegressor, "_fit_rows", fit)
        monkeypatch.setattr(
            SoftEquivariantRegressor,
            "_function",
            lambda self: lambda X: np.sqrt(self.errors_)[:, None],
        )
        return seen

    return use


SHEAR = MatrixGroup([[[0, 1, 0], [0, 0, 0], [0, 0, 0]]])
ROWS = np.zeros((40, 3)), np.zeros((40, 1))  # of which 20 are held out
STEPS = np.arange(20) % 2


@pytest.mark.parametrize(
    ("of_sl", "of_shear", "found"),
    [
        (np.full(20, 2.0), np.full(20, 0.5), ["SL"]),
        (np.full(20, 1.0), np.full(20, 1.1), ["shear"]),
        (0.1 + 3.4 * STEPS, 0.1 + 2.4 * STEPS, ["SL"]),  # by 0.8 and 0.3; errors 0.38 and 0.27
        (np.full(20, 2.0), np.full(20, 2.0), ["SL", "shear"]),
        (np.full(20, np.inf), np.full(20, 1.0), ["SL"]),
    ],
)
def test_rule(fitted_with, of_sl, of_shear, found):
    """Larger squared errors with the candidate, by two standard errors."""
    seen = fitted_with({(): np.ones(20), ("SL",): of_sl, ("shear",): of_shear})
    groups = {"O": O(3), "SL": SL(3), "shear": SHEAR}
    assert trials(ROWS, "Vector", "Scalar", groups, {"O": 2.0}, n_members=5) == found
    assert [params["strengths"] for params in seen] == [
        {"O": 0.006, "SL": 0.0, "shear": 0.0},
        {"O": 0.006, "SL": 1.0, "shear": 0.0},
        {"O": 0.006, "SL": 0.0, "shear": 1.0},
    ]
    for params in seen:
        assert (params["n_members"], params["tuning"], params["max_epochs"]) == (1, "fixed", 30)
        assert params["n_rows"] == 20


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
    few = tuple(part[:19] for part in rows)  # of which a tenth is one row, without a deviation
    assert trials(few, *reps, {"O": O(3), "SL": SL(3)}, validation_fraction=0.1) == []


def test_all_trials_diverge(fitted_with):
    """Then it is not for the candidate; the fit itself will say what to do."""
    fitted_with(dict.fromkeys([(), ("SL",)], np.full(20, np.inf)))
    assert trials(ROWS, "Vector", "Scalar", {"O": O(3), "SL": SL(3)}) == []


@pytest.fixture
def found(monkeypatch):
    """Let the trials find SL at once; record how they were asked."""
    calls = []

    def at_once(estimator, groups, strengths, X, y, weights, **options):
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


@pytest.mark.parametrize("groups", [("O", "x", "SL"), ("SL",)])
def test_what_an_exploration_breaks_shapes_nothing(monkeypatch, lengths, groups):
    """Unless nothing else does."""
    monkeypatch.setattr("softeq_sklearn.estimators._soft.misspecified", lambda *a, **k: [])
    explored = []

    def explore(estimator, strengths, X, Y, weights, n_steps, seed):
        explored.append(set(strengths))
        misspecified = {"SL"} & set(strengths)
        return Exploration(dict.fromkeys(strengths, 0.0), {}, 1.0, set(misspecified), misspecified)

    monkeypatch.setattr("softeq_sklearn.estimators._soft.explore", explore)
    model = candidates()
    model.set_params(groups={name: model.groups[name] for name in groups}).fit(*lengths)
    others = set(groups) - {"SL"}
    assert explored == ([set(groups), others] if others else [set(groups)])
    strengths = dict(zip(model.levels_.name, model.strengths_, strict=True))
    assert (strengths["SL"] == 0) == bool(others)
    assert all(strengths[name] > 0 for name in others)


@pytest.mark.slow
@pytest.mark.parametrize("holds", [True, False])
def test_an_exploration_finds_what_trials_do_not(monkeypatch, holds):
    """Volumes are kept by all of SL(3), lengths by turns only."""
    monkeypatch.setattr("softeq_sklearn.estimators._soft.misspecified", lambda *a, **k: [])
    X = np.random.RandomState(0).standard_normal((600, 3, 3))
    y = np.abs(np.linalg.det(X)) if holds else np.linalg.norm(X, axis=2).sum(axis=1)
    model = SoftEquivariantRegressor(
        {"turns": SO(3), "SL": SL(3)},
        "3*Vector",
        hidden_channels=32,
        max_epochs=40,
        random_state=0,
    ).fit(X.reshape(600, 9), y)
    assert (model.strengths_[1] > 0) == holds


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
