"""The candidate groups that a user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from softeq_sklearn.groups import Group


def named_groups(groups):
    """Candidate groups as a dict from name to group.

    Parameters
    ----------
    groups : sequence of Group, or mapping of str to Group
        A sequence is named by the groups' names, where they have some, or reprs.

    Returns
    -------
    dict of str to Group

    Raises
    ------
    TypeError
        If `groups` or one of its entries is of another type.
    ValueError
        If the groups act on spaces of different dimension, or one stands twice.
    """
    if isinstance(groups, Group):
        raise TypeError(
            "groups must be a sequence or a mapping of groups. "
            f"Got the single group {groups!r}; write groups=[{groups!r}]."
        )
    if isinstance(groups, Mapping):
        named = dict(groups)
    elif isinstance(groups, Sequence) and not isinstance(groups, str):
        named = {getattr(group, "name", None) or repr(group): group for group in groups}
        if len(named) < len(groups):
            raise ValueError(f"groups must be different from each other. Got {groups!r}.")
    else:
        raise TypeError(
            "groups must be a sequence or a mapping of groups, such as [SO(3), O(3)]. "
            f"Got {groups!r}."
        )
    for name, group in named.items():
        if not isinstance(name, str):
            raise TypeError(f"The names of groups must be strings. Got {name!r}.")
        if not isinstance(group, Group):
            raise TypeError(
                f"groups must hold Group objects, such as SO(3). Got {group!r}"
                + (f" for {name!r}." if isinstance(groups, Mapping) else ".")
            )
    dims = {name: group.dim for name, group in named.items()}
    if len(set(dims.values())) > 1:
        raise ValueError(
            "groups must all act on a space of the same dimension (see Group.embed). "
            f"Got the dimensions {dims}."
        )
    return named
