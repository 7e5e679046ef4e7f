"""Group elements as arrays: the matrix A of a linear map, or [A | t] of the map x -> A x + t.

The shape alone says which it is: (..., d, d) or (..., d, d + 1). Elements of the Lie algebra have
the same two shapes. Every function works on one element or on a stack with leading axes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import expm

# What is smaller than this, beside what it is a difference of, is rounding.
_ROUNDING = 1e-10


def as_elements(g: ArrayLike, name: str = "g") -> np.ndarray:
    """Return `g` as float64 of shape (..., d, d) or (..., d, d + 1)."""
    array = np.asarray(g)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"'{name}' must be a real array. Got dtype {array.dtype} instead.")
    if array.ndim < 2 or array.shape[-1] - array.shape[-2] not in (0, 1):
        raise ValueError(
            f"'{name}' must have shape (..., d, d), or (..., d, d + 1) if affine. "
            f"Got shape {array.shape} instead."
        )
    return array.astype(np.float64, copy=False)


def is_affine_shape(g: np.ndarray) -> bool:
    """Whether the array has the shape of affine elements, (..., d, d + 1)."""
    return g.shape[-1] == g.shape[-2] + 1


def identity_elements(n: int, dim: int, affine: bool = False) -> np.ndarray:
    """Return a new stack of `n` identities, shape (n, d, d) or (n, d, d + 1)."""
    return np.tile(np.eye(dim, dim + affine), (n, 1, 1))


def with_translation(linear: np.ndarray, translation: ArrayLike = 0.0) -> np.ndarray:
    """Return [A | t] of shape (..., d, d + 1) from A (..., d, d) and t broadcast to (..., d)."""
    translation = np.broadcast_to(translation, linear.shape[:-1])
    return np.concatenate([linear, translation[..., None]], axis=-1)


def as_affine(g: np.ndarray) -> np.ndarray:
    """Return the affine form [A | t] of elements or Lie algebra elements of either shape."""
    return g if is_affine_shape(g) else with_translation(g)


def linear_part(g: ArrayLike) -> np.ndarray:
    """Return A of x -> A x + t.

    Parameters
    ----------
    g : array-like of shape (..., d, d) or (..., d, d + 1)
        Elements of a linear or an affine group, or of its Lie algebra.

    Returns
    -------
    linear : ndarray of shape (..., d, d)
        A view of `g` where possible.

    Raises
    ------
    ValueError
        If the shape is neither of the two.
    TypeError
        If the entries are not real.

    Examples
    --------
    >>> from softeq_sklearn.groups import linear_part
    >>> linear_part([[0.0, -1.0, 5.0], [1.0, 0.0, 6.0]])
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    g = as_elements(g)
    return g[..., : g.shape[-2]]


def compose(g: ArrayLike, h: ArrayLike) -> np.ndarray:
    """Return g h, the map that applies `h` first.

    (A, s)(B, t) = (A B, A t + s); for linear elements this is ``g @ h``. A linear element composed
    with an affine one gives an affine one.

    Parameters
    ----------
    g, h : array-like of shape (..., d, d) or (..., d, d + 1)
        Leading axes broadcast.

    Returns
    -------
    product : ndarray of shape (..., d, d) or (..., d, d + 1)
        The products.

    Raises
    ------
    ValueError
        If a shape is neither of the two, or the dimensions d differ.
    TypeError
        If the entries are not real.

    Examples
    --------
    >>> from softeq_sklearn.groups import compose
    >>> turn = [[0.0, -1.0], [1.0, 0.0]]
    >>> shift = [[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
    >>> compose(turn, shift)
    array([[ 0., -1.,  0.],
           [ 1.,  0.,  2.]])
    """
    g, h = as_elements(g), as_elements(h, "h")
    if g.shape[-2] != h.shape[-2]:
        raise ValueError(
            "'g' and 'h' must act on spaces of the same dimension. "
            f"Got dimensions {g.shape[-2]} and {h.shape[-2]} instead."
        )
    if not is_affine_shape(g):
        return g @ h
    h = as_affine(h)
    product = linear_part(g) @ h
    product[..., -1] += g[..., -1]
    return product


