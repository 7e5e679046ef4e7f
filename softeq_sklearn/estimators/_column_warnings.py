"""Warnings of columns with which candidate groups can hardly be right."""

from __future__ import annotations

import numpy as np

from softeq_sklearn._rows import row_slices
from softeq_sklearn._warnings import warn_user
from softeq_sklearn.groups._elements import is_affine_shape
from softeq_sklearn.representations._layout import point_columns

# Distance of the mean from the origin, in deviations about it, from which on a fit may fail: of
# x + v x w with x that far away the default fit has R2 1.00 at 5, 0.64 at 10.
_FAR = 7.0
# What varies less than this share of its distance is a constant, such as a given direction.
_CONSTANT = 1e-6
# Factor between the size of Points and of translations from which on levels say little.
_UNLIKE = 30.0
# Names of columns in a message.
_SHOWN = 6


def warn_of_unmoved(groups, rep_in):
    """Warn where candidate groups move no column of X, or not as far as they could.

    Parameters
    ----------
    groups : dict of str to Group
        The candidates.
    rep_in : Rep
        Representation of the columns of X.

    Warns
    -----
    UserWarning
        If all columns are scalars, or groups have translations and no column is of a Point.
    """
    if not any(rep_in.words):
        warn_user(
            f"The groups {list(groups)} move no column of X, all of which are scalars: nothing "
            "is made equivariant, and levels say nothing. Say which columns are vectors, such as "
            f"rep_in='5 * Scalar + 5 * Vector'. Got {rep_in!r}."
        )
    elif not rep_in.has_points:
        translating = [
            name
            for name, group in groups.items()
            if _translate(group.lie_algebra) or _translate(group.discrete_generators)
        ]
        if translating:
            warn_user(
                f"The groups {translating} translate, but no column of X is of a Point, and "
                "Vectors notice no translations: levels say nothing of these. Say which columns "
                f"are positions, such as rep_in='2 * Point'. Got {rep_in!r}."
            )


def warn_of_scalar_targets(groups, rep_in, n_outputs):
    """Warn where targets that may be vectors are scalars since nobody said what they are.

    Parameters
    ----------
    groups : dict of str to Group
        The candidates.
    rep_in : Rep
        Representation of the columns of X.
    n_outputs : int
        Columns of y.

    Warns
    -----
    UserWarning
        If groups move columns of X, and y has as many columns as a vector, and more than one.
    """
    dim = next(iter(groups.values())).dim
    if any(rep_in.words) and n_outputs >= max(dim, 2):
        warn_user(
            f"All {n_outputs} columns of y are scalars with rep_out=None: their groups leave y "
            "alone. If it has vectors, say so, such as rep_out='Vector'; if not, give "
            f"rep_out='{n_outputs} * Scalar'."
        )


def warn_of_units(groups, X, rep_in, dim):
    """Warn where translations are much smaller or larger than what Points vary by.

    Parameters
    ----------
    groups : dict of str to Group
        The candidates.
    X : ndarray of shape (n_samples, n_columns)
        The rows.
    rep_in : Rep
        Representation of their columns.
    dim : int
        Dimension of V.

    Warns
    -----
    UserWarning
        If groups have translations of any size, and the Points vary by more than 30, or by less
        than a thirtieth.
    """
    points = X[:, point_columns(rep_in, dim)]
    size = float(points.std()) if points.size else 1.0
    free = [name for name, group in groups.items() if _translate(group.lie_algebra)]
    if free and size and not 1 / _UNLIKE < size < _UNLIKE:
        warn_user(
            f"The Points of X vary by {size:.3g}, and the translations of {free} that levels try "
            "are up to 1, in the same unit. Give the Points in a unit in which they vary by "
            "about 1."
        )


def _translate(generators):
    """Whether some generators have translations."""
    return is_affine_shape(generators) and generators[..., -1].any()


def warn_of_far_columns(name, data, rep, dim, scaling, weights=None, names=None):
    """Warn where tensors lie much farther from the origin than they vary.

    Groups act about the origin, so that only the part of a mean that they leave fixed is removed
    before training. Where the rest is large the network sees hardly anything else.

    Parameters
    ----------
    name : {"X", "y"}
        What the data are called.
    data : ndarray of shape (n_samples, n_columns)
        The rows.
    rep : Rep
        Representation of the columns.
    dim : int
        Dimension of V.
    scaling : ColumnScaling
        What is subtracted before training.
    weights : ndarray of shape (n_samples,) or None, default=None
        Weights of the rows in means.
    names : sequence of str or None, default=None
        Names of the columns; None numbers them.

    Warns
    -----
    UserWarning
        For the tensor that lies farthest, in its deviations.
    """
    tensors = [block.index.reshape(-1, block.index.shape[-1]) for block in rep.blocks(dim)]
    tensors = [index for copies in tensors if copies.shape[1] > 1 for index in copies]
    if not tensors:
        return
    means, variances = _moments(data, scaling, weights)
    distances = np.array([np.linalg.norm(means[index]) for index in tensors])
    deviations = np.array([np.sqrt(variances[index].sum()) for index in tensors])
    varies = deviations > _CONSTANT * distances
    far = np.divide(distances, deviations, out=np.zeros(len(tensors)), where=varies)
    worst = int(far.argmax())
    if far[worst] < _FAR:
        return
    columns = [str(i) if names is None else repr(names[i]) for i in tensors[worst]]
    if len(columns) > _SHOWN:
        columns[_SHOWN - 1 : -1] = ["..."]
    n_more = np.count_nonzero(far >= _FAR) - 1
    more = f" (and {n_more} more tensors)" if n_more else ""
    warn_user(
        f"The columns {', '.join(columns)} of {name}{more} lie "
        f"{far[worst]:.0f} times as far from the origin as they vary. Groups act about the "
        "origin, so that such a mean stays, and hides what varies: where the origin is arbitrary "
        "subtract a reference, such as the mean of the training rows."
    )


@np.errstate(over="ignore", invalid="ignore")  # where columns are not scaled
def _moments(data, scaling, weights):
    """Mean and variance of each column, less what the scaling removes, in the user's units."""
    rows = list(row_slices(data))
    shares = np.ones(len(data)) if weights is None else weights
    shares = shares / shares.sum()
    means = sum(shares[part] @ (data[part] - scaling.offset) for part in rows)
    centre = means + scaling.offset
    return means, sum(shares[part] @ (data[part] - centre) ** 2 for part in rows)
