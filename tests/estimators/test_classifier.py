"""Classes in the place of numbers."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from softeq_sklearn import SoftEquivariantClassifier
from softeq_sklearn.groups import SO, O, S
from softeq_sklearn.inspection import (
    OrbitDisplay,
    discover,
    equivariance_bound,
    equivariance_test,
    symmetry_gap,
)
from softeq_sklearn.preprocessing import RepresentationScaler
from softeq_sklearn.representations import ColumnSchema, Scalar, Vector

SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=10, random_state=0)
GROUPS = {"about z": SO(2).embed(3, axes=(0, 1)), "all": SO(3)}


@pytest.fixture
def cups():
    """Rows inside a cup that is turned about z, beside it, or below it."""
    X = np.random.RandomState(0).standard_normal((300, 3))
    inside = X[:, 2] > (X[:, :2] ** 2).sum(axis=1) - 0.5
    return X, np.where(inside, "in", np.where(X[:, 2] < -0.5, "below", "beside"))


@pytest.fixture
def make():
    def classifier(**changes):
        return SoftEquivariantClassifier(**SMALL | {"groups": GROUPS, "rep_in": "Vector"} | changes)

    return classifier


def test_classes_are_learnt(make, cups):
    X, y = cups
    model = make(max_epochs=60).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) > 0.85
    assert_array_equal(model.classes_, ["below", "beside", "in"])


def test_probabilities(make, cups):
    X, y = cups
    model = make().fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (300, 3) and probabilities.dtype == np.float64
    assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    assert_allclose(np.exp(model.predict_log_proba(X)), probabilities)
    assert_array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])


def test_probabilities_are_the_mean_over_members(make, cups):
    X, y = cups
    model = make(n_members=3).fit(X, y)
    members = model._member_function()(X)
    assert members.shape == (3, 300, 3)
    assert_allclose(members.sum(axis=2), 1.0, rtol=1e-12)
    assert_allclose(model.predict_proba(X), members.mean(axis=0), rtol=1e-12)


def test_the_loss_is_the_cross_entropy(make, cups):
    X, y = cups
    model = make(max_epochs=1, learning_rate=1e-9, groups=()).fit(X, y)
    p = model.predict_proba(X)[np.arange(300), np.searchsorted(model.classes_, y)]
    losses = model.history_[0]
    mean = 0.9 * losses["train_loss"] + 0.1 * losses["valid_loss"]
    assert mean == pytest.approx(-np.log(p).mean(), rel=1e-3)


@pytest.mark.parametrize("labels", [[3, 1, 7], [True, False], ["b", "a"], [1.0, 0.0]])
def test_labels_of_any_kind(make, cups, labels):
    X, _ = cups
    y = np.array(labels)[np.arange(300) % len(labels)]
    model = make(max_epochs=1).fit(X, y)
    assert_array_equal(model.classes_, np.unique(labels))
    assert set(model.predict(X)) <= set(labels)


def test_order_of_labels_changes_nothing_but_their_names(make, cups):
    X, y = cups
    first = make().fit(X, y == "in").predict_proba(X)
    second = make().fit(X, np.where(y == "in", "b", "a")).predict_proba(X)
    assert_array_equal(first, second)


def test_levels_are_those_of_probabilities(make, cups):
    X, y = cups
    model = make(validation_fraction=0).fit(X, y)
    f, at_rows = model.predict_proba, model.predict_proba(X)
    errors = []
    for g in GROUPS["all"].sample(100, 0):
        moved = f(X @ g.T)
        sizes = np.linalg.norm(moved, axis=1) + np.linalg.norm(at_rows, axis=1)
        errors.append((np.linalg.norm(moved - at_rows, axis=1) / sizes).mean())
    assert model.levels_.error[1] == pytest.approx(np.mean(errors), rel=0.1)


def test_exact_group_keeps_probabilities(make, cups):
    X, y = cups
    model = make(exact_group="about z").fit(X, y)
    turned = X @ GROUPS["about z"].sample(1, 0)[0].T
    assert_allclose(model.predict_proba(turned), model.predict_proba(X), atol=1e-6)
    assert model.levels_.error[0] < 1e-6


def test_classes_that_are_permuted(make):
    """Which of three numbers is the largest: the classes change places with the columns."""
    X = np.random.RandomState(0).standard_normal((200, 3))
    y = np.array(["first", "second", "third"])[X.argmax(axis=1)]
    model = make(groups={"order": S(3)}, rep_out="Vector", exact_group="order", max_epochs=60).fit(
        X, y
    )
    order = [2, 0, 1]
    assert_allclose(model.predict_proba(X[:, order]), model.predict_proba(X)[:, order], atol=1e-6)
    assert model.score(X, y) > 0.9


def test_a_mirror_that_swaps_classes(make):
    """In coordinates turned by 45 degrees it is a permutation."""
    a, b = np.random.RandomState(0).standard_normal((2, 300))
    y = np.select([b > 0.3 * np.abs(a), b < -0.3 * np.abs(a)], ["left", "right"], "straight")
    X = np.column_stack([a + b, a - b]) / np.sqrt(2)
    model = make(
        groups={"mirror": S(2)}, rep_out="Vector + Scalar", exact_group="mirror", max_epochs=60
    ).fit(X, y)
    swapped = model.predict_proba(X)[:, [1, 0, 2]]
    assert_allclose(model.predict_proba(X[:, ::-1]), swapped, atol=1e-6)
    assert model.score(X, y) > 0.9


SIDES = ColumnSchema({("left", "right"): Vector, "straight": Scalar})


@pytest.fixture
def turns():
    """Rows and where they go, in coordinates of which the mirror is a permutation."""
    a, b = np.random.RandomState(0).standard_normal((2, 120))
    y = np.select([b > 0.3 * np.abs(a), b < -0.3 * np.abs(a)], ["left", "right"], "straight")
    return np.column_stack([a + b, a - b]) / np.sqrt(2), y


def test_names_of_classes(make, turns):
    """A schema says what its representation says, and the order of the classes is checked."""
    X, y = turns
    model = make(groups={"mirror": S(2)}, rep_out=SIDES, max_epochs=2)
    by_place = make(groups={"mirror": S(2)}, rep_out="Vector + Scalar", max_epochs=2).fit(X, y)
    for labels in (y, pd.Series(y, name="side"), pl.Series("side", y)):
        model.fit(X, labels)
        assert_array_equal(model.predict_proba(X), by_place.predict_proba(X))
    gaps = [symmetry_gap(m, X, y, "mirror", cv=2, random_state=0).gap for m in (model, by_place)]
    assert gaps[0] == gaps[1]
    tests = [
        equivariance_test(X, y, S(2), "Vector", rep, random_state=0)
        for rep in (SIDES, "Vector + Scalar")
    ]
    assert tests[0] == tests[1]


@pytest.mark.parametrize(
    ("names", "difference"),
    [
        (["right", "left", "straight"], "; labels that sort in this order would fit"),
        (["left", "right", "on"], r"; \['on'\] are no classes and \['straight'\] have no name"),
        (["left", "right"], r"; \['straight'\] have no name"),
    ],
)
def test_other_names_of_classes(make, turns, names, difference):
    rule = rf"rep_out must name the sorted classes of y, \['left', .*\. Got .*{difference}"
    rep_out = ColumnSchema(dict.fromkeys(names, Scalar))
    model = make(groups={"mirror": S(2)}, rep_out=SIDES, max_epochs=1).fit(*turns)
    before = model.predict_proba(turns[0])
    for method in (model.set_params(rep_out=rep_out).fit, model.partial_fit):
        with pytest.raises(ValueError, match=rule):
            method(*turns)
    assert_array_equal(model.predict_proba(turns[0]), before)
    with pytest.raises(ValueError, match=rule):
        equivariance_test(*turns, S(2), "Vector", rep_out)


@pytest.mark.parametrize("labels", [[2, 10, 33], [False, True], [1.0, 2.0]])
def test_names_of_classes_that_are_no_texts(make, turns, labels):
    X, y = turns[0], np.array(labels)[np.arange(120) % len(labels)]
    names = ColumnSchema({tuple(str(label) for label in labels): len(labels) * Scalar})
    assert_array_equal(make(rep_out=names, max_epochs=1, groups=()).fit(X, y).classes_, labels)


def test_an_exploration_of_classes():
    """Turns about z hold, and no test finds them broken; turns about x do not."""
    X = np.random.RandomState(1).standard_normal((500, 3))
    y = X[:, 2] > (X[:, :2] ** 2).sum(axis=1) - 1
    groups = {"about z": GROUPS["about z"], "about x": SO(2).embed(3, axes=(1, 2))}
    model = SoftEquivariantClassifier(
        groups, "Vector", hidden_channels=16, tuning="explore", max_epochs=40, random_state=0
    ).fit(X, y)
    scores = model._exploration.scores
    assert scores["about z"] < 3 < scores["about x"]
    assert model.strengths_[0] == 1 and model.strengths_[1] < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_rare_class_that_was_missed_is_not_exact(seed):
    """Members that never predict it keep every symmetry, and know nothing of it."""
    X = np.random.default_rng(700 + seed).normal(size=(200, 2))
    y = X[:, 0] > np.quantile(X[:, 0], 0.98)
    model = SoftEquivariantClassifier(
        [SO(2)], "Vector", **SMALL | {"max_epochs": 20, "n_members": 3, "random_state": seed}
    ).fit(X, y)
    assert model.levels_.verdict[0] != "exact"


@pytest.mark.slow
def test_symmetry_that_holds_and_one_that_does_not():
    X = np.random.RandomState(1).standard_normal((800, 3))
    y = X[:, 2] > (X[:, :2] ** 2).sum(axis=1) - 1
    model = SoftEquivariantClassifier(
        GROUPS, "Vector", hidden_channels=32, n_members=5, max_epochs=60, random_state=0
    ).fit(X, y)
    assert model.levels_.error[0] < 0.05 < 0.15 < model.levels_.error[1]
    assert model.levels_.verdict[1] == "broken"
    assert "all" not in discover(model).names


def test_pipelines_searches_and_pickles(make, cups):
    X, y = cups
    pipeline = make_pipeline(RepresentationScaler("Vector"), make(max_epochs=2))
    search = GridSearchCV(
        pipeline, {"softequivariantclassifier__strengths": [0.1, 1.0]}, cv=2, scoring="neg_log_loss"
    ).fit(X, y)
    again = pickle.loads(pickle.dumps(search))
    assert_array_equal(again.predict_proba(X), search.predict_proba(X))


def test_frames(make, cups):
    pd = pytest.importorskip("pandas")
    X, y = cups
    table = pd.DataFrame(X, columns=["x", "y", "z"]).assign(where=y)
    model = make(rep_in=ColumnSchema({("x", "y", "z"): Vector})).fit(table, table["where"])
    shuffled = table[["where", "z", "x", "y"]]
    assert_array_equal(model.predict(shuffled), make().fit(X, y).predict(X))


def test_partial_fit(make, cups):
    X, y = cups
    model = make().partial_fit(X[:50], y[:50], classes=["below", "beside", "in"])
    model.partial_fit(X[50:], y[50:]).partial_fit(X[50:60], y[50:60], ["in", "below", "beside"])
    assert len(model.history_) == 3
    with pytest.raises(ValueError, match="classes must be the same in all calls"):
        model.partial_fit(X, y, classes=["in", "below"])
    with pytest.raises(ValueError, match=r"y must have the classes .* Got \['out'\], too"):
        model.partial_fit(X[:2], ["in", "out"])
    with pytest.raises(ValueError, match=r"classes must have at least two classes.* \['in'\]"):
        make().partial_fit(X[:2], ["in", "in"], classes=["in"])
    with pytest.raises(ValueError, match=r"The first partial_fit may be given .* classes=\[...\]"):
        make().partial_fit(X[:2], ["in", "in"])


def test_classes_without_weight_are_classes(make, cups):
    """As in scikit-learn, so that columns of probabilities do not depend on weights."""
    X, y = cups
    model = make(max_epochs=2).fit(X, y, sample_weight=(y != "in").astype(float))
    assert len(model.classes_) == 3 and model.predict_proba(X).shape == (300, 3)
    with pytest.raises(ValueError, match=r"rows of at least two classes. Got one class, \['in'\]"):
        make().fit(X, y, sample_weight=(y == "in").astype(float))


@pytest.mark.parametrize("seed", range(5))
def test_rows_of_all_classes_are_held_out(make, cups, seed):
    X, y = cups
    rare = np.where(np.arange(300) < 10, "rare", "frequent")
    model = make(random_state=seed)
    Y = (rare[:, None] == ["frequent", "rare"]).astype(float)
    train, valid = model._split(Y, seed)
    assert sorted([*train, *valid]) == list(range(300))
    assert (Y[train].sum(axis=0) == [261, 9]).all() and (Y[valid].sum(axis=0) == [29, 1]).all()
    train, valid = model._split(Y[9:], seed)  # a single row of one class
    assert len(valid) == 29 and len(train) == 262 and 0 in train
    train, valid = make(validation_fraction=0.5)._split(Y[8:12], seed)
    assert (Y[8:12][valid].sum(axis=0) == 1).all()


@pytest.mark.parametrize("n_rows", [2, 20])
def test_a_class_for_each_row(make, n_rows):
    X = np.random.RandomState(0).standard_normal((n_rows, 3))
    assert make(max_epochs=2).fit(X, np.arange(n_rows)).predict_proba(X).shape == (n_rows, n_rows)


def test_only_permutations_move_probabilities(make, cups):
    """Also those of a group that is no candidate."""
    X, y = cups
    model = make(groups=(), rep_out="3*Scalar", max_epochs=1, scale_columns=False).fit(X, y)
    assert model.project_to(SO(3)).predict(X[:1]).shape == (1,)
    permuted = make(groups=[S(3)], rep_out="Vector", max_epochs=1, scale_columns=False).fit(X, y)
    for use in (
        permuted.project_to,
        lambda group: equivariance_bound(permuted, group, 1.0),
        lambda group: OrbitDisplay.from_estimator(permuted, X[0], group),
    ):
        with pytest.raises(ValueError, match="rep_out must be scalars, since only permutations"):
            use(SO(3))


def test_warm_start_keeps_classes(make, cups):
    X, y = cups
    model = make(warm_start=True, max_epochs=2).fit(X, y)
    rest = y != "in"
    model.fit(X[rest], y[rest])
    assert len(model.classes_) == 3 and len(model.history_) == 4


@pytest.mark.parametrize(
    ("changes", "y", "message"),
    [
        ({}, np.zeros(300), r"at least two classes.* Got one class, \[0.0\]"),
        ({}, np.linspace(0, 1, 300), "Unknown label type: continuous"),
        ({"rep_out": "Vector"}, np.arange(300) % 3, "rep_out must be scalars, since only perm"),
        (
            {"rep_out": "2*Scalar"},
            np.arange(300) % 3,
            "for each class of y. .* for 3 of them",
        ),
        ({"rep_out": 3}, np.arange(300) % 3, "'rep_out' parameter"),
        ({"tuning": "evidence"}, np.arange(300) % 3, "must not be 'evidence' for classes"),
    ],
)
def test_refused(make, cups, changes, y, message):
    with pytest.raises(ValueError, match=message):
        make(**changes).fit(cups[0], y)


def test_mirror_images_may_swap_nothing_but_themselves(make, cups):
    """Groups with a representation of scalars need not be permutations."""
    assert make(groups=[O(3)], rep_out="3*Scalar", max_epochs=1).fit(*cups).classes_.size == 3


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b", None] * 20, dtype=object),
        np.array([0.0, 1.0, np.nan] * 20),
        pd.Series(["a", "b", pd.NA] * 20, dtype="string"),
        pd.Series(["a", "b", None] * 20, dtype="category"),
        pl.Series(["a", "b", None] * 20),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_missing_labels(make, labels):
    X = np.random.RandomState(0).standard_normal((60, 3))
    rule = "y must have no missing labels. Got 20 of 60 missing .* the first at position 2"
    with pytest.raises(ValueError, match=rule):
        make().fit(X, labels)
    with pytest.raises(ValueError, match=rule):
        symmetry_gap(make(), X, labels, "all", cv=2)


def test_missing_classes(make, cups):
    with pytest.raises(ValueError, match="classes must have no missing labels. Got 1 of 4"):
        make().partial_fit(*cups, classes=["in", "below", "beside", None])


def test_classes_too_rare_for_folds(make):
    X, y = np.random.RandomState(0).standard_normal((40, 3)), np.repeat(["a", "b"], [39, 1])
    model = make(max_epochs=1)
    with pytest.raises(ValueError, match="at most 4, .* most frequent class. Got 5 and .*'a': 4"):
        symmetry_gap(model, X[:8], np.repeat(["a", "b"], 4), "all", cv=5)
    with pytest.warns(UserWarning, match=r"classes {'b': 1} have fewer rows than the 2 folds"):
        with pytest.raises(ValueError, match=r"two classes to train on .* Got one class in fold"):
            symmetry_gap(model, X, y, "all", cv=2)


def test_the_test_of_equivariance_takes_labels():
    X = np.random.RandomState(0).standard_normal((200, 3))
    size, height = np.where((X**2).sum(1) > 2.4, "far", "near"), np.where(X[:, 2] > 0, "up", "down")
    options = {"random_state": 0}
    seeds = range(3)  # one of which may have a small p-value by chance
    p_values = [equivariance_test(X, size, SO(3), "Vector", random_state=s).p_value for s in seeds]
    assert np.median(p_values) > 0.05
    assert equivariance_test(X, height, SO(3), "Vector", **options).p_value == 0.005
    one_hot = (height[:, None] == ["down", "up"]).astype(float)
    by_hand = equivariance_test(X, one_hot, SO(3), "Vector", **options)
    assert by_hand == equivariance_test(X, pd.Series(height), SO(3), "Vector", **options)
    with pytest.raises(ValueError, match="rep_out must have one column for each class of y"):
        equivariance_test(X, height, SO(3), "Vector", "Vector")
