r"""How large features, and their equivariance errors, can be behind each layer of a network.

For a row x and an element g of an orthogonal group, the error of features h is
:math:`e = h(gx) - \rho(g) h(x)`. A layer :math:`\varphi` turns it into

.. math:: \underbrace{\varphi(\rho h + e) - \varphi(\rho h)}_{\text{what it makes of } e}
          + \underbrace{\varphi(\rho h) - \rho \varphi(h)}_{\text{what it adds itself}},

and the functions here bound both terms by norms, one for each segment of the features: the scalars,
the gates of each tensor type, the tensors of each type. No group element is ever drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from softeq_sklearn.nn import Bilinear, FreeGatedNonlinearity, MatrixBilinear, ResidualLinear
from softeq_sklearn.nn._type_blocks import project_blocks, type_index

# Where the derivative of silu is largest, rounded up in value: silu' rises from 0 to here.
_SILU_STEEPEST = 2.3993572805154
_N_WEIGHTINGS = 20


@dataclass(frozen=True)
class Bounds:
    """Bounds of the Euclidean norms of segments of features, over a ball of inputs.

    Parameters
    ----------
    size : ndarray of shape (n_segments,)
        Bounds of the features.
    shares : ndarray of shape (n_segments, n_sources)
        Bounds of their errors, split by the layer that caused them.
    """

    size: np.ndarray
    shares: np.ndarray

    @property
    def error(self):
        """Bounds of the errors, of shape (n_segments,)."""
        return self.shares.sum(axis=1)

    def through(self, size, gain, added=None):
        """Bounds behind a layer.

        Parameters
        ----------
        size : ndarray of shape (n_out,)
            Bounds of its features.
        gain : ndarray of shape (n_out, n_segments)
            What it makes of errors.
        added : ndarray of shape (n_out,) or None, default=None
            What it adds itself; None if it cannot add anything.

        Returns
        -------
        Bounds
            With one more source, if `added` is given.
        """
        shares = gain @ self.shares
        if added is not None:
            shares = np.column_stack([shares, added])
        # Both f(gx) and g f(x) are bounded by the size: no error is larger than twice that.
        total = shares.sum(axis=1)
        factor = np.minimum(
            1.0, np.divide(2 * size, total, out=np.ones_like(size), where=total > 0)
        )
        return Bounds(size, shares * factor[:, None])


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


def layer_arrays(layer):
    """Weight and bias of a linear layer of any kind in float64, with a member axis or without.

    Parameters
    ----------
    layer : SoftLinear, EquivariantLinear or ResidualLinear
        The layer.

    Returns
    -------
    weight, bias : ndarray of shape (..., out, in) and (..., out)
    """
    parts = (layer.exact, layer.residual) if isinstance(layer, ResidualLinear) else (layer,)
    dense = [part.dense() for part in parts]
    return tuple(sum(_numpy(d[i]) for d in dense) for i in range(2))


def joint_norm(blocks, radii):
    r"""Bound the norm of :math:`\sum_s W_s h_s` over all h with :math:`|h_s| \le r_s`.

    For weights p that add up to 1, by the Cauchy-Schwarz inequality,

    .. math:: \Big|\sum_s W_s h_s\Big|^2 \le
        \lambda_{\max}\Big(\sum_s \frac{r_s^2}{p_s} W_s W_s^T\Big) \sum_s p_s \frac{|h_s|^2}{r_s^2}.

    With :math:`p_s \propto r_s |W_s|` this is at most the sum of :math:`r_s |W_s|`. Better weights
    come from the dual problem, the maximum over density matrices Y of
    :math:`\sum_s r_s \sqrt{\mathrm{tr}(W_s W_s^T Y)}`, by some steps of Frank and Wolfe's method
    with :math:`p_s` in proportion to its terms. Each step gives a bound, the best is taken.

    Parameters
    ----------
    blocks : list of ndarray of shape (n_out, n_s)
        The matrices.
    radii : ndarray of shape (n_blocks,)
        The bounds of their arguments, not negative.

    Returns
    -------
    bound : float
    shares : ndarray of shape (n_blocks,)
        The weights, which say how much of the bound comes from each block.
    """
    grams = [radius**2 * (block @ block.T) for block, radius in zip(blocks, radii, strict=True)]
    norms = np.sqrt([_largest_eigenvalue(gram) for gram in grams])
    shares = np.zeros(len(norms))
    used = np.flatnonzero(norms)
    if not len(used):
        return 0.0, shares
    p, power = norms[used] / norms.sum(), 0.0
    best = np.inf, p
    for step in range(_N_WEIGHTINGS):
        values, vectors = np.linalg.eigh(sum(grams[s] / w for s, w in zip(used, p, strict=True)))
        best = min(best, (float(np.sqrt(values[-1])), p), key=lambda pair: pair[0])
        v, weight = vectors[:, -1], 2 / (step + 2)
        power = (1 - weight) * power + weight * np.array([v @ grams[s] @ v for s in used])
        p = np.sqrt(np.maximum(power, 1e-12 * power.max()))
        p = p / p.sum()
    shares[used] = best[1]
    return best[0], shares


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


@dataclass(frozen=True)
class Product:
    r"""A bilinear map of two tensor types, :math:`|y_t| \le c_t |x_{left}| |x_{right}|`.

    Parameters
    ----------
    left, right : tuple of int
        Words of the operands.
    constants : dict of int -> float
        The constant c for each segment of the result.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    constants: dict[int, float]


