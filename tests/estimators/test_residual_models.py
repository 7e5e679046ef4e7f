"""What the regressors see that look for broken symmetries in residuals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import RidgeCV

from softeq_sklearn.estimators import _residual_tests
from softeq_sklearn.estimators._residual_models import (
    additive,
    forest,
    kernel,
    like_columns,
    polynomial,
    residual_models,
)
from softeq_sklearn.estimators._residual_tests import residual_scores
from softeq_sklearn.groups import SO
from softeq_sklearn.levels import BROKEN_SCORE
from softeq_sklearn.representations import Point, Scalar, T, Vector

MODELS = {
    "polynomial": lambda rep, dim: polynomial(rep.dim(dim)),
    "additive": additive,
    "kernel": lambda rep, dim: kernel(rep.dim(dim)),
    "forest": lambda rep, dim: forest(0),
}


@pytest.fixture
def finds(monkeypatch):
    """Whether one regressor alone finds a group broken."""

    def ask(name, group, rep, X, residuals):
        def models(rep, dim, seed, trees):
            return [MODELS[name](rep, dim)]

        monkeypatch.setattr(_residual_tests, "residual_models", models)
        found = residual_scores({"group": group}, rep, Scalar, X, residuals, 0)
        return found["group"] > BROKEN_SCORE

    return ask


def drawn(n_columns, n_rows=600):
    rng = np.random.RandomState(0)
    return rng.standard_normal((n_rows, n_columns)), rng.standard_normal((n_rows, 1))


def test_residuals_show_what_is_not_smooth():
    X, noise = drawn(2)
    size = np.linalg.norm(X, axis=1, keepdims=True)
    # What the best function of the size, 4 / pi times the size, misses.
    missed = np.abs(X).sum(axis=1, keepdims=True) - 4 / np.pi * size

    def score(residuals):
        return residual_scores({"turns": SO(2)}, Vector, Scalar, X, residuals, 0)["turns"]

    assert score(missed + 0.05 * noise) > BROKEN_SCORE
    assert score(np.sin(5 * size) + 0.05 * noise) < BROKEN_SCORE


@pytest.mark.parametrize("name", MODELS)
def test_polynomials_find_small_smooth_breaking(finds, name):
    X, noise = drawn(6)
    difference = X[:, :1] * X[:, 4:5] - X[:, 1:2] * X[:, 5:6]
    residuals = 0.25 * difference + noise
    assert finds(name, SO(2), 3 * Vector, X, residuals) == (name == "polynomial")


@pytest.mark.parametrize("name", MODELS)
def test_all_others_find_breaking_with_edges(finds, name):
    """As of the ratio of two lengths that are sums of coordinates without signs."""
    X, noise = drawn(6)
    first, second = np.abs(X[:, :2]), np.abs(X[:, 2:])
    ratio = first.sum(axis=1) / second.sum(axis=1)
    fair = np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    residuals = (ratio - ratio.mean() / fair.mean() * fair)[:, None] + 0.1 * noise
    assert finds(name, SO(2), 3 * Vector, X, residuals) == (name != "polynomial")


@pytest.mark.parametrize("name", MODELS)
def test_additive_functions_find_what_singles_out_axes(finds, name):
    """As of distances that are sums of coordinates without signs, under noise as large."""
    X, noise = drawn(9)
    steps = (X - np.roll(X, 3, axis=1)).reshape(-1, 3, 3)
    lengths = np.linalg.norm(steps, axis=2).sum(axis=1)
    broken = np.abs(steps).sum(axis=(1, 2))  # the mean of |x| is half that of the length
    residuals = (broken - 1.5 * lengths)[:, None]
    residuals = residuals / residuals.std() + 1.5 * noise
    assert finds(name, SO(3), 3 * Point, X, residuals) == (name == "additive")


@pytest.mark.parametrize("name", MODELS)
def test_none_finds_what_holds(finds, name):
    X, noise = drawn(9)
    lengths = np.linalg.norm(X.reshape(-1, 3, 3), axis=2).sum(axis=1, keepdims=True)
    assert not finds(name, SO(3), 3 * Vector, X, np.sin(3 * lengths) + 0.3 * noise)


def test_like_columns():
    first, second = like_columns(Vector + Scalar + Vector + T(2) + T(2) + Scalar, 2)
    assert first.tolist() == [0, 1, 5, 6, 7, 8]
    assert second.tolist() == [3, 4, 9, 10, 11, 12]
    first, second = like_columns(3 * Point, 3)
    assert first.tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5]
    assert second.tolist() == [3, 4, 5, 6, 7, 8, 6, 7, 8]
    assert like_columns(3 * Scalar + Vector, 2)[0].size == 0


def features(rep, dim):
    """How many features the linear model of an additive function has."""
    X = drawn(rep.dim(dim), 60)[0]
    return additive(rep, dim).fit(X, X[:, :1])[-1].coef_.size


def test_additive_functions_of_many_columns_take_no_differences():
    assert features(3 * Point, 3) == (9 + 9) * 9
    assert features(5 * Scalar + 5 * Vector, 3) == (20 + 30) * 9
    assert features(6 * Vector, 3) == 18 * 9  # 15 pairs would have 405 more
    kinds = [len(residual_models(n * Scalar, 1, 0)) for n in (55, 56)]
    assert kinds == [4, 3]


def test_additive_functions_of_constant_and_of_two_valued_columns():
    X, y = drawn(3)
    X[:, 0], X[:, 1] = 1.0, X[:, 1] > 0
    values = additive(Vector, 3).fit(X, X[:, 1:2] + 0.01 * y).predict(X)
    assert_allclose(values.ravel(), X[:, 1], atol=0.05)


def test_polynomials_of_many_columns_are_linear():
    def n_monomials(n):
        model = polynomial(n).fit(np.random.RandomState(0).randn(5, n), np.ones(5))
        return model[1].n_output_features_

    assert n_monomials(3) == 9
    assert n_monomials(61) == 1952
    assert n_monomials(62) == 62


def test_the_order_of_the_regressors():
    models = residual_models(2 * Vector, 3, 0)
    assert isinstance(models[0][-1], RidgeCV) and models[-1].n_estimators == 100
    assert len(residual_models(2 * Vector, 3, 0, trees=False)) == 3
