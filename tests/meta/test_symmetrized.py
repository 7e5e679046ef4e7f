import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from softeq_sklearn import SymmetrizedRegressor
from softeq_sklearn.groups import GL, SO, C, D, MatrixGroup, O, Reflection, S, Scaling
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.projection import equivariant_projector
from softeq_sklearn.representations import Vector, as_representation

# x -> 2 - x, a finite group of affine maps
MIRROR = MatrixGroup(discrete_generators=[[[-1.0, 2.0]]], name="mirror")
FINITE = [
    (C(5), "2*Vector", "Vector"),
    (D(4), "2*Vector", "T(2)"),
    (S(3), "Vector + Scalar", "Vector"),
    (Reflection(3, axis=1), "Vector", "2*Scalar"),
    (D(3).embed(3, axes=(2, 0)), "Vector", "Vector"),
    (MIRROR, "3*Point", "Point + Vector"),
]


def table(group, rep_in, rep_out, rows=60):
    rng = np.random.RandomState(0)
    n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
    X = rng.standard_normal((rows, n_in))
    return X, np.tanh(X @ rng.standard_normal((n_in, n_out))) + rng.standard_normal(n_out)


def fitted(regressor, group, rep_in, rep_out, X, Y, **arguments):
    arguments = {"random_state": 0} | arguments
    return SymmetrizedRegressor(regressor, group, rep_in, rep_out, **arguments).fit(X, Y)


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("group, rep_in, rep_out", FINITE, ids=str)
def test_finite_groups_are_exact(group, rep_in, rep_out, augment):
    X, Y = table(group, rep_in, rep_out)
    new = np.random.RandomState(1).standard_normal(X.shape)
    for regressor in (Ridge(), KNeighborsRegressor(), HistGradientBoostingRegressor(max_iter=3)):
        model = fitted(regressor, group, rep_in, rep_out, X, Y, augment=augment)
        assert model.exact_ and len(model.elements_) == group.order
        assert equivariance_error(model, new, group, rep_in, rep_out, random_state=0) < 1e-9
    alone = KNeighborsRegressor().fit(X, Y)
    assert equivariance_error(alone, X, group, rep_in, rep_out, random_state=0) > 1e-2


def test_linear_regression_is_projected():
    """The average of a linear map is its projection onto the equivariant ones."""
    X, Y = table(D(4), "2*Vector", "Vector")
    line = LinearRegression(fit_intercept=False)
    projector = equivariant_projector(2 * Vector >> Vector, D(4))
    coefficients = (projector @ line.fit(X, Y).coef_.ravel()).reshape(2, 4)
    model = fitted(line, D(4), "2*Vector", "Vector", X, Y)
    assert_allclose(model.predict(X), X @ coefficients.T, atol=1e-12)


def test_equivariant_regressors_stay_as_they_are():
    X, _ = table(O(2), "2*Vector", "Vector")
    Y = X[:, :2] + 3 * X[:, 2:]
    model = fitted(LinearRegression(), O(2), "2*Vector", "Vector", X, Y)
    assert_allclose(model.predict(X), Y, atol=1e-12)


@pytest.mark.parametrize("group, subgroup", [(SO(2), C(12)), (O(2), D(6))], ids=str)
def test_evenly_spaced_turns_are_exact_under_themselves(group, subgroup):
    X, Y = table(group, "2*Vector", "Vector")
    model = fitted(DecisionTreeRegressor(), group, "2*Vector", "Vector", X, Y, n_elements=12)
    assert not model.exact_
    new = np.random.RandomState(1).standard_normal(X.shape)
    assert equivariance_error(model, new, subgroup, "2*Vector", "Vector", random_state=0) < 1e-9
    assert equivariance_error(model, new, group, "2*Vector", "Vector", random_state=0) > 1e-3


def test_evenly_spaced_turns_average_smooth_functions_nearly_exactly():
    group = SO(2).embed(3, axes=(0, 1))
    X, Y = table(group, "Vector", "Vector")
    errors = [
        equivariance_error(
            fitted(KernelRidge(kernel="rbf"), group, "Vector", "Vector", X, Y, n_elements=n),
            X,
            group,
            "Vector",
            "Vector",
            random_state=0,
        )
        for n in (4, 8, 32)
    ]
    assert errors[0] > 10 * errors[1] and errors[2] < 1e-9


def test_sampled_elements_approach_equivariance():
    X, _ = table(SO(3), "Vector", "Vector")
    Y = X + np.abs(X)
    errors = [
        equivariance_error(
            fitted(KNeighborsRegressor(), SO(3), "Vector", "Vector", X, Y, n_elements=n),
            X,
            SO(3),
            "Vector",
            "Vector",
            random_state=5,
        )
        for n in (1, 16, 256)
    ]
    assert errors[0] > 2 * errors[1] > 4 * errors[2] > 1e-3


def test_finite_groups_that_are_too_large_are_sampled():
    X, Y = table(S(4), "Vector", "Vector")
    model = fitted(Ridge(), S(4), "Vector", "Vector", X, Y, n_elements=23)
    assert not model.exact_ and model.elements_.shape == (23, 4, 4)
    assert fitted(Ridge(), S(4), "Vector", "Vector", X, Y, n_elements=24).exact_


@pytest.mark.parametrize("group", [SO(3), GL(3), Scaling(3)], ids=str)
def test_random_state_governs_the_elements(group):
    X, Y = table(group, "Vector", "Vector")
    elements = [
        fitted(Ridge(), group, "Vector", "Vector", X, Y, n_elements=4, random_state=seed).elements_
        for seed in (0, 0, 1)
    ]
    assert_array_equal(elements[0], elements[1])
    assert not np.array_equal(elements[0], elements[2])
    assert group.contains(elements[0]).all()


def test_augmented_fit_sees_the_rows_that_are_asked_for():
    X, Y = table(C(4), "Vector", "Vector", rows=30)
    weight = np.linspace(1, 2, 30)
    model = fitted(KNeighborsRegressor(1), C(4), "Vector", "Vector", X, Y, augment=True)
    assert model.estimator_.n_samples_fit_ == 120
    assert_allclose(model.predict(X), Y, atol=1e-12)
    weighted = SymmetrizedRegressor(DecisionTreeRegressor(), C(4), "Vector", "Vector", augment=True)
    assert_allclose(weighted.fit(X, Y, weight).predict(X), Y, atol=1e-12)


def test_augmented_fit_to_sampled_elements():
    X, Y = table(SO(3), "Vector", "Vector", rows=30)
    model = fitted(
        KNeighborsRegressor(1), SO(3), "Vector", "Vector", X, Y, augment=True, n_elements=5
    )
    assert_allclose(model.predict(X), Y, atol=1e-12)


def test_without_a_group_there_are_no_elements():
    X, Y = table(C(4), "Vector", "Vector")
    model = fitted(Ridge(), C(4), "Vector", "Vector", X, Y)
    model.set_params(group=None).fit(X, Y)
    assert model.elements_ is None and model.exact_


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n_elements": 0}, "'n_elements' parameter .* Got 0"),
        ({"augment": "yes"}, "'augment' parameter .* Got 'yes'"),
    ],
)
def test_bad_parameters(arguments, message):
    X, Y = table(C(4), "Vector", "Vector")
    with pytest.raises(ValueError, match=message):
        fitted(Ridge(), C(4), "Vector", "Vector", X, Y, **arguments)
