"""Estimators whose network divides features by the size of their row."""

import numpy as np
import pytest

from softeq_sklearn import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
)
from softeq_sklearn.datasets import make_cosine_similarity
from softeq_sklearn.groups import SE, SL, SO, Scaling, Translation, generated_by
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import as_representation

SMALL = dict(hidden_channels=24, n_hidden_layers=1, max_epochs=10, batch_size=32, random_state=0)
SIMILARITIES = generated_by(SO(3), Scaling(3))


@pytest.fixture(scope="module")
def cosine():
    return make_cosine_similarity(300, random_state=0)


def test_exact_network_under_scaling_fits_a_cosine(cosine):
    # Sums and products of vectors make no scale-invariant function but a constant.
    model = EquivariantRegressor(
        SIMILARITIES, cosine.rep_in, cosine.rep_out, max_epochs=40, random_state=0
    ).fit(cosine.data, cosine.target)
    fresh = make_cosine_similarity(200, random_state=1)
    assert model.score(fresh.data, fresh.target) > 0.8
    for group in cosine.groups.values():
        error = equivariance_error(model, fresh.data, group, cosine.rep_in, cosine.rep_out)
        assert error < 1e-12


CASES = [
    (SIMILARITIES, "2*Vector + T(2) + Scalar", "T(2) + Vector.T + Scalar"),
    (SIMILARITIES, "Vector + Vector.T + T(1, 1)", "T(1, 1) + Scalar"),
    (generated_by(SE(3), Scaling(3)), "3*Point + Scalar", "2*Point + Scalar + T(2)"),
    (generated_by(Translation(2), Scaling(2)), "3*Point", "Point + Vector"),
]
cases = pytest.mark.parametrize(("group", "rep_in", "rep_out"), CASES, ids=str)


def random_rows(group, rep_in, rep_out):
    rng = np.random.RandomState(0)
    n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
    # Means and units that the scaling of the columns has to deal with.
    X = 5 + rng.uniform(1, 50, n_in) * rng.standard_normal((80, n_in))
    return X, 3 + X @ rng.standard_normal((n_in, n_out))


@cases
def test_scaled_columns_keep_the_symmetry(group, rep_in, rep_out):
    X, Y = random_rows(group, rep_in, rep_out)
    model = EquivariantRegressor(group, rep_in, rep_out, **SMALL).fit(X, Y)
    assert model.module_.row_size is not None
    # A row of g x is compared with g f(x) of its own size: the relative error sees all blocks.
    error = equivariance_error(model, X, group, rep_in, rep_out, per_sample=True)
    assert error.max() < 1e-10
    assert np.ptp(model.predict(X), axis=0).max() > 1e-3


@pytest.mark.filterwarnings("ignore:The Points of X vary by 34")  # the group has scalings, too
@cases
def test_projected_model_keeps_the_symmetry(group, rep_in, rep_out):
    X, Y = random_rows(group, rep_in, rep_out)
    model = SoftEquivariantRegressor([group], rep_in, rep_out, strengths=1e-3, **SMALL).fit(X, Y)
    projected = model.project_to(group, X=X)
    assert projected.levels_.penalty[0] < 1e-10
    # The weights are rounded to single precision.
    assert projected.levels_.error[0] < 1e-5 < model.levels_.error[0]


def test_report_of_groups_without_a_strength(cosine):
    groups = {"turns": SO(3), "scaling": Scaling(3), "volume": SL(3), "both": SIMILARITIES}
    strengths = {"turns": 1.0, "scaling": 1.0, "volume": 0.0, "both": 0.0}
    model = SoftEquivariantRegressor(
        groups, cosine.rep_in, cosine.rep_out, strengths=strengths, tuning="fixed", **SMALL
    ).fit(cosine.data, cosine.target)
    turns, scaling, volume, both = model.levels_.penalty
    assert np.isnan(volume)
    # What reads the size is outside both of the smaller subspaces, or of the one of scalings.
    assert max(turns, scaling) <= both <= turns + scaling + 1e-12
    with pytest.raises(ValueError, match="group must be conformal"):
        model.project_to("volume")


def test_residual_pathway(cosine):
    model = ResidualPathwayRegressor(
        SIMILARITIES, cosine.rep_in, cosine.rep_out, relax_to=SO(3), **SMALL
    ).fit(cosine.data, cosine.target)
    turns, scaling = (
        equivariance_error(model, cosine.data[:50], g, cosine.rep_in, cosine.rep_out)
        for g in (SO(3), Scaling(3))
    )
    assert turns < 1e-12 < scaling


@pytest.mark.parametrize("regularizer", ["sampled", "lie"])
def test_penalties_of_the_function(cosine, regularizer):
    model = SoftEquivariantRegressor(
        cosine.groups, cosine.rep_in, cosine.rep_out, regularizer=regularizer, **SMALL
    ).fit(cosine.data, cosine.target)
    assert np.isfinite(model.levels_.penalty).all()
