"""Bounds behind a linear layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.inspection._bounds._norms import joint_norm
from softeq_sklearn.nn._type_blocks import project_blocks, type_index


@dataclass(frozen=True)
class DenseLinear:
    """Weight and bias of a linear layer, and what of them is outside the equivariant subspace.

    Parameters
    ----------
    weight, residual : ndarray of shape (out, in + 1)
        The bias is the last column.
    """

    weight: np.ndarray
    residual: np.ndarray

    @classmethod
    def of(cls, weight, bias, layouts, group, orthogonal):
        """Split a layer, given as arrays of shape (out, in) and (out,)."""
        n_out, n_in = weight.shape
        inside = np.concatenate([weight.reshape(-1), bias])
        project_blocks(inside, type_index(*layouts, orthogonal), group)
        inside = np.column_stack([inside[: n_out * n_in].reshape(n_out, n_in), inside[-n_out:]])
        dense = np.column_stack([weight, bias])
        return cls(dense, dense - inside)


def linear_bounds(bounds, linear, segments_in, segments_out):
    r"""Behind a linear layer.

    It adds :math:`(W \rho - \rho W) h = (W_r \rho - \rho W_r) h`, at most twice the bound of
    :math:`W_r h` with the residual :math:`W_r = W - P_G W`, since what lies in the subspace
    commutes with the group.

    Parameters
    ----------
    bounds : Bounds
        Bounds of its input.
    linear : DenseLinear
        The layer.
    segments_in, segments_out : list of slice
        Features of each segment.

    Returns
    -------
    Bounds
    """
    n_in = linear.weight.shape[1] - 1
    columns = [*segments_in, slice(n_in, n_in + 1)]
    sizes, errors = np.append(bounds.size, 1.0), np.append(bounds.error, 0.0)
    n_out = len(segments_out)
    size, added, gain = np.zeros(n_out), np.zeros(n_out), np.zeros((n_out, len(sizes)))
    for t, rows in enumerate(segments_out):
        blocks = [linear.weight[rows, c] for c in columns]
        size[t] = joint_norm(blocks, sizes)[0]
        added[t] = 2 * joint_norm([linear.residual[rows, c] for c in columns], sizes)[0]
        total, shares = joint_norm(blocks, errors)
        gain[t] = np.divide(total * shares, errors, out=np.zeros_like(errors), where=errors > 0)
    return bounds.through(size, gain[:, :-1], added)
