"""About which point an affine group acts.

An element x -> h x + t moves x by (h - I) x + t, a generator [A | t] with velocity A x + t: both
are displacements M x + s. A group acts about c if, for all generators,

    M c + s in T,

where T is a space that the group maps to itself: what the group translates by, such as all of V
for SE(n), the steps of a lattice, the axis of a screw. The smallest such T is found in two steps.
It holds the pure translations (M = 0) and all that M makes of them. Modulo these the c of least
squares leaves a rest of M c + s, which no other c takes away; T is the smallest space that holds
this rest, too, and that the group maps to itself. For groups with shears, whose fixed vectors have
no invariant complement, this T may be too large or depend on the generators.

If every s is in T, the origin is as good as c. If not, W x + b with W x = x modulo T and b = -W c
is equivariant, although W s is not 0 and b is not fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from softeq_sklearn.groups._elements import as_affine, linear_part, unit_generators

if TYPE_CHECKING:
    from softeq_sklearn.groups._base import Group

# Translations below this size, relative to the largest, are rounding.
_TOLERANCE = 1e-8
# Elements this close to the identity are pure translations.
_IDENTITY = 1e-12


def centre_of(group: Group) -> np.ndarray | None:
    """Return the point about which a group acts, None if the origin is one.

    Parameters
    ----------
    group : Group
        Linear or affine.

    Returns
    -------
    centre : ndarray of shape (d,) or None
        That of least squares, the nearest to the origin.

    Examples
    --------
    >>> from softeq_sklearn.groups import SE, MatrixGroup
    >>> from softeq_sklearn.groups._centre import centre_of
    >>> quarter_turn = MatrixGroup(discrete_generators=[[[0, -1, 4], [1, 0, -2]]])
    >>> centre_of(quarter_turn)
    array([3., 1.])
    >>> centre_of(SE(2)) is None
    True
    """
    if not group.is_affine:
        return None
    moves = displacements(group)
    M, s = linear_part(moves), moves[:, :, -1]
    turns = M.any(axis=(1, 2))
    if not s[turns].any():
        return None
    s[turns] /= np.abs(s[turns]).max()  # the unit of length means nothing
    covered = _invariant_span(s[~turns], M)
    _, rest = _least_squares(M[turns], s[turns], covered)
    covered = _invariant_span(np.concatenate([s[~turns], rest]), M)
    outside = s - (s @ covered.T) @ covered
    if np.abs(outside).max(initial=0.0) <= _TOLERANCE:
        return None
    s = displacements(group)[:, :, -1]
    return _least_squares(M[turns], s[turns], covered)[0] + 0.0


def centre_rule(group: Group) -> str | None:
    """Return why the linear layers of a network cannot know a group, None if they can.

    They ask W s = 0 of the weight and that the group fixes the bias, each on its own.
    """
    centre = centre_of(group)
    if centre is None:
        return None
    centre = np.where(np.abs(centre) > _TOLERANCE * np.abs(centre).max(), centre, 0.0)
    return (
        "group must act on Points about the origin, but for its own translations, since weights "
        "and biases of linear layers are constrained apart; this one acts about "
        f"{[float(f'{x:.6g}') for x in centre]}. Subtract this centre from the Points and use the "
        "group about the origin."
    )


def check_centre(group: Group) -> None:
    """Refuse a group that acts on Points about another centre than the origin.

    Parameters
    ----------
    group : Group
        Linear or affine.

    Raises
    ------
    ValueError
        If it does.
    """
    rule = centre_rule(group)
    if rule is not None:
        raise ValueError(f"{rule} Got {group!r}.")


def common_centre(groups: Sequence[Group]) -> np.ndarray:
    """Return the point that all generators of some groups move least, by least squares.

    Pure translations have no say.
    """
    moves = np.concatenate([displacements(group) for group in groups])
    moves = moves[linear_part(moves).any(axis=(1, 2))]
    return _least_squares(linear_part(moves), moves[:, :, -1], np.empty((0, moves.shape[1])))[0]


def displacements(group: Group) -> np.ndarray:
    """Return [M | s] of all generators, those with M of size 1, and pure translations of size 1."""
    h = as_affine(group.discrete_generators) - np.eye(group.dim, group.dim + 1)
    linear_part(h)[np.abs(linear_part(h)).max(axis=(1, 2), initial=0.0) <= _IDENTITY] = 0.0
    return unit_generators(np.concatenate([as_affine(group.lie_algebra), h]))


def _least_squares(
    M: np.ndarray, s: np.ndarray, covered: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the c for which M c + s is smallest modulo a space, and what it leaves."""
    size = np.abs(s).max(initial=0.0) or 1.0
    outside = np.eye(M.shape[-1]) - covered.T @ covered
    M, s = outside @ M, (s / size) @ outside
    centre = np.linalg.lstsq(M.reshape(-1, M.shape[-1]), -s.reshape(-1), rcond=_TOLERANCE)[0]
    return size * centre, size * (M @ centre + s)


def _invariant_span(vectors: np.ndarray, M: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the smallest space with the vectors that all M keep."""
    basis = np.empty((0, M.shape[-1]))
    while len(vectors):
        for _ in range(2):
            vectors = vectors - (vectors @ basis.T) @ basis
        _, values, directions = np.linalg.svd(vectors, full_matrices=False)
        new = directions[values > _TOLERANCE]
        basis = np.concatenate([basis, new])
        vectors = np.einsum("nij,kj->nki", M, new).reshape(-1, M.shape[-1])
    return basis
