"""Which elements of a group an average or an augmentation takes."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups import SO, C, D, Group, O
from softeq_sklearn.groups._composed import EmbeddedGroup
from softeq_sklearn.groups._finite import all_elements


def unembedded(group: Group) -> tuple[Group, tuple[int, ...]]:
    """Return the group that was embedded, however often, and the axes of V that it acts on.

    Examples
    --------
    >>> unembedded(O(2).embed(3, axes=(2, 0)).embed(4, axes=(1, 2, 3)))
    (O(2), (3, 1))
    """
    axes = tuple(range(group.dim))
    while isinstance(group, EmbeddedGroup):
        axes = tuple(axes[axis] for axis in group.axes)
        group = group.parent
    return group, axes


def evenly_spaced(group: Group, n_elements: int) -> np.ndarray | None:
    """Return at most `n_elements` rotations of the plane by equal angles, with their reflections.

    None if the group is not SO(2) or O(2), perhaps embedded, or if they do not fit. They are a
    subgroup, so that an average over them is exactly equivariant under it.

    Examples
    --------
    >>> evenly_spaced(O(2), 8).shape
    (8, 2, 2)
    """
    plane, axes = unembedded(group)
    if plane == SO(2):
        subgroup = C(n_elements)
    elif plane == O(2) and n_elements >= 2:
        subgroup = D(n_elements // 2)
    else:
        return None
    return all_elements(subgroup.embed(group.dim, axes), n_elements)


def averaged_elements(
    group: Group, n_elements: int, rng: np.random.RandomState
) -> tuple[np.ndarray, bool]:
    """Return the elements of an average over the group, and whether they are the whole group."""
    elements = all_elements(group, n_elements)
    if elements is not None:
        return elements, True
    elements = evenly_spaced(group, n_elements)
    return (group.sample(n_elements, rng) if elements is None else elements), False
