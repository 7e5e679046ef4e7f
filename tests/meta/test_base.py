"""What all three have in common."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from softeq_sklearn import AugmentedRegressor, FrameAveragingRegressor, SymmetrizedRegressor
from softeq_sklearn.groups import SO, E, O

META = [AugmentedRegressor, FrameAveragingRegressor, SymmetrizedRegressor]


@pytest.fixture(params=META, ids=lambda meta: meta.__name__)
def meta(request):
    return request.param


@pytest.fixture(scope="module")
def plane():
    """Two vectors in the plane, and a vector that turns with them."""
    X = np.random.RandomState(0).standard_normal((60, 4))
    return X, X[:, :2] * np.linalg.norm(X[:, 2:], axis=1, keepdims=True)


def make(meta, estimator=None, **changes):
    arguments = dict(group=O(2), rep_in="2*Vector", rep_out="Vector", random_state=0)
    return meta(estimator, **(arguments | changes))


def test_without_a_group_it_is_the_inner_regressor(meta, plane):
    X, Y = plane
    for estimator in (Ridge(), KNeighborsRegressor()):
        model = meta(estimator).fit(X, Y)
        assert_array_equal(model.predict(X), estimator.fit(X, Y).predict(X))
    assert isinstance(meta().fit(X, Y).estimator_, DecisionTreeRegressor)


def test_representations_do_nothing_without_a_group(meta, plane):
    X, Y = plane
    model = make(meta, Ridge(), group=None).fit(X, Y)
    assert_array_equal(model.predict(X), Ridge().fit(X, Y).predict(X))
    with pytest.raises(ValueError, match="rep_out must have one column"):
        make(meta, Ridge(), group=None, rep_out="T(2)").fit(X, Y)


def test_representation_may_be_left_out_for_scalars(meta, plane):
    X, Y = plane
    given = make(meta, rep_out="Scalar").fit(X, Y[:, 0]).predict(X)
    assert_array_equal(make(meta, rep_out=None).fit(X, Y[:, 0]).predict(X), given)


def test_shape_of_predictions_is_that_of_targets(meta, plane):
    X, Y = plane
    model = make(meta, rep_out="Scalar")
    assert model.fit(X, Y[:, 0]).predict(X).shape == (60,)
    assert model.fit(X, Y[:, :1]).predict(X).shape == (60, 1)
    assert make(meta).fit(X, Y).predict(X).shape == (60, 2)
    assert make(meta).fit(X, Y).predict(X).dtype == np.float64


def test_single_output_regressors_are_repeated(meta, plane):
    X, Y = plane
    boosting = HistGradientBoostingRegressor(max_iter=2)
    model = make(meta, boosting).fit(X, Y)
    assert isinstance(model.estimator_, MultiOutputRegressor)
    assert model.predict(X).shape == (60, 2)
    assert isinstance(make(meta, Ridge()).fit(X, Y).estimator_, Ridge)
    one = make(meta, boosting, rep_out="Scalar").fit(X, Y[:, :1])
    assert isinstance(one.estimator_, HistGradientBoostingRegressor)
    in_pipeline = make(meta, make_pipeline(StandardScaler(), boosting)).fit(X, Y)
    assert isinstance(in_pipeline.estimator_, MultiOutputRegressor)


def test_parameters_changed_after_fit_wait_for_the_next(meta, plane):
    X, Y = plane
    model = make(meta).fit(X, Y)
    expected = model.predict(X)
    for group in (None, SO(2), O(3)):
        assert_array_equal(model.set_params(group=group).predict(X), expected)


def test_inner_regressor_is_cloned(meta, plane):
    ridge = Ridge()
    make(meta, ridge).fit(*plane)
    assert not hasattr(ridge, "coef_")


def test_weight_zero_is_a_row_left_out(meta, plane):
    X, Y = plane
    weight = np.where(np.arange(60) < 40, 1.0, 0.0)
    # One element of its own for each row would differ: a finite group has the same for all.
    model = make(meta, Ridge(), group=O(1).embed(2, axes=(0,)))
    weighted = model.fit(X, Y, sample_weight=weight).predict(X)
    assert_allclose(clone(model).fit(X[:40], Y[:40]).predict(X), weighted, atol=1e-9)
    assert not np.allclose(clone(model).fit(X, Y).predict(X), weighted)


@pytest.mark.parametrize("estimator", [Ridge(), HistGradientBoostingRegressor(max_iter=2)])
def test_equal_weights_are_none(meta, plane, estimator):
    X, Y = plane
    model = make(meta, estimator)
    equal = model.fit(X, Y, sample_weight=np.ones(60)).predict(X)
    assert_allclose(equal, clone(model).fit(X, Y).predict(X), atol=1e-9)


@pytest.mark.parametrize("estimator", [KNeighborsRegressor(), make_pipeline(Ridge())])
def test_weights_for_regressors_that_take_none(meta, plane, estimator):
    with pytest.raises(TypeError, match="sample_weight must be None .* Got weights for"):
        make(meta, estimator).fit(*plane, sample_weight=np.ones(60))
    make(meta, estimator).fit(*plane)


def test_random_state_governs_everything(meta, plane):
    X, Y = plane
    forest = RandomForestRegressor(n_estimators=3)

    def predictions(random_state, estimator=forest):
        return make(meta, estimator, random_state=random_state).fit(X, Y).predict(X)

    assert_array_equal(predictions(0), predictions(0))
    assert_array_equal(predictions(0), predictions(np.random.RandomState(0)))
    assert not np.array_equal(predictions(0), predictions(1))
    nested = make_pipeline(StandardScaler(), forest)
    assert_array_equal(predictions(0, nested), predictions(0, nested))
    assert np.isfinite(predictions(None)).all()


def test_given_inner_random_state_stays(meta, plane):
    model = make(meta, RandomForestRegressor(n_estimators=1, random_state=7)).fit(*plane)
    assert model.estimator_.random_state == 7
    model = make(meta, RandomForestRegressor(n_estimators=1)).fit(*plane)
    assert isinstance(model.estimator_.random_state, int)
    assert model.estimator.random_state is None


def test_global_generators_are_untouched(meta, plane, global_generators_untouched):
    X, Y = plane
    make(meta, RandomForestRegressor(n_estimators=2)).fit(X, Y).predict(X)


def test_data_frames(meta, plane):
    X, Y = plane
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = make(meta).fit(frame, pd.DataFrame(Y))
    assert model.feature_names_in_.tolist() == list("abcd")
    assert model.n_features_in_ == 4
    assert_array_equal(model.predict(frame), make(meta).fit(X, Y).predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"a": "z"}))


def test_clone_pickle_and_deepcopy(meta, plane):
    X, Y = plane
    model = make(meta, Ridge(), n_elements=3).fit(X, Y)
    expected = model.predict(X)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_array_equal(twin.predict(X), expected)
    assert_array_equal(clone(model).fit(X, Y).predict(X), expected)
    assert "O(2)" in repr(model) and "O(2)" in model._repr_html_()


def test_search_over_inner_and_outer_parameters(meta, plane):
    X, Y = plane
    grid = {"estimator__n_neighbors": [1, 5], "group": [None, SO(2), O(2)]}
    search = GridSearchCV(make(meta, KNeighborsRegressor()), grid, cv=2).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.cv_results_["params"]) == 6


def test_inside_a_pipeline_and_each_other(meta, plane):
    X, Y = plane
    pipeline = make_pipeline(StandardScaler(with_mean=False), make(meta))
    assert np.isfinite(cross_val_score(pipeline, X, Y, cv=2)).all()
    for inner in META:
        assert make(meta, make(inner)).fit(X, Y).predict(X).shape == (60, 2)


def test_not_fitted(meta, plane):
    with pytest.raises(NotFittedError):
        meta().predict(plane[0])
    model = meta(KNeighborsRegressor(n_neighbors=-1))
    with pytest.raises(ValueError, match="n_neighbors"):
        model.fit(*plane)
    with pytest.raises(NotFittedError):
        model.predict(plane[0])


class Untouched(Ridge):
    """Fails the test when it is fitted."""

    def fit(self, X, y, sample_weight=None):
        raise AssertionError("fitted before everything was checked")


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"estimator": 3}, ValueError, "'estimator' parameter .* Got 3"),
        ({"estimator": Ridge}, TypeError, r"not its class. Got .*; write Ridge\(\)"),
        ({"estimator": LogisticRegression()}, TypeError, "must be a regressor. Got the classifier"),
        ({"group": "O(2)"}, ValueError, r"'group' parameter .* Got 'O\(2\)'"),
        ({"group": [O(2)]}, ValueError, "'group' parameter"),
        ({"group": O(3)}, ValueError, r"rep_in must have one column .* \(6 columns\)"),
        ({"rep_in": 4}, ValueError, "'rep_in' parameter .* Got 4"),
        ({"rep_in": "Vectors"}, ValueError, "rep_in: .*Vectors"),
        ({"rep_in": "Vector"}, ValueError, r"rep_in=Vector \(2 columns\) for X with 4 columns"),
        ({"rep_out": "T(2)"}, ValueError, r"rep_out=T\(2\) \(4 columns\) for y with 2 columns"),
        ({"n_elements": -1}, ValueError, "'n_elements' parameter .* Got -1"),
        ({"n_elements": 1.5}, ValueError, "'n_elements' parameter .* Got 1.5"),
        ({"random_state": "a"}, ValueError, "'random_state' parameter .* Got 'a'"),
    ],
    ids=str,
)
def test_bad_parameters(meta, plane, arguments, error, message):
    estimator = arguments.get("estimator", Untouched())
    with pytest.raises(error, match=message):
        make(meta, **({"estimator": estimator} | arguments)).fit(*plane)


def test_bad_rows(meta, plane):
    X, Y = plane
    with pytest.raises(ValueError, match="X contains NaN"):
        make(meta, Untouched()).fit(np.where(X > 1, np.nan, X), Y)
    with pytest.raises(ValueError, match="y contains NaN"):
        make(meta, Untouched()).fit(X, np.where(Y > 1, np.nan, Y))
    model = make(meta).fit(X, Y)
    with pytest.raises(ValueError, match="X has 3 features, but .* is expecting 4"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="inconsistent numbers of samples|sample_weight.shape"):
        make(meta, Untouched()).fit(X, Y, sample_weight=np.ones(5))


def test_affine_groups_need_no_special_care(meta, plane):
    X, Y = plane
    model = make(meta, Ridge(), group=E(2), rep_in="2*Point", rep_out="Point").fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


class Refuses(Ridge):
    def fit(self, X, y, sample_weight=None):
        raise ArithmeticError("cannot be fitted")


def test_a_fit_that_fails_changes_nothing(meta, plane):
    X, Y = plane
    model = make(meta, Ridge()).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ArithmeticError):
        model.set_params(group=None, estimator=Refuses()).fit(X[:, :2], Y[:, 0])
    assert_array_equal(model.predict(X), before)


def test_weights_of_several_outputs_with_routing(plane):
    X, Y = plane
    weights = np.arange(1.0, 61.0)
    model = make(
        AugmentedRegressor, GradientBoostingRegressor(n_estimators=3, random_state=0), n_elements=2
    )
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight=True).fit(X, Y, sample_weight=weights)
    routed = model.predict(X)
    assert_array_equal(routed, clone(model).fit(X, Y, sample_weight=weights).predict(X))
