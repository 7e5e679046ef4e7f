"""The representations that all others are made of."""

from __future__ import annotations

from softeq_sklearn.representations._rep import Rep, check_count, from_pairs
from softeq_sklearn.representations._words import COVECTOR, POINT, VECTOR, check_order


def T(p: int, q: int = 0) -> Rep:
    """Return the tensors with p axes in V and q axes in its dual V*.

    ``T(0)`` is `Scalar` and ``T(1)`` is `Vector`; columns are row-major, the last axis fastest.

    Parameters
    ----------
    p : int
        Number of axes that transform by A.
    q : int, default=0
        Number of axes that transform by the inverse transpose of A; for orthogonal groups these
        are the same.

    Returns
    -------
    Rep
        With d**(p + q) columns.

    Raises
    ------
    TypeError, ValueError
        If `p` or `q` is not a non-negative integer, or p + q is above 62.

    Examples
    --------
    >>> from softeq_sklearn.representations import T, Vector
    >>> T(2) == Vector * Vector
    True
    >>> T(1, 1) == (Vector >> Vector)
    True
    """
    p = check_count("The 'p' parameter of T must be a non-negative integer.", p)
    q = check_count("The 'q' parameter of T must be a non-negative integer.", q)
    check_order(p + q)
    return from_pairs([(1, (VECTOR,) * p + (COVECTOR,) * q)])


Scalar = T(0)
Vector = T(1)
Point = from_pairs([(1, (POINT,))])
