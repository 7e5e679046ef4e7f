"""Blocks list every column once, in the order of the user."""

import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.representations import Point, Scalar, T, Vector
from softeq_sklearn.representations._layout import point_columns


@pytest.mark.parametrize("d", [1, 2, 3])
def test_indices_are_a_permutation_of_the_columns(rep, d):
    blocks = rep.blocks(d)
    columns = np.concatenate([np.zeros(0, int), *(block.index.ravel() for block in blocks)])
    assert sorted(columns) == list(range(rep.dim(d)))
    for block in blocks:
        assert block.index.dtype == np.int64
        assert block.index.shape[2] == d ** len(block.word)
        assert not block.index.flags.writeable


def test_types_are_merged_in_order_of_appearance(linear_rep):
    words = [block.word for block in linear_rep.blocks(2)]
    assert len(set(words)) == len(words)
    assert tuple(words) == linear_rep.words


def test_columns_of_a_sum_follow_the_text():
    blocks = (Scalar + 2 * Vector + Scalar).blocks(2)
    assert [(b.word, b.index.tolist()) for b in blocks] == [
        ((), [[[0]], [[5]]]),
        ((1,), [[[1, 2]], [[3, 4]]]),
    ]


def test_columns_of_linear_maps_are_those_of_the_matrix():
    # rows: Vector (0, 1), Scalar (2); columns: Scalar (0), Vector (1, 2)
    blocks = (Scalar + Vector >> Vector + Scalar).blocks(2)
    W = np.arange(9).reshape(3, 3)
    expected = {
        (1,): [W[:2, 0]],
        (1, -1): [W[:2, 1:].ravel()],
        (): [W[2:, 0]],
        (-1,): [W[2, 1:]],
    }
    assert {b.word: b.index[:, 0].tolist() for b in blocks} == {
        word: np.array(rows).tolist() for word, rows in expected.items()
    }


def test_points_stand_along_their_own_axis():
    rep = Point + Scalar + 2 * Point
    blocks = {block.word: block.index for block in rep.blocks(2)}
    assert blocks[(2,)].tolist() == [[[0, 1], [3, 4], [5, 6]]]
    # 2 outputs of 7 coefficients each
    blocks = {block.word: block.index for block in (rep >> 2 * Scalar).blocks(2)}
    points = [[0, 1], [3, 4], [5, 6]]
    assert blocks[(0,)].tolist() == [points, (np.array(points) + 7).tolist()]
    # A matrix with 2 x 2 rows
    blocks = {block.word: block.index for block in (rep >> 2 * Vector).blocks(2)}
    assert blocks[(1, 0)].shape == (2, 3, 4)
    assert blocks[(1, 0)][1, 2].tolist() == [19, 20, 26, 27]


def test_points_of_repeated_sums_share_their_translation():
    (block,) = (3 * (Point + Point)).blocks(2)
    assert block.index.shape == (1, 6, 2)
    word_points = {b.word: b.index.shape for b in (2 * (Point + Scalar) >> Vector).blocks(2)}
    assert word_points == {(1, 0): (1, 2, 4), (1,): (2, 1, 2)}


def test_points_of_different_maps_do_not():
    maps = (Point >> Scalar) + (2 * Point >> Scalar) + (Point >> Scalar)
    assert [b.index.shape for b in maps.blocks(3)] == [(2, 1, 3), (1, 2, 3)]


@pytest.mark.parametrize(
    "large", [T(62), 10**25 * Scalar, T(30) >> T(30), 10**9 * (Scalar + T(2))], ids=repr
)
def test_too_many_columns_are_refused_at_once(large):
    with pytest.raises(ProblemTooLargeError, match=f"{large.dim(20)} columns .* d = 20 .*at most"):
        large.blocks(20)


def test_columns_of_points():
    """All that translations move, also those in repeated sums, in the order of the columns."""
    rep = Point + Scalar + 2 * (Vector + Point) + Point
    assert point_columns(rep, 2).tolist() == [[0, 1], [5, 6], [9, 10], [11, 12]]
    assert point_columns(Scalar + Vector, 3).shape == (0, 3)
