"""The cache goes by content, is bounded, and can be cleared."""

import numpy as np
import pytest

from softeq_sklearn.groups import SO, MatrixGroup, O, SO13p
from softeq_sklearn.projection import _cache, cache_info, clear_cache, type_basis

pytestmark = pytest.mark.usefixtures("empty_cache")


def test_hits_and_misses():
    assert cache_info() == (0, 0, 0, 0)
    for _ in range(3):
        type_basis((1, 1), SO(3))
    assert cache_info()[:3] == (2, 1, 1)
    assert cache_info().n_bytes == 9 * 8
    clear_cache()
    assert cache_info() == (0, 0, 0, 0)


def test_content_decides_not_the_name():
    # The same name, other axes: a cache by printed name returned the first basis twice.
    first = type_basis((1,), MatrixGroup(SO(2).embed(3, axes=(0, 1)).lie_algebra, name="turn"))
    second = type_basis((1,), MatrixGroup(SO(2).embed(3, axes=(1, 2)).lie_algebra, name="turn"))
    np.testing.assert_allclose(np.abs(first.T), [[0, 0, 1]])
    np.testing.assert_allclose(np.abs(second.T), [[1, 0, 0]])
    type_basis((1,), MatrixGroup(SO(2).embed(3, axes=(0, 1)).lie_algebra, name="other"))
    assert cache_info().hits == 1


def test_orthogonal_groups_solve_v_and_its_dual_once():
    for word in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        type_basis(word, O(3))
    assert cache_info().misses == 1


def test_words_with_the_same_axes_in_another_order_are_solved_once():
    type_basis((-1, 1), SO13p())
    assert cache_info()[:2] == (0, 2)
    type_basis((1, -1), SO13p())
    assert cache_info()[:2] == (1, 2)


def test_least_recently_used_go_first(monkeypatch):
    monkeypatch.setattr(_cache, "MAX_CACHE_BYTES", 200)
    groups = [O(3), SO(3).embed(3, axes=(0, 1, 2)), MatrixGroup(SO(3).lie_algebra[::-1])]
    for group in (*groups[:2], groups[0], groups[2]):
        type_basis((1, 1), group)
    assert cache_info() == (1, 3, 2, 144)
    type_basis((1, 1), groups[0])
    assert cache_info().hits == 2
    type_basis((1, 1), groups[1])
    assert cache_info().misses == 4


def test_what_does_not_fit_is_not_kept(monkeypatch):
    monkeypatch.setattr(_cache, "MAX_CACHE_BYTES", 10)
    type_basis((1, 1), O(3))
    assert cache_info() == (0, 1, 0, 0)
