import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.nn import FeatureLayout, hidden_layout
from softeq_sklearn.representations import Scalar, T, Vector

VECTORS = FeatureLayout(3, ((), (1,)), (2, 2))
SCALARS = FeatureLayout(3, ((),), (4,))


@given(st.integers(1, 400), st.integers(1, 6), st.booleans(), st.sampled_from([(1,), (1, 1, 1)]))
def test_all_features_are_spent(n, d, orthogonal, word):
    outer = [FeatureLayout(d, ((), word), (1, 1)), FeatureLayout(d, ((),), (1,))]
    layout = hidden_layout(n, outer, d, orthogonal=orthogonal)
    assert layout.dim == d
    assert layout.channels_of(word) >= 1
    share = n / (1 + max(2, len(word)))
    if d ** len(word) <= share / (1 if orthogonal else 1 + len(word)):
        assert layout.size == n
    else:  # one channel of what the columns have, even where that makes more features
        assert layout.size <= n + d ** len(word) + 1
    # Scalars are for gates too: never fewer of them than a rank's share.
    assert layout.channels_of(()) >= n / (1 + max(2, len(word))) - 1e-9


@given(st.integers(1, 400), st.integers(1, 4))
def test_types_of_one_rank_have_equally_many_channels(n, d):
    outer = [FeatureLayout(d, ((1,), (-1,)), (1, 1))]
    layout = hidden_layout(n, outer, d, orthogonal=False)
    for words in ([(1,), (-1,)], [(1, 1), (1, -1), (-1, -1)]):
        assert len({layout.channels_of(word) for word in words}) == 1


def test_ranks_are_shared_equally():
    layout = hidden_layout(81, [VECTORS, SCALARS], 3, orthogonal=True)
    assert layout == FeatureLayout(3, ((), (1,), (1, 1)), (27, 9, 3))
    layout = hidden_layout(108, [VECTORS, FeatureLayout(3, ((1, 1, 1),), (1,))], 3, orthogonal=True)
    assert layout == FeatureLayout(3, ((), (1,), (1, 1), (1, 1, 1)), (27, 9, 3, 1))
    layout = hidden_layout(36, [FeatureLayout(2, ((1,),), (2,))], 2, orthogonal=False)
    words = ((), (1,), (-1,), (1, 1), (1, -1), (-1, -1))
    assert layout == FeatureLayout(2, words, (12, 3, 3, 1, 1, 1))


def test_scalars_alone_stay_alone():
    assert hidden_layout(50, [SCALARS, SCALARS], 3, orthogonal=True) == FeatureLayout(
        3, ((),), (50,)
    )


@pytest.mark.parametrize("orthogonal", [False, True])
def test_a_representation_is_taken_as_it_is(orthogonal):
    layout = hidden_layout(
        T(2) + 3 * Scalar + Vector + 2 * Scalar, [SCALARS], 3, orthogonal=orthogonal
    )
    assert layout == FeatureLayout(3, ((), (1,), (1, 1)), (5, 1, 1))
    assert hidden_layout("T(2) + 5*Scalar + Vector", [], 3, orthogonal=orthogonal) == layout


def test_duals_of_a_representation():
    types = ((), (1,), (-1,))
    assert hidden_layout("2*Vector.T + Vector + Scalar", [], 2, orthogonal=False) == FeatureLayout(
        2, types, (1, 1, 2)
    )
    assert hidden_layout("2*Vector.T + Vector + Scalar", [], 2, orthogonal=True) == FeatureLayout(
        2, ((), (1,)), (1, 3)
    )


def test_numpy_integers():
    assert hidden_layout(np.int64(30), [VECTORS], 3, orthogonal=True) == hidden_layout(
        30, [VECTORS], 3, orthogonal=True
    )


def test_a_type_of_the_columns_is_never_lost():
    vectors = FeatureLayout(48, ((1,),), (1,))
    layout = hidden_layout(128, [vectors, vectors], 48, orthogonal=True)
    assert layout.channels_of((1,)) == 1
    points = FeatureLayout(3, ((2,),), (1,))
    assert hidden_layout(4, [points], 3, orthogonal=True).channels_of((1,)) == 1
