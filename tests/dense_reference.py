"""Equivariant maps by dense linear algebra, sharing no code with the package.

A representation is a text such as ``"1 V VW P"``: summands separated by blanks, each one the
letters of its axes, V for the space, W for its dual; 1 is a scalar and P a Point. Layouts of the
network are taken too: channel by channel, in the order of their types.
"""

from functools import cache, reduce

import numpy as np
import torch
from scipy.linalg import block_diag, svd

NAMES = {"1": "Scalar", "V": "Vector", "W": "Vector.T", "P": "Point"}
LETTERS = {1: "V", -1: "W", 2: "P"}


def notation(rep):
    """What the package calls the representation "1 V VW"."""
    return " + ".join(" * ".join(NAMES[axis] for axis in word) for word in rep.split())


def words(rep):
    """One word for each summand."""
    if isinstance(rep, str):
        return [word.replace("1", "") for word in rep.split()]
    letters = ["".join(LETTERS[letter] for letter in word) for word in rep.types]
    return [word for word, c in zip(letters, rep.channels, strict=True) for _ in range(c)]


def dim(rep, d):
    """Number of columns."""
    return sum(d ** len(word) for word in words(rep))


def of_group(word, A):
    """Matrix of a group element on the tensors of a word."""
    return reduce(np.kron, (np.linalg.inv(A).T if axis == "W" else A for axis in word), np.eye(1))


def of_algebra(word, A):
    """Matrix of an element of the Lie algebra on the tensors of a word."""
    d, n = len(A), len(word)
    total = np.zeros((d**n, d**n))
    for i, axis in enumerate(word):
        own = -A.T if axis == "W" else A
        total += np.kron(np.kron(np.eye(d**i), own), np.eye(d ** (n - i - 1)))
    return total


def matrix_and_offset(rep, g, on_word):
    """Matrix on all columns, and what the translation of g adds to them."""
    d = len(g)
    t = g[:, d] if g.shape[1] > d else np.zeros(d)
    offset = [t if word == "P" else np.zeros(d ** len(word)) for word in words(rep)]
    blocks = [on_word(word, g[:, :d]) for word in words(rep)]
    return block_diag(*blocks), np.concatenate(offset)


def act(rep, g, X):
    """Rows of X after the group element g."""
    matrix, offset = matrix_and_offset(rep, g, of_group)
    return X @ matrix.T + offset


@cache
def projector(group, rep_in, rep_out):
    """Projector onto the equivariant (out, in) matrices W, flattened row by row.

    M_out W = W M_in for all generators, and W t = 0 where translations move the input by t. Points
    of the output count as vectors: they are offsets from Points of the input.
    """
    constraints = []
    for generators, on_word in (
        (group.lie_algebra, of_algebra),
        (group.discrete_generators, of_group),
    ):
        for g in generators:
            M_in, t = matrix_and_offset(rep_in, g, on_word)
            M_out, _ = matrix_and_offset(rep_out, g, on_word)
            I_in, I_out = np.eye(len(M_in)), np.eye(len(M_out))
            constraints += [np.kron(M_out, I_in) - np.kron(I_out, M_in.T), np.kron(I_out, t)]
    identity = np.eye(dim(rep_in, group.dim) * dim(rep_out, group.dim))
    if not constraints:
        return identity
    _, values, rows = svd(np.concatenate(constraints), full_matrices=False)
    rows = rows[values > 1e-9]
    return identity - rows.T @ rows


def project(group, rep_in, rep_out, weight, bias):
    """The equivariant weight and bias nearest to given ones."""
    P, Q = projector(group, rep_in, rep_out), projector(group, "1", rep_out)
    return (P @ weight.reshape(-1)).reshape(weight.shape), Q @ bias


def penalty(group, rep_in, rep_out, weight, bias):
    """Half the squared distance of weight and bias to the equivariant ones."""
    nearest = project(group, rep_in, rep_out, weight, bias)
    pairs = zip((weight, bias), nearest, strict=True)
    return 0.5 * sum(np.sum((given - equivariant) ** 2) for given, equivariant in pairs)


def write_linear(network, weight, bias):
    """Write a linear map of the user's columns into a network that is one linear layer."""
    (layer,) = network.layers
    into, _ = network.entry(torch.eye(weight.shape[1], dtype=torch.float64))
    back = network.exit(torch.eye(weight.shape[0], dtype=torch.float64), None)
    # The columns of `into` are the images of basis vectors, as are the rows of `back`. Both
    # matrices are orthogonal, which a Point of the output would spoil: it needs a centre.
    with torch.no_grad():
        layer.weight.copy_(back @ torch.from_numpy(weight) @ into.T)
        layer.bias.copy_(back @ torch.from_numpy(bias))
