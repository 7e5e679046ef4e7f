"""A dense orthonormal basis of the equivariant subspace, in the user's columns."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups import Group
from softeq_sklearn.projection._limits import USE_THE_PROJECTOR, check_dense
from softeq_sklearn.projection._projector import Part, equivariant_parts
from softeq_sklearn.projection._types import check_group
from softeq_sklearn.representations import Rep, as_representation


def equivariant_basis(rep: Rep | str, group: Group) -> np.ndarray:
    """Return an orthonormal basis of the vectors that a group fixes.

    In a hom space these are the equivariant maps: the solutions of the constraints of EMLP (Finzi
    et al. 2021, theorem 1), one for each generator.

    Parameters
    ----------
    rep : Rep or str
        A representation, often a hom space ``rep_in >> rep_out``.
    group : Group
        The group.

    Returns
    -------
    basis : ndarray of shape (dim, rank)
        Orthonormal columns; the rows follow the columns of `rep`.

    Raises
    ------
    ProblemTooLargeError
        If no solver can hold one of the tensor types, or the basis would be too large.
    ValueError
        If `rep` has Points and the group translations: what those fix is not a linear space; or if
        a rank is not clear to working precision.
    TypeError
        If `rep` is no representation, or `group` no group.

    Examples
    --------
    >>> from softeq_sklearn.groups import O
    >>> from softeq_sklearn.projection import equivariant_basis
    >>> from softeq_sklearn.representations import Scalar, Vector
    >>> basis = equivariant_basis(Scalar + Vector >> Scalar + Vector, O(3))
    >>> basis.shape
    (16, 2)
    """
    rep, group = as_representation(rep), check_group(group)
    parts = equivariant_parts(rep, group)
    n_columns, rank = rep.dim(group), sum(part.rank for part in parts)
    check_dense("The basis", n_columns, rank, USE_THE_PROJECTOR)
    basis, start = np.zeros((n_columns, rank)), 0
    for part in parts:
        _fill(basis[:, start : start + part.rank], part)
        start += part.rank
    return basis


def _fill(columns: np.ndarray, part: Part) -> None:
    """Write the basis vectors of every copy of a type: copies, then modes, then basis vectors."""
    blocks = [
        np.einsum("qp,nr->qrpn", modes, space.basis()).reshape(-1, *part.index.shape[1:])
        for modes, space in part.spaces
    ]
    vectors = np.concatenate(blocks)
    for i, index in enumerate(part.index):
        here = slice(i * len(vectors), (i + 1) * len(vectors))
        columns[index, here] = vectors.transpose(1, 2, 0)
