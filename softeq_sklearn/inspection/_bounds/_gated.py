"""Bounds behind a gated layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.inspection._bounds._parameters import of_member
from softeq_sklearn.nn import FreeGatedNonlinearity

# Where the derivative of silu is largest, rounded up in value: silu' rises from 0 to here.
_SILU_STEEPEST = 2.3993572805154


@dataclass(frozen=True)
class GatedTerms:
    """Which segments a gated layer has, and the factors of its terms that act on components.

    Parameters
    ----------
    pairs : list of (int, int)
        Segments of the gates and of the tensors of each type. Segment 0 holds the scalars.
    pointwise : list of float
        For the scalars, then each pair, the largest factor w of w silu(v).
    commutes : bool
        Whether the group commutes with this term.
    """

    pairs: list[tuple[int, int]]
    pointwise: list[float]
    commutes: bool


def gated_bounds(bounds, terms):
    r"""Behind a gated layer.

    On :math:`[-B, B]` the slope of silu is at most its value at :math:`\min(B, 2.3994)`, and
    :math:`|silu(x)| \le |x| \sigma(B)`; a gate is at most :math:`\sigma(B)` and its slope 1/4. A
    term w silu(v) on components, where the group does not commute with it, adds at most twice
    its size.

    Parameters
    ----------
    bounds : Bounds
        Bounds of its input: scalars, gates, tensors.
    terms : GatedTerms
        The segments, and factors of further terms.

    Returns
    -------
    Bounds
    """
    n = len(terms.pairs) + 1
    size, added, gain = np.zeros(n), np.zeros(n), np.zeros((n, len(bounds.size)))
    w = terms.pointwise[0]  # every group leaves scalars alone
    size[0] = (1 + w) * _silu_size(bounds.size[0])
    gain[0, 0] = (1 + w) * _silu_slope(bounds.size[0])
    for t, (gates, tensors) in enumerate(terms.pairs, start=1):
        open_, v, w = _sigmoid(bounds.size[gates]), bounds.size[tensors], terms.pointwise[t]
        size[t] = open_ * v + w * _silu_size(v)
        gain[t, tensors] = open_ + w * _silu_slope(v)
        gain[t, gates] = v / 4
        added[t] = 0.0 if terms.commutes else 2 * w * _silu_size(v)
    return bounds.through(size, gain, added)


def pointwise_factors(layer, member):
    """Largest factor of the term w silu(v) of a gated layer, for the scalars and each other type.

    Parameters
    ----------
    layer : GatedNonlinearity
        The layer.
    member : int
        Which member, where parameters have a member axis.

    Returns
    -------
    factors : list of float
    differ : bool
        Whether each single feature has a factor of its own, which no group commutes with.
    """
    layout = layer.layout
    words = [(), *(word for word in layout.types if word)]
    if isinstance(layer, FreeGatedNonlinearity):
        free = np.abs(of_member(layer.free, 1, member))
        return [
            free[layout.slice_of(word)].max() if word in layout.types else 0.0 for word in words
        ], True
    w = 0.0
    if layer.pointwise is not None:
        w = float(np.abs(of_member(layer.pointwise, 0, member)))
    return [0.0, *(w for _ in words[1:])], False


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _silu_size(x):
    return x * _sigmoid(x)


def _silu_slope(x):
    x = min(x, _SILU_STEEPEST)
    s = _sigmoid(x)
    return s * (1 + x * (1 - s))
