"""Assert that a function commutes with a group."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_random_state

from softeq_sklearn._columns import select_columns
from softeq_sklearn._predictions import numeric_method
from softeq_sklearn.groups import Group, exponential
from softeq_sklearn.representations import ColumnSchema, Rep, as_representation

# Relative and absolute tolerance in double and in less than double precision.
_DOUBLE_TOLERANCES = 1e-6, 1e-12
_SINGLE_TOLERANCES = 1e-4, 1e-7


def assert_equivariant(
    f,
    group: Group,
    rep_in: Rep | ColumnSchema | str,
    rep_out: Rep | ColumnSchema | str,
    *,
    X: ArrayLike | None = None,
    n_rows: int = 16,
    n_elements: int = 16,
    tol: float | None = None,
    atol: float | None = None,
    random_state=0,
) -> None:
    """Raise AssertionError unless f(g x) = g f(x).

    The identity, all generators of the group (the exponentials of those of the Lie algebra, at unit
    spectral norm) and `n_elements` random elements act on all rows.

    Parameters
    ----------
    f : callable, estimator or torch.nn.Module
        The function, from rows of shape (n, rep_in.dim) to (n, rep_out.dim), or (n,) if that is
        one column. Of an estimator it is the method `predict`, of a classifier `predict_proba`. A
        module is evaluated at the precision and on the device of its parameters.
    group : Group
        The group.
    rep_in, rep_out : Rep, ColumnSchema or str
        How it acts on the columns of the input and of the output.
    X : array-like of shape (n_rows, rep_in.dim) or None, default=None
        Rows to check the function at; None draws them from the standard normal distribution.
    n_rows : int, default=16
        Number of rows to draw.
    n_elements : int, default=16
        Number of random elements.
    tol : float or None, default=None
        Largest norm of f(g x) - g f(x) in a row, relative to the largest norm of f(g x) or g f(x)
        in any row. None is 1e-6, or 1e-4 for a module in less than double precision.
    atol : float or None, default=None
        Norm of f(g x) - g f(x), in the units of f, below which a row passes anyway, for functions
        that are zero but for rounding. None is 1e-12, or 1e-7 for a module in less than double
        precision.
    random_state : int, RandomState instance or None, default=0
        Governs the rows and the elements.

    Raises
    ------
    AssertionError
        If the function is not equivariant, with the worst row and element; also if it returns NaN
        or infinity.
    ValueError
        If the shape of the rows or of the output does not fit the representations.
    TypeError
        If `f` is none of these.

    See Also
    --------
    softeq_sklearn.metrics.equivariance_error : How far a function is from equivariance.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.groups import O, SO
    >>> from softeq_sklearn.testing import assert_equivariant
    >>> def turned(X):
    ...     return np.stack([-X[:, 1], X[:, 0]], axis=1)
    >>> assert_equivariant(turned, SO(2), "Vector", "Vector")
    >>> assert_equivariant(turned, O(2), "Vector", "Vector")
    Traceback (most recent call last):
        ...
    AssertionError: The function is not equivariant under O(2) from Vector to Vector: ...
    """
    X = None if X is None else select_columns(rep_in, X, "X")
    rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
    function, (default_tol, default_atol) = _as_function(f)
    tol = default_tol if tol is None else tol
    atol = default_atol if atol is None else atol
    rng = check_random_state(random_state)
    X = rng.standard_normal((n_rows, rep_in.dim(group))) if X is None else X
    X = check_array(X, dtype=np.float64, input_name="X")
    identity = np.eye(group.dim, group.dim + group.is_affine)
    elements = np.concatenate([identity[None], _generators(group), group.sample(n_elements, rng)])

    values = _evaluate(function, X, rep_out, group)
    with np.errstate(invalid="ignore"):  # infinite numbers are reported below
        errors = [
            _relative_distance(
                _evaluate(function, rep_in.act(g, X), rep_out, group), rep_out.act(g, values), atol
            )
            for g in elements
        ]
    # NaN is the largest number for argmax, and fails every comparison.
    element, row = np.unravel_index(np.argmax(errors), np.shape(errors))
    worst = errors[element][row]
    if not worst <= tol:
        raise AssertionError(
            f"The function is not equivariant under {group!r} from {rep_in!r} to {rep_out!r}: the "
            f"relative error is {worst:.3g}, above the tolerance {tol:.3g}, at row {row} for the "
            f"element\n{elements[element]}"
        )


def _as_function(f) -> tuple[Callable[[np.ndarray], ArrayLike], tuple[float, float]]:
    """Return a function of arrays and its default tolerances."""
    if isinstance(f, torch.nn.Module):
        return _module_function(f)
    function = numeric_method(f) if hasattr(f, "predict") else f
    if not callable(function) or isinstance(f, type):
        raise TypeError(
            "'f' must be a callable, a fitted estimator with a method 'predict' or a torch "
            f"module. Got {f!r} instead."
        )
    return function, _DOUBLE_TOLERANCES


def _module_function(module):
    parameter = next(module.parameters(), torch.zeros((), dtype=torch.float64))

    def function(X):
        rows = torch.from_numpy(X).to(parameter.device, parameter.dtype)
        with torch.no_grad():
            return module(rows).double().cpu().numpy()

    is_double = parameter.dtype == torch.float64
    return function, _DOUBLE_TOLERANCES if is_double else _SINGLE_TOLERANCES


def _generators(group: Group) -> np.ndarray:
    A = group.lie_algebra
    norm = np.linalg.norm(A, ord=2, axis=(1, 2), keepdims=True)
    return np.concatenate([group.discrete_generators, exponential(A / np.maximum(norm, 1e-300))])


def _evaluate(function, X, rep_out, group):
    values = np.asarray(function(X), dtype=np.float64)
    n_columns = rep_out.dim(group)
    if values.shape != (len(X), n_columns) and (n_columns != 1 or values.shape != (len(X),)):
        raise ValueError(
            f"'f' must return an array of shape ({len(X)}, {n_columns}), a column for each one of "
            f"'rep_out' = {rep_out!r}. Got shape {values.shape} instead."
        )
    return values.reshape(len(X), n_columns)


def _relative_distance(a, b, atol):
    """Norms of the rows of a - b, relative to the largest norm of a row of a or b."""
    distance = np.linalg.norm(a - b, axis=1)
    scale = max(np.linalg.norm(a, axis=1).max(), np.linalg.norm(b, axis=1).max())
    return np.where(distance <= atol, 0.0, distance / (scale if scale else 1.0))
