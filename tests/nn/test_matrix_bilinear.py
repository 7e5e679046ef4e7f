import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softeq_sklearn.groups import (
    GL,
    O11,
    O13,
    SL,
    SO,
    C,
    Cube,
    O,
    Reflection,
    S,
    Scaling,
    SO13p,
    Sp,
    Trivial,
)
from softeq_sklearn.nn import FeatureLayout, MatrixBilinear
from softeq_sklearn.nn._matrix_bilinear import _apply, matrix_paths
from softeq_sklearn.testing import elements

V, W = (1,), (-1,)
ORTHOGONAL = [(), (1,), (1, 1), (1, 1, 1)]
MIXED = [(), (1,), (-1,), (1, 1), (1, -1), (-1, -1), (1, 1, -1)]


def layouts_of(words):
    return st.dictionaries(st.sampled_from(words), st.integers(1, 4), min_size=1)


def bilinear(d, channels, orthogonal, seed=0, **parameters):
    layout = FeatureLayout.from_channels(d, channels)
    generator = torch.Generator().manual_seed(seed)
    parameters = {"orthogonal": orthogonal, "scale": 1.0, "generator": generator} | parameters
    return MatrixBilinear(layout, **parameters).double()


def values(layer, x):
    """Features (n_features, n_samples) in, features out, in numpy."""
    return layer(torch.from_numpy(np.ascontiguousarray(x))).detach().numpy()


def random_features(layer, n=4, seed=0):
    return np.random.RandomState(seed).standard_normal((layer.layout.size, n))


