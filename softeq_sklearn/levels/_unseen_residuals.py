"""What members miss of rows that they have not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn._sizes import power_of_two, ratio, relative_error

# Relative residual of a class where another one was sure: sqrt(2) / 2.
_WRONG_CLASS = np.sqrt(0.5)
# The 97.5 % quantile of the normal distribution.
_Z = 1.959964


def unseen_mean(values: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return the mean over those members that were not trained on a row, 0 if all were.

    Of members trained on bootstrap samples it is the out-of-bag prediction (Breiman 1996).

    Parameters
    ----------
    values : ndarray of shape (n_members, n_samples, n_outputs)
        What the members predict.
    unseen : ndarray of bool of shape (n_members, n_samples)
        Whether a member has not been trained on a row.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
        The means, in the units of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import unseen_mean
    >>> values = np.array([[[1.0], [1.0]], [[3.0], [3.0]]])
    >>> unseen_mean(values, np.array([[True, False], [True, True]])).ravel().tolist()
    [2.0, 3.0]
    """
    weights = unseen[:, :, None]
    return (weights * values).sum(axis=0) / np.maximum(weights.sum(axis=0), 1)


@dataclass(frozen=True)
class UnseenResiduals:
    r"""Residuals of rows that members were not trained on (out-of-bag, Breiman 1996).

    Each row is predicted by the mean of those members that were not trained on it. Its relative
    residual is :math:`r = |y - f| / (|y| + |f|)`.

    Parameters
    ----------
    mean : float
        Mean of the relative residuals.
    standard_error : float
        Standard error of that mean.
    spread : float
        Mean standard deviation of these members' predictions, relative to the same sizes.

    Examples
    --------
    >>> from softeq_sklearn.levels import UnseenResiduals
    >>> residuals = UnseenResiduals(mean=0.05, standard_error=0.0, spread=0.03)
    >>> round(residuals.hidden_part(), 2), residuals.hidden_part(tested=False)
    (0.04, 0.05)
    """

    mean: float
    standard_error: float
    spread: float

    def hidden_part(self, tested: bool = True) -> float:
        r"""Return an upper limit of what may break a symmetry unseen, relative to the outputs.

        Where tests have looked for breaking in the residuals, it is what is left of them when the
        members' variance is taken off, which the spread s measures: all members have missed that,
        or it is noise of the targets, which cannot be told apart,

        .. math:: h^2 = \bar r^2 - \bar s^2 + 2 \bar r \cdot 1.96 \, \mathrm{se}(\bar r),

        and 0 for a negative square. Where nothing has looked, nothing is taken off. The mean of
        members varies less than each of them, so that what breaks the symmetry may be as large as
        their variance and not be seen (docs/levels.md, "Intervals, floors and verdicts").

        Parameters
        ----------
        tested : bool, default=True
            Whether tests have looked for breaking of the symmetry in question.

        Returns
        -------
        float
            The limit h, at least 0.
        """
        square = self.mean**2 + 2 * self.mean * _Z * self.standard_error
        return float(np.sqrt(np.maximum(square - tested * self.spread**2, 0.0)))


def unseen_residuals(
    values: np.ndarray, targets: np.ndarray, unseen: np.ndarray, *, skewed: bool = False
) -> UnseenResiduals | None:
    """Measure the residuals of rows that at least two members were not trained on.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_samples, n_outputs)
        What the members predict.
    targets : ndarray of shape (n_samples, n_outputs)
        What was seen.
    unseen : ndarray of bool of shape (n_members, n_samples)
        Whether a member has not been trained on a row.
    skewed : bool, default=False
        Whether residuals are skewed, as those of classes: few rows have large ones. What breaks a
        symmetry at x and at gx is then missed in different rows, and both add up to an error:
        residuals count twice. A share of 3 / n of such rows may be among n others and not be seen,
        with a probability of 5 % ("rule of three", Hanley and Lippman-Hand, JAMA 249, 1983): so
        many are added, with the residual of a class that was never expected. And the members'
        spread, which is that of other rows, explains nothing of them.

    Returns
    -------
    UnseenResiduals or None
        None with fewer than two such rows.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import unseen_residuals
    >>> y = np.random.RandomState(0).randn(500, 3)
    >>> found = unseen_residuals(np.stack([0.9 * y, 0.9 * y]), y, np.full((2, 500), True))
    >>> round(found.mean, 3), found.spread  # 0.1 / 1.9
    (0.053, 0.0)
    """
    counts = unseen.sum(axis=0)
    rows = counts >= 2
    if rows.sum() < 2:
        return None
    values, targets, counts = values[:, rows], targets[rows], counts[rows]
    largest = np.maximum(np.abs(values).max(axis=(0, 2)), np.abs(targets).max(axis=1))
    unit = power_of_two(largest)[:, None]  # so that squares are neither infinite nor 0
    values, targets = values / unit, targets / unit
    weights, mean = unseen[:, rows, None], unseen_mean(values, unseen[:, rows])
    variance = (weights * (values - mean) ** 2).sum(axis=(0, 2)) / (counts - 1)
    size = np.linalg.norm(targets, axis=1) + np.linalg.norm(mean, axis=1)
    residuals = relative_error(targets, mean)
    mean, error = residuals.mean(), residuals.std(ddof=1) / np.sqrt(len(residuals))
    if skewed:
        unseen_share = 3.0 / len(residuals)
        return UnseenResiduals(2 * float(mean + unseen_share * _WRONG_CLASS), 2 * float(error), 0.0)
    return UnseenResiduals(float(mean), float(error), float(ratio(np.sqrt(variance), size).mean()))
