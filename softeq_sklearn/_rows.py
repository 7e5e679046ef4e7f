"""Going through large tables in parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# 32 MiB of float64: what is made of a part on the way does not count beside the table, and smaller
# tables are one part.
_PART_NUMBERS = 2**22


def row_slices(X: np.ndarray) -> Iterator[slice]:
    """Yield slices of rows, one after the other, of at most 2^22 numbers each.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        The table.

    Yields
    ------
    slice
        At least one row each; one empty slice for a table without rows.
    """
    n_rows = max(1, _PART_NUMBERS // max(1, X.shape[1]))
    for start in range(0, max(1, len(X)), n_rows):
        yield slice(start, min(start + n_rows, len(X)))
