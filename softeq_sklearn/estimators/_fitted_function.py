"""The function that a fitted network computes, in the user's units."""

from __future__ import annotations

import copy

import numpy as np
import torch

# Rows of all members together whose activations fit a cache.
PREDICT_ROWS = 2048


def member_function(module, scale_in, scale_out, n_members):
    """Return what maps rows, in the user's units, to (n_members, n_samples, n_outputs).

    It is evaluated in float64: a network trained in float32 is a function like any other, an
    exactly equivariant one keeps its symmetry to the last digits, and a row's prediction does
    not depend on the rows beside it, but for the last digit.

    Parameters
    ----------
    module : torch.nn.Module
        The network, of scaled columns; a copy of it is used.
    scale_in, scale_out : ColumnScaling
        How columns are scaled.
    n_members : int
        Networks in the module.

    Returns
    -------
    callable
    """
    module = copy.deepcopy(module).double().eval()
    device = next(module.parameters()).device

    def function(X):
        X = np.asarray(X)
        n_rows = max(1, PREDICT_ROWS // n_members)
        parts = np.array_split(X, max(1, -(-len(X) // n_rows)))
        scaled = (torch.from_numpy(scale_in.transform(part)) for part in parts)
        with torch.no_grad():
            outputs = [module(rows.to(device)).cpu() for rows in scaled]
        values = torch.cat(outputs, -2).numpy()
        return scale_out.inverse_transform(values.reshape(-1, *values.shape[-2:]))

    return function
