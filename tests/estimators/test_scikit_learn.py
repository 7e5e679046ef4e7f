"""The regressors inside scikit-learn: pipelines, searches, frames, displays."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from joblib import cpu_count
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import estimator_html_repr

from softeq_sklearn import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
)
from softeq_sklearn.groups import SO, O, Reflection
from softeq_sklearn.representations import Scalar, Vector
from softeq_sklearn.training import StrengthTuner

# Columns that are scalars are enough for what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:The groups .* move no column")

COLUMNS = ["east", "north", "east_before", "north_before"]


@pytest.fixture
def frames(plane):
    X, Y = plane
    index = np.arange(1000, 1080)
    return (
        pd.DataFrame(X, columns=COLUMNS, index=index),
        pd.DataFrame(Y, columns=["u", "v"], index=index),
    )


def test_they_are_regressors(make):
    assert is_regressor(make())
    assert make().__sklearn_tags__().target_tags.multi_output


def test_pipeline(make, plane):
    X, Y = plane
    double = FunctionTransformer(lambda X: 2 * X)
    pipeline = make_pipeline(double, make()).fit(X, Y)
    assert_array_equal(pipeline.predict(X), make().fit(2 * X, Y).predict(2 * X))
    assert pipeline.score(X, Y) == pipeline[-1].score(2 * X, Y)


def test_pipeline_parameters(make, table):
    X, y = table
    name = type(make()).__name__.lower()
    pipeline = make_pipeline(StandardScaler(), make(rep_in=None, rep_out=None))
    pipeline.set_params(**{f"{name}__max_epochs": 2}).fit(X, y)
    assert len(pipeline[-1].history_) == 2


def test_grid_search_over_groups_and_strengths(make_soft, plane):
    X, Y = plane
    grid = {
        "groups": [
            (),
            [SO(2)],
            {"turns": SO(2), "mirror": Reflection(2)},
            (O(2), Reflection(2, axis=1)),
        ],
        "strengths": [0.1, 10],
        "tuning": ["fixed"],
    }
    arguments = dict(cv=2, scoring="neg_mean_squared_error")
    search = GridSearchCV(make_soft(), grid, n_jobs=2, **arguments).fit(X, Y)
    assert len(search.cv_results_["params"]) == 8
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    # What the other processes found is what this one finds, to the last bit.
    alone = GridSearchCV(make_soft(), grid, **arguments).fit(X, Y)
    assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])
    best = search.best_estimator_
    assert search.best_params_["groups"] == best.groups
    assert len(best.levels_) == len(best.groups)
    assert_array_equal(search.predict(X), best.predict(X))


def n_threads(model, X, y):
    return torch.get_num_threads()


def test_workers_of_a_search_start_no_more_threads_than_there_are_processors(make_soft, plane):
    grid = {"strengths": [0.1, 10]}
    search = GridSearchCV(make_soft(), grid, cv=2, n_jobs=2, scoring=n_threads, refit=False)
    assert 2 * search.fit(*plane).cv_results_["mean_test_score"].max() <= max(2, cpu_count())


def test_grid_search_over_strengths_of_each_group(make_soft, plane):
    grid = {
        "strengths": [1.0, {"rotations": 0.0, "reflection": 5.0}],
        "hidden_channels": np.array([8, 16]),
        "learning_rate": np.geomspace(1e-3, 1e-2, 2),
    }
    search = GridSearchCV(make_soft(max_epochs=2), grid, cv=2).fit(*plane)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.cv_results_["params"]) == 8


def test_grid_search_over_one_group(make_exact, plane):
    X, Y = plane
    search = GridSearchCV(make_exact(max_epochs=20), {"group": [SO(2), Reflection(2)]}, cv=2)
    assert search.fit(X, Y).best_params_ == {"group": Reflection(2)}  # the one that the data have


def test_cross_validate(make, plane):
    X, Y = plane
    result = cross_validate(
        make(),
        X,
        Y,
        cv=3,
        scoring=["r2", "neg_mean_absolute_error"],
        return_estimator=True,
        return_train_score=True,
    )
    assert np.isfinite(result["test_r2"]).all()
    assert len({id(model.net_) for model in result["estimator"]}) == 3
    again = cross_validate(make(), X, Y, cv=3)
    assert_array_equal(result["test_r2"], again["test_score"])
    assert cross_val_predict(make(), X, Y, cv=2).shape == Y.shape


def test_clone(make):
    model = make(rep_in=2 * Vector, hidden_channels=Scalar + Vector, verbose=1)
    twin = clone(model)
    assert twin is not model
    assert twin.get_params() == model.get_params()


def test_get_and_set_params(make):
    model = make()
    parameters = model.get_params()
    assert parameters["rep_in"] == "2*Vector" and parameters["max_epochs"] == 4
    assert model.set_params(max_epochs=7, rep_in=None) is model
    assert (model.max_epochs, model.rep_in) == (7, None)
    assert type(model)(**model.get_params()).get_params() == model.get_params()


def test_parameters_of_a_tuner_are_nested(make_soft, plane):
    """Settings of the tuner can be searched; copies have tuners of their own."""
    model = make_soft(tuning=StrengthTuner("ratio", power=1.0))
    search = GridSearchCV(model, {"tuning__power": [0.0, 5.0]}, cv=2, refit=False).fit(*plane)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] != scores[1] and model.tuning.power == 1.0
    assert clone(model).set_params(tuning__power=3.0).tuning.power == 3.0
    with pytest.raises(ValueError, match="Invalid parameter 'force'"):
        model.set_params(tuning__force=1.0)


def test_defaults():
    model = SoftEquivariantRegressor()
    assert model.groups == () and model.rep_in is None and model.rep_out is None
    assert EquivariantRegressor().group is None


def test_repr_evaluates_back(make):
    model = make(hidden_channels=4 * Scalar + Vector)
    names = {name: value for name, value in globals().items() if not name.startswith("_")}
    assert eval(repr(model), names).get_params() == model.get_params()  # noqa: S307
    assert repr(SoftEquivariantRegressor()) == "SoftEquivariantRegressor()"
    for estimator in (EquivariantRegressor, ResidualPathwayRegressor):
        assert repr(estimator(SO(3))) == f"{estimator.__name__}(group=SO(3))"


def test_html_repr(make, plane):
    model = make()
    for shown in (model, clone(model).fit(*plane)):
        assert type(model).__name__ in shown._repr_html_()
        assert "SO(2)" in shown._repr_html_()
        assert "SO(2)" in estimator_html_repr(make_pipeline(StandardScaler(), shown))


def test_html_repr_says_whether_it_is_fitted(make, plane):
    model = make()
    assert "Not fitted" in model._repr_html_()
    assert "Not fitted" not in model.fit(*plane)._repr_html_()


@pytest.mark.filterwarnings("ignore:All 2 columns of y are scalars")
@pytest.mark.parametrize("shape", [(80,), (80, 1), (80, 2)])
def test_transformed_target(make, plane, shape):
    X, Y = plane
    Y = np.resize(Y if shape[-1] == 2 else Y[:, 0], shape)
    model = make(rep_out=None)
    wrapped = TransformedTargetRegressor(model, func=lambda y: 2 * y, inverse_func=lambda y: y / 2)
    prediction = wrapped.fit(X, Y).predict(X)
    assert prediction.shape == shape
    direct = make(rep_out=None).fit(X, 2 * (Y.reshape(80, -1) if len(shape) == 2 else Y))
    assert_allclose(prediction, direct.predict(X) / 2, rtol=1e-12)


def test_transformed_target_with_a_scaler(make, table):
    X, y = table
    model = make(rep_in=None, rep_out=None, max_epochs=20)
    wrapped = TransformedTargetRegressor(model, transformer=StandardScaler()).fit(X, 1e4 * y)
    assert wrapped.predict(X).shape == (60,)
    assert wrapped.score(X, 1e4 * y) == pytest.approx(model.fit(X, y).score(X, y), abs=0.05)


def test_other_meta_estimators(make, plane):
    X, Y = plane
    model = MultiOutputRegressor(make(rep_out=None)).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    fitted = make().fit(X, Y)
    importance = permutation_importance(fitted, X, Y, n_repeats=1, random_state=0)
    assert importance.importances_mean.shape == (4,)


def test_data_frames(make, frames):
    X, Y = frames
    model = make().fit(X, Y)
    assert model.feature_names_in_.tolist() == COLUMNS
    assert model.feature_names_in_.dtype == object
    prediction = model.predict(X)
    assert isinstance(prediction, np.ndarray)
    assert_array_equal(prediction, make().fit(X.to_numpy(), Y.to_numpy()).predict(X.to_numpy()))


def test_series_as_target(make, frames):
    X, Y = frames
    assert make(rep_out=None).fit(X, Y["u"]).predict(X).shape == (80,)


def test_other_column_names_are_refused(make, frames):
    X, Y = frames
    model = make().fit(X, Y)
    with pytest.raises(ValueError, match="feature names should match.*\n.*unseen.*\n- depth"):
        model.predict(X.rename(columns={"east": "depth"}))
    with pytest.raises(ValueError, match="same order as they were in fit"):
        model.predict(X[COLUMNS[::-1]])
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(X.rename(columns={"east": "depth"}), Y)


def test_names_on_one_side_only_are_a_warning(make, frames):
    X, Y = frames
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        expected = make().fit(X, Y).predict(X.to_numpy())
    with pytest.warns(UserWarning, match="X has feature names, but .* was fitted without"):
        assert_array_equal(make().fit(X.to_numpy(), Y.to_numpy()).predict(X), expected)


def test_names_are_forgotten_by_a_fit_without_them(make, frames):
    X, Y = frames
    model = make().fit(X, Y).fit(X.to_numpy(), Y.to_numpy())
    assert not hasattr(model, "feature_names_in_")


def test_frames_in_a_pipeline(make, frames):
    X, Y = frames
    scaler = StandardScaler(with_mean=False).set_output(transform="pandas")
    pipeline = make_pipeline(scaler, make()).fit(X, Y)
    assert pipeline[-1].feature_names_in_.tolist() == COLUMNS
    assert pipeline.predict(X).shape == (80, 2)


def test_float32_frames(make, frames):
    X, Y = (frame.astype(np.float32) for frame in frames)
    assert make().fit(X, Y).predict(X).dtype == np.float64


def test_column_vector_is_no_warning(make, table):
    """A y of shape (n, 1) is a matrix of one column here, not a mistake."""
    X, y = table
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "The groups .* move no column")
        make(rep_in=None, rep_out=None).fit(X, y[:, None])
