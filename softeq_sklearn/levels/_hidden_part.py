"""How much of the targets a fitted function may have missed."""

from __future__ import annotations

import numpy as np

# The 97.5 % quantile of the normal distribution.
_Z = 1.959964


def unseen_mean(values: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return the mean over those members that were not trained on a row, 0 if all were.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_samples, n_outputs)
        What the members predict.
    unseen : ndarray of bool of shape (n_members, n_samples)
        Whether a member has not been trained on a row.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)

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


def hidden_part(values: np.ndarray, targets: np.ndarray, unseen: np.ndarray) -> float:
    r"""Return an upper limit of what the members have in common missed, relative to the outputs.

    Each row is predicted by the mean of those members that were not trained on it (out-of-bag,
    Breiman 1996). Its relative residual is :math:`r = |y - f| / (|y| + |f|)`. A part of it is the
    members' variance, which their relative spread s measures; what is left has been missed by all
    of them, or is noise of the targets, which cannot be told apart:

    .. math:: h^2 = \bar r^2 - \bar s^2 + 2 \bar r \cdot 1.96 \, \mathrm{se}(\bar r),

    and 0 for a negative square.

    Parameters
    ----------
    values : ndarray of shape (n_members, n_samples, n_outputs)
        What the members predict.
    targets : ndarray of shape (n_samples, n_outputs)
        What was seen.
    unseen : ndarray of bool of shape (n_members, n_samples)
        Whether a member has not been trained on a row.

    Returns
    -------
    float
        nan with fewer than two rows that two members have not seen.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import hidden_part
    >>> y = np.random.RandomState(0).randn(500, 3)
    >>> missed = hidden_part(np.stack([0.9 * y, 0.9 * y]), y, np.full((2, 500), True))
    >>> round(missed, 3)  # 0.1 / 1.9
    0.053
    """
    counts = unseen.sum(axis=0)
    rows = counts >= 2
    if rows.sum() < 2:
        return np.nan
    values, targets, counts = values[:, rows], targets[rows], counts[rows]
    weights, mean = unseen[:, rows, None], unseen_mean(values, unseen[:, rows])
    variance = (weights * (values - mean) ** 2).sum(axis=(0, 2)) / (counts - 1)
    size = np.linalg.norm(targets, axis=1) + np.linalg.norm(mean, axis=1)
    size = np.where(size > 0, size, 1.0)
    residuals, spread = np.linalg.norm(targets - mean, axis=1) / size, np.sqrt(variance) / size
    r, error = residuals.mean(), residuals.std(ddof=1) / np.sqrt(len(residuals))
    return float(np.sqrt(np.maximum(r**2 - spread.mean() ** 2 + 2 * r * _Z * error, 0.0)))
