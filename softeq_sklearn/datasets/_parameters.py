"""Checks of the parameters that the synthetic data sets share."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_scalar


def check_choice(value, name: str, choices: Iterable) -> None:
    """Raise an error for a value that is not one of the choices."""
    choices = list(choices)
    if value not in choices:
        raise ValueError(f"'{name}' must be one of {choices}. Got {value!r} instead.")


def check_finite(value, name: str, *, minimum: float | None = None) -> None:
    """Raise an error for a value that is not a finite number, or below the minimum."""
    check_scalar(value, name, Real, min_val=minimum)
    if not np.isfinite(value):
        raise ValueError(f"'{name}' must be a finite number. Got {value!r} instead.")


def check_sign(sign) -> None:
    """Raise an error for a sign that is not -1, 0 or 1."""
    if sign not in (-1, 0, 1):
        raise ValueError(f"'sign' must be -1, 0 or 1. Got {sign!r} instead.")


def checked_shift(shift) -> np.ndarray:
    """Return a shift of points as an array of shape () or (3,), or raise an error."""
    shift_array = np.asarray(shift, dtype=np.float64)
    if shift_array.shape not in ((), (3,)) or not np.isfinite(shift_array).all():
        raise ValueError(
            f"'shift' must be a finite number or three of them. Got {shift!r} instead."
        )
    return shift_array


def checked_rows(X: ArrayLike, n_columns: int, rule: str) -> np.ndarray:
    """Return rows as a float64 array of shape (n_samples, n_columns), or raise an error.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_columns)
    n_columns : int
    rule : str
        Where that number comes from, for the message of the error.
    """
    # One order in memory, so that sums round alike for arrays and DataFrames.
    X = check_array(X, dtype=np.float64, order="C", input_name="X")
    if X.shape[1] != n_columns:
        raise ValueError(f"'X' must have {rule} = {n_columns} columns. Got {X.shape[1]} instead.")
    return X
