"""Sizes of arrays whose squares may be no numbers, and what is relative to them."""

from __future__ import annotations

import numpy as np

from softeq_sklearn._rows import row_slices


def power_of_two(largest: np.ndarray | float) -> np.ndarray:
    """Return the largest power of two that is no larger than a size; 0.5 for 0.

    Numbers divided by it keep their digits, and their squares are neither 0 nor infinite.

    Parameters
    ----------
    largest : ndarray or float
        Largest absolute value of some numbers.

    Returns
    -------
    ndarray of the same shape
        The powers, all positive and finite.

    Examples
    --------
    >>> power_of_two(np.array([5.0, 0.75])).tolist()
    [4.0, 0.5]
    """
    return np.ldexp(1.0, np.frexp(largest)[1] - 1)


def relative_error(values: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return |a - b| / (|a| + |b|) along the last axis, and 0 where both are zero.

    Parameters
    ----------
    values, expected : ndarray of shape (..., n_samples, n_components)
        What to compare, of any size.

    Returns
    -------
    ndarray of shape (..., n_samples)
        Relative errors, in [0, 1].

    Examples
    --------
    >>> relative_error(np.array([[3e-200, 0.0]]), np.array([[1e-200, 0.0]])).round(12)
    array([0.5])
    """
    unit = power_of_two(np.maximum(np.abs(values), np.abs(expected)).max(axis=-1))[..., None]
    values, expected = values / unit, expected / unit
    total = np.linalg.norm(values, axis=-1) + np.linalg.norm(expected, axis=-1)
    return ratio(np.linalg.norm(values - expected, axis=-1), total)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole; 0 for 0 / 0, and 1, the largest relative error, beside wholes of 0.

    Parameters
    ----------
    part, whole : ndarray of the same shape
        Sizes, at least 0.

    Returns
    -------
    ndarray of the same shape

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    return np.divide(part, whole, out=np.sign(part), where=whole > 0)


def root_mean_square(
    X: np.ndarray,
    index: np.ndarray,
    mean: np.ndarray | float,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return the root mean square of tensors minus a mean; 0 where what is left is rounding.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Rows.
    index : ndarray of shape (n_tensors, n_components)
        Columns of each tensor.
    mean : ndarray that broadcasts to the shape of `index`, or float
        What is subtracted.
    weights : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows.

    Returns
    -------
    ndarray of shape (n_tensors,)
        The root mean square over rows and components, in the units of the columns.

    Examples
    --------
    >>> X = np.array([[3e-200, 1.0], [4e-200, 1.0]])
    >>> root_mean_square(X, np.array([[0], [1]]), np.array([[0.0], [1.0]])).tolist()
    [3.5355339059327376e-200, 0.0]
    """
    squares, largest = np.zeros(len(index)), np.zeros(len(index))
    for rows in row_slices(X):
        largest = np.maximum(largest, np.abs(X[rows][:, index]).max(axis=(0, 2)))
    unit = power_of_two(largest)
    mean = mean / unit[:, None]
    for rows in row_slices(X):
        squared = (X[rows][:, index] / unit[:, None] - mean) ** 2
        if weights is not None:
            squared *= weights[rows, None, None]
        squares += squared.sum(axis=(0, 2))
    n_rows = len(X) if weights is None else weights.sum()
    size = np.sqrt(squares / (n_rows * index.shape[1])) * unit
    return np.where(size > 10 * np.finfo(float).eps * largest, size, 0.0)
