"""Three answers side by side: level of the fit, gap of held-out losses, randomisation test."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, indexable

from softeq_sklearn._columns import checked_rows, select_columns
from softeq_sklearn.inspection._equivariance_test import equivariance_test
from softeq_sklearn.inspection._numeric_targets import NumericTargets
from softeq_sklearn.inspection._soft_estimator import fitted_levels, unfrozen
from softeq_sklearn.inspection._symmetry_gap import symmetry_gap

_LEVEL_COLUMNS = ("error_low", "error_high", "floor", "verdict")
_GAP_COLUMNS = ("gap", "gap_low", "gap_high")


def symmetry_report(
    estimator,
    X,
    y,
    *,
    cv=5,
    sample_weight=None,
    confidence=0.95,
    n_permutations=199,
    n_jobs=None,
    random_state=None,
):
    """Report, for each candidate, what the fit, held-out losses and a test say.

    The level is that of the fitted function, so it trusts the network and is pulled by the
    penalty. The gap compares refitted networks on rows that they have not seen. The test trusts no
    network at all. Where they agree, believe them; where they do not, see docs/levels.md, "Three
    answers".

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        Fitted, without an exact group.
    X : array-like of shape (n_samples, n_features)
        Rows, such as those of the fit.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or class labels.
    cv : int, cross-validation generator, iterable or None, default=5
        Folds of :func:`symmetry_gap`, which fits two networks on each fold for each group; None
        leaves the gaps out.
    sample_weight : array-like of shape (n_samples,), float or None, default=None
        Weights of the rows in the gaps. Levels and tests take each row once.
    confidence : float, default=0.95
        Confidence of the intervals of the gaps.
    n_permutations : int, default=199
        Permutations of :func:`equivariance_test`.
    n_jobs : int or None, default=None
        Number of folds side by side.
    random_state : int, RandomState instance or None, default=None
        Governs folds, fits and permutations; every group has the same folds.

    Returns
    -------
    pandas.DataFrame
        One row a group, in the order of ``estimator.levels_``, with the columns level, error_low,
        error_high, floor and verdict of the levels, gap, gap_low and gap_high of
        :func:`symmetry_gap`, and p_value of :func:`equivariance_test`.

    Raises
    ------
    TypeError
        If the estimator has no levels.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If X has other columns than the fit had, or there is an exact group and `cv` is not None.
    ImportError
        If pandas is not installed (it comes with the extra ``plot``).

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn import SoftEquivariantRegressor
    >>> from softeq_sklearn.groups import SO, Reflection
    >>> from softeq_sklearn.inspection import symmetry_report
    >>> X = np.random.RandomState(0).randn(150, 2)
    >>> model = SoftEquivariantRegressor(
    ...     {"rotations": SO(2), "flip": Reflection(2)},
    ...     "Vector",
    ...     hidden_channels=16,
    ...     n_hidden_layers=1,
    ...     max_epochs=20,
    ...     random_state=0,
    ... ).fit(X, X[:, 1] ** 2)
    >>> report = symmetry_report(model, X, X[:, 1] ** 2, cv=2, random_state=0)
    >>> report.columns.tolist()[:6]
    ['level', 'error_low', 'error_high', 'floor', 'verdict', 'gap']
    >>> float(report.p_value["rotations"])
    0.005
    """
    import pandas as pd

    estimator = unfrozen(estimator)
    levels = fitted_levels(estimator)
    checked_rows(estimator, X)
    X, y = (
        select_columns(estimator._schema_in, X, "X"),
        select_columns(estimator._schema_out, y, "y"),
    )
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    if cv is not None and not isinstance(cv, Integral):
        cv = list(check_cv(cv).split(*indexable(X, y)))  # the same folds for every group
    # Before the gaps, whose fits take long, so that what it refuses is refused at once.
    Y = NumericTargets(estimator, y).of_targets(y)
    p_values = [
        equivariance_test(
            X,
            Y,
            estimator._groups[name],
            estimator._rep_in,
            estimator._rep_out,
            n_permutations=n_permutations,
            random_state=seed,
        ).p_value
        for name in levels.name
    ]
    report = pd.DataFrame(
        {"level": levels.error} | {name: getattr(levels, name) for name in _LEVEL_COLUMNS},
        index=pd.Index(levels.name, name="group"),
    )
    gaps = [
        _gap(
            estimator,
            X,
            y,
            name,
            cv,
            sample_weight=sample_weight,
            confidence=confidence,
            n_jobs=n_jobs,
            random_state=seed,
        )
        for name in levels.name
    ]
    report[list(_GAP_COLUMNS)] = np.reshape(gaps, (len(levels), len(_GAP_COLUMNS)))
    report["p_value"] = p_values
    return report


def _gap(estimator, X, y, name, cv, **options):
    if cv is None:
        return [np.nan] * len(_GAP_COLUMNS)
    gap = symmetry_gap(estimator, X, y, str(name), cv=cv, **options)
    return [getattr(gap, column) for column in _GAP_COLUMNS]
