"""Weights of rows."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import EpochScoring

from softeq_sklearn import SoftEquivariantClassifier
from softeq_sklearn.groups import SO

# All rows in each step and none held out: then nothing depends on how many rows there are.
WHOLE = dict(batch_size=1000, validation_fraction=0, max_epochs=20)


@pytest.fixture
def weights(plane):
    return np.random.RandomState(1).randint(0, 4, len(plane[0]))


def repeated(weights, *parts):
    return [np.repeat(part, weights, axis=0) for part in parts]


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_weights_are_repetitions(make, plane, weights, scale):
    """Up to rounding in float32, and whatever their unit."""
    X, Y = plane
    weighted = make(**WHOLE).fit(X, Y, sample_weight=scale * weights)
    expected = make(**WHOLE).fit(*repeated(weights, X, Y)).predict(X)
    assert_allclose(weighted.predict(X), expected, rtol=1e-3, atol=1e-4)
    assert np.abs(make(**WHOLE).fit(X, Y).predict(X) - expected).max() > 0.01


def test_weights_of_classes_are_repetitions(plane, weights):
    X, Y = plane
    y = np.array(["low", "high"])[(Y[:, 0] > 0).astype(int)]
    model = SoftEquivariantClassifier(
        [SO(2)], "2*Vector", hidden_channels=16, n_hidden_layers=1, random_state=0, **WHOLE
    )
    weighted = model.fit(X, y, sample_weight=weights).predict_proba(X)
    expected = model.fit(*repeated(weights, X, y)).predict_proba(X)
    assert_allclose(weighted, expected, atol=1e-5)


def test_huge_weights_are_weights(make, plane, weights):
    """Only ratios matter, also where sums are no numbers."""
    X, Y = plane
    model, expected = make(), make().fit(1e3 * X, Y, sample_weight=weights).predict(1e3 * X)
    model.fit(1e3 * X, Y, sample_weight=5e307 * weights)
    assert_allclose(model.predict(1e3 * X), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("series", [pd.Series, pl.Series, list])
def test_series_of_weights(make_soft, plane, weights, series):
    X, Y = plane
    expected = make_soft().fit(X, Y, sample_weight=weights).predict(X)
    assert_array_equal(make_soft().fit(X, Y, sample_weight=series(weights)).predict(X), expected)


@pytest.mark.parametrize("caching", [True, False])
def test_scores_of_callbacks(make, plane, weights, caching):
    """Callbacks see targets, and not their weights."""
    X, Y = plane
    score = EpochScoring("neg_mean_squared_error", use_caching=caching, name="score")
    model = make(callbacks=[score]).fit(X, Y, sample_weight=weights + 1.0)
    assert np.isfinite(model.history_[:, "score"]).all()


def test_partial_fit(make, plane, weights):
    X, Y = plane
    whole = {"batch_size": 1000}
    weighted = make(**whole).partial_fit(X, Y, sample_weight=weights)
    expected = make(**whole).partial_fit(*repeated(weights, X, Y))
    assert_allclose(weighted.predict(X), expected.predict(X), rtol=1e-3, atol=1e-5)


def test_rows_without_weight_are_as_if_they_were_not_there(make, plane, weights):
    """With batches and held-out rows, too."""
    X, Y = plane
    weighted = make().fit(X, Y, sample_weight=(weights > 0).astype(float))
    expected = make().fit(*repeated(weights > 0, X, Y)).predict(X)
    assert_array_equal(weighted.predict(X), expected)


@pytest.mark.filterwarnings("ignore:The columns .* lie")  # one row has all the weight
def test_held_out_rows_have_weights(make_soft, plane):
    """The loss on them is a weighted mean: nearly the error of the one row whose weight is huge."""
    X, Y = plane
    model = make_soft(max_epochs=1, learning_rate=1e-9, scale_columns=False)
    errors = np.mean((model.fit(X, Y).predict(X) - Y) ** 2, axis=1)
    held_out = []
    for row in range(len(X)):
        weights = np.where(np.arange(len(X)) == row, 1e9, 1.0)
        loss = model.fit(X, Y, sample_weight=weights).history_[0, "valid_loss"]
        if loss == pytest.approx(errors[row], rel=1e-4):
            held_out.append(row)
    assert len(held_out) == len(X) // 10
    loss = model.fit(X, Y).history_[0, "valid_loss"]
    assert loss == pytest.approx(errors[held_out].mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(80), "sample_weight must be above 0 for at least one row"),
        (np.full(80, -1.0), "Negative values in data passed to `sample_weight`"),
        (np.full(80, np.nan), "NaN"),
        (np.ones(79), r"sample_weight.shape == \(79,\), expected \(80,\)"),
    ],
)
def test_weights_that_are_refused(make, plane, recorder, weights, message):
    with pytest.raises(ValueError, match=message):
        make(callbacks=[recorder]).fit(*plane, sample_weight=weights)
    assert recorder.n_trainings == 0


def test_score_with_weights(make, plane, weights):
    X, Y = plane
    model = make().fit(X, Y)
    expected = r2_score(Y, model.predict(X), sample_weight=weights)
    assert model.score(X, Y, weights) == pytest.approx(expected)


def test_metadata_routing_to_fit_and_score(make_soft, plane, weights):
    """A search hands weights on to both."""
    X, Y = plane
    folds = [(np.arange(40), np.arange(40, 80)), (np.arange(40, 80), np.arange(40))]
    expected = [
        make_soft().fit(X[a], Y[a], weights[a]).score(X[b], Y[b], weights[b]) for a, b in folds
    ]
    with config_context(enable_metadata_routing=True):
        model = make_soft().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"learning_rate": [0.01]}, cv=folds)
        search.fit(X, Y, sample_weight=weights)
    assert search.best_score_ == pytest.approx(np.mean(expected))


def test_an_exploration_with_weights(make_soft, plane, weights, monkeypatch):
    """The two trainings of the explorers have them, and so has the fit."""
    X, Y = plane
    model, seen = make_soft(tuning="explore", n_members=2, max_epochs=6), []
    fit = type(model)._fit_rows

    def fit_rows(self, X, Y, weights, again=False):
        seen.append(weights)
        return fit(self, X, Y, weights, again)

    monkeypatch.setattr(type(model), "_fit_rows", fit_rows)
    model.fit(X, Y, sample_weight=weights)
    assert len(seen) == 3
    for each in seen:
        assert_array_equal(each, weights[weights > 0] / weights.max())


def test_metadata_routing_to_a_classifier(plane, weights):
    X, Y = plane
    y = Y[:, 0] > 0
    small = {"hidden_channels": 8, "max_epochs": 2, "random_state": 0}
    folds = [(np.arange(40), np.arange(40, 80)), (np.arange(40, 80), np.arange(40))]

    def make():
        return SoftEquivariantClassifier([SO(2)], "2*Vector", **small)

    expected = [make().fit(X[a], y[a], weights[a]).score(X[b], y[b], weights[b]) for a, b in folds]
    with config_context(enable_metadata_routing=True):
        model = make().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"learning_rate": [0.01]}, cv=folds)
        search.fit(X, y, sample_weight=weights)
    assert search.best_score_ == pytest.approx(np.mean(expected))
