"""What functions that look at a fitted soft estimator ask of it."""

from __future__ import annotations

from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def unfrozen(estimator):
    """Return the estimator in a FrozenEstimator, which says what it is, or the estimator itself.

    Parameters
    ----------
    estimator : object
        What the user gave.

    Returns
    -------
    object
    """
    return estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator


def check_soft(estimator):
    """Refuse what is no soft estimator; a FrozenEstimator around one passes.

    Parameters
    ----------
    estimator : object
        What the user gave.

    Raises
    ------
    TypeError
        If it has no levels to measure.
    """
    if not hasattr(estimator, "_equivariance_error"):
        step = "; write pipeline[-1], and transform X before" * isinstance(estimator, Pipeline)
        raise TypeError(
            "estimator must be a SoftEquivariantRegressor or SoftEquivariantClassifier. "
            f"Got {estimator!r}{step}."
        )


def fitted_levels(estimator):
    """Return the levels of a fitted soft estimator.

    Parameters
    ----------
    estimator : object
        What the user gave.

    Returns
    -------
    Levels

    Raises
    ------
    TypeError
        If it is no soft estimator.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If it was projected without rows to measure levels on.
    """
    check_soft(estimator)
    check_is_fitted(estimator)
    if not hasattr(estimator, "levels_"):
        raise ValueError(
            "estimator must have levels: give X to project_to, or fit again after a fit that was "
            f"interrupted. Got one without: {estimator!r}."
        )
    return estimator.levels_


def soft_parameters(estimator):
    """Return the parameters of a soft estimator, fitted or not.

    Parameters
    ----------
    estimator : object
        What the user gave.

    Returns
    -------
    dict of str to object

    Raises
    ------
    TypeError
        If it has no candidates to choose from.
    ValueError
        If it has an exact group already.
    """
    parameters = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    if not {"groups", "strengths", "exact_group", "random_state"} <= set(parameters):
        raise TypeError(
            "estimator must be a SoftEquivariantRegressor or SoftEquivariantClassifier, whose "
            f"symmetries can be made exact or left out. Got {estimator!r}."
        )
    if parameters["exact_group"] is not None:
        raise ValueError(
            "estimator must have no exact group, since there can be only one. "
            f"Got exact_group={parameters['exact_group']!r}."
        )
    return parameters
