"""Elements that move rows to other places of their orbits where there are data."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state

from softeq_sklearn.groups import Group, compose, inverse
from softeq_sklearn.levels._canonical_rows import canonical_rows
from softeq_sklearn.representations import Rep


def orbit_elements(
    X: np.ndarray, group: Group, rep: Rep, *, n_elements: int = 8, random_state=None
) -> np.ndarray:
    r"""Draw elements for each row, such that the moved rows have the law of the rows.

    For an orthogonal linear group they are those of its ``sample``. A non-compact or affine group
    has no uniform law: its samples move rows to where there are none, and a mean over them is
    about the value in their midst. There, the place of a row on its orbit is exchanged for that of
    another row: with :math:`\gamma_i` which takes row i from a common anchor to where it is, the
    elements are :math:`\gamma_j \gamma_i^{-1}` for random rows j.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Rows.
    group : Group
        The group.
    rep : Rep
        How it acts on rows.
    n_elements : int, default=8
        Number of elements for each row.
    random_state : int, RandomState instance or None, default=None
        Governs the elements.

    Returns
    -------
    ndarray of shape (n_elements, n_samples, d, d) or (n_elements, n_samples, d, d + 1)

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.groups import Scaling
    >>> from softeq_sklearn.levels import orbit_elements
    >>> from softeq_sklearn.representations import Vector
    >>> X = np.array([[1.0, 0.0], [0.0, 10.0]])
    >>> factors = orbit_elements(X, Scaling(2), Vector, random_state=0)[:, :, 0, 0]
    >>> bool(factors[:, 0].max() > 5), bool(factors[:, 1].min() < 0.2)
    (True, True)
    """
    rng, n = check_random_state(random_state), len(X)
    if group.is_orthogonal and not group.is_affine:
        elements = group.sample(n_elements * n, rng)
        return elements.reshape(n_elements, n, *elements.shape[1:])
    places, _ = canonical_rows(X, group, rep, rng)
    back = inverse(places)
    return np.stack([compose(places[rng.permutation(n)], back) for _ in range(n_elements)])