def gap(dense, layer, g):
    """|f(g x) - g f(x)|, relative to |g f(x)|."""
    x = random_features(layer)
    expected = dense.act(layer.layout, g, values(layer, x).T)
    transformed = values(layer, dense.act(layer.layout, g, x.T).T).T
    return np.abs(transformed - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize(
    "group",
    [O(1), O(2), C(5), O(3), SO(2).embed(3, axes=(2, 0)), Reflection(3), SO(4), S(4), Cube()],
    ids=repr,
)
@settings(max_examples=10)
@given(st.data())
def test_commutes_with_orthogonal_groups(dense, group, data):
    words = ORTHOGONAL if group.dim < 4 else ORTHOGONAL[:3]
    layer = bilinear(group.dim, data.draw(layouts_of(words)), True)
    assert gap(dense, layer, data.draw(elements(group))) < 1e-12


@pytest.mark.parametrize(
    "group",
    [Scaling(1), GL(2), SL(2), O11(), GL(3), Scaling(3), SO13p(), O13(), Sp(2), Trivial(2)],
    ids=repr,
)
@settings(max_examples=10)
@given(st.data())
def test_commutes_with_every_group_where_vectors_and_duals_differ(dense, group, data):
    layer = bilinear(group.dim, data.draw(layouts_of(MIXED)), False)
    assert gap(dense, layer, data.draw(elements(group))) < 1e-10


def test_contracting_vectors_is_for_orthogonal_groups_only(dense):
    layer = bilinear(2, {(): 2, V: 2}, True)
    assert gap(dense, layer, np.diag([2.0, 0.5])) > 0.05


def sorted_axes(out, right, orthogonal):
    """Letters of the axes of a tensor that is a matrix from `right` to `out`, V before V*."""
    names = "abcdef"[: len(out)], "uvwxyz"[: len(right)]
    axes = [*zip(names[0], out, strict=True)]
    axes += [(name, -letter) for name, letter in zip(names[1], right, strict=True)]
    if not orthogonal:
        axes = [axis for axis in axes if axis[1] > 0] + [axis for axis in axes if axis[1] < 0]
    word = tuple(1 if orthogonal else letter for _, letter in axes)
    return word, "".join(name for name, _ in axes), "".join(names)


def matrix_of_sample(layer, x, orthogonal):
    """W(x) of shape (n_features, n_features) for one sample, block by block, number by number."""
    layout = layer.layout
    coefficients = {
        (path.out, path.right): p.detach().numpy()
        for path, p in zip(layer.paths, layer.coefficients, strict=True)
    }
    matrix = np.zeros((layout.size, layout.size))
    for out, right in itertools.product(layout.types, layout.types):
        word, axes, wanted = sorted_axes(out, right, orthogonal)
        if not word or word not in layout.types:
            assert (out, right) not in coefficients
            continue
        p = coefficients.pop((out, right))
        tensors = x[layout.index_of(word)]
        for i, j in np.ndindex(p.shape[:2]):
            block = sum(
                p[i, j, k] * np.einsum(f"{axes}->{wanted}", tensors[c])
                for k, c in enumerate(layer.mixed[word].tolist())
            )
            rows, columns = layout.index_of(out)[i].reshape(-1), layout.index_of(right)[j]
            matrix[np.ix_(rows, columns.reshape(-1))] = block.reshape(len(rows), -1)
    assert not coefficients
    return matrix


@pytest.mark.parametrize("orthogonal", [True, False])
@pytest.mark.parametrize("d", [2, 3])
@given(st.data())
def test_is_the_input_times_a_matrix_made_of_it(d, orthogonal, data):
    channels = data.draw(layouts_of(ORTHOGONAL if orthogonal else MIXED))
    layer = bilinear(d, channels, orthogonal, data.draw(st.integers(0, 9)), scale=0.3)
    x = random_features(layer, n=2)
    expected = [z + 0.3 * matrix_of_sample(layer, z, orthogonal) @ z for z in x.T]
    np.testing.assert_allclose(values(layer, x).T, expected, atol=1e-11)


# n_out, n_in, n_mixed, n_free, n_summed: the cheaper order is that of the smaller of n_in * n_free
# and n_out * n_summed.
@pytest.mark.parametrize("shape", [(5, 2, 3, 3, 9), (2, 5, 3, 9, 3), (2, 2, 1, 3, 3), (1,) * 5])
def test_both_orders_of_the_contraction(shape):
    n_out, n_in, n_mixed, n_free, n_summed = shape
    rng = np.random.RandomState(0)
    coefficients, matrices, vectors = (
        rng.standard_normal(size)
        for size in ((n_out, n_in, n_mixed), (n_mixed, n_free, n_summed, 7), (n_in, n_summed, 7))
    )
    expected = np.einsum("ijc,cabn,jbn->ian", coefficients, matrices, vectors)
    result = _apply(*map(torch.from_numpy, (coefficients, matrices, vectors)))
    np.testing.assert_allclose(result, expected, atol=1e-12)


@pytest.mark.parametrize(("words", "orthogonal"), [(ORTHOGONAL, True), (MIXED, False)])
def test_scalars_are_no_matrices(words, orthogonal):
    layout = FeatureLayout(3, tuple(words), (1,) * len(words))
    paths = matrix_paths(layout, orthogonal)
    assert paths and all(path.left for path in paths)
    # Every other type is a matrix from scalars to itself.
    assert {path.left for path in paths if not path.right} == set(words[1:])
    assert len({(path.out, path.right) for path in paths}) == len(paths)


def test_a_network_of_scalars_is_left_alone():
    layer = bilinear(3, {(): 4}, True)
    x = random_features(layer)
    np.testing.assert_array_equal(values(layer, x), x)
    assert not list(layer.parameters())


def test_without_a_dual_nothing_is_contracted():
    layout = FeatureLayout(3, ((), V), (2, 2))
    pairs = {
        orthogonal: {(path.left, path.right, path.out) for path in matrix_paths(layout, orthogonal)}
        for orthogonal in (True, False)
    }
    assert pairs[False] == {(V, (), V)}
    assert pairs[True] == {(V, (), V), (V, V, ())}


@pytest.mark.parametrize(("channels", "n_mixed"), [(1, 1), (3, 3), (8, 3)])
def test_at_most_as_many_features_are_mixed_as_they_have_components(channels, n_mixed):
    layer = bilinear(3, {(): 2, V: channels}, True)
    assert len(layer.mixed[V]) == n_mixed
    assert layer.mixed[V].max() < channels
    shapes = {(path.out, path.right): tuple(p.shape) for path, p in pairs_of(layer)}
    assert shapes == {((), V): (2, channels, n_mixed), (V, ()): (channels, 2, n_mixed)}


def pairs_of(layer):
    return zip(layer.paths, layer.coefficients, strict=True)


@pytest.mark.parametrize("orthogonal", [True, False])
def test_output_is_the_input_plus_a_quadratic_form(orthogonal):
    layer = bilinear(3, dict.fromkeys(ORTHOGONAL[:3], 2), orthogonal)
    x = random_features(layer)
    once, thrice = values(layer, x) - x, values(layer, 3 * x) - 3 * x
    assert np.abs(once).max() > 0.1
    np.testing.assert_allclose(thrice, 9 * once, atol=1e-10)


def test_scale_is_a_factor_of_the_products():
    x = random_features(bilinear(3, {(): 2, V: 3}, True))
    changes = [values(bilinear(3, {(): 2, V: 3}, True, scale=s), x) - x for s in (0.0, 0.1, 0.2)]
    assert not changes[0].any()
    np.testing.assert_allclose(changes[2], 2 * changes[1], atol=1e-12)
    # The one of the reference.
    assert MatrixBilinear(FeatureLayout(3, (V,), (1,)), orthogonal=True).scale == 0.1


def test_coefficients_start_as_standard_normal():
    layer = bilinear(3, {(): 20, V: 20, (1, 1): 10}, True)
    for coefficients in layer.coefficients:
        assert abs(coefficients.mean().item()) < 0.2
        assert coefficients.std().item() == pytest.approx(1, abs=0.2)


def test_start_follows_the_generator(global_generators_untouched):
    channels = {(): 2, V: 9}
    first, again, other = (bilinear(3, channels, True, seed) for seed in (0, 0, 1))
    x = random_features(first)
    assert torch.equal(first.mixed[V], again.mixed[V])
    np.testing.assert_array_equal(values(first, x), values(again, x))
    assert not torch.equal(first.mixed[V], other.mixed[V])
    assert not torch.equal(first.coefficients[0], other.coefficients[0])


def test_features_of_any_memory_order():
    layer = bilinear(3, {(): 2, V: 2, (1, 1): 1}, True)
    rows = torch.from_numpy(random_features(layer).T.copy())
    assert torch.equal(layer(rows.T), layer(rows.T.contiguous()))


def test_samples_do_not_mix():
    layer = bilinear(2, dict.fromkeys(MIXED, 2), False)
    x = random_features(layer)
    np.testing.assert_allclose(values(layer, x)[:, [2, 0]], values(layer, x[:, [2, 0]]), rtol=1e-9)


def test_no_samples():
    layer = bilinear(3, {(): 2, V: 2, (1, 1): 1}, True)
    assert values(layer, random_features(layer, n=0)).shape == (layer.layout.size, 0)


def test_device(device):
    layer = bilinear(3, {(): 2, V: 5}, True)
    x = random_features(layer)
    expected = values(layer, x)
    moved = layer.to(device)(torch.from_numpy(x).to(device))
    np.testing.assert_allclose(moved.detach().cpu(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("channels", "orthogonal"),
    [({(): 2, V: 2, (1, 1): 1}, True), ({V: 1, W: 2, (1, -1): 1}, False)],
)
def test_gradient(channels, orthogonal):
    layer = bilinear(2, channels, orthogonal)
    x = torch.from_numpy(random_features(layer, n=3)).requires_grad_()
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def f(x, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    assert torch.autograd.gradcheck(f, (x, *parameters))
