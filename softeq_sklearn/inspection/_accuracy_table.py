"""How accurate a soft network is, beside a plain one and exactly equivariant ones."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_scalar

from softeq_sklearn._candidates import named_groups
from softeq_sklearn.estimators._choices import check_choices
from softeq_sklearn.groups import generated_by
from softeq_sklearn.inspection._held_out_losses import held_out_losses
from softeq_sklearn.inspection._soft_estimator import soft_parameters, unfrozen
from softeq_sklearn.regularizers import named_strengths


def accuracy_table(
    estimator,
    X,
    y,
    *,
    exact_groups=None,
    cv=5,
    sample_weight=None,
    confidence=0.95,
    n_jobs=None,
    random_state=None,
):
    """Compare held-out losses of a soft network, a plain one and exactly equivariant ones.

    All are clones of one estimator, fitted to the same folds with the same seeds: as it is
    ("soft"), without candidates ("plain"), and with a group imposed on its layers ("exact ..."),
    where candidates that it does not contain keep their penalties. So the table says what the
    candidate symmetries are worth for prediction, and what it would cost to impose them.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        The estimator; it is not fitted itself.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or class labels.
    exact_groups : mapping of str to Group or None, default=None
        Groups to impose, one after the other. None imposes the group that all candidates of
        positive strength generate together: with SL(n) or a Lorentz group among them it allows
        hardly any map, so name others then.
    cv : int, cross-validation generator or iterable, default=5
        Folds, at least 2. An int shuffles the rows, and keeps the shares of classes. Rows that are
        not independent, such as overlapping windows, need a splitter that keeps them together.
    sample_weight : array-like of shape (n_samples,), float or None, default=None
        Weights of the rows, in the fits and in the losses.
    confidence : float, default=0.95
        Confidence of the intervals, in (0, 1).
    n_jobs : int or None, default=None
        Number of folds side by side, as in joblib; each fits with one thread.
    random_state : int, RandomState instance or None, default=None
        Governs the folds of an int, and all fits.

    Returns
    -------
    pandas.DataFrame
        One row a model, with the columns loss, the squared error over the total variance of the
        targets (0 is perfect, 1 is their mean; for classes the Brier score over that of their
        frequencies), and difference, difference_low and difference_high: loss minus that of the
        soft model, with the interval of the corrected resampled t-test (see
        :func:`symmetry_gap`); a positive one says that soft is better.

    Raises
    ------
    TypeError
        If the estimator is neither of these, or `exact_groups` is no mapping.
    ValueError
        If it has no candidates or an exact group already, a group acts on another space or cannot
        be imposed on this estimator (`module`, tuning by evidence), there are fewer than 2 folds,
        or a parameter is out of range; all but the folds before any fit.
    ImportError
        If pandas is not installed (it comes with the extra ``plot``).

    See Also
    --------
    symmetry_gap : The cost of imposing one candidate beside the others.
    report : A page with this table.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn import SoftEquivariantRegressor
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.inspection import accuracy_table
    >>> X = np.random.RandomState(0).randn(150, 2)
    >>> model = SoftEquivariantRegressor(
    ...     {"rotations": SO(2)}, "Vector", hidden_channels=16, n_hidden_layers=1, max_epochs=30
    ... )
    >>> table = accuracy_table(model, X, X[:, 0], cv=3, random_state=0)
    >>> table.index.tolist()
    ['soft', 'plain', 'exact rotations']
    >>> bool(table.difference_low["exact rotations"] > 0)  # the first coordinate is not invariant
    True
    """
    import pandas as pd

    check_scalar(
        confidence, "confidence", Real, min_val=0.0, max_val=1.0, include_boundaries="neither"
    )
    variants = accuracy_variants(estimator, exact_groups)
    held_out = held_out_losses(
        list(variants.values()),
        X,
        y,
        cv=cv,
        n_jobs=n_jobs,
        random_state=random_state,
        sample_weight=sample_weight,
    )
    numbers = range(len(variants))
    ends = np.array([held_out.interval(number, 0, confidence) for number in numbers])
    return pd.DataFrame(
        {
            "loss": held_out.means,
            "difference": [held_out.differences(number, 0).mean() for number in numbers],
            "difference_low": ends[:, 0],
            "difference_high": ends[:, 1],
        },
        index=pd.Index(variants, name="model"),
    )


def accuracy_variants(estimator, exact_groups):
    """Clones with other symmetries, by name; the first is the estimator as it is.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        The estimator.
    exact_groups : mapping of str to Group or None
        See :func:`accuracy_table`.

    Returns
    -------
    dict of str to estimator

    Raises
    ------
    TypeError
        If the estimator is neither of these, or `exact_groups` is no mapping.
    ValueError
        If the estimator has no candidates or an exact group already, or a group cannot be imposed.
    """
    estimator = unfrozen(estimator)
    parameters = soft_parameters(estimator)
    candidates = named_groups(parameters["groups"])
    if not candidates:
        raise ValueError("estimator must have candidate groups to compare with. Got none.")
    if exact_groups is None:
        strengths = named_strengths(parameters["strengths"], candidates)
        exact_groups = together(candidates, [name for name in candidates if strengths[name] > 0])
    elif not isinstance(exact_groups, Mapping):
        raise TypeError(
            f"exact_groups must be a mapping from names to groups, or None. Got {exact_groups!r}."
        )
    variants = {
        "soft": clone(estimator),
        "plain": clone(estimator).set_params(groups=(), strengths=1.0),
    }
    for name, group in exact_groups.items():
        variants[f"exact {name}"] = clone(estimator).set_params(exact_group=group)
    for variant in variants.values():
        check_choices(variant)
    return variants


def together(candidates, names):
    """Return the group that some of the candidates generate, by a name for it.

    Parameters
    ----------
    candidates : mapping of str to Group
        The candidates.
    names : sequence of str
        Names of some of them.

    Returns
    -------
    dict of str to Group
        Empty without names.
    """
    if not names:
        return {}
    group = generated_by(*(candidates[name] for name in names))
    if len(names) == 1:
        return {names[0]: group}
    others = [name for name in candidates if name not in names]
    return {"all candidates" + (f" but {' and '.join(others)}" if others else ""): group}
