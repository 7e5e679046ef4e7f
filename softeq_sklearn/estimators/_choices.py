"""Which parameters of the soft estimator go together."""

from __future__ import annotations

from softeq_sklearn.training import StrengthTuner


def check_choices(estimator):
    """Raise an error if parameters do not go together.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        With parameters that are valid one by one.

    Raises
    ------
    ValueError
        With what must go with what, and what was received.
    """
    if isinstance(estimator.tuning, StrengthTuner):
        estimator.tuning.check()
    method = getattr(estimator.tuning, "method", estimator.tuning)
    if isinstance(estimator.tuning, StrengthTuner):
        of_weights = estimator.tuning.needs_weights
    else:
        of_weights = method in ("evidence", "dual")
    if of_weights and (estimator.penalty, estimator.regularizer) != ("squared", "projection"):
        raise ValueError(
            "tuning by evidence, by dual ascent or per layer must go with penalty='squared' "
            f"and regularizer='projection'. Got {estimator.tuning!r}, "
            f"penalty={estimator.penalty!r}, regularizer={estimator.regularizer!r}."
        )
    if estimator.penalty != "squared" and estimator.regularizer != "projection":
        raise ValueError(
            "penalty is a distance of weights and must be 'squared' with another regularizer "
            f"than 'projection'. Got penalty={estimator.penalty!r}, "
            f"regularizer={estimator.regularizer!r}."
        )
    ours = estimator.module is None and estimator.architecture == "factored"
    squared = (estimator.penalty, estimator.regularizer) == ("squared", "projection")
    if estimator.tuning == "explore" and not (ours and squared):
        raise ValueError(
            "tuning must not be 'explore' with a module of your own, architecture 'emlp', or "
            "another penalty than 'squared' or regularizer than 'projection': it trains "
            "networks side by side and projects them. "
            f"Got module={estimator.module!r}, architecture={estimator.architecture!r}, "
            f"penalty={estimator.penalty!r}, regularizer={estimator.regularizer!r}."
        )
    if estimator.n_members > 1 and not (ours and estimator.regularizer == "projection"):
        raise ValueError(
            "n_members must be 1 with a module of your own, architecture 'emlp', or another "
            "regularizer than 'projection': only our networks are trained side by side. "
            f"Got n_members={estimator.n_members!r}, module={estimator.module!r}, "
            f"architecture={estimator.architecture!r}, regularizer={estimator.regularizer!r}."
        )
    if method == "evidence" and estimator.exact_group is not None:
        raise ValueError(
            "tuning must not be 'evidence' with an exact_group, whose layers have no single "
            f"weights to count. Got {estimator.tuning!r} and exact_group={estimator.exact_group!r}."
        )
    if estimator.exact_group is not None and estimator.module is not None:
        raise ValueError(
            "exact_group must be None with a module of your own, whose layers we cannot bind. "
            f"Got {estimator.exact_group!r} and module={estimator.module!r}."
        )
