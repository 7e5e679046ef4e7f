"""The transformer: one error for each row and group."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skorch.callbacks import Callback

from softeq_sklearn import EquivariantRegressor, SoftEquivariantRegressor, SymmetryLevels
from softeq_sklearn.groups import SO, O, Reflection, Trivial
from softeq_sklearn.metrics import equivariance_error

NAMES = ["rotations", "reflection"]
GROUPS = {"rotations": SO(2), "reflection": Reflection(2)}


def make_regressor(**changes):
    arguments = dict(
        groups=GROUPS,
        rep_in="2*Vector",
        rep_out="Vector",
        hidden_channels=16,
        n_hidden_layers=1,
        max_epochs=4,
        batch_size=16,
        random_state=0,
    )
    return SoftEquivariantRegressor(**(arguments | changes))


@pytest.fixture(scope="module")
def plane():
    """Two vectors in the plane and a target that the reflection of x keeps and rotations do not."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 4))
    return X, X[:, :2] * [1, 3] + 0.1 * X[:, 2:]


@pytest.fixture(scope="module")
def fitted(plane):
    return make_regressor(max_epochs=10).fit(*plane)


@pytest.fixture
def transformer(fitted, plane):
    return SymmetryLevels(fitted, prefit=True).fit(*plane)


class Count(Callback):
    """Count the trainings."""

    trainings = 0

    def on_train_begin(self, net, **kwargs):
        Count.trainings += 1


@pytest.fixture
def trainings():
    Count.trainings = 0
    return lambda: Count.trainings


def test_one_column_for_each_group(transformer, plane):
    X, _ = plane
    errors = transformer.transform(X[:7])
    assert errors.shape == (7, 2) and errors.dtype == np.float64
    assert ((errors >= 0) & (errors <= 1)).all()
    assert transformer.get_feature_names_out().tolist() == NAMES
    assert transformer.get_feature_names_out().dtype == object


def test_errors_are_those_of_the_metric(transformer, fitted, plane):
    """With the same elements they are equal; each group's elements have a seed of their own."""
    X, _ = plane
    errors = transformer.transform(X)
    for column, (name, group) in enumerate(GROUPS.items()):
        expected = equivariance_error(
            fitted,
            X,
            group,
            "2*Vector",
            "Vector",
            n_elements=32,
            per_sample=True,
            random_state=transformer._seeds[column],
        )
        assert_allclose(errors[:, column], expected, rtol=1e-9, err_msg=name)


def test_mean_over_rows_is_about_the_level(transformer, fitted, plane):
    errors = transformer.transform(plane[0]).mean(axis=0)
    assert_allclose(errors, fitted.levels_.error, rtol=0.5)
    assert errors[0] > errors[1]


def test_rows_do_not_depend_on_each_other(transformer, plane):
    X, _ = plane
    errors = transformer.transform(X)
    order = np.random.RandomState(1).permutation(80)
    assert_allclose(transformer.transform(X[order]), errors[order], atol=1e-12)
    for row in (0, 17, 79):
        assert_allclose(transformer.transform(X[[row]])[0], errors[row], atol=1e-12)
    assert_array_equal(transformer.transform(X), errors)


def test_fits_a_clone(plane):
    X, Y = plane
    regressor = make_regressor()
    transformer = SymmetryLevels(regressor)
    assert transformer.fit(X, Y) is transformer
    assert not hasattr(regressor, "net_")
    assert transformer.estimator is regressor
    assert_array_equal(transformer.estimator_.predict(X), make_regressor().fit(X, Y).predict(X))
    assert transformer.levels_ is transformer.estimator_.levels_
    assert transformer.n_features_in_ == 4


def test_prefit_takes_the_estimator_as_it_is(plane, trainings):
    X, Y = plane
    regressor = make_regressor(callbacks=[Count]).fit(X, Y)
    assert trainings() == 1
    transformer = SymmetryLevels(regressor, prefit=True).fit(X, Y)
    assert transformer.estimator_ is regressor
    assert transformer.levels_ is regressor.levels_
    assert trainings() == 1
    fitting = SymmetryLevels(make_regressor()).fit(X, Y)
    assert_array_equal(fitting.transform(X), transformer.transform(X))


def test_prefit_needs_a_fitted_estimator(plane):
    for transformer in (SymmetryLevels(make_regressor(), prefit=True), SymmetryLevels(prefit=True)):
        with pytest.raises(NotFittedError):
            transformer.fit(*plane)


