"""Which candidate groups are part of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from softeq_sklearn.groups import Group
from softeq_sklearn.groups._subgroups import contained_in


def relations(groups: Mapping[str, Group] | Sequence[Group]) -> tuple[tuple[str, str], ...]:
    """Pairs of candidates of which the first is part of the second.

    Only neighbours are named: with SO(2) in SO(3) and SO(3) in O(3), the pair of SO(2) and O(3) is
    left out (the transitive reduction). Groups with the same elements are named both ways, and
    each has its pairs with the others.

    Parameters
    ----------
    groups : mapping of str to Group, or sequence of Group
        Candidates on spaces of one dimension. A sequence is named by the groups' reprs.

    Returns
    -------
    pairs : tuple of (str, str)
        (smaller, larger), in the order of the candidates. Pairs for which
        :func:`~softeq_sklearn.groups.is_subgroup` does not decide are left out.

    Raises
    ------
    ValueError
        If the groups act on spaces of different dimensions.
    TypeError
        If one is no group.

    Examples
    --------
    >>> from softeq_sklearn.groups import O, SE, SO, Translation
    >>> from softeq_sklearn.inspection import relations
    >>> relations({"about z": O(2).embed(3, axes=(0, 1)), "turns": SO(3), "all": O(3)})
    (('about z', 'all'), ('turns', 'all'))
    >>> relations([SO(3), Translation(3), SE(3)])
    (('SO(3)', 'SE(3)'), ('Translation(3)', 'SE(3)'))
    """
    groups = named(groups)
    within = contained_in(groups)
    return tuple(
        (small, large)
        for small in groups
        for large in groups
        if small in within[large] and not _has_between(small, large, within)
    )


def named(groups: Mapping[str, Group] | Sequence[Group]) -> dict[str, Group]:
    """Return a dictionary of groups; a sequence is named by the reprs."""
    if isinstance(groups, Mapping):
        return dict(groups)
    return {repr(group): group for group in groups}


def _has_between(small: str, large: str, within: dict[str, set[str]]) -> bool:
    """Whether a candidate lies strictly between two."""
    return any(
        small in within[middle] and middle not in within[small] and large not in within[middle]
        for middle in within[large] - {small}
    )
