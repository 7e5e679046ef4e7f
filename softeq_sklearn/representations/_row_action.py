"""The action of one group element a row on the columns of a representation."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups import linear_part
from softeq_sklearn.groups._elements import is_affine_shape
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._words import COVECTOR, DUAL_POINT, POINT, VECTOR, Word


def act_on_each_row(rep: Rep, elements: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return the rows of X, each transformed by its own element.

    Parameters
    ----------
    rep : Rep
    elements : ndarray of shape (n_samples, d, d) or (n_samples, d, d + 1)
    X : ndarray of shape (n_samples, dim)

    Returns
    -------
    ndarray of shape (n_samples, dim)
        Row i is ``rep.act(elements[i], X[i : i + 1])[0]``.

    Examples
    --------
    >>> from softeq_sklearn.representations import Vector
    >>> signs = np.array([[[1.0]], [[-1.0]]])
    >>> act_on_each_row(2 * Vector, signs, np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[ 1.,  2.],
           [-3., -4.]])
    """
    d = elements.shape[1]
    operators = _operators(rep, linear_part(elements))
    transformed = np.empty(X.shape)
    for block in rep.blocks(d):
        size = d ** len(block.word)
        tensors = X[:, block.index].reshape(len(X), block.index.size // size, size)
        result = _apply_letters(block.word, operators, tensors)
        if block.word == (POINT,) and is_affine_shape(elements):
            result = result + elements[:, None, :, -1]
        transformed[:, block.index] = result.reshape(len(X), *block.index.shape)
    return transformed


def _operators(rep: Rep, linear: np.ndarray) -> dict[int, np.ndarray]:
    """Return the stack of matrices, shape (n_samples, d, d), by which each letter is acted on."""
    operators = {VECTOR: linear, POINT: linear}
    if any(COVECTOR in word or DUAL_POINT in word for word in rep.words):
        contragredient = np.swapaxes(np.linalg.inv(linear), 1, 2)
        operators |= {COVECTOR: contragredient, DUAL_POINT: contragredient}
    return operators


def _apply_letters(word: Word, operators: dict[int, np.ndarray], tensors: np.ndarray) -> np.ndarray:
    """Apply each row's operators to the axes of its tensors, shape (n_samples, m, d**len(word))."""
    shape = n_samples, m, size = tensors.shape
    for letter in word:
        # The first axis is transformed and moved to the end; after all axes the order is back.
        transposed = np.swapaxes(operators[letter], 1, 2)[:, None]
        d = transposed.shape[-1]
        split = tensors.reshape(n_samples, m, d, size // d)
        tensors = np.swapaxes(split, 2, 3) @ transposed
    return tensors.reshape(shape)