def tensor_norm(mix, left, right):
    r"""Bound a bilinear map given in factored form.

    The map :math:`y_i = \sum_{jk} P_{ijk}\, x_j \cdot z_k` of channels, with
    :math:`P_{ijk} = \sum_r M_{ir} A_{rj} B_{rk}`, is at most :math:`|x|\,|z|` times the spectral
    norm of P unfolded to a matrix, along any of its axes: a contraction of tensors is at most
    the product of their norms. The Gram matrix of an unfolding is
    :math:`M [(A A^T) \circ (B B^T)] M^T`; P is never built.

    Parameters
    ----------
    mix : ndarray of shape (n_out, rank)
        M.
    left, right : ndarray of shape (rank, n_left) and (rank, n_right)
        A and B.

    Returns
    -------
    float
    """
    m, a, b = mix.T @ mix, left @ left.T, right @ right.T
    grams = mix @ (a * b) @ mix.T, left.T @ (m * b) @ left, right.T @ (m * a) @ right
    return float(np.sqrt(min(_largest_eigenvalue(gram) for gram in grams)))


def unfolded_norm(tensor):
    """Bound a bilinear map given as an array of shape (n_out, n_left, n_right); see `tensor_norm`.

    Parameters
    ----------
    tensor : ndarray of shape (n_out, n_left, n_right)
        Coefficients P.

    Returns
    -------
    float
    """
    unfolded = [np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1) for axis in range(3)]
    return float(np.sqrt(min(_largest_eigenvalue(u @ u.T) for u in unfolded)))


def factored_products(layer, member, channels):
    """Constants of all products of a `Bilinear` layer.

    Parameters
    ----------
    layer : Bilinear
        The layer.
    member : int
        Which member, where parameters have a member axis.
    channels : dict of word -> list of (int, slice)
        Segments of each type and their channels.

    Returns
    -------
    list of Product
    """
    operands, mixes = ({}, {})
    for word, operand, mix in zip(layer.layout.types, layer.operands, layer.mixes, strict=True):
        operands[word] = _of_member(operand, 2, member)
        mixes[word] = _of_member(mix, 2, member)
    read, written = dict.fromkeys(operands, 0), dict.fromkeys(mixes, 0)

    def next_rows(word, rank):
        read[word] += rank
        return operands[word][read[word] - rank : read[word]]

    products = []
    for path, rank in zip(layer.paths, layer.ranks, strict=True):
        left, right = next_rows(path.left, rank), next_rows(path.right, rank)
        start = written[path.out]
        written[path.out] = start + rank
        mix = mixes[path.out][:, start : start + rank]
        constants = {t: tensor_norm(mix[c], left, right) for t, c in channels[path.out]}
        products.append(Product(path.left, path.right, constants))
    return products


