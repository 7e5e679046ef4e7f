"""scikit-learn's own checks, on every public estimator; one may fail, and none may be skipped.

The default instances train for 200 epochs in each of about fifty checks, nearly all of it inside
torch: they take most of a minute each and are marked slow. The same checks run always on the same
estimators with a small network and few epochs.
"""

import importlib
import inspect
import pkgutil

import pytest
import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import (
    check_array_api_input,
    estimator_checks_generator,
    parametrize_with_checks,
)
from skorch import NeuralNet

import softeq_sklearn
from softeq_sklearn import SoftEquivariantRegressor, SymmetryLevels

# Enough epochs for check_regressors_train, which wants a score above 0.5 on 200 rows.
QUICK = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=15)


# Which rows make a batch, and which are held out, depends on how many there are; and training is in
# float32. tests/estimators/test_sample_weight.py has the law where neither matters.
WEIGHTS = "check_sample_weight_equivalence_on_dense_data"


def public_estimators():
    """Classes of estimators among the public names of the package."""
    public = (getattr(softeq_sklearn, name) for name in softeq_sklearn.__all__)
    return [item for item in public if inspect.isclass(item) and issubclass(item, BaseEstimator)]


def quick(estimator):
    """The estimator, or the one inside it, with little to train; others are quick as they are."""
    if "max_epochs" in estimator.get_params():
        return estimator.set_params(**QUICK)
    if isinstance(estimator, SymmetryLevels):
        return estimator.set_params(estimator=SoftEquivariantRegressor(**QUICK))
    return estimator


@pytest.fixture(autouse=True)
def array_api_enabled(monkeypatch):
    """Let check_array_api_input run, which asks for this at the time of the check.

    It gives the estimators numpy arrays while scikit-learn dispatches on the kind of array. That
    scipy reads the same variable at its import does not matter for numpy arrays; so the rest of
    the suite runs with the scipy that users have.
    """
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")


def expected_failures(estimator):
    """The one check that an estimator which trains a network fails."""
    if "batch_size" in estimator.get_params():
        return {WEIGHTS: "batches and held-out rows are drawn, and training is in float32"}
    return {}


def run(estimator, check):
    try:
        check(estimator)
    except pytest.skip.Exception as skipped:
        # Only an optional package that is not installed is a reason: scikit-learn says so.
        if "not installed" not in str(skipped):
            pytest.fail(f"skipped: {skipped}")
        raise


@parametrize_with_checks(
    [quick(estimator()) for estimator in public_estimators()],
    expected_failed_checks=expected_failures,
)
def test_checks_of_quick_instances(estimator, check):
    run(estimator, check)


@pytest.mark.slow
@parametrize_with_checks(
    [estimator() for estimator in public_estimators()], expected_failed_checks=expected_failures
)
def test_checks_of_default_instances(estimator, check):
    run(estimator, check)


def test_estimators_are_found():
    names = {estimator.__name__ for estimator in public_estimators()}
    assert names >= {"SoftEquivariantRegressor", "EquivariantRegressor", "SymmetryLevels"}


def test_estimators_of_every_module_are_public():
    """None is left out of the root's list, and so out of the checks above."""
    found = set()
    for module in pkgutil.walk_packages(softeq_sklearn.__path__, "softeq_sklearn."):
        members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        found |= {item for _, item in members if issubclass(item, BaseEstimator)}
    ours = {item for item in found if item.__module__.startswith("softeq_sklearn.")}
    # Base classes make no estimators by themselves, what is private serves one file, and nets are
    # estimators of skorch.
    estimators = {item for item in ours if not item.__name__.startswith(("Base", "_"))}
    assert {e for e in estimators if not issubclass(e, NeuralNet)} == set(public_estimators())


@pytest.mark.parametrize("estimator", public_estimators())
def test_array_api_check_is_among_them(estimator):
    names = [getattr(check, "func", check) for _, check in estimator_checks_generator(estimator())]
    version = tuple(map(int, sklearn.__version__.split(".")[:2]))
    assert check_array_api_input in names or version < (1, 9)
    assert len(names) > 40


@pytest.mark.parametrize("estimator", public_estimators())
def test_no_parameter_is_without_a_check(estimator):
    # Groups are checked by hand, so that the message can say what to write.
    unchecked = set(estimator().get_params(deep=False)) - set(estimator._parameter_constraints)
    assert unchecked <= {"groups", "group"}
