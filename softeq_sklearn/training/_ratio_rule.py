"""The rule that sets strengths once, from the penalties seen until then."""

from __future__ import annotations


def ratio_strengths(strengths, penalties, power):
    """Strengths divided by the ratio of each group's lowest penalty to the smallest of them.

    Groups whose strength or penalty is zero are left out and keep their strength.

    Parameters
    ----------
    strengths : dict of str to float
        Present strengths.
    penalties : list of dict of str to float
        Penalties seen.
    power : float
        Exponent of the ratio.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> ratio_strengths({"a": 8.0, "b": 8.0}, [{"a": 1.0, "b": 2.0}, {"a": 1.5, "b": 3.0}], 2)
    {'a': 8.0, 'b': 2.0}
    """
    lowest = {name: min(p[name] for p in penalties) for name in strengths}
    # A strength of zero is a choice, and a penalty of zero means that the group constrains nothing.
    compared = [name for name, value in strengths.items() if value > 0 and lowest[name] > 0]
    smallest = min((lowest[name] for name in compared), default=1.0)
    return {
        name: _weakened(value, lowest[name] / smallest, power) if name in compared else value
        for name, value in strengths.items()
    }


def _weakened(strength, ratio, power):
    try:
        return float(strength / ratio**power)
    except OverflowError:  # of a float of Python
        return 0.0
