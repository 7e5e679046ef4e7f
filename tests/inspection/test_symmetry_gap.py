import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from scipy import stats
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, C, O, Reflection
from softeq_sklearn.inspection import SymmetryGap, symmetry_gap
from softeq_sklearn.inspection._held_out_losses import corrected_interval
from softeq_sklearn.inspection._symmetry_gap import exact_and_without

GROUPS = {"rotations": SO(2), "reflection": Reflection(2)}


@pytest.fixture(scope="module")
def model():
    return SoftEquivariantRegressor(
        GROUPS,
        "2*Vector",
        "Vector",
        hidden_channels=16,
        n_hidden_layers=1,
        max_epochs=12,
        batch_size=32,
        random_state=0,
    )


@pytest.fixture(scope="module")
def data():
    """The reflection of x holds, rotations do not."""
    X = np.random.RandomState(0).standard_normal((120, 4))
    return X, X[:, :2] * [1, -1]


def test_signs(model, data):
    broken = symmetry_gap(model, *data, "rotations", cv=3, random_state=0)
    kept = symmetry_gap(model, *data, "reflection", cv=3, random_state=0)
    assert broken.gap_low > 0.3
    assert kept.gap_low < 0.02
    assert kept.gap < broken.gap
    assert kept.loss_exact < broken.loss_exact


def test_figures_are_those_of_a_plain_loop(model, data):
    """Everything again, fold by fold, with nothing but fit and predict."""
    X, y = data
    cv = KFold(3)
    gap = symmetry_gap(model, X, y, "rotations", cv=cv, confidence=0.9, random_state=5)
    seeds = np.random.RandomState(5).randint(np.iinfo(np.int32).max, size=3)
    exact = clone(model).set_params(exact_group="rotations")
    without = clone(model).set_params(groups={"reflection": Reflection(2)})
    rows, folds = np.empty((2, 120)), []
    for (train, test), seed in zip(cv.split(X), seeds, strict=True):
        for k, variant in enumerate((exact, without)):
            fitted = clone(variant).set_params(random_state=int(seed)).fit(X[train], y[train])
            error = ((fitted.predict(X[test]) - y[test]) ** 2).sum(axis=1)
            rows[k, test] = error / np.sum(y.var(axis=0))
        folds.append(np.mean(rows[0, test] - rows[1, test]))
    np.testing.assert_allclose(gap.row_gaps, rows[0] - rows[1], rtol=1e-10)
    assert gap.gap == pytest.approx(np.mean(folds))
    assert gap.loss_exact == pytest.approx(rows[0].mean())
    assert gap.loss_without == pytest.approx(rows[1].mean())
    assert gap.gap == pytest.approx(gap.loss_exact - gap.loss_without)
    half = stats.t(2).ppf(0.95) * np.sqrt((1 / 3 + 1 / 2) * np.var(folds, ddof=1))
    assert gap.gap_low == pytest.approx(np.mean(folds) - half)
    assert gap.gap_high == pytest.approx(np.mean(folds) + half)
    assert gap.n_folds == 3
    assert isinstance(gap, SymmetryGap)


def test_interval_is_wider_than_that_of_independent_folds():
    differences = np.array([0.1, 0.2, 0.15, 0.3, 0.12])
    low, high = corrected_interval(differences, 0.25, 0.95)
    naive = stats.t.interval(0.95, 4, differences.mean(), stats.sem(differences))
    assert low < naive[0] < naive[1] < high
    np.testing.assert_allclose(corrected_interval(differences, 0.0, 0.95), naive)


def test_unit_of_the_targets_does_not_matter(model, data):
    X, y = data
    gaps = [symmetry_gap(model, X, k * y, "rotations", cv=2, random_state=0) for k in (1.0, 1024.0)]
    assert gaps[0].gap == pytest.approx(gaps[1].gap, rel=1e-6)


def test_jobs_and_seed(model, data):
    threads = torch.get_num_threads()
    gaps = [
        symmetry_gap(model, *data, "rotations", cv=2, n_jobs=n_jobs, random_state=seed)
        for n_jobs, seed in ((None, 0), (2, 0), (None, 1))
    ]
    assert gaps[0].gap == pytest.approx(gaps[1].gap, rel=1e-9)
    assert gaps[0].gap != gaps[2].gap
    assert torch.get_num_threads() == threads


