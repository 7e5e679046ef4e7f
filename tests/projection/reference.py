"""Ranks of equivariant subspaces by two other ways, sharing no code with the package.

Dense matrices of all constraints with a singular value decomposition, and closed forms: from the
representation theory of the classical groups (Schur-Weyl duality) or by counting. And the table of
groups on which both are compared with the package.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, reduce
from math import comb, factorial, prod

import numpy as np

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
    generated_by,
)

# Dense constraints


def on_group(word, A):
    """Matrix of a group element on the tensors of a word."""
    return reduce(np.kron, (A if letter == 1 else np.linalg.inv(A).T for letter in word), np.eye(1))


def on_algebra(word, A):
    """Matrix of a Lie algebra element on the tensors of a word."""
    d, k = len(A), len(word)
    total = np.zeros((d**k, d**k))
    for axis, letter in enumerate(word):
        own = A if letter == 1 else -A.T
        total += np.kron(np.kron(np.eye(d**axis), own), np.eye(d ** (k - 1 - axis)))
    return total


def constraints(word, group):
    """One matrix for each generator, zero on what it fixes; affine groups by their linear part."""
    d = group.dim
    for A in group.lie_algebra:
        yield on_algebra(word, A[:, :d])
    for h in group.discrete_generators:
        yield on_group(word, h[:, :d]) - np.eye(d ** len(word))


def singular_values(matrices, n):
    """The n singular values of stacked matrices, one matrix at a time to save memory."""
    triangle = np.zeros((0, n))
    for matrix in matrices:
        triangle = np.linalg.qr(np.concatenate([triangle, matrix]), mode="r")
    values = np.linalg.svd(triangle, compute_uv=False) if len(triangle) else np.zeros(0)
    return np.append(values, np.zeros(n - len(values)))


def svd_rank(word, group):
    """Dimension of the null space of all constraints."""
    values = singular_values(constraints(word, group), group.dim ** len(word))
    return int((values <= 1e-8 * max(1.0, values[0])).sum())


def svd_projector(matrix):
    """Orthogonal projector onto the null space of a matrix."""
    _, values, rows = np.linalg.svd(matrix)
    rows = rows[: (values > 1e-8 * max(1.0, values.max(initial=0.0))).sum()]
    return np.eye(matrix.shape[1]) - rows.T @ rows


# Closed forms


def partitions(n, largest=None):
    """Partitions of n in decreasing order of parts."""
    if n == 0:
        yield ()
        return
    for part in range(min(n, largest or n), 0, -1):
        for rest in partitions(n - part, part):
            yield (part, *rest)


def conjugate(shape):
    """The transposed Young diagram."""
    return tuple(sum(row > j for row in shape) for j in range(shape[0])) if shape else ()


def standard_tableaux(shape):
    """Number of standard Young tableaux of a shape, by the hook length formula."""
    columns = conjugate(shape)
    hooks = (shape[i] - j + columns[j] - i - 1 for i in range(len(shape)) for j in range(shape[i]))
    return factorial(sum(shape)) // prod(hooks)


def count_shapes(k, n, condition):
    """Sum over shapes with k boxes and at most n rows that satisfy a condition of the tableaux."""
    shapes = (s for s in partitions(k) if len(s) <= n and condition(s))
    return sum(map(standard_tableaux, shapes))


def orthogonal(n):
    """O(n): shapes with even rows."""
    return lambda p, q: count_shapes(p + q, n, lambda s: not any(row % 2 for row in s))


def special_orthogonal(n):
    """SO(n): also shapes of n odd rows."""

    def has_equal_parity(shape):
        return len({row % 2 for row in (*shape, *(0,) * (n - len(shape)))}) == 1

    return lambda p, q: count_shapes(p + q, n, has_equal_parity)


def symplectic(m):
    """Sp(m) on R^(2 m): shapes with even columns."""
    return lambda p, q: count_shapes(
        p + q, 2 * m, lambda s: not any(column % 2 for column in conjugate(s))
    )


def general_linear(n, special=False):
    """GL(n): pairs of tableaux of one shape. SL(n): shapes that differ by columns of length n."""

    def rank(p, q):
        if not special and p != q or (p - q) % n:
            return 0
        shift = (p - q) // n
        total = 0
        for shape in partitions(q):
            rows = [row + shift for row in (*shape, *(0,) * (n - len(shape)))]
            if len(shape) <= n and min(rows) >= 0:
                other = tuple(row for row in rows if row)
                total += standard_tableaux(shape) * standard_tableaux(other)
        return total

    return rank


def symmetric(n):
    """S(n): partitions of the axes into at most n blocks, restricted Bell numbers."""

    @cache
    def stirling(k, j):
        if k == 0 or j == 0:
            return int(k == j)
        return j * stirling(k - 1, j) + stirling(k - 1, j - 1)

    return lambda p, q: sum(stirling(p + q, j) for j in range(min(p + q, n) + 1))


def cyclic_permutations(n):
    """Z(n): only the identity fixes an index."""
    return lambda p, q: n ** max(p + q - 1, 0)


def plane_rotations(order):
    """C(order): as many turns forward as backward, up to multiples of the order."""
    return lambda p, q: sum(
        comb(p + q, j) for j in range(p + q + 1) if (2 * j - p - q) % order == 0
    )


def dihedral(order):
    """D(order): reflections have trace 0."""
    return lambda p, q: (plane_rotations(order)(p, q) + (p + q == 0)) // 2


def plane_turns(p, q):
    """SO(2) in the plane: central binomial coefficients."""
    return 0 if (p + q) % 2 else comb(p + q, (p + q) // 2)


def reflection(n):
    """Half the sum of the traces of the identity and of a reflection."""
    return lambda p, q: (n ** (p + q) + (n - 2) ** (p + q)) // 2


def trivial(n):
    """Everything is fixed."""
    return lambda p, q: n ** (p + q)


def scaling(n):
    """Everything is fixed by a factor s^p s^-q if p = q."""
    return lambda p, q: n ** (2 * p) if p == q else 0


def with_fixed_axes(n_fixed, rank):
    """A group embedded beside axes that it leaves alone: choose which tensor axes it moves."""
    return lambda p, q: sum(
        comb(p, i) * comb(q, j) * n_fixed ** (p + q - i - j) * rank(i, j)
        for i, j in itertools.product(range(p + 1), range(q + 1))
    )


def mean_character(group):
    """A finite group: the mean over its elements of tr(g)^p tr(g^-1)^q."""

    @cache
    def traces():
        found = {}
        frontier = [np.eye(group.dim)]
        while frontier:
            g = frontier.pop()
            key = np.round(g, 6).tobytes()
            if key not in found:
                found[key] = (np.trace(g), np.trace(np.linalg.inv(g)))
                frontier += [np.round(g @ h, 12) + 0.0 for h in group.discrete_generators]
        return np.array(list(found.values())).T

    return lambda p, q: round(float((traces()[0] ** p * traces()[1] ** q).mean()))


# The table


@dataclass(frozen=True)
class Case:
    """A group, and the rank of T(p, q) in closed form if one is known."""

    group: Group
    rank: Callable[[int, int], int] | None = None

    def types(self, max_unknowns, max_order=12):
        """All (p, q) with p <= max_order axes that fit."""
        d = self.group.dim
        for k in range(max_order + 1):
            if d**k <= max_unknowns:
                yield from ((p, k - p) for p in range(k, -1, -1))


SKEW = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -0.3], [0.2, 0.0, 2.0]])


def in_skew_basis(matrices):
    """The same group in another, not orthogonal basis."""
    return [SKEW @ M @ np.linalg.inv(SKEW) for M in matrices]


CUBE_OF_AXES = [[[0, 1, 0], [-1, 0, 0], [0, 0, 1]], [[0, 0, 1], [1, 0, 0], [0, 1, 0]]]

CASES = [
    *(Case(SO(n), special_orthogonal(n)) for n in (1, 2, 3, 4, 5)),
    *(Case(O(n), orthogonal(n)) for n in (1, 2, 3, 4, 5)),
    *(Case(SL(n), general_linear(n, special=True)) for n in (1, 2, 3, 4)),
    *(Case(GL(n), general_linear(n)) for n in (1, 2, 3, 4)),
    *(Case(Scaling(n), scaling(n)) for n in (1, 2, 3)),
    *(Case(Sp(m), symplectic(m)) for m in (1, 2, 3)),
    *(Case(Trivial(n), trivial(n)) for n in (1, 2, 3)),
    Case(Reflection(1), reflection(1)),
    Case(Reflection(2, axis=1), reflection(2)),
    Case(Reflection(3), reflection(3)),
    Case(Reflection(3, axis=2), reflection(3)),
    *(Case(C(k), plane_rotations(k)) for k in (1, 2, 3, 4, 5, 6, 8)),
    *(Case(D(k), dihedral(k)) for k in (1, 3, 4, 5, 6, 8)),
    *(Case(S(n), symmetric(n)) for n in (1, 2, 3, 4, 5, 7, 12)),
    *(Case(Z(n), cyclic_permutations(n)) for n in (1, 2, 3, 4, 6)),
    # The Lorentz groups are dense, in the sense of polynomials, in complex orthogonal groups.
    Case(SO11p(), special_orthogonal(2)),
    Case(O11(), orthogonal(2)),
    Case(SO13p(), special_orthogonal(4)),
    Case(SO13(), special_orthogonal(4)),
    Case(O13(), orthogonal(4)),
    Case(Cube(), mean_character(Cube())),
    Case(RubiksCube(), lambda p, q: {0: 1, 1: 2}[p + q]),
    # Affine groups act on tensors by their linear part.
    Case(Translation(2), trivial(2)),
    Case(SE(2), special_orthogonal(2)),
    Case(SE(3), special_orthogonal(3)),
    Case(E(3), orthogonal(3)),
    # Embedded, generated, and given by matrices.
    Case(SO(2).embed(3, axes=(0, 1)), with_fixed_axes(1, plane_turns)),
    Case(SO(2).embed(3, axes=(2, 0)), with_fixed_axes(1, plane_turns)),
    Case(O(2).embed(3, axes=(1, 2)), with_fixed_axes(1, orthogonal(2))),
    Case(Scaling(2).embed(3, axes=(0, 2)), with_fixed_axes(1, scaling(2))),
    Case(S(3).embed(5, axes=(4, 0, 2)), with_fixed_axes(2, symmetric(3))),
    Case(D(5).embed(3, axes=(2, 1)), with_fixed_axes(1, dihedral(5))),
    Case(generated_by(SO(2), Reflection(2)), orthogonal(2)),
    Case(
        generated_by(SO(2).embed(3, axes=(0, 1)), SO(2).embed(3, axes=(1, 2))),
        special_orthogonal(3),
    ),
    Case(generated_by(SO(3), Scaling(3)), lambda p, q: special_orthogonal(3)(p, q) * (p == q)),
    Case(generated_by(C(4), D(6)), dihedral(12)),
    Case(
        generated_by(SO(3).embed(4, axes=(1, 2, 3)), Translation(4)),
        with_fixed_axes(1, special_orthogonal(3)),
    ),
    Case(MatrixGroup(lie_algebra=in_skew_basis(SO(3).lie_algebra)), special_orthogonal(3)),
    Case(
        MatrixGroup(
            lie_algebra=in_skew_basis(O(3).lie_algebra),
            discrete_generators=in_skew_basis(O(3).discrete_generators),
        ),
        orthogonal(3),
    ),
    Case(
        MatrixGroup(
            discrete_generators=in_skew_basis(D(3).embed(3, axes=(0, 1)).discrete_generators)
        ),
        with_fixed_axes(1, dihedral(3)),
    ),
    Case(
        MatrixGroup(discrete_generators=CUBE_OF_AXES),
        mean_character(MatrixGroup(discrete_generators=CUBE_OF_AXES)),
    ),
    Case(MatrixGroup(lie_algebra=[[[0.0, 1.0], [0.0, 0.0]]], name="shears")),
    Case(MatrixGroup(discrete_generators=[[[2.0, 1.0], [1.0, 1.0]]])),
    Case(MatrixGroup(lie_algebra=[[[0, -1, 0], [1, 0, 0], [0, 0, 0.5]]], name="screw")),
]
