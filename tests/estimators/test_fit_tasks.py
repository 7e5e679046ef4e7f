"""Callbacks of scikit-learn are told of the parts and epochs of a fit."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from softeq_sklearn import EquivariantRegressor, SoftEquivariantClassifier, SoftEquivariantRegressor
from softeq_sklearn.groups import SO
from softeq_sklearn.inspection import accuracy_table
from softeq_sklearn.representations import ColumnSchema

callback = pytest.importorskip("sklearn.callback", reason="came with scikit-learn 1.9")

X = np.random.RandomState(0).standard_normal((60, 4))
Y = X[:, :2] * (X[:, 2:] ** 2).sum(axis=1, keepdims=True)


class Recorder:
    """Writes down what it is told."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.told, self.sizes, self.predictions = [], {}, []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(f"{context.task_name} begins")
        self.sizes[context.task_name] = context.max_subtasks

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.told.append(f"{context.task_name} ends")
        if fitted_estimator is not None:
            self.predictions.append(fitted_estimator.predict(X))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


def make(**parameters):
    options = {"hidden_channels": 8, "n_hidden_layers": 1, "max_epochs": 3, "random_state": 0}
    options |= {"rep_in": "2*Vector", "rep_out": "Vector"}
    return SoftEquivariantRegressor([SO(2)], **options | parameters)


def test_parts_and_epochs_are_told():
    recorder = Recorder()
    model = make().set_callbacks(recorder).fit(X, Y)
    epoch = ["epoch begins", "epoch ends"]
    assert recorder.told == [
        "setup", "fit begins", "try out begins", "try out ends", "explore begins", "explore ends",
        "train begins", *3 * epoch, "train ends", "fit ends", "teardown",
    ]  # fmt: skip
    assert recorder.sizes == {"fit": None, "try out": 0, "explore": 0, "train": 3, "epoch": 0}
    assert_array_equal(model.predict(X), make().fit(X, Y).predict(X))
    assert not [name for name in vars(model) if "_callback" in name and name != "_skl_callbacks"]


def test_each_epoch_has_an_estimator_that_predicts():
    recorder = Recorder()
    options = {"tuning": "fixed", "validation_fraction": 0.0}
    model = make(**options).set_callbacks(recorder).fit(X, Y)
    first, second, third, whole = recorder.predictions
    assert_array_equal(whole, model.predict(X))
    assert_array_equal(third, whole)
    assert np.abs(second - first).max() > 1e-4
    assert_array_equal(third, make(**options).fit(X, Y).predict(X))


def test_a_callback_may_stop_the_training():
    recorder = Recorder(stop_after=2)
    model = make(max_epochs=10, n_members=2).set_callbacks(recorder).fit(X, Y)
    assert len(model.history_) == len(model.strength_path_) == 2
    assert recorder.told[-3:] == ["train ends", "fit ends", "teardown"]


def test_a_fit_that_fails_lets_callbacks_go():
    recorder = Recorder()
    model = make().set_callbacks(recorder)
    with pytest.raises(ValueError, match="columns"):
        model.fit(X[:, :3], Y)
    assert recorder.told == ["setup", "fit begins", "teardown"]
    assert not hasattr(model, "net_") and not hasattr(model, "_callback_fit_ctx")
    with pytest.raises(ValueError, match="max_epochs"):
        make(max_epochs=0).set_callbacks(recorder).fit(X, Y)


class Keeper(Recorder):
    """Keeps copies, and what else it is told."""

    def __init__(self):
        super().__init__()
        self.kept, self.seen = [], []

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        if context.task_name == "epoch":
            self.kept.append(fitted_estimator)
            self.seen.append((X, y, metadata))
            again = pickle.loads(pickle.dumps(fitted_estimator))
            assert_array_equal(again.predict(X), fitted_estimator.predict(X))


def test_copies_of_epochs_stay_as_they_are():
    keeper, recorder = Keeper(), Recorder()
    weights = np.linspace(0.5, 1.5, len(X))
    model = make().set_callbacks(keeper, recorder).fit(X, Y, sample_weight=weights)
    for copy, then in zip(keeper.kept, recorder.predictions[:3], strict=True):
        assert_array_equal(copy.predict(X), then)
        assert copy.net_ is not model.net_
    seen_X, seen_y, metadata = keeper.seen[0]
    assert seen_X is X and seen_y is Y
    assert_array_equal(metadata["sample_weight"], weights)


def test_monitors_have_a_score_for_each_epoch():
    monitor = callback.ScoringMonitor(scoring="r2")
    columns = ColumnSchema({("a", "b", "c", "d"): "2*Vector"}), ColumnSchema({("u", "v"): "Vector"})
    table = pd.DataFrame(np.hstack([X, Y]), columns=list("abcduv"))
    model = make(rep_in=columns[0], rep_out=columns[1]).set_callbacks(monitor).fit(table, table)
    scores = monitor.get_logs().data_as_pandas
    scores = scores if hasattr(scores, "columns") else scores[0]
    assert np.isfinite(scores.r2.to_numpy()[-4:]).all()
    assert scores.r2.to_numpy()[-1] == pytest.approx(model.score(table, table))


def test_a_callback_that_fails_at_the_end_changes_nothing():
    class Fails(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "fit":
                raise RuntimeError("no disk")

    model = make().fit(X, Y)
    before, failing = model.predict(X), Fails()
    with pytest.raises(RuntimeError, match="no disk"):
        model.set_callbacks(failing).fit(X, 2 * Y)
    assert_array_equal(model.predict(X), before)
    assert failing.told[-1] == "teardown" and not hasattr(model, "_told")


def test_a_callback_that_cannot_be_set_up_leaves_nothing():
    class Fails(Recorder):
        def setup(self, estimator, context):
            raise RuntimeError("no screen")

    model = make().set_callbacks(Fails())
    with pytest.raises(RuntimeError, match="no screen"):
        model.fit(X, Y)
    assert not [name for name in vars(model) if name.startswith("_told") or "_fit_ctx" in name]


def test_comparisons_are_not_watched():
    recorder = Recorder()
    model = make(max_epochs=1).set_callbacks(recorder).fit(X, Y)
    told = len(recorder.told)
    accuracy_table(model, X, Y, cv=2)
    assert len(recorder.told) == told


def test_other_estimators():
    for model, targets in (
        (EquivariantRegressor(SO(2), "2*Vector", "Vector", max_epochs=2, random_state=0), Y),
        (SoftEquivariantClassifier([SO(2)], "2*Vector", max_epochs=2, random_state=0), Y[:, 0] > 0),
    ):
        recorder = Recorder()
        model.set_callbacks(recorder).fit(X, targets)
        assert recorder.told.count("epoch ends") == 2


def test_fitted_estimators_with_callbacks_are_saved(tmp_path):
    model = make().set_callbacks(Recorder()).fit(X, Y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    model.save_weights(tmp_path / "model.safetensors")
    twin = SoftEquivariantRegressor.from_weights(tmp_path / "model.safetensors", groups=[SO(2)])
    assert_array_equal(twin.predict(X), model.predict(X))
    assert clone(model)._skl_callbacks == model._skl_callbacks


def test_a_search_shows_progress(capsys):
    pytest.importorskip("rich")
    search = GridSearchCV(make(max_epochs=2), {"hidden_channels": [4, 8]}, cv=2)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, Y)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown and "train" in shown
