"""Words and what is applied to their axes."""

import numpy as np
import pytest

from softeq_sklearn.representations._words import apply_letters, dual, word_text


@pytest.mark.parametrize(
    "word, text",
    [
        ((), "Scalar"),
        ((1,), "Vector"),
        ((-1,), "Vector.T"),
        ((1, 1, -1), "T(2, 1)"),
        ((-1, -1), "T(0, 2)"),
        ((-1, 1), "Vector.T * Vector"),
        ((1, -1, 1, -1), "T(1, 1) * T(1, 1)"),
        ((2,), "Point"),
        ((0,), "Point.T"),
    ],
)
def test_text(word, text):
    assert word_text(word) == text


def test_dual_flips_every_letter():
    assert dual((1, -1, 2, 0)) == (-1, 1, 0, 2)


@pytest.mark.parametrize("word", [(), (1,), (1, -1), (-1, 1, 1)])
@pytest.mark.parametrize("n_tensors", [0, 1, 4])
def test_apply_letters_is_the_kronecker_product(word, n_tensors):
    rng = np.random.default_rng(0)
    operators = {1: rng.standard_normal((2, 2)), -1: rng.standard_normal((2, 2))}
    tensors = rng.standard_normal((n_tensors, 2 ** len(word)))
    matrix = np.eye(1)
    for letter in word:
        matrix = np.kron(matrix, operators[letter])
    np.testing.assert_allclose(apply_letters(word, operators, tensors), tensors @ matrix.T)


def test_letters_of_one_operator_a_row():
    """Of shape (n_samples, 1, d, d), which all tensors of a row share."""
    rng = np.random.default_rng(0)
    operators = {1: rng.standard_normal((5, 1, 2, 2)), -1: rng.standard_normal((5, 1, 2, 2))}
    tensors = rng.standard_normal((5, 3, 4))
    for i, result in enumerate(apply_letters((1, -1), operators, tensors)):
        own = {letter: stack[i, 0] for letter, stack in operators.items()}
        np.testing.assert_array_equal(result, apply_letters((1, -1), own, tensors[i]))
