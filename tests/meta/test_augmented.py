import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from softeq_sklearn import AugmentedRegressor
from softeq_sklearn.groups import SE, SO, C, O, S
from softeq_sklearn.metrics import equivariance_error


@pytest.fixture
def space():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((40, 6))
    return X, np.tanh(X @ rng.standard_normal((6, 3))) + 1


class Recording(Ridge):
    def fit(self, X, y, sample_weight=None):
        Recording.rows = X, y, sample_weight
        return super().fit(X, y, sample_weight)


def test_rows_come_first_and_their_images_follow(space):
    X, Y = space
    arguments = dict(n_elements=3, random_state=4)
    model = AugmentedRegressor(Recording(), SO(3), "2*Vector", "Vector", **arguments)
    model.fit(X, Y, sample_weight=np.arange(40.0))
    inputs, targets, weight = Recording.rows
    assert_array_equal(inputs[:40], X)
    assert_array_equal(targets[:40], Y)
    assert_array_equal(weight, np.tile(np.arange(40.0), 4))
    # Rotations keep all inner products, also those between inputs and targets.
    together = np.hstack([inputs, targets]).reshape(4, 40, 3, 3)
    gram = together @ np.swapaxes(together, 2, 3)
    assert_allclose(gram, np.tile(gram[0], (4, 1, 1, 1)), atol=1e-12)
    assert len(np.unique(inputs.round(9), axis=0)) == 160


def test_points_are_translated(space):
    X, Y = space
    AugmentedRegressor(Recording(), SE(3), "2*Point", "Point", n_elements=2).fit(X, Y)
    inputs, targets, _ = Recording.rows
    assert not np.allclose(inputs[40:80].reshape(40, 2, 3).mean(), inputs[:40].mean())
    apart = np.linalg.norm(inputs[:, :3] - targets, axis=1)
    assert_allclose(apart, np.tile(apart[:40], 3))


def test_finite_groups_act_with_all_elements(space):
    X, Y = space
    for n_elements in (5, 9):
        model = AugmentedRegressor(Recording(), S(3), "2*Vector", "Vector", n_elements=n_elements)
        error = equivariance_error(model.fit(X, Y), X, S(3), "2*Vector", "Vector", random_state=0)
        assert len(Recording.rows[0]) == 240
        assert error < 1e-9  # all images of all rows: the line that fits them is symmetric
    AugmentedRegressor(Recording(), S(3), "2*Vector", "Vector", n_elements=4).fit(X, Y)
    assert len(Recording.rows[0]) == 200


def test_no_elements_leave_the_rows(space):
    X, Y = space
    model = AugmentedRegressor(Ridge(), O(3), "2*Vector", "Vector", n_elements=0).fit(X, Y)
    assert_array_equal(model.predict(X), Ridge().fit(X, Y).predict(X))


def test_linear_regression_approaches_equivariance(space):
    X, broken = space
    Y = X[:, :3] + broken
    errors = []
    for n_elements in (0, 10, 1000):
        model = AugmentedRegressor(
            LinearRegression(), SO(3), "2*Vector", "Vector", n_elements=n_elements, random_state=0
        )
        errors.append(
            equivariance_error(model.fit(X, Y), X, SO(3), "2*Vector", "Vector", random_state=1)
        )
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_prediction_is_that_of_the_inner_regressor(space):
    X, Y = space
    model = AugmentedRegressor(KNeighborsRegressor(), C(4), "3*Vector", "3*Scalar").fit(X, Y)
    assert_array_equal(model.predict(X), model.estimator_.predict(X))
    # Not symmetrised: targets without the symmetry leave traces at rows far from the others.
    assert equivariance_error(model, X, SO(2), "3*Vector", "3*Scalar", random_state=0) > 1e-3


def test_neighbours_learn_an_invariant_function_better():
    X = np.random.RandomState(0).standard_normal((200, 2))
    y = np.linalg.norm(X, axis=1)
    model = AugmentedRegressor(KNeighborsRegressor(), O(2), "Vector", random_state=0)
    alone = KNeighborsRegressor().fit(X[:50], y[:50]).score(X[50:], y[50:])
    assert 1 - model.fit(X[:50], y[:50]).score(X[50:], y[50:]) < 0.6 * (1 - alone)


def test_random_state_governs_the_elements(space):
    X, Y = space

    def rows(seed):
        AugmentedRegressor(Recording(), SO(3), "2*Vector", "Vector", random_state=seed).fit(X, Y)
        return Recording.rows[0]

    assert_array_equal(rows(0), rows(0))
    assert not np.array_equal(rows(0), rows(1))
    assert len(rows(0)) == 9 * 40