def test_splitters_frames_and_one_dimensional_targets(model, data):
    X, y = data
    frame, series = pd.DataFrame(X, columns=list("abcd")), pd.Series(y[:, 1], index=range(5, 125))
    estimator = clone(model).set_params(rep_out="Scalar")
    gap = symmetry_gap(
        estimator, frame, series, "rotations", cv=ShuffleSplit(2, test_size=0.25, random_state=0)
    )
    assert np.isnan(gap.row_gaps).any()
    assert gap.row_gaps.shape == (120,)
    labels = np.arange(120) % 6
    folds = list(GroupKFold(2).split(X, y, labels))
    assert symmetry_gap(model, X, y, "rotations", cv=folds).n_folds == 2


def test_variants(model):
    exact, without = exact_and_without(model, "rotations")
    assert exact.exact_group == "rotations" and exact.groups == GROUPS
    assert without.exact_group is None and list(without.groups) == ["reflection"]
    assert model.exact_group is None  # the user's estimator stays as it is
    exact, without = exact_and_without(model, C(4))
    assert exact.exact_group == C(4) and without.groups == GROUPS
    twice = clone(model).set_params(groups={"a": SO(2), "b": SO(2), "c": O(2)})
    assert list(exact_and_without(twice, "a")[1].groups) == ["c"]
    strengths = {"rotations": 2.0, "reflection": 3.0}
    exact, without = exact_and_without(clone(model).set_params(strengths=strengths), "rotations")
    assert exact.strengths == strengths
    assert without.strengths == {"reflection": 3.0}


def test_the_only_candidate(data):
    X, y = data
    model = SoftEquivariantRegressor(
        [SO(2)], "2*Vector", "Vector", hidden_channels=16, n_hidden_layers=1, max_epochs=15
    )
    assert symmetry_gap(model, X, y, SO(2), cv=3, random_state=0).gap_low > 0


def test_constant_targets(model):
    X = np.random.RandomState(0).standard_normal((40, 4))
    gap = symmetry_gap(model, X, np.zeros((40, 2)), "rotations", cv=2, random_state=0)
    assert np.isfinite([gap.gap, gap.gap_low, gap.gap_high]).all()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"group": "spin"}, ValueError, "group must be a group or one of .* Got 'spin'"),
        ({"group": SO(3)}, ValueError, "group must act on the space of the groups"),
        ({"confidence": 1.0}, ValueError, "confidence"),
        ({"cv": [(np.arange(60), np.arange(60, 120))]}, ValueError, "at least 2 folds. Got 1"),
        ({"estimator": LinearRegression()}, TypeError, "estimator must be a SoftEquivariantRegr"),
        ({"estimator": None}, TypeError, "estimator must be a SoftEquivariantRegr"),
        (
            {"estimator": SoftEquivariantRegressor(exact_group=SO(2))},
            ValueError,
            "estimator must have no exact group",
        ),
    ],
)
def test_errors(model, data, changes, error, message):
    X, y = data
    arguments = {"estimator": model, "X": X, "y": y, "group": "rotations"} | changes
    with pytest.raises(error, match=message):
        symmetry_gap(**arguments)


def test_rows_without_weight_do_not_count(model, data):
    X, y = data
    weights = np.r_[np.ones(90), np.zeros(30)]
    X_other = X + weights[:, None] * 0 + (weights == 0)[:, None] * 5.0
    options = {"cv": 3, "random_state": 0, "sample_weight": weights}
    gap, other = (symmetry_gap(model, rows, y, "rotations", **options) for rows in (X, X_other))
    assert (gap.gap, gap.gap_low, gap.loss_exact) == (other.gap, other.gap_low, other.loss_exact)
    assert gap.gap != symmetry_gap(model, X, y, "rotations", cv=3, random_state=0).gap


def test_only_ratios_of_weights_count(model, data):
    options = {"cv": 2, "random_state": 0}
    plain = symmetry_gap(model, *data, "rotations", **options)
    weights = pl.Series(np.full(120, 2.0))
    twos = symmetry_gap(model, *data, "rotations", sample_weight=weights, **options)
    assert twos.gap == pytest.approx(plain.gap, rel=1e-3)


def test_folds_without_weight_are_refused(model, data):
    weights = np.r_[np.zeros(60), np.ones(60)]
    with pytest.raises(ValueError, match="above 0 for a training row and a held-out row .* fold 0"):
        symmetry_gap(model, *data, "rotations", cv=KFold(2), sample_weight=weights)


def test_the_gap_of_a_frozen_estimator_is_that_of_the_estimator(model, data):
    options = {"cv": 2, "random_state": 0}
    gap = symmetry_gap(FrozenEstimator(model), *data, "rotations", **options)
    assert gap.gap == symmetry_gap(model, *data, "rotations", **options).gap
