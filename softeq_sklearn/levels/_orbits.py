"""Moves of rows along their orbits to other places where there are data."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state

from softeq_sklearn.groups import Group, compose, inverse, linear_part
from softeq_sklearn.levels._canonical_rows import canonical_rows
from softeq_sklearn.levels._support import Support
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._layout import point_columns
from softeq_sklearn.representations._row_action import act_on_each_row


class Orbits:
    r"""The orbits of rows, along which they are moved such that the law of the rows stays.

    Elements of an orthogonal linear group are those of its ``sample``. A translation or a scaling
    has no uniform law: samples move rows to where there are none, and a mean over them is about the
    value in their midst. So the places of rows on their orbits are exchanged: with
    :math:`\gamma_i` which takes row i from a common anchor to where it is, the elements are
    :math:`\gamma_j \gamma_i^{-1}` for random rows j (docs/method.md, "Ratio and explore"). Groups
    whose linear parts are no multiples of orthogonal matrices (SL, GL, Lorentz groups) have no such
    anchor; their elements are samples, and the law of the moved rows is another one
    (`keeps_the_law`).

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Rows, in any units.
    group : Group
        The group.
    rep : Rep
        How it acts on rows.
    random_state : int, RandomState instance or None, default=None
        Governs the elements.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.groups import Scaling
    >>> from softeq_sklearn.levels import Orbits
    >>> from softeq_sklearn.representations import Vector
    >>> X = np.array([[1.0, 0.0], [0.0, 10.0]])
    >>> factors = Orbits(X, Scaling(2), Vector, random_state=0).elements(8)[:, :, 0, 0]
    >>> bool(factors[:, 0].max() > 5), bool(factors[:, 1].min() < 0.2)
    (True, True)
    """

    def __init__(
        self,
        X: np.ndarray,
        group: Group,
        rep: Rep,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self._group, self._n_rows = group, len(X)
        self._rng = check_random_state(random_state)
        self._places: np.ndarray | None = None
        if (group.is_affine or not group.is_orthogonal) and group.is_conformal:
            self._places = _places(X, group, rep, self._rng)
        self._leaves = self._leaves_the_data(X, rep)

    @property
    def keeps_the_law(self) -> bool:
        """Whether moved rows may have the law of the rows: most stay where there are data.

        They do not under SL, GL and Lorentz groups, and under rotations about an origin that lies
        far from the Points.
        """
        return self._group.is_conformal and not self._leaves

    def _leaves_the_data(self, X: np.ndarray, rep: Rep) -> bool:
        rng, self._rng = self._rng, np.random.RandomState(0)  # nothing else depends on this look
        moved = act_on_each_row(rep, self.elements(1)[0], X)
        self._rng = rng
        is_moved = (moved != X).any(axis=1)
        is_outside = Support.of(X, rep, self._group.dim).is_outside(moved)
        return bool((is_moved & is_outside).sum() > 0.5 * is_moved.sum())

    def elements(self, n_elements: int = 8) -> np.ndarray:
        """Draw elements for each row.

        Parameters
        ----------
        n_elements : int, default=8
            Number of elements for each row.

        Returns
        -------
        ndarray of shape (n_elements, n_samples, d, d) or (n_elements, n_samples, d, d + 1)
            Elements for each row, with translations in the units of its columns.
        """
        n = self._n_rows
        if self._places is None:
            elements = self._group.sample(n_elements * n, self._rng)
            return elements.reshape(n_elements, n, *elements.shape[1:])
        back = inverse(self._places)
        places = [self._places[self._rng.permutation(n)] for _ in range(n_elements)]
        return np.stack([compose(some, back) for some in places])

    def at_anchor(self, differences: np.ndarray, rep: Rep) -> np.ndarray:
        """Take differences of values to the anchor, where the group keeps their lengths.

        Parameters
        ----------
        differences : ndarray of shape (n_samples, n_outputs)
            Differences of values, which no translation moves.
        rep : Rep
            How the group acts on values.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            The differences at the anchor; as they are where the group is orthogonal, or rows have
            no anchor.
        """
        if self._places is None or self._group.is_orthogonal:
            return differences
        return act_on_each_row(rep, linear_part(inverse(self._places)), differences)


def _places(X: np.ndarray, group: Group, rep: Rep, rng: np.random.RandomState) -> np.ndarray:
    """Elements that take rows from a common anchor to where they are.

    Samples of translations are of size 1. So Points are brought to mean 0 and size 1 before. With
    x = m + s x', what makes x' of an anchor a' is (A, t'), and x of the anchor s a' (A, m + s t').
    """
    if not group.is_affine:
        return canonical_rows(X, group, rep, rng)[0]
    columns = point_columns(rep, group.dim)
    points = X[:, columns]
    mean = points.mean(axis=(0, 1)) if len(columns) else np.zeros(group.dim)
    size = np.sqrt(np.mean((points - mean) ** 2)) if len(columns) else 1.0
    size = size or 1.0
    X = X.copy()
    X[:, columns] = (points - mean) / size
    places = canonical_rows(X, group, rep, rng)[0].copy()
    places[..., -1] = mean + size * places[..., -1]
    return places
