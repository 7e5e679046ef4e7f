"""How far a function is from equivariance under a group, measured on data."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_random_state, check_scalar

from softeq_sklearn._columns import select_columns
from softeq_sklearn._predictions import numeric_method
from softeq_sklearn._sizes import relative_error
from softeq_sklearn.groups import Group
from softeq_sklearn.groups._finite import all_elements
from softeq_sklearn.representations import ColumnSchema, Rep, as_representation

# Numbers in one batch of transformed rows (32 MiB of float64): enough to keep `predict` busy,
# whatever the number of elements and rows.
_BATCH_NUMBERS = 2**22


class _Predictor(Protocol):
    """A fitted estimator of any library."""

    def predict(self, X: Any) -> Any:
        """Return what it predicts for rows."""


def _as_function(predict: Callable[[Any], Any] | _Predictor) -> Callable[[Any], Any]:
    """Return the callable itself, or the method of an estimator that returns numbers."""
    function = numeric_method(predict) if hasattr(predict, "predict") else predict
    if not callable(function) or isinstance(predict, type):
        raise TypeError(
            "'predict' must be a callable or a fitted estimator with a method 'predict'. "
            f"Got {predict!r} instead."
        )
    return function


def _like(X: Any) -> Callable[[np.ndarray], Any]:
    """Return a function that puts rows in the container of `X`, so that names of columns stay."""
    if hasattr(X, "iloc"):  # pandas, whose names may be numbers
        return lambda rows: type(X)(rows, columns=X.columns)
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame):
        return lambda rows: rows
    names, library = list(frame.columns), frame.implementation
    return lambda rows: nw.from_numpy(rows, names, backend=library).to_native()


def _ordered(
    function: Callable[[Any], Any], rep_out: Rep | ColumnSchema | str
) -> Callable[[Any], Any]:
    """Return the function with its outputs in the order of a schema that names them."""
    return lambda rows: select_columns(rep_out, function(rows), "the output of 'predict'")


def _checked_dim(rep: Rep, group: Group, n_columns: int, rep_name: str, what: str) -> int:
    """Return the dimension of `rep`, which must be the number of columns of `what`."""
    dim = rep.dim(group)
    if dim != n_columns:
        raise ValueError(
            f"'{rep_name}' must have as many dimensions as {what} has columns. Got {rep!r}, of "
            f"dimension {dim} for {group!r}, and {n_columns} columns instead."
        )
    return dim


def _evaluate(function: Callable[[Any], Any], rows: Any, n_rows: int) -> np.ndarray:
    """Return what `function` gives for the rows, as float64 of shape (n_rows, n_outputs)."""
    values = np.asarray(function(rows))
    if values.dtype.kind not in "biuf":
        raise TypeError(f"'predict' must return real numbers. Got dtype {values.dtype} instead.")
    if values.ndim not in (1, 2) or len(values) != n_rows:
        raise ValueError(
            f"'predict' must return an array of shape (n_samples,) or (n_samples, n_outputs) for "
            f"{n_rows} samples. Got shape {values.shape} instead."
        )
    values = values.reshape(n_rows, -1).astype(np.float64, copy=False)
    if not np.isfinite(values).all():
        raise ValueError(
            "'predict' must return finite numbers, also for rows transformed by the group. Got "
            f"{np.count_nonzero(~np.isfinite(values))} NaN or infinite numbers instead."
        )
    return values


def _elements(group: Group, n: int, random_state: int | np.random.RandomState | None) -> np.ndarray:
    """All elements of a finite group of at most n, else a sample of n."""
    rng, listed = check_random_state(random_state), all_elements(group, n)
    return group.sample(n, rng) if listed is None else listed


def equivariance_error(
    predict: Callable[[Any], Any] | _Predictor,
    X: ArrayLike,
    group: Group,
    rep_in: Rep | ColumnSchema | str,
    rep_out: Rep | ColumnSchema | str,
    *,
    n_elements: int = 32,
    per_sample: bool = False,
    random_state: int | np.random.RandomState | None = None,
) -> float | np.ndarray:
    r"""Relative equivariance error of a function under a group.

    A function :math:`f` is equivariant when :math:`f(g x) = g f(x)` for all elements :math:`g` of
    the group. The error is the mean over the rows :math:`x` of `X` and over sampled elements of

    .. math:: \frac{|f(g x) - g f(x)|}{|f(g x)| + |g f(x)|},

    with 0 for 0/0. It lies between 0 (equivariant) and 1 and is computed in float64. This is the
    measure of [1]_.

    Parameters
    ----------
    predict : callable or fitted estimator
        The function, from an array of shape (n_samples, n_features) to one of shape (n_samples,) or
        (n_samples, n_outputs); or an object of any library with such a method `predict`, of a
        classifier of scikit-learn `predict_proba` or else `decision_function`. It gets a DataFrame
        when `X` is one.

    X : array-like of shape (n_samples, n_features)
        Rows at which the error is measured. Take rows that the function was not fitted to.

    group : Group
        The candidate symmetry.

    rep_in : Rep, ColumnSchema or str
        How the group acts on the columns of `X`.

    rep_out : Rep, ColumnSchema or str
        How the group acts on the outputs. A 1-d output is one column.

    n_elements : int, default=32
        Number of elements sampled with ``group.sample``. All of them act on every row. The mean
        over the elements is where most of the uncertainty is: it falls as one over the square
        root of this number. Compare two functions with the same `random_state`. Of a finite group
        of at most so many elements each is taken once, and the mean over the group is exact.

    per_sample : bool, default=False
        If True, return the mean over the elements for each row.

    random_state : int, RandomState instance or None, default=None
        Governs which elements are sampled.

    Returns
    -------
    error : float, or ndarray of shape (n_samples,) if `per_sample`
        The relative equivariance error.

    Raises
    ------
    ValueError
        If the columns of `X` do not match `rep_in`, the outputs do not match `rep_out`, or a number
        is NaN or infinite.
    TypeError
        If an argument is of the wrong kind.

    References
    ----------
    .. [1] H. Kim, H. Lee, H. Yang, J. Lee. Regularizing Towards Soft Equivariance Under Mixed
       Symmetries. ICML 2023. https://arxiv.org/abs/2306.00356

    Examples
    --------
    The length of a vector does not change when the plane is turned; its first coordinate does:

    >>> import numpy as np
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.metrics import equivariance_error
    >>> from softeq_sklearn.representations import Scalar, Vector
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> def length(X):
    ...     return np.linalg.norm(X, axis=1)
    >>> error = equivariance_error(length, X, SO(2), Vector, Scalar, random_state=0)
    >>> bool(error < 1e-14)
    True
    >>> def east(X):
    ...     return X[:, 0]
    >>> error = equivariance_error(east, X, SO(2), Vector, Scalar, random_state=0)
    >>> bool(error > 0.5)
    True
    """
    function = _as_function(predict)
    if not isinstance(group, Group):
        raise TypeError(f"'group' must be a Group. Got {group!r} instead.")
    function = _ordered(function, rep_out)
    X = select_columns(rep_in, X, "X")
    rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
    check_scalar(n_elements, "n_elements", Integral, min_val=1)
    container = _like(X)
    rows: np.ndarray = check_array(X, dtype=np.float64, input_name="X")
    n_samples, n_columns = rows.shape
    dim_in = _checked_dim(rep_in, group, n_columns, "rep_in", "X")

    values = _evaluate(function, container(rows), n_samples)
    dim_out = _checked_dim(rep_out, group, values.shape[1], "rep_out", "the output of 'predict'")

    elements = _elements(group, n_elements, random_state)
    batch = max(1, _BATCH_NUMBERS // (n_samples * max(dim_in, dim_out)))
    total = np.zeros(n_samples)
    for start in range(0, len(elements), batch):
        chosen = elements[start : start + batch]
        moved = np.concatenate([rep_in.act(g, rows) for g in chosen])
        transformed = _evaluate(function, container(moved), len(moved))
        expected = np.concatenate([rep_out.act(g, values) for g in chosen])
        total += relative_error(transformed, expected).reshape(-1, n_samples).sum(axis=0)
    error = total / len(elements)
    return error if per_sample else float(error.mean())