def matrix_products(layer, member, channels):
    """Constants of all products of a `MatrixBilinear` layer; see `factored_products`."""
    products = []
    for path, coefficients in zip(layer.paths, layer.coefficients, strict=True):
        p = _of_member(coefficients, 3, member)
        mixed = np.asarray(layer.mixed[path.left])
        # A feature that was drawn twice counts once, with the sum of its coefficients.
        chosen = np.zeros((mixed.shape[-1], layer.layout.channels_of(path.left)))
        chosen[np.arange(mixed.shape[-1]), mixed[member] if mixed.ndim > 1 else mixed] = 1
        p = layer.scale * (p @ chosen)
        constants = {t: unfolded_norm(p[c]) for t, c in channels[path.out]}
        products.append(Product(path.right, path.left, constants))
    return products


def bilinear_bounds(bounds, products, features, limit):
    r"""Behind a layer that adds products of features to them.

    Products commute with the group. With operands :math:`a, a'` of size at most A that differ by
    at most :math:`\delta_A`, and b alike, :math:`a' b' - a b = \tfrac12 (a' + a)(b' - b) + \tfrac12
    (a' - a)(b' + b)` is at most :math:`A \delta_B + B \delta_A`. Damping
    :math:`x \mapsto x / \sqrt{1 + |x|^2 / (n\, limit^2)}` is 1-Lipschitz: with
    :math:`u = 1 + |x|^2 / (n\, limit^2)` its derivative is :math:`u^{-3/2}` along x and
    :math:`u^{-1/2}` across. Its norm grows with :math:`|x|`.

    Parameters
    ----------
    bounds : Bounds
        Bounds of its input.
    products : list of Product
        What it adds.
    features : dict of word -> (list of int, int)
        For each type its segments and its number of features.
    limit : float or None
        Where operands are damped.

    Returns
    -------
    Bounds
    """
    size, gain = bounds.size.copy(), np.eye(len(bounds.size))
    operand = {word: _operand(bounds, *of_type, limit) for word, of_type in features.items()}
    for product in products:
        (left, left_gain), (right, right_gain) = operand[product.left], operand[product.right]
        for t, constant in product.constants.items():
            size[t] += constant * left * right
            gain[t] += constant * (left * right_gain + right * left_gain)
    return bounds.through(size, gain)


def _operand(bounds, segments, n_features, limit):
    """Size of the damped features of a type, and its error as a combination of those of all."""
    size = float(np.linalg.norm(bounds.size[segments]))
    errors = np.zeros(len(bounds.size))
    errors[segments] = bounds.error[segments]
    total = float(np.linalg.norm(errors))
    if limit is not None:
        size = size / np.sqrt(1 + size**2 / (n_features * limit**2))
    if not total:
        # No gain is needed for errors that are not there.
        return size, errors
    return size, errors / total * min(1.0, 2 * size / total)


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
        free = np.abs(_of_member(layer.free, 1, member))
        return [
            free[layout.slice_of(word)].max() if word in layout.types else 0.0 for word in words
        ], True
    w = 0.0
    if layer.pointwise is not None:
        w = float(np.abs(_of_member(layer.pointwise, 0, member)))
    return [0.0, *(w for _ in words[1:])], False


def products_of(layer, member, channels):
    """Constants of the products of a bilinear layer of either kind; see `factored_products`."""
    if isinstance(layer, Bilinear):
        return factored_products(layer, member, channels)
    assert isinstance(layer, MatrixBilinear)
    return matrix_products(layer, member, channels)


def _of_member(parameter, ndim, member):
    array = _numpy(parameter)
    return array[member] if array.ndim > ndim else array


def _numpy(tensor):
    return tensor.detach().to("cpu", torch.float64).numpy()


def _largest_eigenvalue(gram):
    return max(float(np.linalg.eigvalsh(gram)[-1]), 0.0) if len(gram) else 0.0


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _silu_size(x):
    return x * _sigmoid(x)


def _silu_slope(x):
    x = min(x, _SILU_STEEPEST)
    s = _sigmoid(x)
    return s * (1 + x * (1 - s))
