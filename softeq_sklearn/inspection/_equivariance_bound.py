"""An upper bound of the equivariance error of a fitted estimator, and how loose it is."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from softeq_sklearn.estimators._base import BaseEquivariantEstimator
from softeq_sklearn.groups import Group
from softeq_sklearn.inspection._bounds._network import network_bound
from softeq_sklearn.inspection._error_search import FunctionError, largest_error
from softeq_sklearn.nn import TensorNetwork


@dataclass(frozen=True)
class EquivarianceBound:
    """An upper bound of an equivariance error, and the largest error that a search found.

    Made by :func:`equivariance_bound`.

    Parameters
    ----------
    bound : float
        No error is larger, up to rounding; in the units of y.
    largest_found : float
        The largest error that a search over rows and elements found, in the units of y: the true
        supremum is between the two.
    radius : float
        Radius of the ball of scaled rows, in their units.
    per_layer : dict of str -> float
        The bound, split by the layer that causes it: its sum is `bound`.

    Examples
    --------
    >>> from softeq_sklearn.inspection import EquivarianceBound
    >>> EquivarianceBound(6.0, 1.5, radius=2.0, per_layer={"linear 1": 6.0}).looseness
    4.0
    """

    bound: float
    largest_found: float
    radius: float
    per_layer: dict[str, float]

    @property
    def looseness(self):
        """Bound over largest error found, at least 1; infinite if no error was found."""
        return self.bound / self.largest_found if self.largest_found else np.inf


def equivariance_bound(estimator, group, radius, *, n_search=256, random_state=None):
    r"""Bound the equivariance error of a fitted estimator over a ball of rows.

    An upper bound, by the weights alone, of

    .. math:: \sup_{|x_s| \le radius} \; \sup_{g \in G} \; |f(gx) - g f(x)|

    in the units of y, where :math:`x_s` is the row x after the scaling of the columns: means
    removed, one factor for each tensor. In these units a column has mean square 1, and a typical
    row the norm ``sqrt(n_features)``; with ``scale_columns=False`` they are the units of X. For a
    classifier f are the outputs of its network (the mean over members, for the search); the error
    of the probabilities is at most half of the bound.

    A linear layer adds at most :math:`2 |W_r| |h|` to the error, with :math:`W_r` the part of its
    weights outside the equivariant subspace, which is what the penalty measures [1]_ [2]_; the
    layers behind it multiply the error by at most their Lipschitz constants. Sizes and errors of
    features are bounded for each tensor type apart, and no error is taken to be larger than twice
    the size of what it is an error of. For networks with several hidden layers the bound is very
    loose: the result says how much, and :func:`local_equivariance_bound` is tighter.

    Parameters
    ----------
    estimator : fitted estimator
        A `SoftEquivariantRegressor`, `SoftEquivariantClassifier`, `EquivariantRegressor` or
        `ResidualPathwayRegressor` with a network of the package, of either architecture. The mean
        of several members is bounded by the mean of their bounds.
    group : Group
        The symmetry, a candidate or not: orthogonal and linear, on the same space.
    radius : float
        Radius of the ball, in the units of scaled rows.
    n_search : int, default=256
        Number of random starts of the search for a large error.
    random_state : int, RandomState instance or None, default=None
        Governs the search.

    Returns
    -------
    EquivarianceBound
        The bound, its parts, and the largest error found, in the units of y.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If the group is not orthogonal or acts on another space, there are Points among the
        columns, the network is not one of the package or normalises rows, or the radius or
        n_search is out of range.

    See Also
    --------
    local_equivariance_bound : A far tighter bound, at given rows.
    softeq_sklearn.metrics.equivariance_error : The mean over rows and elements: an estimate.

    References
    ----------
    .. [1] H. Kim, H. Lee, H. Yang, J. Lee. Regularizing Towards Soft Equivariance Under Mixed
       Symmetries. ICML 2023. https://arxiv.org/abs/2306.00356
    .. [2] T. Berndt, J. Stühmer. Approximate Equivariance via Projection-Based Regularisation.
       2026. https://arxiv.org/abs/2601.05028

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn import SoftEquivariantRegressor
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.inspection import equivariance_bound
    >>> X = np.random.RandomState(0).randn(100, 3)
    >>> y = (X**2).sum(axis=1)
    >>> model = SoftEquivariantRegressor(
    ...     [SO(3)], "Vector", hidden_channels=16, n_hidden_layers=1, max_epochs=5, random_state=0
    ... ).fit(X, y)
    >>> result = equivariance_bound(model, SO(3), radius=2.0, random_state=0)
    >>> 0 < result.largest_found < result.bound
    True
    >>> exact = equivariance_bound(model.project_to(SO(3)), SO(3), radius=2.0, random_state=0)
    >>> bool(exact.bound < 1e-4 * result.bound)
    True
    """
    check_covered(estimator, group)
    _check_number("radius", radius, Real)
    _check_number("n_search", n_search, Integral)
    scale_in, scale_out = estimator._scale_in, estimator._scale_out
    per_layer = network_bound(estimator.module_, group, float(radius), scale_in, scale_out)
    error = FunctionError(
        estimator.module_, estimator._rep_in, estimator._rep_out, scale_in, scale_out
    )
    rng = check_random_state(random_state)
    n_in = len(scale_in.offset)
    found = largest_error(error, n_in, float(radius), group, int(n_search), rng)
    return EquivarianceBound(sum(per_layer.values()), found, float(radius), per_layer)


def check_covered(estimator, group):
    """Refuse an estimator and a group for which no bound is known."""
    if not isinstance(estimator, BaseEquivariantEstimator):
        raise TypeError(
            "estimator must be a SoftEquivariantRegressor, SoftEquivariantClassifier, "
            f"EquivariantRegressor or ResidualPathwayRegressor. Got {estimator!r}."
        )
    check_is_fitted(estimator)
    if not isinstance(group, Group):
        raise TypeError(f"group must be a Group. Got {group!r}.")
    network = estimator.module_
    if type(network).forward is not TensorNetwork.forward:
        raise ValueError(
            "estimator must have a network of the package, whose layers are known. "
            f"Got the module {type(network).__name__}."
        )
    if network.row_size is not None:
        raise ValueError(
            "estimator must have a network that takes rows as they are: no bound is known where "
            "rows are divided by their size, as they are with a candidate group that scales. "
            f"Got the groups {list(estimator._groups)}."
        )
    if group.is_affine or not group.is_orthogonal:
        raise ValueError(
            "group must be linear and orthogonal: other groups take rows out of every ball. "
            f"Got {group!r}."
        )
    if group.dim != estimator._dim:
        raise ValueError(
            f"group must act on a space of dimension {estimator._dim}, like the columns. "
            f"Got {group!r}."
        )
    estimator._check_structure({repr(group): group}, estimator._rep_out)
    if estimator._rep_in.has_points or estimator._rep_out.has_points:
        raise ValueError(
            "estimator must have no Points among its columns: no bound is known for them. "
            f"Got rep_in={estimator._rep_in!r}, rep_out={estimator._rep_out!r}."
        )


def _check_number(name, value, kind):
    if not isinstance(value, kind) or isinstance(value, bool):
        word = "an integer" if kind is Integral else "a number"
        raise TypeError(f"{name} must be {word}. Got {value!r}.")
    if not 0 < value < np.inf:
        raise ValueError(f"{name} must be positive and finite. Got {value!r}.")
