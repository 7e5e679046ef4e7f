"""A hypothesis strategy for small data sets with groups and representations."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

from softeq_sklearn.projection import equivariant_projector
from softeq_sklearn.testing._group_strategy import groups
from softeq_sklearn.testing._hypothesis import st
from softeq_sklearn.testing._representation_strategy import representations

_MAX_SEED = 2**32 - 1


def datasets(
    group=None,
    *,
    min_rows: int = 10,
    max_rows: int = 40,
    max_columns: int = 6,
    symmetric: bool = False,
):
    """Strategy for small regression problems with a candidate group.

    Rows are normal with unit variance, from a seed: examples shrink in the number of rows, the
    group and the representations, not in the numbers.

    Parameters
    ----------
    group : SearchStrategy[Group] or None, default=None
        Strategy for the group; None is ``groups(max_dim=3)``.
    min_rows, max_rows : int, default=10, 40
        Bounds of the number of rows.
    max_columns : int, default=6
        Largest number of columns of the data, and of the target.
    symmetric : bool, default=False
        Whether the target is an equivariant function of the data: a random linear map of the
        equivariant subspace, plus a constant that the group fixes. If not, it is random.

    Returns
    -------
    hypothesis.strategies.SearchStrategy[Bunch]
        With `data` of shape (n_rows, rep_in.dim), `target` of shape (n_rows, rep_out.dim),
        `rep_in`, `rep_out` and `groups`, a dict from the group's repr to the group.

    Raises
    ------
    ValueError
        If the bounds are not 1 <= min_rows <= max_rows.

    Examples
    --------
    >>> from hypothesis import given
    >>> from softeq_sklearn.testing import datasets
    >>> @given(datasets())
    ... def test_shapes(dataset):
    ...     (group,) = dataset.groups.values()
    ...     assert dataset.data.shape[1] == dataset.rep_in.dim(group)
    >>> test_shapes()
    """
    if not 1 <= min_rows <= max_rows:
        raise ValueError(
            "'min_rows' and 'max_rows' must satisfy 1 <= min_rows <= max_rows. "
            f"Got {min_rows!r} and {max_rows!r} instead."
        )

    groups_to_choose = groups(max_dim=3) if group is None else group

    @st.composite
    def dataset(draw):
        chosen = draw(groups_to_choose)
        rep_in = draw(representations(chosen, max_columns=max_columns, points=chosen.is_affine))
        rep_out = draw(representations(chosen, max_columns=max_columns))
        rng = np.random.RandomState(draw(st.integers(0, _MAX_SEED)))
        X = rng.standard_normal((draw(st.integers(min_rows, max_rows)), rep_in.dim(chosen)))
        if symmetric:
            y = _equivariant_target(X, chosen, rep_in, rep_out, rng)
        else:
            y = rng.standard_normal((len(X), rep_out.dim(chosen)))
        return Bunch(
            data=X, target=y, rep_in=rep_in, rep_out=rep_out, groups={repr(chosen): chosen}
        )

    return dataset()


def _equivariant_target(X, group, rep_in, rep_out, rng):
    maps = equivariant_projector(rep_in >> rep_out, group)
    weight = maps @ rng.standard_normal(maps.shape[1])
    constants = equivariant_projector(rep_out, group)
    constant = constants @ rng.standard_normal(constants.shape[1])
    return X @ weight.reshape(-1, X.shape[1]).T + constant
