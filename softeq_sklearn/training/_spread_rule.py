"""The rule that weakens the strengths of symmetries which all members of a network break."""

from __future__ import annotations

from softeq_sklearn.levels import LevelEstimate

# Part of the members' variance that is left in their mean whatever their number. For symmetries
# that hold, a fifth to a third was measured.
_SHARED = 0.5


def spread_strengths(
    strengths: dict[str, float], levels: dict[str, LevelEstimate], power: float
) -> dict[str, float]:
    r"""Return strengths times :math:`\min(1, (1/2 + 1/k) f^2 / e^2)^{power}`.

    Noise of k members with spread f leaves :math:`f^2 / k` in the square of the error e of their
    mean, and more, since their bootstrap samples have rows in common. An error above that is there
    in all members: the rows show it, although the penalty is against it.

    Parameters
    ----------
    strengths : dict of str to float
        Present strengths.
    levels : dict of str to LevelEstimate
        Errors and spreads of two members or more.
    power : float
        Exponent.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> noise = LevelEstimate(0.03, spread=0.04, member_std=0.0, row_error=0.0, n_members=2)
    >>> broken = LevelEstimate(0.08, spread=0.04, member_std=0.0, row_error=0.0, n_members=2)
    >>> spread_strengths({"a": 1.0, "b": 1.0}, {"a": noise, "b": broken}, 2)
    {'a': 1.0, 'b': 0.0625}
    """
    return {name: value * _share(levels[name]) ** power for name, value in strengths.items()}


def _share(level):
    """How much of a squared error noise explains, at most all of it."""
    noise, square = (_SHARED + 1 / level.n_members) * level.spread**2, level.error**2
    return 1.0 if square <= noise else noise / square
