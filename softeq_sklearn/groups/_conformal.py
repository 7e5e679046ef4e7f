"""Conformal matrices, a positive factor times an orthogonal matrix, and their orthogonal parts."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups._elements import (
    is_affine_shape,
    linear_part,
    translation_unit,
    unit_generators,
    with_translation,
    with_unit,
)


def are_conformal(lie_algebra: np.ndarray, discrete: np.ndarray, tol: float) -> bool:
    """Tell whether generators of a linear group generate conformal matrices only.

    Parameters
    ----------
    lie_algebra : ndarray of shape (n, d, d)
        Generators A_i; conformal if A_i + A_i^T is a multiple of the identity.
    discrete : ndarray of shape (m, d, d)
        Generators h_k; conformal if h_k^T h_k is.
    tol : float
        Largest entry that may be off, relative to the largest of A_i, of each on its own, and of
        h_k^T h_k / s^2.

    Returns
    -------
    bool
    """
    skew = _without_rate(unit_generators(lie_algebra))
    symmetric = skew + _transposed(skew)
    if _max_entry(symmetric) > tol:
        return False
    if not discrete.any(axis=(1, 2)).all():
        return False
    unit = _without_factor(discrete)
    gram = _transposed(unit) @ unit
    identity = np.eye(discrete.shape[-1])
    return _max_entry(gram - identity) <= tol * max(_max_entry(gram), 1.0)


def orthogonal_generators(
    lie_algebra: np.ndarray, discrete: np.ndarray, tol: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return generators of the orthogonal parts of a conformal group, without the trivial ones.

    Parameters
    ----------
    lie_algebra : ndarray of shape (n, d, d) or (n, d, d + 1)
        Generators A_i of a conformal group, or [A_i | t_i].
    discrete : ndarray of shape (m, d, d) or (m, d, d + 1)
        Generators h_k, or [h_k | t_k].
    tol : float
        A generator that differs from that of the identity by no more, relative to its own size
        and the largest translation, is left out.

    Returns
    -------
    lie_algebra, discrete : ndarray
        (A_i - c I) / size, exactly antisymmetric, and h_k / s; translations stay.
    """
    lie_algebra = unit_generators(lie_algebra)
    skew = _without_rate(linear_part(lie_algebra))
    skew = _with_translations_of(lie_algebra, (skew - _transposed(skew)) / 2)
    unit = _with_translations_of(discrete, _without_factor(linear_part(discrete)))
    is_pure = ~linear_part(lie_algebra).any(axis=(1, 2))
    moves = is_pure & skew.any(axis=(1, 2))
    # Pure translations have no size but their own; others move by so much for a turn by so much.
    moves |= ~is_pure & (_largest(with_unit(skew, translation_unit(skew[~is_pure]))) > tol)
    moved = with_unit(unit, translation_unit(unit)) - np.eye(*unit.shape[1:])
    differs = _largest(moved) > tol
    return skew[moves], unit[differs]


def _without_rate(A: np.ndarray) -> np.ndarray:
    """A - c I with the c that takes the trace away."""
    d = A.shape[-1]
    return A - (np.trace(A, axis1=1, axis2=2) / d)[:, None, None] * np.eye(d)


def _without_factor(h: np.ndarray) -> np.ndarray:
    """Divide by the s that makes the mean of the squared singular values 1."""
    return h / np.sqrt(np.mean(np.sum(h**2, axis=2), axis=1))[:, None, None]


def _with_translations_of(elements: np.ndarray, linear: np.ndarray) -> np.ndarray:
    return with_translation(linear, elements[..., -1]) if is_affine_shape(elements) else linear


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrices, -1, -2)


def _max_entry(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0.0))


def _largest(stack: np.ndarray) -> np.ndarray:
    return np.abs(stack).max(axis=(1, 2), initial=0.0)
