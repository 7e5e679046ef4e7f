"""The 95 % interval of a level."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.levels._estimate import ROUNDING, LevelEstimate

# The 97.5 % quantile of the normal distribution.
_Z = 1.959964
# Breaking up to so many times the level that a softer fit takes on by chance may be missed. Seen
# once, on some 100 targets: rotations broken by 1.13 times that level, which no test found.
_CHANCE = 1.25


def level_interval(
    estimate: LevelEstimate, hidden: float, chance: float = 0.0
) -> tuple[float, float]:
    r"""Return a 95 % interval of the error of the function that made the data.

    With the standard error s of members, rows and elements, the spread f of the k members and the
    part h of the targets that the function may have missed (:meth:`UnseenResiduals.hidden_part`),

    .. math:: low^2 = \max(0, e - 1.96 s)^2 - f^2, \qquad
        high^2 = (e + 1.96 s)^2 + f^2 / k + 2 h^2 + (1.25 c)^2,

    and 0 for a negative square, or for an error that is rounding. Squares add, since errors of
    different origin have no common direction. What the members do not agree on is noise, and noise
    makes e larger: so f is taken off below, as if all members had the same, and above only their
    mean's own share is added, which may have cancelled something. A function b that was missed adds
    :math:`b(gx) - g b(x)`, two terms of its size. Members that could not break a symmetry have no
    spread; c is the level of a softer fit. docs/levels.md explains the terms, and
    docs/discovery.md counts how often such intervals are right.

    Parameters
    ----------
    estimate : LevelEstimate
        The level, the members' spread and the standard errors.
    hidden : float
        Size of what the function may have missed, relative to the outputs; nan where that is not
        known.
    chance : float, default=0.0
        Level that a softer fit takes on by chance, for a symmetry that was imposed.

    Returns
    -------
    low, high : float
        In [0, 1]; nan where members, rows or the missed part are missing.

    Examples
    --------
    >>> from softeq_sklearn.levels import LevelEstimate, level_interval
    >>> estimate = LevelEstimate(error=0.05, spread=0.003, member_std=0.002, row_error=0.001)
    >>> low, high = level_interval(estimate, hidden=0.01)
    >>> round(low, 3), round(high, 3)
    (0.046, 0.056)
    """
    low = np.maximum(estimate.error - _half_width(estimate), 0.0) ** 2 - estimate.spread**2
    high = np.sqrt(sum(parts_of_high(estimate, hidden, chance).values()))
    if np.isnan(high):
        return np.nan, np.nan
    if estimate.error < ROUNDING:  # which all members share
        low = 0.0
    return float(np.sqrt(np.maximum(low, 0.0))), float(np.minimum(high, 1.0))


def parts_of_high(estimate: LevelEstimate, hidden: float, chance: float = 0.0) -> dict[str, float]:
    """Squares of which the upper end of an interval is made, see :func:`level_interval`.

    Parameters
    ----------
    estimate, hidden, chance
        As in :func:`level_interval`.

    Returns
    -------
    dict of str to float
        "members": what they show and do not agree on; "missed": what they may have missed of the
        targets; "chance": how far a softer fit goes by chance.
    """
    return {
        "members": (estimate.error + _half_width(estimate)) ** 2
        + estimate.spread**2 / estimate.n_members,
        "missed": 2 * hidden**2,
        "chance": (_CHANCE * chance) ** 2,
    }


def _half_width(estimate: LevelEstimate) -> float:
    return _Z * np.hypot(estimate.member_std, estimate.row_error)
