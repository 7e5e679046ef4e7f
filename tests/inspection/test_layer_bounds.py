"""Bounds of single layers: against sampled features, and sharp where a closed form is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softeq_sklearn.inspection._bounds._bilinear import (
    bilinear_bounds,
    factored_products,
    matrix_products,
)
from softeq_sklearn.inspection._bounds._bounds import Bounds
from softeq_sklearn.inspection._bounds._gated import GatedTerms, gated_bounds
from softeq_sklearn.inspection._bounds._linear import DenseLinear, linear_bounds
from softeq_sklearn.inspection._bounds._norms import joint_norm, tensor_norm, unfolded_norm
from softeq_sklearn.nn import Bilinear, FeatureLayout, GatedNonlinearity, MatrixBilinear

SEEDS = st.integers(0, 10**6)
ROUNDING = 1 + 1e-9


def bounds_of(size, error):
    return Bounds(np.array(size, float), np.array(error, float)[:, None])


def extremes(rng, parts, sizes, errors):
    """Features h of the given sizes, and h + e with errors of the given sizes, by segments."""
    h, moved = [], []
    for n, size, error in zip(parts, sizes, errors, strict=True):
        v, e = rng.standard_normal((2, n, 400))
        # The largest feature alone, all alike, or anything.
        v[:, :100] *= np.eye(n)[rng.randint(n, size=100)].T
        h.append(v / np.linalg.norm(v, axis=0) * size * rng.uniform(size=400) ** 0.1)
        e = e / np.linalg.norm(e, axis=0) * error
        other = h[-1] + e
        # What is compared lies within the same bounds.
        moved.append(other * np.minimum(1, size / np.linalg.norm(other, axis=0)))
    return np.concatenate(h), np.concatenate(moved)


def largest(array, parts):
    ends = np.cumsum(parts)[:-1]
    return np.array([np.linalg.norm(p, axis=0).max() for p in np.split(array, ends)])


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_joint_norm_is_a_bound_and_no_worse_than_the_sum_of_norms(seed, n_blocks):
    rng = np.random.RandomState(seed)
    blocks = [rng.standard_normal((5, rng.randint(1, 6))) for _ in range(n_blocks)]
    radii = rng.uniform(0, 2, n_blocks)
    bound, shares = joint_norm(blocks, radii)
    assert bound <= ROUNDING * sum(
        r * np.linalg.norm(b, 2) for r, b in zip(radii, blocks, strict=True)
    )
    assert shares.sum() == pytest.approx(1)
    total = 0
    for block, radius in zip(blocks, radii, strict=True):
        h = rng.standard_normal((block.shape[1], 500))
        total = total + block @ (radius * h / np.linalg.norm(h, axis=0))
    assert np.linalg.norm(total, axis=0).max() <= bound * ROUNDING


def test_joint_norm_is_sharp_for_one_block_and_for_blocks_at_right_angles():
    W = np.random.RandomState(0).standard_normal((4, 3))
    assert joint_norm([W], [2.0])[0] == pytest.approx(2 * np.linalg.norm(W, 2))
    # |(3 a, 4 b)| with |a|, |b| <= 1 is 5; the sum of the norms would be 7.
    blocks = [np.array([[3.0], [0.0]]), np.array([[0.0], [4.0]])]
    assert joint_norm(blocks, [1.0, 1.0])[0] == pytest.approx(5, rel=0.02)


def test_joint_norm_of_nothing_is_zero():
    bound, shares = joint_norm([np.ones((2, 2)), np.zeros((2, 1))], [0.0, 1.0])
    assert bound == 0
    assert not shares.any()


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_both_norms_of_a_bilinear_map_agree_and_bound_it(seed):
    rng = np.random.RandomState(seed)
    mix, left, right = (rng.standard_normal(shape) for shape in [(4, 3), (3, 2), (3, 5)])
    tensor = np.einsum("ir,rj,rk->ijk", mix, left, right)
    bound = tensor_norm(mix, left, right)
    assert bound == pytest.approx(unfolded_norm(tensor))
    x, z = rng.standard_normal((2, 500)), rng.standard_normal((5, 500))
    x, z = x / np.linalg.norm(x, axis=0), z / np.linalg.norm(z, axis=0)
    found = np.linalg.norm(np.einsum("ijk,jn,kn->in", tensor, x, z), axis=0).max()
    assert 0.3 * bound < found <= bound * ROUNDING


def test_a_linear_layer_adds_what_is_outside_the_subspace():
    # Under the reflection of the second axis the off-diagonal entries are outside.
    weight, bias = np.array([[1.0, 0.3], [0.1, 2.0]]), np.array([5.0, 0.2])
    residual = np.array([[0.0, 0.3, 0.0], [0.1, 0.0, 0.2]])
    linear = DenseLinear(np.column_stack([weight, bias]), residual)
    whole = [slice(0, 2)]
    before = bounds_of([2.0], [0.5])
    behind = linear_bounds(before, linear, whole, whole)
    norm, added = np.linalg.norm(weight, 2), behind.shares[0, 1]
    assert behind.shares[0, 0] == pytest.approx(0.5 * norm)
    assert 2 * (2 * 0.3) < added <= 2 * (2 * 0.3 + 0.2)
    assert behind.size[0] <= ROUNDING * (2 * norm + np.linalg.norm(bias))


def test_no_error_is_larger_than_twice_the_size():
    linear = DenseLinear(np.array([[1.0, 0.0]]), np.array([[9.0, 0.0]]))
    behind = linear_bounds(bounds_of([1.0], [1.0]), linear, [slice(0, 1)], [slice(0, 1)])
    assert behind.size[0] == pytest.approx(1)
    assert behind.error[0] == pytest.approx(2)
    assert behind.shares[0] == pytest.approx([2 / 19, 36 / 19])


LAYOUT = FeatureLayout(3, ((), (1,), (1, 1)), (6, 3, 2))
PARTS = [4, 2, 9, 18]  # four scalars, two gates of no further meaning, the tensors
CHANNELS = {
    (): [(0, slice(0, 4)), (1, slice(4, 6))],
    (1,): [(2, slice(None))],
    (1, 1): [(3, slice(None))],
}
FEATURES = {(): ([0, 1], 6), (1,): ([2], 9), (1, 1): ([3], 18)}


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.floats(0.1, 30), st.floats(1e-3, 3), st.sampled_from(["damped", "free", "emlp"]))
def test_bilinear_layers_stay_within_their_bounds(seed, size, share, kind):
    rng, generator = np.random.RandomState(seed), torch.Generator().manual_seed(seed)
    if kind == "emlp":
        layer = MatrixBilinear(LAYOUT, orthogonal=True, generator=generator)
        products, limit = matrix_products(layer, 0, CHANNELS), None
    else:
        layer = Bilinear(LAYOUT, orthogonal=True, scale=1.0, generator=generator)
        layer.limit = limit = 4.0 if kind == "damped" else None
        products = factored_products(layer, 0, CHANNELS)
    sizes = size * rng.uniform(0.1, 1, 4)
    errors = share * sizes * rng.uniform(0, 1, 4)
    behind = bilinear_bounds(bounds_of(sizes, errors), products, FEATURES, limit)
    h, moved = extremes(rng, PARTS, sizes, errors)
    with torch.no_grad():
        y, z = (layer.double()(torch.tensor(features)).numpy() for features in (h, moved))
    assert (largest(y, PARTS) <= behind.size * ROUNDING).all()
    assert (largest(z - y, PARTS) <= behind.error * ROUNDING).all()


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.floats(0.1, 10), st.floats(1e-3, 3), st.sampled_from([None, 1.0, -0.7]))
def test_gated_layers_stay_within_their_bounds(seed, size, share, pointwise):
    rng = np.random.RandomState(seed)
    layer = GatedNonlinearity(FeatureLayout(3, ((), (1,), (1, 1)), (3, 2, 1)), pointwise=pointwise)
    parts = [3, 2, 1, 6, 9]
    w = abs(pointwise or 0.0)
    terms = GatedTerms([(1, 3), (2, 4)], [0.0, w, w], commutes=True)
    sizes = size * rng.uniform(0.1, 1, 5)
    errors = share * sizes * rng.uniform(0, 1, 5)
    behind = gated_bounds(bounds_of(sizes, errors), terms)
    h, moved = extremes(rng, parts, sizes, errors)
    with torch.no_grad():
        y, z = (layer.double()(torch.tensor(features)).numpy() for features in (h, moved))
    assert (largest(y, [3, 6, 9]) <= behind.size * ROUNDING).all()
    assert (largest(z - y, [3, 6, 9]) <= behind.error * ROUNDING).all()


def test_the_bound_of_silu_is_sharp():
    terms = GatedTerms([], [0.0], commutes=True)
    x = torch.linspace(-6, 6, 100001, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.nn.functional.silu(x).sum(), x)
    for size in (0.5, 2.0, 6.0):
        behind = gated_bounds(bounds_of([size], [1e-3 * size]), terms)
        steepest = slope[x.abs() <= size].max().item()
        assert behind.error[0] == pytest.approx(1e-3 * size * steepest, rel=1e-4)
        assert behind.error[0] >= 1e-3 * size * steepest * (1 - 1e-9)


def test_a_pointwise_term_breaks_groups_that_do_not_permute():
    bounds = bounds_of([1.0, 1.0, 2.0], [0.0, 0.0, 0.0])
    alike = GatedTerms([(1, 2)], [0.0, 0.5], commutes=True)
    broken = GatedTerms([(1, 2)], [0.0, 0.5], commutes=False)
    assert not gated_bounds(bounds, alike).error.any()
    silu = 2 / (1 + np.exp(-2))
    assert gated_bounds(bounds, broken).error == pytest.approx([0, 2 * 0.5 * silu])
