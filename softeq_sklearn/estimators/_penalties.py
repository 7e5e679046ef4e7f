"""Which penalty a choice of parameters stands for."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from softeq_sklearn.regularizers import (
    DistancePenalty,
    LiePenalty,
    ProjectionPenalty,
    SampledPenalty,
    group_actions,
)

# Elements that a penalty of the function draws from, fewer where their matrices are large, and rows
# that it is measured on for tuning.
_POOL_ELEMENTS, _POOL_ENTRIES = 256, 2**25
_POOL_ROWS = 256


def weight_penalty(distance):
    """What makes a penalty of the weights from a module, groups and strengths.

    Parameters
    ----------
    distance : {"squared", "log", "cosine"}
        The distance to the equivariant subspaces.

    Returns
    -------
    callable
    """
    if distance == "squared":
        return ProjectionPenalty
    return partial(DistancePenalty, distance=distance)


def function_penalty(regularizer, groups, rep_in, rep_out, scale_in, scale_out, inputs, seed):
    """What makes a penalty of the function from a module, groups and strengths.

    Parameters
    ----------
    regularizer : {"sampled", "lie"}
        The penalty.
    groups : dict of str to Group
        The groups with a strength.
    rep_in, rep_out : Rep
        Representations of the user's columns.
    scale_in, scale_out : ColumnScaling
        How the module's columns differ from them.
    inputs : torch.Tensor of shape (n_samples, n_in)
        Scaled training rows.
    seed : int
        Governs elements and rows.

    Returns
    -------
    callable
    """
    rng = np.random.RandomState(seed)
    entries = len(scale_in.offset) ** 2 + len(scale_out.offset) ** 2
    n_elements = 1 if regularizer == "lie" else min(_POOL_ELEMENTS, 1 + _POOL_ENTRIES // entries)
    actions = {
        name: group_actions(group, rep_in, rep_out, n_elements, rng, scale_in, scale_out)
        for name, group in groups.items()
    }
    rows = inputs[torch.from_numpy(rng.permutation(len(inputs))[:_POOL_ROWS])]
    return partial(_make_function_penalty, regularizer, actions, rows, seed)


def _make_function_penalty(regularizer, actions, rows, seed, module, groups, strengths):
    """The module is not looked at: any one will do, and it may change."""
    if regularizer == "lie":
        return LiePenalty(actions, strengths, rows=rows)
    return SampledPenalty(actions, strengths, rows=rows, seed=seed)
