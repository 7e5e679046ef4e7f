"""Checks of the arguments that groups are built from; messages give name, rule and value."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from softeq_sklearn.exceptions import ProblemTooLargeError

# Generators are stored densely: 10^8 numbers are 0.8 GB.
MAX_GENERATOR_ENTRIES = 10**8


def check_integer(owner: str, name: str, value: Any, *, minimum: int) -> int:
    """Return `value` as an int, at least `minimum`; anything else is refused."""
    rule = f"The '{name}' parameter of {owner} must be an integer of at least {minimum}."
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{rule} Got the boolean {value!r} instead.")
    try:
        integer = operator.index(value)
    except TypeError:
        raise TypeError(f"{rule} Got {value!r} of type {type(value).__name__} instead.") from None
    if integer < minimum:
        raise ValueError(f"{rule} Got {value!r} instead.")
    return integer


def check_axes(owner: str, axes: Any, *, n_axes: int, dim: int) -> tuple[int, ...]:
    """Return `axes` as a tuple of `n_axes` different integers in range(dim)."""
    rule = f"The 'axes' parameter of {owner} must be {n_axes} different integers in range({dim})."
    if isinstance(axes, str | bytes) or not isinstance(axes, Iterable):
        raise TypeError(f"{rule} Got {axes!r} of type {type(axes).__name__} instead.")
    axes = tuple(check_integer(owner, "axes", axis, minimum=0) for axis in axes)
    if len(axes) != n_axes or len(set(axes)) != n_axes or max(axes, default=0) >= dim:
        raise ValueError(f"{rule} Got {axes!r} instead.")
    return axes


def check_generators(owner: str, name: str, value: Any, dim: int | None = None) -> np.ndarray:
    """Return a float64 stack of generators, shape (n, d, d) or (n, d, d + 1), finite and real."""
    rule = (
        f"The '{name}' parameter of {owner} must be a real, finite array of shape (n, d, d), or "
        f"(n, d, d + 1) for an affine group, with d {'>= 1' if dim is None else f'= {dim}'}."
    )
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{rule} Got matrices of different shapes instead.") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{rule} Got dtype {array.dtype} instead.")
    is_stack = array.ndim == 3 and array.shape[1] > 0 and dim in (None, array.shape[1])
    if not is_stack or array.shape[2] - array.shape[1] not in (0, 1):
        raise ValueError(f"{rule} Got shape {array.shape} instead.")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{rule} Got NaN or infinite entries instead.")
    return array


def check_invertible(owner: str, name: str, generators: np.ndarray) -> None:
    """Refuse generators whose linear part is singular to working precision."""
    d = generators.shape[1]
    values = np.linalg.svd(generators[:, :, :d], compute_uv=False)
    singular = np.flatnonzero(values[:, -1] <= 1e-12 * values[:, 0])
    if singular.size:
        raise ValueError(
            f"The '{name}' parameter of {owner} must hold invertible matrices. "
            f"Got a singular one at position {singular[0]} instead: "
            f"{generators[singular[0]].tolist()}."
        )


def check_generator_count(owner: str, n_generators: int, dim: int) -> None:
    """Refuse a group whose dense generators would not fit, before they are allocated."""
    entries = n_generators * dim * dim
    if entries > MAX_GENERATOR_ENTRIES:
        raise ProblemTooLargeError(
            f"{owner} needs {n_generators} generators of {dim} x {dim} = {entries} numbers; "
            f"at most {MAX_GENERATOR_ENTRIES} are allowed."
        )
