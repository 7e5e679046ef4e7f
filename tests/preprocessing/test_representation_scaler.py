"""The scaler commutes with the groups, and undoes what it did."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softeq_sklearn import EquivariantRegressor, RepresentationScaler
from softeq_sklearn.groups import SE, SO, E, O, S, Scaling, Translation, linear_part
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import Point, Rep, Scalar, T, Vector

ABOUT_Z = SO(2).embed(3, axes=(0, 1))
COLUMNS = Scalar + 2 * Vector + T(2)


def rows(rep, dim=3, n=60, seed=0):
    """Rows whose columns have means and sizes of their own."""
    rng = np.random.default_rng(seed)
    n_columns = rep.dim(dim)
    return rng.normal(size=(n, n_columns)) * rng.uniform(0.1, 10, n_columns) + rng.uniform(
        -50, 50, n_columns
    )


def test_scalars_are_standardised_as_by_scikit_learn():
    X = rows(5 * Scalar)
    assert_allclose(RepresentationScaler().fit_transform(X), StandardScaler().fit_transform(X))


@pytest.mark.parametrize(
    "groups", [[SO(3)], [ABOUT_Z, O(2).embed(3, axes=(0, 1))], [Scaling(3)], [S(3), O(3)]], ids=str
)
def test_groups_act_on_scaled_rows_as_before(groups):
    X = rows(COLUMNS)
    scaler = RepresentationScaler(COLUMNS, groups).fit(X)
    for group in groups:
        for g in group.sample(3, 0):
            moved = scaler.transform(COLUMNS.act(g, X))
            assert_allclose(moved, COLUMNS.act(g, scaler.transform(X)), atol=1e-9)


def test_scaling_column_by_column_breaks_what_this_keeps():
    X = rows(COLUMNS)

    def error(scaler):
        transform = scaler.fit(X).transform
        return equivariance_error(transform, X, SO(3), COLUMNS, COLUMNS, random_state=0)

    assert error(StandardScaler()) > 0.1
    assert error(RepresentationScaler(COLUMNS, [SO(3)])) < 1e-12


def test_only_what_the_groups_fix_is_subtracted():
    X = rows(Scalar + Vector)
    scaler = RepresentationScaler("Scalar + Vector", {"about z": ABOUT_Z}).fit(X)
    assert_allclose(scaler.offset_, X.mean(axis=0) * [1, 0, 0, 1], atol=1e-12)
    sizes = np.sqrt(np.mean((X - scaler.offset_)[:, 1:] ** 2))
    assert_allclose(scaler.scale_, [X[:, 0].std(), *[sizes] * 3])


@pytest.mark.parametrize("groups", [[SE(3)], [E(3), Translation(3)]], ids=str)
def test_a_row_without_its_origin_forgets_translations(groups):
    rep = 3 * Point + Scalar + Vector
    X = rows(rep)
    scaler = RepresentationScaler(rep, groups, point_origin="row").fit(X)
    scaled = scaler.transform(X)
    assert scaler.scaled_rep_ == 3 * Vector + Scalar + Vector
    assert_allclose(scaled[:, :9].reshape(-1, 3, 3).mean(axis=1), 0, atol=1e-12)
    assert len(set(scaler.scale_[:9])) == 1  # distances between Points keep their ratios
    assert_allclose(np.mean(scaled[:, :9] ** 2), 1)
    for group in groups:
        for g in group.sample(3, 0):
            turned = scaler.scaled_rep_.act(linear_part(g), scaled)
            assert_allclose(scaler.transform(rep.act(g, X)), turned, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_inverse(dtype):
    rep = 2 * Point + COLUMNS
    X = rows(rep).astype(dtype)
    scaler = RepresentationScaler(rep, [SE(3)]).fit(X)
    scaled = scaler.transform(X)
    assert scaled.dtype == dtype
    assert scaler.inverse_transform(scaled).dtype == dtype
    assert_allclose(scaler.inverse_transform(scaled), X, rtol=1e-4)


def test_data_is_left_as_it_was():
    X = rows(2 * Point)
    before = X.copy()
    RepresentationScaler(2 * Point, point_origin="row").fit(X).transform(X)
    assert_array_equal(X, before)


def test_frames_keep_their_names():
    frame = pd.DataFrame(rows(Scalar + Vector), columns=["mass", "x", "y", "z"])
    scaler = RepresentationScaler("Scalar + Vector", [SO(3)]).set_output(transform="pandas")
    scaled = scaler.fit_transform(frame)
    assert list(scaled.columns) == list(frame.columns)
    assert_allclose(scaler.inverse_transform(scaled), frame)


def test_a_pipeline_stays_equivariant():
    """With this scaler for X and for y; not with one for each column."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6)) * np.repeat([3.0, 0.2], 3)
    y = X[:, :3] * (X[:, 3:] ** 2).sum(axis=1, keepdims=True)

    def error(scale_x, scale_y):
        inner = EquivariantRegressor(
            SO(3),
            "2*Vector",
            "Vector",
            hidden_channels=16,
            max_epochs=3,
            scale_columns=False,
            random_state=0,
        )
        model = TransformedTargetRegressor(make_pipeline(scale_x, inner), transformer=scale_y)
        model.fit(X, y)
        return equivariance_error(model, X, SO(3), "2*Vector", "Vector", random_state=0)

    ours = RepresentationScaler("2*Vector", [SO(3)]), RepresentationScaler("Vector", [SO(3)])
    assert error(*ours) < 1e-9
    assert error(ours[0], StandardScaler()) > 0.01
    assert error(StandardScaler(), ours[1]) > 0.01