def test_prefit_compares_the_rows_with_those_of_the_estimator(fitted, plane):
    X, Y = plane
    with pytest.raises(ValueError, match="X has 3 features, but .* is expecting 4"):
        SymmetryLevels(fitted, prefit=True).fit(X[:, :3], Y)
    named = make_regressor().fit(pd.DataFrame(X, columns=list("abcd")), Y)
    with pytest.raises(ValueError, match="feature names should match"):
        SymmetryLevels(named, prefit=True).fit(pd.DataFrame(X, columns=list("abdc")), Y)


def test_frozen_estimator(fitted, plane, transformer):
    X, Y = plane
    frozen = clone(SymmetryLevels(FrozenEstimator(fitted))).fit(X, Y)
    assert_array_equal(frozen.transform(X), transformer.transform(X))


def test_default_has_no_columns(plane):
    X, Y = plane
    transformer = SymmetryLevels(make_regressor(groups=(), rep_in=None, rep_out=None)).fit(X, Y)
    assert transformer.transform(X).shape == (80, 0)
    assert transformer.get_feature_names_out().shape == (0,)
    assert SymmetryLevels().estimator is None


@pytest.mark.parametrize("random_state", [0, 5, np.random.RandomState(5), None])
def test_elements_are_the_same_in_every_call(fitted, plane, random_state):
    X, Y = plane
    transformer = SymmetryLevels(fitted, prefit=True, random_state=random_state).fit(X, Y)
    assert_array_equal(transformer.transform(X), transformer.transform(X))


def test_random_state_governs_the_elements(fitted, plane):
    X, Y = plane

    def errors(**arguments):
        return SymmetryLevels(fitted, prefit=True, **arguments).fit(X, Y).transform(X)

    assert_array_equal(errors(), errors(random_state=0))
    assert_array_equal(errors(random_state=3), errors(random_state=np.random.RandomState(3)))
    assert not np.array_equal(errors(random_state=3)[:, 0], errors(random_state=4)[:, 0])
    assert not np.array_equal(errors(n_elements=4)[:, 0], errors(n_elements=32)[:, 0])
    # More elements, less scatter: seeds agree.
    assert_allclose(
        errors(n_elements=1000, random_state=3)[:, 0],
        errors(n_elements=1000, random_state=4)[:, 0],
        atol=0.1,
    )


def test_global_generators_are_untouched(plane, global_generators_untouched):
    X, Y = plane
    SymmetryLevels(make_regressor()).fit(X, Y).transform(X)


def test_a_group_that_the_function_has(plane):
    X, Y = plane
    groups = {"nothing": Trivial(2), "reflection": Reflection(2)}
    transformer = SymmetryLevels(make_regressor(groups=groups, max_epochs=20)).fit(X, Y)
    errors = transformer.transform(X)
    assert_allclose(errors[:, 0], 0, atol=1e-14)
    assert 0 < errors[:, 1].mean() < 0.2


