import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, Reflection
from softeq_sklearn.inspection import equivariance_test, symmetry_gap, symmetry_report

COLUMNS = ["level", "error_low", "error_high", "floor", "verdict"]
COLUMNS += ["gap", "gap_low", "gap_high", "p_value"]


@pytest.fixture(scope="module")
def data():
    X = np.random.RandomState(0).standard_normal((100, 4))
    return X, X[:, :2] * [1, -1]


@pytest.fixture(scope="module")
def model(data):
    return SoftEquivariantRegressor(
        {"rotations": SO(2), "reflection": Reflection(2)},
        "2*Vector",
        "Vector",
        hidden_channels=16,
        n_hidden_layers=1,
        max_epochs=8,
        random_state=0,
    ).fit(*data)


def test_answers_side_by_side(model, data):
    report = symmetry_report(model, *data, cv=2, n_permutations=59, random_state=3)
    assert report.columns.tolist() == COLUMNS
    assert report.index.tolist() == model.levels_.name.tolist()
    assert report.index.name == "group"
    np.testing.assert_array_equal(report.level, model.levels_.error)
    np.testing.assert_array_equal(report.verdict, model.levels_.verdict)
    seed = int(np.random.RandomState(3).randint(np.iinfo(np.int32).max))
    gap = symmetry_gap(model, *data, "rotations", cv=2, random_state=seed)
    assert report.gap["rotations"] == gap.gap
    assert report.gap_low["rotations"] == gap.gap_low
    test = equivariance_test(
        *data, SO(2), "2*Vector", "Vector", n_permutations=59, random_state=seed
    )
    assert report.p_value["rotations"] == test.p_value == 1 / 60
    assert report.p_value["reflection"] > 0.05


def test_without_gaps(model, data):
    X, y = data
    report = symmetry_report(model, pd.DataFrame(X), y, cv=None, n_permutations=19)
    assert report.columns.tolist() == COLUMNS
    assert report[["gap", "gap_low", "gap_high"]].isna().all(axis=None)
    assert report.p_value.between(0, 1).all()


def test_no_groups(data):
    model = SoftEquivariantRegressor(hidden_channels=8, max_epochs=1).fit(*data)
    report = symmetry_report(model, *data)
    assert report.shape == (0, len(COLUMNS))


def test_errors(model, data):
    with pytest.raises(TypeError, match="must be a SoftEquivariantRegressor"):
        symmetry_report(LinearRegression().fit(*data), *data)
    with pytest.raises(NotFittedError):
        symmetry_report(clone(model), *data)
    with pytest.raises(ValueError, match="features"):
        symmetry_report(model, data[0][:, :3], data[1])
    exact = clone(model).set_params(exact_group="rotations").fit(*data)
    with pytest.raises(ValueError, match="must have no exact group"):
        symmetry_report(exact, *data)
    assert symmetry_report(exact, *data, cv=None, n_permutations=19).level.iloc[0] < 1e-12


def test_refused_before_the_fits(model, data, monkeypatch):
    monkeypatch.setattr("softeq_sklearn.inspection._symmetry_report.symmetry_gap", None)
    with pytest.raises(ValueError, match="n_permutations"):
        symmetry_report(model, *data, n_permutations=0)


def test_folds_that_can_be_used_once(model, data):
    """Every group has the same folds, drawn once."""
    options = {"n_permutations": 9, "random_state": 0}
    once = symmetry_report(model, *data, cv=KFold(2).split(data[0]), **options)
    again = symmetry_report(model, *data, cv=KFold(2), **options)
    assert np.isfinite(once.gap).all()
    np.testing.assert_array_equal(once.gap, again.gap)
