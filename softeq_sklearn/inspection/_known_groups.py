"""The name of a group that is given by generators, where it has one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from softeq_sklearn.groups import (
    GL,
    O11,
    O13,
    SE,
    SL,
    SO,
    SO13,
    C,
    D,
    E,
    Group,
    O,
    S,
    Scaling,
    SO11p,
    SO13p,
    Sp,
    Translation,
    Trivial,
    Z,
    generated_by,
    is_same_group,
)
from softeq_sklearn.groups._frame import Frame
from softeq_sklearn.groups._lie_closure import lie_algebra_closure

# Families with n^2 generators are not built in higher dimensions, and in those above the second
# number no axes are tried one by one.
_MAX_DIM, _MAX_EMBEDDED_DIM = 12, 5


def known_group(group: Group) -> Group | None:
    """Return the named group with the same elements, None if there is none.

    Parameters
    ----------
    group : Group

    Returns
    -------
    known : Group or None
        A named family, also on some of the axes, or one with scalings.

    Examples
    --------
    >>> from softeq_sklearn.groups import O, Translation, generated_by
    >>> from softeq_sklearn.inspection._known_groups import known_group
    >>> planes = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2))]
    >>> known_group(generated_by(*planes))
    O(3)
    >>> known_group(generated_by(*planes, Translation(3)))
    E(3)
    """
    # Generators that generate an infinite group without a Lie algebra say nothing on its size.
    framed = Frame.of([group]).group(group) if group.is_affine else group
    size = len(lie_algebra_closure(framed)) if group._finite_part is not None else None
    for known in _families(group):
        if size in (None, len(known.lie_algebra)) and is_same_group(group, known):
            return known
    return None


def _families(group: Group) -> Iterator[Group]:
    d = group.dim
    yield Trivial(d)
    if d == 2 and group.order:
        yield from (C(group.order), D(max(1, group.order // 2)))
    yield from (S(d), Z(d))
    if d > _MAX_DIM:
        return
    yield from _on_all_axes(d, group.is_affine)
    if d <= _MAX_EMBEDDED_DIM:
        for n in range(d - 1, 0, -1):
            for axes in combinations(range(d), n):
                for parent in _on_some_axes(n, group.is_affine):
                    yield parent.embed(d, axes)


def _on_all_axes(d: int, affine: bool) -> Iterator[Group]:
    scaling = Scaling(d)
    if affine:
        translations = Translation(d)
        yield from (translations, SE(d), E(d))
        for linear in (scaling, generated_by(SO(d), scaling), generated_by(O(d), scaling)):
            yield generated_by(linear, translations)
        yield from (generated_by(SL(d), translations), generated_by(GL(d), translations))
        return
    yield from (SO(d), O(d), scaling, generated_by(SO(d), scaling), generated_by(O(d), scaling))
    yield from (SL(d), GL(d))
    if d % 2 == 0:
        yield Sp(d // 2)
    if d == 2:
        yield from (SO11p(), O11())
    if d == 4:
        yield from (SO13p(), SO13(), O13())


def _on_some_axes(n: int, affine: bool) -> Iterator[Group]:
    if affine:
        yield from (Translation(n), SE(n), E(n))
    else:
        yield from (SO(n), O(n))
