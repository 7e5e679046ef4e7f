"""The strength of each group's penalty, by name."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real


def named_strengths(strengths, groups):
    """Start of the strength of each group.

    Parameters
    ----------
    strengths : float or mapping of str to float
        One number for all groups, or one for each by its name.
    groups : dict of str to Group
        The named groups.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If a strength is negative or not finite, is missing, or has no group.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO, O
    >>> from softeq_sklearn.regularizers import named_strengths
    >>> named_strengths(0.5, {"SO(2)": SO(2), "O(2)": O(2)})
    {'SO(2)': 0.5, 'O(2)': 0.5}
    """
    if isinstance(strengths, Mapping):
        unknown = [name for name in strengths if name not in groups]
        missing = [name for name in groups if name not in strengths]
        if unknown or missing:
            raise ValueError(
                f"strengths must name exactly the groups {list(groups)}. "
                f"Got unknown names {unknown} and no strength for {missing}."
            )
        named = {name: strengths[name] for name in groups}
    else:
        named = dict.fromkeys(groups, strengths)
    for name, value in named.items():
        if not isinstance(value, Real) or not 0 <= value < float("inf"):
            raise ValueError(
                f"strengths must be finite numbers and at least 0. Got {value!r} for {name!r}."
            )
    return {name: float(value) for name, value in named.items()}
