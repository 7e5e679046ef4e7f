import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from softeq_sklearn.groups import SE, SO, Trivial
from softeq_sklearn.representations import Scalar
from softeq_sklearn.testing import assert_equivariant, datasets, groups


@given(datasets(min_rows=3, max_rows=8, max_columns=5))
def test_shapes(dataset):
    ((name, group),) = dataset.groups.items()
    assert name == repr(group)
    n_rows, n_columns = dataset.data.shape
    assert 3 <= n_rows <= 8
    assert n_columns == dataset.rep_in.dim(group) <= 5
    assert dataset.target.shape == (n_rows, dataset.rep_out.dim(group))
    assert dataset.target.shape[1] <= 5


@given(datasets(groups(max_dim=3, affine=None), symmetric=True))
def test_symmetric_targets_are_equivariant(dataset):
    # Ten rows of at most six columns tell the linear map.
    (group,) = dataset.groups.values()
    rows = np.column_stack([dataset.data, np.ones(len(dataset.data))])
    coefficients, *_ = np.linalg.lstsq(rows, dataset.target, rcond=None)
    np.testing.assert_allclose(rows @ coefficients, dataset.target, atol=1e-9)

    def f(X):
        return np.column_stack([X, np.ones(len(X))]) @ coefficients

    assert_equivariant(f, group, dataset.rep_in, dataset.rep_out, tol=1e-7)


@given(datasets(st.just(SO(2)), symmetric=False))
def test_other_targets_are_noise(dataset):
    assert list(dataset.groups.values()) == [SO(2)]
    assert dataset.target.std() > 0.1


def test_points_for_affine_groups():
    options = settings(derandomize=True, database=None)
    dataset = find(datasets(st.just(SE(2))), lambda data: data.rep_in.has_points, settings=options)
    assert dataset.rep_in.has_points
    assert not dataset.rep_out.has_points


def test_examples_shrink():
    options = settings(derandomize=True, database=None)
    dataset = find(datasets(min_rows=2), lambda data: True, settings=options)
    assert dataset.groups == {"Trivial(1)": Trivial(1)}
    assert dataset.rep_in == dataset.rep_out == Scalar
    assert dataset.data.shape == dataset.target.shape == (2, 1)


@pytest.mark.parametrize(("min_rows", "max_rows"), [(0, 5), (6, 5)])
def test_bad_bounds(min_rows, max_rows):
    with pytest.raises(ValueError, match=f"Got {min_rows} and {max_rows}"):
        datasets(min_rows=min_rows, max_rows=max_rows)
