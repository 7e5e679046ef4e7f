"""Bounds behind a layer that adds products of features to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.inspection._bounds._norms import tensor_norm, unfolded_norm
from softeq_sklearn.inspection._bounds._parameters import of_member
from softeq_sklearn.nn import Bilinear, MatrixBilinear


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


def products_of(layer, member, channels):
    """Constants of the products of a bilinear layer of either kind; see `factored_products`."""
    if isinstance(layer, Bilinear):
        return factored_products(layer, member, channels)
    assert isinstance(layer, MatrixBilinear)
    return matrix_products(layer, member, channels)


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
        operands[word] = of_member(operand, 2, member)
        mixes[word] = of_member(mix, 2, member)
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
        p = of_member(coefficients, 3, member)
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
