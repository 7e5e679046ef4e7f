"""From what a fit has found out about a group to an interval, a verdict and a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from softeq_sklearn.levels._estimate import LevelEstimate
from softeq_sklearn.levels._interval import level_interval
from softeq_sklearn.levels._reason import why_not_told
from softeq_sklearn.levels._unseen_residuals import UnseenResiduals
from softeq_sklearn.levels._verdict import verdict

# An interval that ends beyond this says nothing: the targets may be noise.
_ANYTHING = 0.5


@dataclass(frozen=True)
class Findings:
    """What a fit has found out about one group.

    Parameters
    ----------
    estimate : LevelEstimate
        The level of the fitted function, with spread and standard errors.
    residuals : UnseenResiduals or None, default=None
        Residuals of rows that members have not seen, where they are known.
    tested : bool, default=False
        Whether tests have looked for breaking of this group.
    score : float, default=0.0
        Their largest score, see :func:`breaking_score`.
    chance : float, default=0.0
        Level that a softer fit takes on, for a group that this fit was not free to break.
    imposed : bool, default=False
        Whether the function was projected onto the group's subspace.

    Examples
    --------
    >>> from softeq_sklearn.levels import Findings, LevelEstimate
    >>> Findings(LevelEstimate(0.05, spread=0.003, member_std=0.002, row_error=0.001)).tested
    False
    """

    estimate: LevelEstimate
    residuals: UnseenResiduals | None = None
    tested: bool = False
    score: float = 0.0
    chance: float = 0.0
    imposed: bool = False


class Judgement(NamedTuple):
    """What follows from what a fit has found out about a group.

    Parameters
    ----------
    low, high : float
        The interval, see :func:`level_interval`; nan where residuals or members are missing.
    verdict : {"exact", "approximate", "broken", "cannot tell"}
        See :func:`verdict`. What a fit was not free to break is as large as it was in a softer fit.
    supported : bool
        Whether the verdict is "exact", or the group was imposed exactly, rows can answer for it and
        the interval ends at 0.5 or before.
    reason : str
        Why the verdict is "cannot tell", see :func:`why_not_told`; empty for others, and for a
        single member unless the rows cannot answer.

    Examples
    --------
    >>> from softeq_sklearn.levels import Judgement
    >>> Judgement(0.0, 0.01, "exact", True, "").supported
    True
    """

    low: float
    high: float
    verdict: str
    supported: bool
    reason: str


def judge(findings: Findings) -> Judgement:
    """Return what follows from what a fit has found out about a group.

    The rules are those of docs/levels.md, "Intervals, floors and verdicts".

    Parameters
    ----------
    findings : Findings
        The level, and what tests and unseen rows have told.

    Returns
    -------
    Judgement
        Its fields are `low`, `high`, `verdict`, `supported` and `reason`.

    Examples
    --------
    >>> from softeq_sklearn.levels import Findings, LevelEstimate, UnseenResiduals, judge
    >>> estimate = LevelEstimate(0.0, 0.0, 0.0, 0.0, n_members=10)
    >>> residuals = UnseenResiduals(mean=0.05, standard_error=0.0, spread=0.06)
    >>> judge(Findings(estimate, residuals, tested=True, imposed=True)).verdict
    'exact'
    >>> judge(Findings(estimate, residuals)).verdict  # nothing has looked for breaking
    'cannot tell'
    """
    estimate, chance = findings.estimate, findings.chance
    hidden = np.nan
    if findings.residuals is not None:
        hidden = findings.residuals.hidden_part(findings.tested)
    low, high = level_interval(estimate, hidden, chance)
    word = verdict(
        max(estimate.error, chance),
        low,
        high,
        can_tell=estimate.can_tell,
        score=findings.score,
    )
    kept = findings.imposed and estimate.error == 0 and estimate.can_tell
    is_asked = word == "cannot tell" and (estimate.n_members > 1 or not estimate.can_tell)
    return Judgement(
        low,
        high,
        word,
        supported=word == "exact" or bool(kept and high <= _ANYTHING),
        reason=why_not_told(estimate, hidden, chance, high) if is_asked else "",
    )
