"""Callbacks of scikit-learn are told of the parts and epochs of a fit."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from softeq_sklearn import EquivariantRegressor, SoftEquivariantClassifier, SoftEquivariantRegressor
from softeq_sklearn.groups import SO

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
    return SoftEquivariantRegressor([SO(2)], "2*Vector", "Vector", **options | parameters)


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
