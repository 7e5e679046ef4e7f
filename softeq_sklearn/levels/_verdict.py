"""What an interval of a level says of a symmetry."""

from __future__ import annotations

from softeq_sklearn.levels._breaking import BROKEN_SCORE

# A level up to which a symmetry counts as exact: an angle of 2.3 degrees, or lengths 4 % apart.
EXACT = 0.02
# A level from which on a symmetry counts as broken: an angle of 11 degrees, or lengths 22 % apart.
BROKEN = 0.1


def verdict(
    error: float,
    low: float,
    high: float,
    *,
    can_tell: bool = True,
    score: float = 0.0,
) -> str:
    """Return the verdict on one group, by the rules of docs/levels.md.

    ===========  =============================================================================
    cannot tell  the group moves no column, or most rows to where there are no data; or none
                 of the following holds
    broken       the interval does not contain 0 or the score is 3 or more, and the level is 0.1
                 or more
    approximate  the same, and the level is less
    exact        the interval contains 0 and ends at 0.02 or before
    ===========  =============================================================================

    Parameters
    ----------
    error : float
        The level.
    low, high : float
        Its interval; nan where it is not known.
    can_tell : bool, default=True
        Whether the rows can answer, see :attr:`LevelEstimate.can_tell`.
    score : float, default=0.0
        Score of a test that the group is broken, see :func:`breaking_score`.

    Returns
    -------
    {"exact", "approximate", "broken", "cannot tell"}
        What the table says.

    Examples
    --------
    >>> from softeq_sklearn.levels import verdict
    >>> verdict(0.03, 0.02, 0.04), verdict(0.3, 0.2, 0.4)
    ('approximate', 'broken')
    >>> verdict(0.005, 0.0, 0.01), verdict(0.03, 0.0, 0.06)
    ('exact', 'cannot tell')
    >>> verdict(0.005, 0.0, 0.01, score=6.0)
    'approximate'
    """
    if not can_tell:
        return "cannot tell"
    if low > 0 or score >= BROKEN_SCORE:
        return "broken" if error >= BROKEN else "approximate"
    return "exact" if high <= EXACT else "cannot tell"
