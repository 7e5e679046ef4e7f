import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.nn import FeatureLayout
from softeq_sklearn.nn._layout import (
    SIZE,
    block_word,
    canonical_word,
    input_map,
    output_map,
    size_weight,
)
from softeq_sklearn.representations import as_representation
from softeq_sklearn.testing import representations

WORDS = [(), (1,), (-1,), (1, 1), (1, -1), (-1, -1), (1, 1, -1)]

channel_counts = st.dictionaries(st.sampled_from(WORDS), st.integers(0, 3)).filter(
    lambda counts: any(counts.values())
)


@given(st.integers(1, 4), channel_counts)
def test_indices_of_the_types_are_a_permutation(d, channels):
    layout = FeatureLayout.from_channels(d, channels)
    parts = [layout.index_of(word).reshape(-1) for word in layout.types]
    assert np.array_equal(np.concatenate(parts), np.arange(layout.size))
    for word in layout.types:
        index = layout.index_of(word)
        assert index.shape == (channels[word],) + (d,) * len(word)
        assert np.array_equal(np.arange(layout.size)[layout.slice_of(word)], index.reshape(-1))
        assert layout.channels_of(word) == channels[word]
        assert layout.components(word) == d ** len(word)


@given(channel_counts)
def test_types_are_sorted_and_never_empty(channels):
    layout = FeatureLayout.from_channels(2, channels)
    assert set(layout.types) == {word for word, c in channels.items() if c}
    ranks = [len(word) for word in layout.types]
    assert ranks == sorted(ranks)
    # V before its dual within a rank.
    for rank in set(ranks):
        words = [word for word in layout.types if len(word) == rank]
        assert words == sorted(words, reverse=True)


@given(channel_counts, st.integers(0, 5))
def test_more_scalars_come_after_those_that_are_there(channels, n):
    layout = FeatureLayout.from_channels(3, channels)
    wider = layout.with_scalars(n)
    assert wider.channels_of(()) == layout.channels_of(()) + n
    assert wider.size == layout.size + n
    for word in layout.types:
        if word:
            shift = wider.index_of(word) - layout.index_of(word)
            assert (shift == n).all()


def test_absent_type():
    layout = FeatureLayout(3, ((), (1,)), (4, 2))
    assert layout.channels_of((1, 1)) == 0


@pytest.mark.parametrize("orthogonal", [False, True])
def test_canonical_word_is_the_sorted_word(orthogonal):
    for n in range(4):
        for word in itertools.product((1, -1, 0), repeat=n):
            if 0 in word[:-1]:
                continue
            canonical, order = canonical_word(word, orthogonal)
            letters = [abs(x) if orthogonal else x for x in word]
            assert canonical == tuple(letters[i] for i in order)
            vectors = [x for x in canonical if x == 1]
            covectors = [x for x in canonical if x == -1]
            assert list(canonical) == vectors + covectors + [0] * word.count(0)


def test_words_that_are_one_type_share_their_canonical_word():
    assert canonical_word((-1, 1), False)[0] == canonical_word((1, -1), False)[0] == (1, -1)
    assert canonical_word((-1, -1), False)[0] == (-1, -1)
    assert canonical_word((-1, -1), True)[0] == canonical_word((1, -1), True)[0] == (1, 1)


@given(st.integers(1, 3), st.data())
def test_maps_of_columns_are_permutations_that_carry_the_action(dense, d, data):
    # A permuted row of the user transforms like a row of the layout.
    rep = data.draw(representations(d, max_columns=20, max_order=3))
    g = np.random.RandomState(0).standard_normal((d, d))
    for columns in (input_map(rep, d, False), output_map(rep, d, False)):
        assert np.array_equal(np.sort(columns.columns), np.arange(rep.dim(d)))
        assert columns.layout.size == rep.dim(d)
        assert columns.point_slots.shape == (0, d)
        user = rep.rho(g)[np.ix_(columns.columns, columns.columns)]
        ours, _ = dense.matrix_and_offset(columns.layout, g, dense.of_group)
        np.testing.assert_allclose(user, ours, atol=1e-12)


@given(st.integers(1, 3), st.data())
def test_orthogonal_maps_know_no_duals(dense, d, data):
    rep = data.draw(representations(d, max_columns=20, max_order=3))
    g, _ = np.linalg.qr(np.random.RandomState(0).standard_normal((d, d)))
    columns = input_map(rep, d, True)
    assert all(letter == 1 for word in columns.layout.types for letter in word)
    user = rep.rho(g)[np.ix_(columns.columns, columns.columns)]
    ours, _ = dense.matrix_and_offset(columns.layout, g, dense.of_group)
    np.testing.assert_allclose(user, ours, atol=1e-12)


@pytest.mark.parametrize("rep", ["Point", "Scalar + 2*Point + Vector + Point", "3*Point"])
def test_points_take_one_slot_of_their_own_and_vectors(rep):
    rep = as_representation(rep)
    n_points = sum(block.index.shape[1] for block in rep.blocks(2) if block.word == (2,))
    n_vectors = sum(len(block.index) for block in rep.blocks(2) if block.word == (1,))
    into, back = input_map(rep, 2, True), output_map(rep, 2, True)
    assert into.layout.channels_of((2,)) == 1
    assert into.layout.channels_of((1,)) == n_vectors + n_points - 1
    assert back.layout.channels_of((2,)) == 0
    assert back.layout.channels_of((1,)) == n_vectors + n_points
    (points,) = [block.index[0] for block in rep.blocks(2) if block.word == (2,)]
    for columns in (into, back):
        assert np.array_equal(columns.columns[columns.point_slots], points)
    # The first one is the slot of the mean.
    assert np.array_equal(into.point_slots[0], into.layout.index_of((2,))[0])


@given(channel_counts)
def test_the_size_of_rows_is_one_more_feature(channels):
    layout = FeatureLayout.from_channels(3, channels)
    wider = layout.with_size()
    assert wider.size == layout.size + 1
    assert wider.components((SIZE,)) == 1
    assert wider.index_of((SIZE,)).shape == (1, 1)
    # It stands where one more scalar would.
    assert wider.slice_of((SIZE,)).start == layout.channels_of(())
    assert wider.unit_size and wider.with_scalars(2).unit_size and not layout.unit_size


def test_words_between_features_of_unit_size():
    assert block_word((1, 1), True) == (3, 3)
    assert block_word((1, 0), True) == (3, 4)
    assert block_word(canonical_word((1, SIZE), True)[0], True) == (3, 5)
    assert block_word((1, -1), False) == (1, -1)


@given(st.integers(1, 3), st.booleans(), st.data())
def test_weights_are_the_powers_of_a_scaling(d, orthogonal, data):
    rep = data.draw(representations(d, max_columns=20, max_order=3))
    for columns in (input_map(rep, d, orthogonal), output_map(rep, d, orthogonal)):
        expected = np.log2(np.diag(rep.rho(2 * np.eye(d))))[columns.columns]
        np.testing.assert_allclose(columns.weights, expected, atol=1e-12)


def test_points_are_scaled_like_vectors():
    assert size_weight((2,)) == size_weight((1, 1, -1)) == 1
    assert input_map(as_representation("Scalar + 2*Point"), 2, True).weights.tolist() == [
        0,
        1,
        1,
        1,
        1,
    ]
