"""Functions and displays that look at classifiers look at probabilities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from softeq_sklearn import SoftEquivariantClassifier, SymmetryLevels
from softeq_sklearn.groups import SO, S
from softeq_sklearn.inspection import (
    LevelsDisplay,
    OrbitDisplay,
    discover,
    equivariance_bound,
    symmetry_gap,
    symmetry_report,
)
from softeq_sklearn.inspection._numeric_targets import NumericTargets
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.testing import assert_equivariant

GROUPS = {"about z": SO(2).embed(3, axes=(0, 1)), "about x": SO(2).embed(3, axes=(1, 2))}


@pytest.fixture(scope="module")
def rows():
    X = np.random.RandomState(0).standard_normal((240, 3))
    return X, np.array(["down", "level", "up"])[np.digitize(X[:, 2], [-0.5, 0.5])]


@pytest.fixture(scope="module")
def classifier():
    return SoftEquivariantClassifier(
        GROUPS, "Vector", hidden_channels=16, n_hidden_layers=1, max_epochs=20, random_state=0
    )


@pytest.fixture(scope="module")
def fitted(classifier, rows):
    return classifier.fit(*rows)


def test_gaps_are_those_of_brier_scores(classifier, rows):
    gaps = {name: symmetry_gap(classifier, *rows, name, cv=3, random_state=0) for name in GROUPS}
    assert gaps["about x"].gap_low > 0.1 > gaps["about z"].gap
    assert 0 < gaps["about z"].loss_without < 1


def test_gaps_of_permuted_classes():
    """Without the group there is none, and probabilities are left alone."""
    X = np.random.RandomState(0).standard_normal((400, 3))
    model = SoftEquivariantClassifier(
        {"order": S(3)}, "Vector", "Vector", hidden_channels=16, max_epochs=10, random_state=0
    )
    gap = symmetry_gap(model, X, X.argmax(axis=1), "order", cv=5)
    assert gap.gap_low < 0 < gap.loss_without


def test_classes_that_a_fold_has_not_seen(rows):
    X, y = rows
    numbers = NumericTargets(KNeighborsClassifier(), y)
    assert_array_equal(numbers.of_targets(["up", "down"]), [[0, 0, 1], [1, 0, 0]])
    seen = y != "level"
    model = KNeighborsClassifier(1).fit(X[seen], y[seen])
    predicted = numbers.predicted(model, X)
    assert_array_equal(predicted[:, [0, 2]], model.predict_proba(X))
    assert_array_equal(predicted[:, 1], 0)


def test_report(fitted, rows):
    report = symmetry_report(fitted, *rows, cv=2, random_state=0)
    assert report.p_value["about x"] < 0.01 < report.p_value["about z"]
    assert report.level["about x"] > report.level["about z"]
    assert report.gap["about x"] > 0


def test_report_on_rows_without_a_class(fitted, rows):
    X, y = rows
    some = y != "level"
    report = symmetry_report(fitted, X[some], y[some], cv=None, random_state=0)
    assert report.p_value["about x"] < 0.05


def test_classifiers_without_probabilities(rows):
    """Their decision function are numbers, too."""
    X, y = rows
    model = LinearSVC().fit(X, y)
    expected = equivariance_error(
        model.decision_function, X, GROUPS["about x"], "Vector", "3*Scalar", random_state=0
    )
    found = equivariance_error(model, X, GROUPS["about x"], "Vector", "3*Scalar", random_state=0)
    assert found == expected > 0.1


def test_assertions_on_probabilities(fitted, rows):
    X, _ = rows
    exact = fitted.project_to("about z")
    assert_equivariant(exact, GROUPS["about z"], "Vector", "3*Scalar", X=X)
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_equivariant(exact, GROUPS["about x"], "Vector", "3*Scalar", X=X)


def test_levels_of_rows(classifier, fitted, rows):
    X, y = rows
    levels = SymmetryLevels(fitted, prefit=True, n_elements=300).fit(X, y).transform(X)
    group, options = GROUPS["about x"], {"n_elements": 300, "random_state": 1}
    expected = equivariance_error(fitted, X, group, "Vector", "3*Scalar", **options)
    assert levels[:, 1].mean() == pytest.approx(expected, rel=0.1)
    assert SymmetryLevels(classifier).fit(X, y).levels_.name.tolist() == list(GROUPS)


def test_orbits(fitted, rows):
    X, _ = rows
    display = OrbitDisplay.from_estimator(fitted, X[0], "about x", n_points=20)
    assert set(display.output_names) <= {f"probability of {name}" for name in fitted.classes_}
    moved = X[:1] @ GROUPS["about x"].sample(1, 0)[0].T
    assert_allclose(display.expected.min(axis=0), display.expected.max(axis=0))
    assert fitted.predict_proba(moved).shape == (1, 3)
    assert LevelsDisplay.from_estimator(fitted).ax_ is not None


def test_orbits_with_members(classifier, rows):
    from sklearn.base import clone

    X, y = rows
    model = clone(classifier).set_params(n_members=2, max_epochs=2).fit(X, y)
    display = OrbitDisplay.from_estimator(model, X[0], "about x", n_points=20)
    mean, std = model.predict_proba(X, return_std=True)
    assert_allclose(mean, model.predict_proba(X))
    assert mean.shape == std.shape == (240, 3) and (std > 0).all()
    assert display.values_std.shape == display.values.shape


def test_errors_say_what_to_do(fitted, rows):
    projected = fitted.project_to("about z")
    pipeline = make_pipeline(fitted)
    uses = (
        discover,
        lambda model: symmetry_report(model, *rows, cv=None),
        lambda model: SymmetryLevels(model, prefit=True).fit(*rows),
    )
    for use in uses:
        with pytest.raises(TypeError, match=r"write pipeline\[-1\], and transform X before"):
            use(pipeline)
    for use in uses[1:]:  # the first one asks for members
        with pytest.raises(ValueError, match="give X to project_to"):
            use(projected)


def test_no_spread_of_one_member(fitted, rows):
    with pytest.raises(ValueError, match="return_std needs members"):
        fitted.predict_proba(rows[0], return_std=True)


def test_error_of_probabilities_is_at_most_half_the_bound(fitted, rows):
    X, _ = rows
    scaled = np.linalg.norm(fitted._scale_in.transform(X), axis=1)
    result = equivariance_bound(fitted, GROUPS["about x"], radius=scaled.max(), random_state=0)
    f = fitted.predict_proba
    errors = [
        np.linalg.norm(f(X @ g.T) - f(X), axis=1).max() for g in GROUPS["about x"].sample(20, 0)
    ]
    assert 0.1 < max(errors) < result.bound / 2
