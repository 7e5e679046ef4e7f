"""Elements along an orbit: a one-parameter subgroup, or the elements of a finite group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from softeq_sklearn.groups import exponential, linear_part
from softeq_sklearn.groups._elements import identity_elements, translation_unit, with_unit
from softeq_sklearn.groups._finite import enumerate_elements

# Entries of exp(tA) after a full turn differ from the identity by rounding only.
_SAME = 1e-9
# An eigenvalue of a generator smaller than this, relative to its norm, counts as zero.
_ZERO = 1e-9


class OrbitElements(NamedTuple):
    """Elements of a group with a number for each.

    Attributes
    ----------
    t : ndarray of shape (n,)
        Where each element stands on the axis of a picture.
    elements : ndarray of shape (n, d, d) or (n, d, d + 1)
        The elements.
    label : str
        What `t` is.
    is_path : bool
        Whether the elements lie on a curve, in this order.
    """

    t: np.ndarray
    elements: np.ndarray
    label: str
    is_path: bool


def orbit_elements(group, generator, n_points, random_state):
    """Return elements of the group to move a row by.

    Parameters
    ----------
    group : Group
        The group.
    generator : int
        Which element A of ``group.lie_algebra``; 0 for a group without one.
    n_points : int
        Number of elements on a curve, and the largest number of elements of a finite group.
    random_state : int, RandomState instance or None
        Governs which elements of a group without a Lie algebra and with more of them.

    Returns
    -------
    OrbitElements
        For a closed curve exp(tA) a full turn from 0 to 360 degrees; for another curve t from -1
        to 1 over the spectral norm of A; else the elements, the identity first.
    """
    if len(group.lie_algebra):
        return _curve(group.lie_algebra[generator], n_points)
    if group.order is not None and group.order <= n_points:
        return _all_elements(group)
    return OrbitElements(
        np.arange(n_points), group.sample(n_points, random_state), "random element", False
    )


def _curve(A, n_points):
    full_turn = period(A)
    if full_turn is not None:
        share = np.linspace(0.0, 1.0, n_points)
        elements = exponential(full_turn * share[:, None, None] * A)
        return OrbitElements(360 * share, elements, "angle in degrees", True)
    t = np.linspace(-1.0, 1.0, n_points) / (np.linalg.norm(A, ord=2) or 1.0)
    return OrbitElements(t, exponential(t[:, None, None] * A), "t of g = exp(tA)", True)


def period(A):
    """Return the smallest T > 0 with exp(TA) = 1, None if there is none or A = 0.

    It is 2 pi over the smallest positive frequency (imaginary eigenvalue) of A if all others are
    its multiples, which is so for the generators of all named groups.

    Parameters
    ----------
    A : ndarray of shape (d, d) or (d, d + 1)

    Returns
    -------
    float or None
    """
    eigenvalues = np.linalg.eigvals(linear_part(A))
    zero = _ZERO * np.linalg.norm(linear_part(A))
    frequencies = np.abs(eigenvalues.imag)
    frequencies = frequencies[frequencies > zero]
    if not frequencies.size or (np.abs(eigenvalues.real) > zero).any():
        return None
    full_turn = 2 * np.pi / frequencies.min()
    moved = exponential(full_turn * A) - np.eye(*A.shape)
    moved = with_unit(moved, translation_unit(full_turn * A))
    return full_turn if np.abs(moved).max() <= _SAME else None


def _all_elements(group):
    generators = group.discrete_generators
    if len(generators):
        elements = enumerate_elements(generators)
    else:
        elements = identity_elements(1, group.dim, group.is_affine)
    label = "power k of the generator" if len(generators) == 1 else "element (0: identity)"
    return OrbitElements(np.arange(len(elements)), elements, label, False)
