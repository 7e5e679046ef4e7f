"""Large tables are gone through in parts, without a difference to the result."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from softeq_sklearn import _rows
from softeq_sklearn.groups import SE, SO
from softeq_sklearn.levels import Support, tensor_sizes
from softeq_sklearn.preprocessing._column_scaling import fit_scaling
from softeq_sklearn.representations import as_representation


@pytest.mark.parametrize("n_rows", [0, 1, 9, 10, 11, 100])
def test_parts_cover_every_row_once(n_rows, monkeypatch):
    monkeypatch.setattr(_rows, "_PART_NUMBERS", 30)
    X = np.arange(n_rows * 3).reshape(n_rows, 3)
    parts = [X[rows] for rows in _rows.row_slices(X)]
    assert_array_equal(np.concatenate(parts), X)
    assert max(map(len, parts)) <= 10
    assert sum(map(len, parts)) == n_rows


def test_more_columns_than_numbers_in_a_part(monkeypatch):
    monkeypatch.setattr(_rows, "_PART_NUMBERS", 2)
    assert [rows.stop - rows.start for rows in _rows.row_slices(np.zeros((3, 5)))] == [1, 1, 1]


@pytest.mark.parametrize("group", [SO(3), SE(3)])
def test_parts_change_no_scale(group, monkeypatch):
    rng = np.random.default_rng(0)
    rep = as_representation("2*Point + Scalar + 2*Vector")
    X = rng.normal(size=(57, rep.dim(3))) * rng.uniform(0.1, 10, rep.dim(3)) + 5
    whole = fit_scaling(X, rep, 3, [group])
    sizes, support = tensor_sizes(X, rep, 3), Support.of(X, rep, 3)
    monkeypatch.setattr(_rows, "_PART_NUMBERS", 100)
    parts = fit_scaling(X, rep, 3, [group])
    assert_allclose(parts.offset, whole.offset, rtol=1e-12)
    assert_allclose(parts.factor, whole.factor, rtol=1e-12)
    assert_array_equal(whole.transform(X), (X - whole.offset) / whole.factor)
    assert whole.transform(X, np.float32).dtype == np.float32
    assert_allclose(tensor_sizes(X, rep, 3), sizes, rtol=1e-12)
    again = Support.of(X, rep, 3)
    assert again.limit == pytest.approx(support.limit)
    assert_array_equal(again.is_outside(2 * X), support.is_outside(2 * X))