def inverse(g: ArrayLike) -> np.ndarray:
    """Return the inverse element: A^-1, or [A^-1 | -A^-1 t].

    Parameters
    ----------
    g : array-like of shape (..., d, d) or (..., d, d + 1)
        Elements.

    Returns
    -------
    inverse : ndarray of shape (..., d, d) or (..., d, d + 1)
        Their inverses.

    Raises
    ------
    ValueError
        If the shape is neither of the two.
    TypeError
        If the entries are not real.
    numpy.linalg.LinAlgError
        If a linear part is singular.

    Examples
    --------
    >>> from softeq_sklearn.groups import compose, inverse
    >>> g = [[0.0, -1.0, 2.0], [1.0, 0.0, 0.0]]
    >>> compose(g, inverse(g)) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    g = as_elements(g)
    linear = np.linalg.inv(linear_part(g))
    if not is_affine_shape(g):
        return linear
    return with_translation(linear, -(linear @ g[..., -1:])[..., 0])


def exponential(A: ArrayLike) -> np.ndarray:
    """Return exp(A), the group element that the Lie algebra element `A` generates.

    Affine elements are exponentiated as the matrices [[A, t], [0, 0]].

    Parameters
    ----------
    A : array-like of shape (..., d, d) or (..., d, d + 1)
        Elements of a Lie algebra. Those of rotations are skew, with angles in radians.

    Returns
    -------
    g : ndarray of shape (..., d, d) or (..., d, d + 1)
        Elements of the group.

    Raises
    ------
    ValueError
        If the shape is neither of the two.
    TypeError
        If the entries are not real.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.groups import exponential
    >>> np.round(exponential([[0.0, -np.pi / 2], [np.pi / 2, 0.0]]), 12) + 0.0
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    A = as_elements(A, "A")
    if A.size == 0:
        return A.copy()
    if not is_affine_shape(A):
        return expm(A)
    return expm(homogeneous(A, corner=0.0))[..., :-1, :]


def homogeneous(g: np.ndarray, corner: float = 1.0) -> np.ndarray:
    """Write affine elements, or those of their Lie algebra, as matrices of one row more."""
    if not is_affine_shape(g):
        return g
    row = np.zeros((*g.shape[:-2], 1, g.shape[-1]))
    row[..., -1] = corner
    return np.concatenate([g, row], axis=-2)


def unit_generators(A: np.ndarray) -> np.ndarray:
    """Divide elements of a Lie algebra, shape (n, d, d + affine), by their sizes.

    The size is the largest entry of the linear part or, where that is zero, of the translation;
    what is zero stays. The size of a generator means nothing: thresholds are for those of size 1.
    """
    sizes = np.abs(linear_part(A)).max(axis=(1, 2), initial=0.0)
    sizes = np.where(sizes > 0, sizes, np.abs(A).max(axis=(1, 2), initial=0.0))
    return A / np.where(sizes > 0, sizes, 1.0)[:, None, None]


def sampled_generators(A: np.ndarray) -> np.ndarray:
    """Return a basis of a Lie algebra that does not depend on where the origin is.

    Turns about two points differ by a translation, and a turn about a far point is little but one.
    So pure translations are taken out of all generators with a linear part, which are combined
    until their linear parts are independent of each other, where translations are left. Generators
    of the named families come back as they are.

    Parameters
    ----------
    A : ndarray of shape (n, d, d) or (n, d, d + 1)
        Elements of a Lie algebra.

    Returns
    -------
    ndarray of shape (n, d, d) or (n, d, d + 1)
        Of size 1, as those of :func:`unit_generators`.
    """
    A = unit_generators(A)
    turns = linear_part(A).any(axis=(1, 2))
    if not is_affine_shape(A) or not A[turns, :, -1].any():
        return A
    own, moves = _split(A[turns])
    moves = unit_generators(np.concatenate([A[~turns], moves]))
    _, lengths, directions = np.linalg.svd(moves[:, :, -1], full_matrices=False)
    pure = directions[lengths > _ROUNDING]
    left = own[:, :, -1] - (own[:, :, -1] @ pure.T) @ pure
    left[np.abs(left) <= _ROUNDING * np.abs(A[turns, :, -1]).max()] = 0.0
    return np.concatenate([unit_generators(with_translation(linear_part(own), left)), moves])


def _split(A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return combinations of the same span: of independent linear parts, and pure translations."""
    combined, sizes, _ = np.linalg.svd(linear_part(A).reshape(len(A), -1))
    rank = np.count_nonzero(sizes > _ROUNDING * sizes[0])
    leading = np.abs(combined).argmax(axis=0)  # whose sign is positive: one generator stays itself
    combined = combined * np.sign(combined[leading, np.arange(len(A))])
    mixed = np.tensordot(combined.T, A, 1)
    own, moves = mixed[:rank], mixed[rank:]
    linear_part(moves)[:] = 0.0
    moves[np.abs(moves) <= _ROUNDING * np.abs(A[:, :, -1]).max()] = 0.0
    return own, moves


def translation_unit(g: np.ndarray) -> float:
    """Return a power of 2 of the size of the largest translation of a stack, 1 if there is none.

    The unit of length of the user is arbitrary, so that translations are compared in this one.
    """
    if not is_affine_shape(g):
        return 1.0
    largest = np.abs(g[..., -1]).max(initial=0.0)
    # At most 2^1000, so that 1 / unit is a number too.
    return float(np.ldexp(1.0, np.clip(np.frexp(largest)[1], -1000, 1000))) if largest else 1.0


def with_unit(g: np.ndarray, unit: float) -> np.ndarray:
    """Write translations in another unit of length; without rounding if it is a power of 2."""
    if not is_affine_shape(g) or unit == 1.0:
        return g
    return with_translation(linear_part(g), g[..., -1] / unit)
