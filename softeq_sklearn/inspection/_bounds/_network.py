"""A bound of the equivariance error of a whole network, layer by layer."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.inspection._bounds._bilinear import bilinear_bounds, products_of
from softeq_sklearn.inspection._bounds._bounds import Bounds
from softeq_sklearn.inspection._bounds._gated import GatedTerms, gated_bounds, pointwise_factors
from softeq_sklearn.inspection._bounds._linear import DenseLinear, linear_bounds
from softeq_sklearn.inspection._bounds._parameters import layer_arrays
from softeq_sklearn.nn import GatedNonlinearity, ResidualLinear
from softeq_sklearn.nn._type_blocks import project_blocks


def network_bound(network, group, radius, scale_in, scale_out):
    """Bound the equivariance error of a network, in the units of its user's output.

    Parameters
    ----------
    network : TensorNetwork
        The network, with or without a member axis.
    group : Group
        An orthogonal, linear group.
    radius : float
        Radius of the ball of scaled inputs.
    scale_in, scale_out : ColumnScaling
        The scaling of its columns.

    Returns
    -------
    per_layer : dict of str -> float
        The bound, split by the layer that causes it; with members the mean over them.

    """
    dense = {layer: layer_arrays(layer) for layer in network.layers if is_linear(layer)}
    weight, _ = next(iter(dense.values()))
    n_members = len(weight) if weight.ndim == 3 else 1
    parts = [
        _member_bound(network, dense, member, group, radius, scale_in, scale_out)
        for member in range(n_members)
    ]
    return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}


def _member_bound(network, dense, member, group, radius, scale_in, scale_out):
    """The split bound of one member."""
    moved = moved_by_removed_mean(network, group, scale_in)
    bounds = Bounds(np.array([radius + moved]), np.array([[moved]]))
    segments = [slice(0, layouts_of(network.layers[0])[0].size)]
    names, number, last = ["removed mean"], 0, network.layers[-1]
    for layer in network.layers:
        if is_linear(layer):
            number += 1
            layouts = layouts_of(layer)
            weight, bias = dense[layer]
            if weight.ndim == 3:
                weight, bias = weight[member], bias[member]
            if layer is last:
                linear = in_output_units(network, weight, bias, layouts, group, scale_out)
                behind = [slice(0, layouts[1].size)]
            else:
                linear = DenseLinear.of(weight, bias, layouts, group, network.orthogonal)
                behind = _gated_segments(network.layers, layer)
            bounds, segments = linear_bounds(bounds, linear, segments, behind), behind
            names.append(f"linear {number}")
        elif isinstance(layer, GatedNonlinearity):
            factors, differ = pointwise_factors(layer, member)
            n_types = sum(map(bool, layer.layout.types))
            pairs = [(1 + t, 1 + n_types + t) for t in range(n_types)]
            commutes = group.is_permutation and not differ
            bounds = gated_bounds(bounds, GatedTerms(pairs, factors, commutes))
            segments = _hidden_segments(layer.layout)
            names.append(f"gated {number}")
        else:
            hidden = gated_after(network.layers, layer).layout
            channels, features = _types_of_segments(hidden)
            products = products_of(layer, member, channels)
            limit = getattr(layer, "limit", None)
            bounds = bilinear_bounds(bounds, products, features, limit)
    return dict(zip(names, bounds.shares[0], strict=True))


def moved_by_removed_mean(network, group, scaling):
    """Bound how far an element takes scaled rows beside its action on them.

    Scaled rows are (x - o) / f. Where the group moves o, an element takes them to rho(g) x plus
    (rho(g) o - o) / f, which is at most twice the residual of o / f.

    Parameters
    ----------
    network : TensorNetwork
        The network.
    group : Group
        The group.
    scaling : ColumnScaling
        The scaling of its input.

    Returns
    -------
    float
    """
    layout = layouts_of(network.layers[0])[0]
    columns = network.entry.columns.cpu().numpy()
    removed = (scaling.offset / scaling.factor)[columns]
    return 2 * float(np.linalg.norm(_outside(removed, layout, group)))


def in_output_units(network, weight, bias, layouts, group, scaling):
    """The last layer with the scaling of the outputs, without the constants that the group fixes.

    All components of one tensor share a factor, which commutes with the group; and a constant that
    the group fixes cancels in f(gx) - g f(x).

    Parameters
    ----------
    network : TensorNetwork
        The network.
    weight, bias : ndarray of shape (out, in) and (out,)
        Its last layer.
    layouts : tuple of FeatureLayout
        The layouts of its input and output.
    group : Group
        The group.
    scaling : ColumnScaling
        The scaling of its output.

    Returns
    -------
    DenseLinear
    """
    columns = np.argsort(network.exit.positions.cpu().numpy())
    factor, offset = scaling.factor[columns], scaling.offset[columns]
    weight, bias = factor[:, None] * weight, factor * bias + offset
    linear = DenseLinear.of(weight, bias, layouts, group, network.orthogonal)
    return DenseLinear(np.column_stack([weight, linear.residual[:, -1]]), linear.residual)


def _outside(values, layout, group):
    """The part of features that the group moves."""
    index = {w: layout.index_of(w).reshape(layout.channels_of(w), -1) for w in layout.types}
    inside = values.copy()
    project_blocks(inside, index, group)
    return values - inside


def _gated_segments(layers, layer):
    """Scalars, the gates of each type, the tensors of each type, behind a hidden linear layer."""
    hidden = gated_after(layers, layer).layout
    tensors = [word for word in hidden.types if word]
    sizes = [hidden.channels_of(()), *(hidden.channels_of(word) for word in tensors)]
    sizes += [hidden.channels_of(word) * hidden.components(word) for word in tensors]
    return _consecutive(sizes)


def _hidden_segments(hidden):
    """Scalars, then the tensors of each type, behind a gated layer."""
    sizes = dict(zip(hidden.types, hidden.sizes, strict=True))
    return _consecutive([sizes.pop((), 0), *sizes.values()])


def _types_of_segments(hidden):
    """For each type of a gated layout its segments with their channels, and its features."""
    tensors = [word for word in hidden.types if word]
    n_scalars = hidden.channels_of(())
    scalars = _consecutive([n_scalars, *(hidden.channels_of(word) for word in tensors)])
    channels = {(): list(enumerate(scalars))}
    features = {(): (list(range(len(scalars))), scalars[-1].stop)}
    for t, word in enumerate(tensors, start=1 + len(tensors)):
        channels[word] = [(t, slice(None))]
        features[word] = ([t], hidden.channels_of(word) * hidden.components(word))
    return channels, features


def _consecutive(sizes):
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def gated_after(layers, layer):
    """The gated layer that ends the block of a layer."""
    after = list(layers)[list(layers).index(layer) :]
    return next(each for each in after if isinstance(each, GatedNonlinearity))


def is_linear(layer):
    """Whether a layer is linear, of any kind."""
    return hasattr(layer, "dense") or isinstance(layer, ResidualLinear)


def layouts_of(layer):
    """Layouts of the input and the output of a linear layer."""
    layer = layer.exact if isinstance(layer, ResidualLinear) else layer
    return layer.layout_in, layer.layout_out
