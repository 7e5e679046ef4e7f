"""Strengths as the multipliers of constraints on the distance to each subspace."""

from __future__ import annotations

import numpy as np


def relative_distances(penalty, module, per_layer):
    """Mean square outside each group's subspace over the mean square of all constrained weights.

    About 1 for random weights, 0 on the subspace; it does not change when all weights are
    multiplied by a number.

    Parameters
    ----------
    penalty : ProjectionPenalty
        The penalty.
    module : torch.nn.Module
        The network.
    per_layer : bool
        Whether each layer is measured by itself.

    Returns
    -------
    dict of str to ndarray of shape (n_parts,)
    """
    values, counts = penalty.layer_values(module), penalty.layer_constraints
    squares, sizes = penalty.layer_half_squares(module), penalty.layer_sizes
    if not per_layer:
        values = {name: value.sum(keepdims=True) for name, value in values.items()}
        counts = {name: value.sum(keepdims=True) for name, value in counts.items()}
        squares, sizes = squares.sum(keepdims=True), sizes.sum(keepdims=True)
    scale = squares / np.maximum(sizes, 1)
    return {name: _ratio(values[name] / np.maximum(counts[name], 1), scale) for name in values}


def _ratio(value, scale):
    return np.divide(value, scale, out=np.zeros_like(value), where=scale > 0)


def multiplier_step(strength, distance, *, slack, price, rate):
    r"""One step of dual ascent whose slack is relaxed at a price.

    The constraint is :math:`\rho \le slack + u`, and the relaxation u costs
    :math:`\tfrac12 price \, u^2`, so that :math:`u = \lambda / price` (Hounie et al. 2023). The
    step is a share `rate` of the way to where the gradient
    :math:`\rho - slack - \lambda / price` vanishes.

    Parameters
    ----------
    strength, distance : ndarray of shape (n_parts,)
        Multiplier and relative distance.
    slack, price, rate : float
        See :class:`~softeq_sklearn.training.StrengthTuner`.

    Returns
    -------
    ndarray of shape (n_parts,)
        Not negative.

    Examples
    --------
    >>> import numpy as np
    >>> multiplier_step(np.array([2.0]), np.array([0.3]), slack=0.1, price=20, rate=0.5)
    array([3.])
    """
    gradient = distance - slack - strength / price
    return np.maximum(strength + rate * price * gradient, 0.0)
