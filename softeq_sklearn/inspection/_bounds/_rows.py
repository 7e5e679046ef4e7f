r"""Bounds of the equivariance error at given rows, for all elements of a group at once.

For a row x and an element g let :math:`e_i = \rho(g)^{-1} h_i(gx) - h_i(x)` be the error of the
features behind layer i, turned back. A layer that commutes with the group makes of it
:math:`\varphi(h + e) - \varphi(h) = J e + r`, with its derivative J at the row itself, whatever g
is, and a remainder r of second order. A linear layer W = P + R with P in the equivariant subspace
makes :math:`P e + r` with :math:`r = \rho^{-1} R \rho (h + e) - R h`. So the error at the output
is a sum of remainders, each carried there by a product of known matrices, whose spectral norm is
computed.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from softeq_sklearn.inspection._bounds._bilinear import products_of
from softeq_sklearn.inspection._bounds._gated import pointwise_factors
from softeq_sklearn.inspection._bounds._linear import DenseLinear
from softeq_sklearn.inspection._bounds._network import (
    gated_after,
    in_output_units,
    is_linear,
    layouts_of,
    moved_by_removed_mean,
)
from softeq_sklearn.inspection._bounds._norms import joint_norm
from softeq_sklearn.inspection._bounds._parameters import layer_arrays
from softeq_sklearn.nn import GatedNonlinearity
from softeq_sklearn.regularizers._forward_mode import directional_derivative

# Largest second derivatives: of silu 1/2 (at 0), of the logistic function 1 / (6 sqrt 3).
_SILU_CURVATURE = 0.5
_SIGMOID_CURVATURE = 1 / (6 * 3**0.5)


def local_bounds(network, group, inputs, scale_in, scale_out):
    """Bound the equivariance error of a network at some rows, in the units of its user's output.

    Parameters
    ----------
    network : TensorNetwork
        The network in float64, without a member axis.
    group : Group
        An orthogonal, linear group.
    inputs : torch.Tensor of shape (n_rows, n_in)
        Scaled rows, float64.
    scale_in, scale_out : ColumnScaling
        The scaling of its columns.

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    ValueError
        If a nonlinearity of the network does not commute with the group.
    """
    features = inputs.mT.index_select(-2, network.entry.columns).detach()
    stages, h = [], features
    for layer in network.layers:
        stages.append(_stage(network, layer, group, scale_out, h))
        with torch.no_grad():
            h = layer(h)
    moved = moved_by_removed_mean(network, group, scale_in)
    return np.array([_row_bound(stages, row, moved) for row in features.T])


def single_network(network, member):
    """Return one member of a network as a network of its own, in float64 on the CPU.

    Parameters
    ----------
    network : TensorNetwork
        The network.
    member : int or None
        Which one, where each parameter has the members as first axis; None where there are none.

    Returns
    -------
    TensorNetwork
    """
    single = copy.deepcopy(network).cpu().double().eval()
    for name, parameter in list(single.named_parameters()) if member is not None else ():
        owner, _, last = name.rpartition(".")
        value = nn.Parameter(parameter.detach()[member])
        setattr(single.get_submodule(owner), last, value)
    return single


def _row_bound(stages, h, moved):
    """Bound of the error at one row, of features h (n_in,).

    `carried` has for each remainder the matrix that carries it to the present layer, and a bound of
    its norm; `error` bounds the error of each segment of the features there.
    """
    carried = [[torch.eye(len(h), dtype=h.dtype), moved]]
    error = np.full(stages[0].n_segments_in, moved)
    for stage in stages:
        h, derivative, remainder = stage(h, error)
        carried = [[derivative @ matrix, size] for matrix, size in carried]
        carried.append([torch.eye(len(h), dtype=h.dtype), remainder])
        error = np.array(
            [sum(_norm(m[s]) * size for m, size in carried if size) for s in stage.segments_out]
        )
    return float(error[0])


def _stage(network, layer, group, scale_out, h):
    """What a layer does to an error; h are features that reach it, for their usual sizes."""
    if is_linear(layer):
        weight, bias = layer_arrays(layer)
        layouts = layouts_of(layer)
        if layer is network.layers[-1]:
            dense = in_output_units(network, weight, bias, layouts, group, scale_out)
            return _LinearStage(dense, layouts[0], [slice(None)], h)
        dense = DenseLinear.of(weight, bias, layouts, group, network.orthogonal)
        return _LinearStage(dense, layouts[0], _gated_segments(network.layers, layer), h)
    if isinstance(layer, GatedNonlinearity):
        return _GatedStage(layer, group)
    return _BilinearStage(layer, _gated_segments(network.layers, layer))


def _gated_segments(layers, layer):
    """Scalars, gates, and the tensors of each type, of the features that reach a gated layer."""
    gated = gated_after(layers, layer)
    n = gated.layout.channels_of(())
    tensors = gated.layout.with_scalars(gated.n_gates)
    scalars = [slice(0, n), slice(n, n + gated.n_gates)]
    return scalars + [tensors.slice_of(word) for word in tensors.types if word]


class _LinearStage:
    """W = P + R and a bias; its remainder is at most |R h + r| + sup |R rho(g) (h + e) + r|."""

    def __init__(self, dense, layout, segments_out, h):
        self._weight = torch.tensor(dense.weight)
        self._residual = torch.tensor(dense.residual)
        self._inside = self._weight[:, :-1] - self._residual[:, :-1]
        self._segments = [layout.slice_of(word) for word in layout.types]
        self.n_segments_in, self.segments_out = len(self._segments), segments_out
        usual = [float(h[s].norm(dim=0).mean()) for s in self._segments]
        self._usual = np.array([*usual, 1.0]) + 1e-3 * max(*usual, 1.0)
        columns = [*self._segments, slice(layout.size, layout.size + 1)]
        blocks = [dense.residual[:, c] for c in columns]
        # One weighting for all rows: it is a bound for any.
        self._bound, self._shares = joint_norm(blocks, self._usual)

    def __call__(self, h, error):
        """Features behind the layer, its derivative, and a bound of its remainder."""
        extended = torch.cat([h, torch.ones(1, dtype=h.dtype)])
        here = [float(h[s].norm()) for s in self._segments]
        sizes = np.append(np.add(here, error), 1.0)
        turned = self._bound * np.sqrt(np.sum(self._shares * (sizes / self._usual) ** 2))
        remainder = float((self._residual @ extended).norm()) + turned
        return self._weight @ extended, self._inside, remainder


class _BilinearStage:
    r"""Features plus products.

    With operands a and b whose errors are at most :math:`e_a` and :math:`e_b`, the remainder of a
    product is at most :math:`c\,(e_a e_b + r_a |b| + |a| r_b)`. Here
    :math:`r_a = e_a^2 / (\sqrt 3 R)` is the remainder of damping,
    :math:`x \mapsto x / \sqrt{1 + |x|^2 / R^2}`, whose second derivative is at most
    :math:`2 / (\sqrt 3 R)`.
    """

    def __init__(self, layer, segments):
        self._layer, self._layout, self.segments_out = layer, layer.layout, segments
        types = list(enumerate(layer.layout.types))
        self._products = products_of(layer, 0, {word: [(t, slice(None))] for t, word in types})
        self._limit = getattr(layer, "limit", None)

    def __call__(self, h, error):
        # Scalars and gates are of one type.
        error = [np.hypot(error[0], error[1]), *error[2:]]
        operands = {
            word: self._operand(float(h[self._layout.slice_of(word)].norm()), n, e)
            for word, n, e in zip(self._layout.types, self._layout.sizes, error, strict=True)
        }
        remainder = np.zeros(len(self._layout.types))
        for product in self._products:
            (a, e_a, r_a), (b, e_b, r_b) = operands[product.left], operands[product.right]
            for t, constant in product.constants.items():
                remainder[t] += constant * (e_a * e_b + r_a * b + a * r_b)
        return *_value_and_derivative(self._layer, h), float(np.linalg.norm(remainder))

    def _operand(self, size, n_features, error):
        """Size, error and remainder of the damped features of a type."""
        if self._limit is None:
            return size, error, 0.0
        radius = self._limit * np.sqrt(n_features)
        return size / np.sqrt(1 + (size / radius) ** 2), error, error**2 / (np.sqrt(3) * radius)


class _GatedStage:
    """Scalars through silu, tensors times gates; remainders by second derivatives."""

    def __init__(self, layer, group):
        factors, differ = pointwise_factors(layer, 0)
        if max(factors[1:], default=0.0) and not (group.is_permutation and not differ):
            raise ValueError(
                "The nonlinearity of the network must commute with the group: it has a term that "
                f"acts on components one by one. Got {group!r}; see equivariance_bound."
            )
        self._layer, self._factors = layer, factors
        self.segments_out = [layer.layout.slice_of(word) for word in layer.layout.types]

    def __call__(self, h, error):
        layout = self._layer.layout
        start = layout.channels_of(()) + self._layer.n_gates
        remainders = [(1 + self._factors[0]) * _SILU_CURVATURE / 2 * error[0] ** 2]
        tensors = [word for word in layout.types if word]
        for word, w, e in zip(tensors, self._factors[1:], error[2:], strict=True):
            c, n = layout.channels_of(word), layout.components(word)
            largest = float(h[start : start + c * n].view(c, n).norm(dim=1).max())
            start += c * n
            gates = _SIGMOID_CURVATURE / 2 * largest * error[1] ** 2 + error[1] * e / 4
            remainders.append(gates + w * _SILU_CURVATURE / 2 * e**2)
        return *_value_and_derivative(self._layer, h), float(np.linalg.norm(remainders))


def _value_and_derivative(layer, h):
    """A layer at one row, and the matrix of its derivative: all directions as one batch."""
    n = len(h)
    rows = h[:, None].expand(n, n).contiguous()
    with torch.no_grad():
        values, derivative = directional_derivative(layer, rows, torch.eye(n, dtype=h.dtype))
    return values[:, 0], derivative


def _norm(matrix):
    """Spectral norm."""
    if not len(matrix):
        return 0.0
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    return float(torch.linalg.eigvalsh(gram)[-1].clamp(min=0).sqrt())
