"""What the laws are tried on: groups of every kind, those of users among them, all small."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import strategies as st

from softeq_sklearn.groups import (
    GL,
    O11,
    O13,
    SE,
    SL,
    SO,
    SO13,
    C,
    Cube,
    D,
    E,
    Group,
    MatrixGroup,
    O,
    Reflection,
    RubiksCube,
    S,
    Scaling,
    SO11p,
    SO13p,
    Sp,
    Translation,
    Trivial,
    Z,
    exponential,
    generated_by,
)
from softeq_sklearn.groups._centre import centre_of
from softeq_sklearn.representations import Point
from softeq_sklearn.testing import groups, representations

seeds = st.integers(0, 2**32 - 1)

# The second ones do nothing on the line.
_FAMILIES = [O, GL, Scaling, Trivial, Reflection, Translation, E]
_FROM_THE_PLANE_ON = [SO, SL, S, Z, SE]
# Every named group; those of high dimension for laws that stay cheap there.
NAMED = [
    *(family(d) for family in _FAMILIES for d in range(1, 6)),
    *(family(d) for family in _FROM_THE_PLANE_ON for d in range(2, 6)),
    *(make(k) for make in (C, D) for k in (1, 2, 3, 4, 5, 6, 8)),
    *(Sp(m) for m in (1, 2, 3)),
    *(SO11p(), O11(), SO13p(), SO13(), O13(), Cube(), RubiksCube()),
]


class Stretches(Group):
    """The diagonal matrices exp(s diag(rates)): a group as a user writes one."""

    def __init__(self, *rates):
        super().__init__(len(rates), np.diag(np.array(rates, dtype=float))[None])
        self.__dict__["rates"] = rates

    @property
    def _arguments(self):
        return self.rates


# Strategies of groups make all of their named groups, which takes longer than most cases.
@cache
def any_groups(max_dim=3, *, min_dim=1, affine=None):
    """Named groups, those of the package's own strategy, and groups as users make them."""
    named = [
        group
        for group in NAMED
        if min_dim <= group.dim <= max_dim and affine in (None, group.is_affine)
    ]
    composed_dims = range(min_dim, min(max_dim, 4) + 1)
    own = st.sampled_from(composed_dims).flatmap(lambda d: _own_groups(d, affine))
    composed = _groups_of_the_package(min_dim, min(max_dim, 4), affine)
    return st.sampled_from(named) | composed | own


@cache
def _groups_of_the_package(min_dim, max_dim, affine):
    return groups(min_dim=min_dim, max_dim=max_dim, affine=affine).filter(_is_cheap)


def groups_of_dimension(d, *, affine=None):
    """The same, for a space of a given dimension."""
    return any_groups(d, min_dim=d, affine=affine)


def acts_about_origin(group):
    """Whether linear layers that read Points know the group; networks refuse all others."""
    return centre_of(group) is None


def elements(group):
    """Elements that move something, as far as there are any; and the identity, now and then."""
    sampled = seeds.map(lambda seed: group.sample(1, seed)[0])
    sizes = np.linalg.norm(group.lie_algebra, ord=2, axis=(1, 2), keepdims=True)
    turns = exponential(group.lie_algebra / np.maximum(sizes, 1e-9))
    identity = np.eye(group.dim, group.dim + group.is_affine)
    special = st.sampled_from([*group.discrete_generators, *turns, identity])
    return (sampled | special).map(np.copy)


@st.composite
def columns(draw, group, max_columns):
    """Representations with Points, which are often there for groups that move them."""
    most = max_columns // group.dim if group.is_affine else 0
    points = draw(st.integers(0, min(3, most))) * Point
    room = max_columns - points.dim(group)
    if not room:
        return points
    others = draw(representations(group, max_columns=room, points=True))
    return draw(st.sampled_from([points + others, others + points]))


@cache
def _own_groups(d, affine):
    rates = st.lists(st.integers(-2, 2), min_size=d, max_size=d)
    linear = [
        _in_another_basis(d),
        _with_own_numbers(d),
        rates.map(lambda r: Stretches(*r)),
        st.just(generated_by(SO(d), Scaling(d))),
    ]
    similar = [generated_by(group, Scaling(d)) for group in (Translation(d), SE(d))]
    moved = [_about_another_centre(d), st.sampled_from(similar)]
    chosen = {None: [linear, moved], False: [linear], True: [moved]}[affine]
    return st.sampled_from([st.one_of(some) for some in chosen]).flatmap(lambda own: own)


@st.composite
def _in_another_basis(draw, d):
    """A named, embedded or generated group in a basis that is not orthogonal."""
    group = draw(_groups_of_the_package(d, d, False))
    basis = np.eye(d) + np.tril(_entries(draw, d), -1)
    basis = basis @ (np.eye(d) + np.triu(_entries(draw, d), 1))
    return _by_generators(group, lambda M: basis @ M @ np.linalg.inv(basis))


@st.composite
def _with_own_numbers(draw, d):
    """A direction and an element with numbers of the user's own, or one of them."""
    A, kind = _entries(draw, d), draw(st.sampled_from(["lie", "discrete", "both"]))
    lie = None if kind == "discrete" else A[None]
    discrete = None if kind == "lie" else _element(A, draw(st.integers(0, 5)))[None]
    return MatrixGroup(lie, discrete)


def _element(A, order):
    """A turn of this order, its axis by A; or, for 0, a map of infinite order."""
    d = len(A)
    skew = A - A.T
    if order and skew.any():
        return exponential(2 * np.pi / order * skew / np.linalg.norm(skew, ord=2))
    stretched = np.eye(d)
    stretched[:2, :2] = [[2.0, 1.0], [1.0, 1.0]] if d > 1 else [[2.0]]
    return stretched


@st.composite
def _about_another_centre(draw, d):
    """An affine group that keeps a point of the user's own."""
    group = draw(_groups_of_the_package(d, d, False))
    centre = draw(st.lists(st.sampled_from([-2.0, 0.0, 0.5, 1.0]), min_size=d, max_size=d))
    lie = [np.column_stack([A, -A @ centre]) for A in group.lie_algebra]
    discrete = [np.column_stack([h, centre - h @ centre]) for h in group.discrete_generators]
    if not lie and not discrete:
        discrete = [np.eye(d, d + 1)]
    return MatrixGroup(lie or None, discrete or None)


def _entries(draw, d):
    numbers = st.sampled_from([0.0, 0.5, -0.5, 1.0, -1.0])
    return np.reshape(draw(st.lists(numbers, min_size=d * d, max_size=d * d)), (d, d))


def _by_generators(group, change):
    """The group of the changed generators; one without generators is as it was."""
    if not len(group.lie_algebra) and not len(group.discrete_generators):
        return group
    lie, discrete = map(change, group.lie_algebra), map(change, group.discrete_generators)
    return MatrixGroup([*lie] or None, [*discrete] or None)


def _is_cheap(group):
    """Whether elements can be drawn at once: not by enumerating thousands before giving up.

    Two turns in different planes, say, generate an infinite group without a Lie algebra.
    """
    h = group.discrete_generators[:, :, : group.dim]
    return not hasattr(group, "parts") or bool((np.abs(h - np.rint(h)) < 1e-12).all())
