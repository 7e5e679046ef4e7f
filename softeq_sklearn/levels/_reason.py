"""Why rows cannot tell whether a symmetry holds, and what may help."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.levels._estimate import LevelEstimate
from softeq_sklearn.levels._interval import parts_of_high
from softeq_sklearn.levels._verdict import EXACT

_HELP = {
    "members": "the members do not agree; more rows or epochs help",
    "missed": "members may have missed that much of the targets; more rows or epochs help, or "
    "targets with less noise",
    "chance": "softer networks break it so far by chance; more rows help",
}


def why_not_told(
    estimate: LevelEstimate, hidden: float, chance: float = 0.0, high: float = np.nan
) -> str:
    """Say what stands behind the verdict "cannot tell".

    The parts of the interval that it speaks of are those of docs/levels.md, "Intervals, floors and
    verdicts".

    Parameters
    ----------
    estimate : LevelEstimate
        The level, the members' spread and the standard errors.
    hidden : float
        As in :func:`level_interval`.
    chance : float, default=0.0
        As in :func:`level_interval`.
    high : float, default=nan
        The upper end of the interval; nan where it is not known.

    Returns
    -------
    str
        A clause. Where the interval is too wide it names the largest part of its upper end.

    Examples
    --------
    >>> from softeq_sklearn.levels import LevelEstimate, level_interval, why_not_told
    >>> estimate = LevelEstimate(error=0.001, spread=0.002, member_std=0.001, row_error=0.0)
    >>> _, high = level_interval(estimate, hidden=0.05)
    >>> print(why_not_told(estimate, 0.05, high=high).partition(";")[0])
    the interval ends at 0.0708, beyond 0.02: members may have missed that much of the targets
    """
    if not estimate.moves:
        return "the group moves no column"
    if not estimate.can_tell:
        share = f"{100 * estimate.share_outside:.0f} %"
        return f"the group moves {share} of the rows to where there are no data"
    if np.isnan(high):
        return (
            "there is no interval after partial_fit or a warm start, nor without rows that two "
            "members were not trained on"
        )
    parts = parts_of_high(estimate, hidden, chance)
    largest = max(parts, key=parts.__getitem__)
    return f"the interval ends at {high:.3g}, beyond {EXACT}: {_HELP[largest]}"
