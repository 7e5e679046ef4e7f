"""What a symmetry costs: held-out loss with a group exact, against the loss without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_scalar

from softeq_sklearn._candidates import named_groups
from softeq_sklearn.estimators._exact import with_exact_group
from softeq_sklearn.inspection._held_out_losses import held_out_losses
from softeq_sklearn.inspection._soft_estimator import soft_parameters, unfrozen


@dataclass(frozen=True, eq=False)
class SymmetryGap:
    """Held-out loss with a group exact, minus that without it.

    Losses are squared errors over the total variance of the targets, so that 1 is the loss of
    their mean; for classes they are those of the probabilities (Brier scores), and 1 is the loss of
    the frequencies.

    Parameters
    ----------
    gap : float
        Difference of the losses, the mean over folds. Positive: imposing the symmetry costs.
    gap_low, gap_high : float
        Ends of the confidence interval. If both are positive, the data break the symmetry; if both
        are negative, imposing it helps.
    loss_exact, loss_without : float
        The two losses.
    n_folds : int
        Number of folds.
    row_gaps : ndarray of shape (n_samples,)
        Difference for each row, over its repetitions; nan for a row that was never held out.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.inspection import SymmetryGap
    >>> gap = SymmetryGap(0.2, 0.1, 0.3, 0.25, 0.05, 5, np.full(4, 0.2))
    >>> gap.gap_low > 0  # the data break the symmetry
    True
    """

    gap: float
    gap_low: float
    gap_high: float
    loss_exact: float
    loss_without: float
    n_folds: int
    row_gaps: np.ndarray


def symmetry_gap(
    estimator,
    X,
    y,
    group,
    *,
    cv=5,
    sample_weight=None,
    confidence=0.95,
    n_jobs=None,
    random_state=None,
) -> SymmetryGap:
    r"""Compare held-out losses with a symmetry imposed and without it.

    On each fold two clones are fitted: one with ``exact_group=group``, and one whose candidates do
    not contain the group, nor groups that are equal to it. All else is the same for both, also the
    random state. A symmetry that holds makes the first the better one, or as good; one that is
    broken makes it worse by what the breaking explains. Unlike a level, this trusts no figure that
    the penalty of the group has pulled.

    The rows of a fold share two fits, and all folds share most training rows. So the interval is
    that of the corrected resampled t-test (Nadeau and Bengio [1]_): with :math:`d_k` the difference
    on fold k of K, and :math:`n_2 / n_1` the mean ratio of held-out rows to training rows,

    .. math:: \bar d \pm t_{K - 1} \sqrt{\left(\tfrac1K + \tfrac{n_2}{n_1}\right) s_d^2},

    where :math:`s_d^2` is the sample variance of the :math:`d_k`. It is a heuristic, on the wide
    side, for a quantity whose variance has no unbiased estimate; more folds or repetitions
    (``cv=RepeatedKFold()``) narrow it. What it covers is the difference of the losses of networks
    trained on so many rows, not that of the best possible functions.

    Candidates that contain the group stay among those of the second clone, and pull it towards the
    group: leave them out of `estimator` to see the group alone.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        The estimator; it is not fitted itself.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or class labels.
    group : str or Group
        Name of a candidate, or a group on the same space.
    cv : int, cross-validation generator or iterable, default=5
        Folds, at least 2. An int shuffles the rows, and keeps the shares of classes. Rows that are
        not independent, such as overlapping windows, need a splitter that keeps them together.
    sample_weight : array-like of shape (n_samples,), float or None, default=None
        Weights of the rows, in the fits and in the losses.
    confidence : float, default=0.95
        Confidence of the interval, in (0, 1).
    n_jobs : int or None, default=None
        Number of folds side by side, as in joblib; each fits with one thread.
    random_state : int, RandomState instance or None, default=None
        Governs the folds of an int, and all fits: both clones of a fold have the same seed.

    Returns
    -------
    SymmetryGap
        The gap with its interval, both losses, and the gap of each row.

    Raises
    ------
    TypeError
        If the estimator is neither of these.
    ValueError
        If no candidate has the name, the group acts on another space, there are fewer than 2
        folds, or a parameter is out of range.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio. Inference for the generalization error. Machine Learning 52,
       239-281, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn import SoftEquivariantRegressor
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.inspection import symmetry_gap
    >>> X = np.random.RandomState(0).randn(150, 2)
    >>> model = SoftEquivariantRegressor(
    ...     {"rotations": SO(2)}, "Vector", hidden_channels=16, n_hidden_layers=1, max_epochs=30
    ... )
    >>> gap = symmetry_gap(model, X, X[:, 0], "rotations", cv=3, random_state=0)
    >>> gap.gap_low > 0  # the first coordinate is not invariant
    True
    """
    check_scalar(
        confidence, "confidence", Real, min_val=0.0, max_val=1.0, include_boundaries="neither"
    )
    variants = exact_and_without(estimator, group)
    held_out = held_out_losses(
        variants,
        X,
        y,
        cv=cv,
        n_jobs=n_jobs,
        random_state=random_state,
        sample_weight=sample_weight,
    )
    gap_low, gap_high = held_out.interval(0, 1, confidence)
    loss_exact, loss_without = held_out.means
    return SymmetryGap(
        gap=float(held_out.differences(0, 1).mean()),
        gap_low=gap_low,
        gap_high=gap_high,
        loss_exact=float(loss_exact),
        loss_without=float(loss_without),
        n_folds=len(held_out.losses),
        row_gaps=held_out.row_differences(0, 1),
    )


def exact_and_without(estimator, group):
    """Return two clones: one with a group exact, and one without it among the candidates.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        The estimator.
    group : str or Group
        Name of a candidate, or a group.

    Returns
    -------
    exact, without : estimator

    Raises
    ------
    TypeError
        If the estimator has no candidates to choose from.
    ValueError
        If no candidate has the name, the group acts on another space, or the estimator has an
        exact group already.
    """
    estimator = unfrozen(estimator)
    parameters = soft_parameters(estimator)
    candidates = named_groups(parameters["groups"])
    groups, name = with_exact_group(candidates, group, "group")
    others = {n: g for n, g in candidates.items() if g != groups[name]}
    strengths = parameters["strengths"]
    if isinstance(strengths, Mapping):
        strengths = {n: strength for n, strength in strengths.items() if n in others}
    exact = clone(estimator).set_params(exact_group=group)
    return exact, clone(estimator).set_params(groups=others, strengths=strengths)
