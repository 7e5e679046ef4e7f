"""The group under which a soft network is exactly equivariant."""

from __future__ import annotations

from softeq_sklearn.groups import Group, is_subgroup


def with_exact_group(groups, exact_group, parameter="exact_group"):
    """Look the exact group up among the candidates, or let it join them.

    Parameters
    ----------
    groups : dict of str to Group
        The candidates.
    exact_group : str, Group or None
        Name of a candidate, or a group.
    parameter : str, default="exact_group"
        Name of the parameter, for messages.

    Returns
    -------
    groups : dict of str to Group
        The candidates, with the exact group.
    name : str or None
        Its name.

    Raises
    ------
    ValueError
        If no candidate has the name, or the group acts on another space.
    """
    if exact_group is None:
        return groups, None
    if not isinstance(exact_group, Group):
        if exact_group not in groups:
            raise ValueError(
                f"{parameter} must be a group or one of {list(groups)}. Got {exact_group!r}."
            )
        return groups, exact_group
    dims = {group.dim for group in groups.values()}
    if not dims <= {exact_group.dim}:
        raise ValueError(
            f"{parameter} must act on the space of the groups, of dimension {dims.pop()}. "
            f"Got {exact_group!r}, of dimension {exact_group.dim}."
        )
    for name, group in groups.items():
        if group == exact_group:
            return groups, name
    name = repr(exact_group)
    if name in groups:
        raise ValueError(
            f"{parameter} must not have the name of another candidate. Got {exact_group!r}."
        )
    return {**groups, name: exact_group}, name


def held_exactly(groups, exact):
    """Names of the exact group and of the candidates that it contains.

    A penalty of these is zero but for rounding errors, which a ratio of penalties must not see.

    Parameters
    ----------
    groups : dict of str to Group
        The candidates.
    exact : str or None
        Name of the exact group.

    Returns
    -------
    list of str
    """
    if exact is None:
        return []
    return [
        name for name, group in groups.items() if name == exact or is_subgroup(group, groups[exact])
    ]