def test_broken_rows_are_found():
    """A function that is equivariant on one side only: errors tell the sides apart."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((300, 3))
    east = X[:, 0] > 0
    Y = X[:, 1:] * np.where(east[:, None], [1.0, 1.0], [1.0, 4.0])
    regressor = make_regressor(
        groups=[O(2)], rep_in="Scalar + Vector", max_epochs=40, strengths=1e-3, batch_size=32
    )
    errors = SymmetryLevels(regressor).fit(X, Y).transform(X)[:, 0]
    assert errors[~east].mean() > 2 * errors[east].mean()


def test_set_output(transformer, plane):
    X, _ = plane
    frame = transformer.set_output(transform="pandas").transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == NAMES and frame.shape == (80, 2)
    with_index = pd.DataFrame(X, index=np.arange(100, 180))
    assert transformer.transform(with_index).index.tolist() == list(range(100, 180))
    assert isinstance(transformer.set_output(transform="default").transform(X), np.ndarray)


def test_set_output_without_groups(plane):
    X, Y = plane
    regressor = make_regressor(groups=())
    transformer = SymmetryLevels(regressor).set_output(transform="pandas").fit(X, Y)
    assert transformer.transform(X).shape == (80, 0)


def test_data_frames(plane):
    X, Y = plane
    frame = pd.DataFrame(X, columns=list("abcd"))
    transformer = SymmetryLevels(make_regressor()).fit(frame, Y)
    assert transformer.feature_names_in_.tolist() == list("abcd")
    assert transformer.transform(frame).shape == (80, 2)
    assert transformer.get_feature_names_out(list("abcd")).tolist() == NAMES
    with pytest.raises(ValueError, match="feature names should match"):
        transformer.transform(frame.rename(columns={"a": "z"}))
    with pytest.raises(ValueError, match="input_features"):
        transformer.get_feature_names_out(list("abdc"))


def test_names_in_are_counted(transformer):
    with pytest.raises(ValueError, match="length equal to number of features"):
        transformer.get_feature_names_out(["one"])


def test_pipeline(plane):
    X, Y = plane
    halve = FunctionTransformer(lambda X: X / 2, feature_names_out="one-to-one")
    pipeline = make_pipeline(halve, SymmetryLevels(make_regressor()), Ridge()).fit(2 * X, Y)
    assert pipeline.predict(2 * X).shape == Y.shape
    direct = SymmetryLevels(make_regressor()).fit(X, Y)
    assert_array_equal(pipeline[:-1].transform(2 * X), direct.transform(X))
    assert pipeline[:-1].get_feature_names_out(list("abcd")).tolist() == NAMES


def test_feature_union(plane):
    X, Y = plane
    union = FeatureUnion(
        [("levels", SymmetryLevels(make_regressor())), ("scaled", StandardScaler())]
    )
    union.set_output(transform="pandas")
    frame = union.fit(pd.DataFrame(X, columns=list("abcd")), Y).transform(
        pd.DataFrame(X, columns=list("abcd"))
    )
    assert frame.shape == (80, 6)
    assert frame.columns[:2].tolist() == ["levels__rotations", "levels__reflection"]


def test_nested_parameters_in_a_search(plane):
    pipeline = make_pipeline(SymmetryLevels(make_regressor(max_epochs=2)), Ridge())
    grid = {"symmetrylevels__estimator__groups": [[SO(2)], [SO(2), O(2)]]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(*plane)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_clone_pickle_and_deepcopy(plane):
    X, Y = plane
    transformer = SymmetryLevels(make_regressor(), n_elements=5, random_state=2).fit(X, Y)
    expected = transformer.transform(X)
    for twin in (pickle.loads(pickle.dumps(transformer)), copy.deepcopy(transformer)):
        assert_array_equal(twin.transform(X), expected)
    assert_array_equal(clone(transformer).fit(X, Y).transform(X), expected)


def test_repr_and_html(transformer):
    assert repr(SymmetryLevels()) == "SymmetryLevels()"
    assert "SO(2)" in repr(transformer) and "SO(2)" in transformer._repr_html_()


def test_not_fitted(plane):
    with pytest.raises(NotFittedError):
        SymmetryLevels().transform(plane[0])
    with pytest.raises(NotFittedError):
        SymmetryLevels().get_feature_names_out()


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"estimator": 3}, ValueError, "'estimator' parameter .* Got 3"),
        ({"estimator": SoftEquivariantRegressor}, (ValueError, TypeError), "estimator"),
        ({"estimator": Ridge()}, TypeError, r"estimator must be a Soft.* Got Ridge\(\)"),
        (
            {"estimator": EquivariantRegressor(callbacks=[Count])},
            TypeError,
            "estimator must be a Soft.* Got EquivariantRegressor",
        ),
        ({"prefit": "yes"}, ValueError, "'prefit' parameter .* Got 'yes'"),
        ({"n_elements": 0}, ValueError, "'n_elements' parameter .* Got 0"),
        ({"n_elements": 1.5}, ValueError, "'n_elements' parameter .* Got 1.5"),
        ({"random_state": -1}, ValueError, "'random_state' parameter .* Got -1"),
    ],
    ids=str,
)
def test_bad_parameters(plane, trainings, arguments, error, message):
    arguments = {"estimator": make_regressor(callbacks=[Count])} | arguments
    with pytest.raises(error, match=message):
        SymmetryLevels(**arguments).fit(*plane)
    assert trainings() == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_rows(transformer, fitted, plane, value):
    X, Y = plane
    bad = np.where(np.arange(4) == 2, value, X)
    with pytest.raises(ValueError, match="X contains (NaN|infinity)"):
        transformer.transform(bad)
    with pytest.raises(ValueError, match="X contains (NaN|infinity)"):
        SymmetryLevels(fitted, prefit=True).fit(bad, Y)
    with pytest.raises(ValueError, match="X has 3 features, but SymmetryLevels is expecting 4"):
        transformer.transform(X[:, :3])
    with pytest.raises(ValueError, match="0 sample"):
        transformer.transform(X[:0])


def test_points(plane):
    from softeq_sklearn.groups import SE, Translation

    X = plane[0] + 3
    Y = X[:, :2] + 2 * (X[:, 2:] - X[:, :2])
    regressor = make_regressor(
        groups=[SE(2), Translation(2)], rep_in="2*Point", rep_out="Point", max_epochs=10
    )
    errors = SymmetryLevels(regressor).fit(X, Y).transform(X)
    assert errors.shape == (80, 2)
    assert ((errors >= 0) & (errors < 1)).all()
