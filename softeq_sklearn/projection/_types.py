"""The equivariant tensors of one type: solved once, then taken from the cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from softeq_sklearn.groups import Group
from softeq_sklearn.projection._cache import cache
from softeq_sklearn.projection._dense import null_combinations, triangular
from softeq_sklearn.projection._disk import from_disk
from softeq_sklearn.projection._generators import Generators, generators_of
from softeq_sklearn.projection._limits import check_unknowns
from softeq_sklearn.projection._orbits import OrbitSpace
from softeq_sklearn.projection._solver import DenseSpace, fixed_space
from softeq_sklearn.representations._words import COVECTOR, DUAL_POINT, VECTOR, Word

# Letters of features that were divided by powers of their row's size, see `type_basis`.
UNIT, UNIT_DUAL_POINT, SIZE = 3, 4, 5
_PLAIN = {UNIT: VECTOR, UNIT_DUAL_POINT: DUAL_POINT}


def type_basis(word: Sequence[int], group: Group) -> np.ndarray:
    """Return an orthonormal basis of the tensors of one type that a group fixes.

    These are the x with drho(A_i) x = 0 for the Lie algebra generators and rho(h_k) x = x for the
    discrete ones (Finzi et al. 2021, theorem 1). Affine groups act by their linear part; a dual
    Point, letter 0, acts as V* and has to vanish on every translation as well. What is too large
    for dense linear algebra is solved by filtered subspace iteration (Zhou et al. 2006).

    Features may have been divided by a power of the size n of their row. An element rho R of a
    conformal group, R orthogonal, moves them by R alone: letter 3 is an axis of such features, 4
    (last) the dual of such a Point. Letter 5 (last) is an axis of dimension 1 that reads log n.
    To this the element adds log rho, and no linear map W of it is equivariant under a group that
    scales: it had to give W (log n + log rho) = R_out W log n for all n. To all others log n is a
    scalar.

    Parameters
    ----------
    word : sequence of int
        One letter per axis: 1 for V, -1 for its dual, 0 (last) for a dual Point; as in the blocks
        of a representation. Or 3, 4 and 5, for conformal groups.
    group : Group
        The group.

    Returns
    -------
    basis : ndarray of shape (n, rank)
        Read-only, columns orthonormal, rows row-major over the axes of the word; n is d to the
        power of their number, without that of letter 5.

    Raises
    ------
    ProblemTooLargeError
        If no solver can hold the problem, or the basis would be too large.
    ValueError
        If the word is not one or needs a conformal group, or the rank is not clear to working
        precision.
    TypeError
        If `group` is no group.

    See Also
    --------
    cache_info, clear_cache : Results are cached by word and content of the group.

    Examples
    --------
    The matrices that commute with all rotations are multiples of the identity.

    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.projection import type_basis
    >>> abs(type_basis((1, -1), SO(3)).reshape(3, 3)) * 3**0.5
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    word, group = _check_word(word), check_group(group)
    if not {UNIT, UNIT_DUAL_POINT, SIZE}.isdisjoint(word):
        return _basis_of_unit_size(word, group)
    check_unknowns(len(word), group.dim)
    basis = type_space(word, group).basis()
    basis.flags.writeable = False
    return basis


def _basis_of_unit_size(word: Word, group: Group) -> np.ndarray:
    """Return the basis of a word with letters 3, 4 and 5: that of the orthogonal part."""
    part = group.orthogonal_part
    basis = type_basis(tuple(_PLAIN[letter] for letter in word if letter != SIZE), part)
    if SIZE in word and not group.is_orthogonal:
        basis = basis[:, :0]
        basis.flags.writeable = False
    return basis


def check_group(group: Any) -> Group:
    """Return a group; anything else is refused."""
    if not isinstance(group, Group):
        raise TypeError(
            f"'group' must be a Group. Got {group!r} of type {type(group).__name__} instead."
        )
    return group


def type_space(word: Word, group: Group) -> DenseSpace | OrbitSpace:
    """Return the fixed space of a word with letters 1, -1 and possibly a last 0, from the cache."""
    if group.is_orthogonal:
        # V* is V; translations still matter for a dual Point.
        word = tuple(abs(letter) for letter in word)
    if DUAL_POINT in word and not group.is_affine:
        word = word[:-1] + ((VECTOR if group.is_orthogonal else COVECTOR),)
    return cache.get((word, group.key), lambda: from_disk(_solve, word, group))


def _check_word(word: Sequence[int]) -> Word:
    word = tuple(word)
    is_plain = set(word[:-1]) <= {VECTOR, COVECTOR} and set(word) <= {VECTOR, COVECTOR, DUAL_POINT}
    is_unit = set(word[:-1]) <= {UNIT} and set(word) <= {UNIT, UNIT_DUAL_POINT, SIZE}
    if not is_plain and not is_unit:
        raise ValueError(
            "'word' must consist of the letters 1 (V) and -1 (its dual), possibly with a last 0 "
            "(dual Point), or of the letter 3, possibly with a last 4 or 5. "
            f"Got {word!r} instead."
        )
    return word


def _solve(word: Word, group: Group) -> DenseSpace | OrbitSpace:
    generators = generators_of(group)
    if word[-1:] == (DUAL_POINT,):
        if len(generators.translations) == group.dim:
            return DenseSpace(np.zeros((group.dim ** len(word), 0)))
        space = type_space((*word[:-1], COVECTOR), group)
        return _without_translations(word, space, generators)
    order = sorted(range(len(word)), key=lambda axis: -word[axis])
    if order != list(range(len(word))):
        space = type_space(tuple(word[axis] for axis in order), group)
        return _with_axes_back(space, order, group.dim)
    return fixed_space(word, generators)


def _with_axes_back(space: DenseSpace | OrbitSpace, order: list[int], d: int) -> DenseSpace:
    """Return the space with axes in the order of the word; `order` sorted them."""
    basis = space.basis()
    tensors = basis.reshape(*(d,) * len(order), space.rank)
    back = [*np.argsort(order), len(order)]
    return DenseSpace(tensors.transpose(back).reshape(basis.shape))


def _without_translations(
    word: Word, space: DenseSpace | OrbitSpace, generators: Generators
) -> DenseSpace | OrbitSpace:
    """Return the part of a fixed space whose contraction with every translation vanishes.

    Generators are enough: x t = 0 for their translations t and a fixed x gives x A t = 0, too.
    """
    if not len(generators.translations) or not space.rank:
        return space
    basis = space.basis()
    tensors = basis.reshape(-1, generators.dim, space.rank)
    contracted = np.einsum("adr,td->tar", tensors, generators.translations)
    triangle = triangular(contracted.reshape(-1, space.rank))
    return DenseSpace(basis @ null_combinations(triangle, word).T)