def test_rows_without_an_origin_cannot_be_restored():
    X = rows(2 * Point)
    scaler = RepresentationScaler("2*Point", point_origin="row").fit(X)
    with pytest.raises(
        ValueError, match=r"inverse_transform needs a fit with point_origin='data'.*'row'"
    ):
        scaler.inverse_transform(X)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"rep": "3*Vector", "groups": [SO(3)]}, r"rep must have one column for each column of X"),
        ({"rep": "2*Vektor"}, "rep: "),
        ({"rep": Point >> Vector, "groups": [SO(2)]}, "rep must not have duals of Points"),
        ({"groups": [SO(2), SO(3)]}, "groups must all act on a space of the same dimension"),
        ({"point_origin": "rows"}, "point_origin"),
        (
            {"rep": "4*Scalar + Point", "groups": [SE(2)], "point_origin": "row"},
            "point_origin must be 'data' for a single Point",
        ),
    ],
    ids=str,
)
def test_errors_name_the_parameter(parameters, message):
    X = rows(6 * Scalar, dim=2)
    if isinstance(parameters.get("rep"), Rep):
        X = rows(Point >> Vector, dim=2)
    with pytest.raises(ValueError, match=message):
        RepresentationScaler(**parameters).fit(X)


def test_a_fit_that_fails_changes_nothing():
    X = rows(2 * Point, dim=2)
    scaler = RepresentationScaler("2*Point", point_origin="row").fit(X)
    before = scaler.transform(X)
    with pytest.raises(ValueError, match="choose other units"):
        scaler.set_params(point_origin="data").fit(X * 1e200)
    assert_array_equal(scaler.transform(X), before)


def test_rows_of_another_width_cannot_be_restored():
    scaler = RepresentationScaler().fit(rows(3 * Scalar))
    with pytest.raises(ValueError, match=r"X must have 3 columns\. Got 2\."):
        scaler.inverse_transform(np.zeros((4, 2)))


@pytest.mark.parametrize("origin", ["data", "row"])
def test_a_row_of_weight_2_counts_twice(origin):
    rep, options = 2 * Scalar + Vector + 2 * Point, {"point_origin": origin}
    X, weights = rows(rep), np.arange(60) % 3
    weighted = RepresentationScaler(rep, [SE(3)], **options).fit(X, sample_weight=weights)
    repeated = RepresentationScaler(rep, [SE(3)], **options).fit(np.repeat(X, weights, axis=0))
    assert_allclose(weighted.scale_, repeated.scale_)
    assert_allclose(weighted.offset_, repeated.offset_, atol=1e-12)
    assert not np.allclose(weighted.scale_, RepresentationScaler(rep, [SE(3)]).fit(X).scale_)


def test_a_fit_to_other_columns_that_fails_changes_nothing():
    scaler = RepresentationScaler("Vector", [SO(3)]).fit(rows(Vector))
    before = scaler.transform(rows(Vector))
    with pytest.raises(ValueError, match="one column for each column of X"):
        scaler.fit(rows(2 * Scalar))
    assert_array_equal(scaler.transform(rows(Vector)), before)
