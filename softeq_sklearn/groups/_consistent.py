"""Which groups can hold together while others do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from softeq_sklearn.groups._base import Group
from softeq_sklearn.groups._composed import generated_by
from softeq_sklearn.groups._subgroups import is_subgroup


def consistent(
    names: Iterable[str], denied: Iterable[str], groups: Mapping[str, Group]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Choose groups, one by one, that generate no denied one.

    Two planes that hold generate the third: if that one is denied, one of the two is left out.

    Parameters
    ----------
    names : iterable of str
        Names of the groups to choose from, the surest first.
    denied : iterable of str
        Names of groups that must not be part of what the chosen ones generate.
    groups : mapping of str to Group
        All of them.

    Returns
    -------
    chosen : list of str
    conflicts : list of (str, str)
        Each one that was left out, with a denied one that it would have brought in.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.groups._consistent import consistent
    >>> planes = {"xy": (0, 1), "yz": (1, 2), "xz": (0, 2)}
    >>> groups = {name: SO(2).embed(3, axes=axes) for name, axes in planes.items()}
    >>> consistent(["xy", "yz"], ["xz"], groups)
    (['xy'], [('yz', 'xz')])
    """
    chosen: list[str] = []
    conflicts = []
    for name in names:
        group = generated_by(*(groups[other] for other in [*chosen, name]))
        reached = [other for other in denied if is_subgroup(groups[other], group)]
        conflicts += [(name, other) for other in reached]
        if not reached:
            chosen.append(name)
    return chosen, conflicts
