import string

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
from softeq_sklearn.nn import Bilinear, FeatureLayout
from softeq_sklearn.nn._bilinear import MAX_PRODUCT_SIZE, product_paths
from softeq_sklearn.testing import elements

V, W = (1,), (-1,)
ORTHOGONAL = [(), (1,), (1, 1), (1, 1, 1)]
MIXED = [(), (1,), (-1,), (1, 1), (1, -1), (-1, -1)]


def layouts_of(words):
    return st.dictionaries(st.sampled_from(words), st.integers(1, 3), min_size=1)


def bilinear(d, channels, orthogonal, seed=0, **parameters):
    layout = FeatureLayout.from_channels(d, channels)
    generator = torch.Generator().manual_seed(seed)
    parameters = {"orthogonal": orthogonal, "scale": 1.0, "generator": generator} | parameters
    return Bilinear(layout, **parameters).double()


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
    [Scaling(1), GL(2), SL(2), O11(), GL(3), Scaling(3), SO13p(), O13(), Sp(2), SL(6), Trivial(2)],
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


def explicit_products(layer, x):
    """The layer's formula, y_c = x_c + sum_paths M_c [(A x_left) . (B x_right)], with einsum.

    The operands x are damped, by type and by sample, where all groups are orthogonal. Rows of the
    operands and columns of the mixes belong to the paths in their order.
    """
    layout = layer.layout
    operands, mixes = (
        {word: p.detach().numpy() for word, p in zip(layout.types, parameters, strict=True)}
        for parameters in (layer.operands, layer.mixes)
    )
    tensors = {
        word: x[layout.slice_of(word)].reshape(-1, *(layout.dim,) * len(word), x.shape[1])
        for word in layout.types
    }
    results = {word: tensor.copy() for word, tensor in tensors.items()}
    for word, tensor in tensors.items():
        power = np.mean(tensor**2, axis=tuple(range(tensor.ndim - 1)))
        tensors[word] = tensor / np.sqrt(1 + power / layer.limit**2) if layer.limit else tensor
    next_operand, next_product = dict.fromkeys(layout.types, 0), dict.fromkeys(layout.types, 0)

    def take(word, rank):
        start = next_operand[word]
        next_operand[word] += rank
        weight = operands[word][start : start + rank]
        return np.einsum("rc,c...->r...", weight, tensors[word])

    for path, rank in zip(layer.paths, layer.ranks, strict=True):
        left, right = take(path.left, rank), take(path.right, rank)
        axes = string.ascii_lowercase[: len(path.left)]
        summed = axes[len(path.left) - path.n_contracted :]
        others = string.ascii_uppercase[: len(path.right) - path.n_contracted]
        kept = axes[: len(path.left) - path.n_contracted] + others
        product = np.einsum(f"r{axes}z,r{summed}{others}z->r{kept}z", left, right)
        start = next_product[path.out]
        next_product[path.out] += rank
        mix = mixes[path.out][:, start : start + rank]
        results[path.out] += np.einsum("cr,r...->c...", mix, product)
    assert all(next_operand[word] == len(operands[word]) for word in layout.types)
    assert all(next_product[word] == mixes[word].shape[1] for word in layout.types)
    return np.concatenate([results[word].reshape(-1, x.shape[1]) for word in layout.types])


@given(st.sampled_from([1, 2, 3, 4, 6]), layouts_of(ORTHOGONAL[:3]), st.integers(0, 9))
def test_products_with_one_kind_of_vector(d, channels, seed):
    layer = bilinear(d, channels, True, seed)
    x = random_features(layer, seed=seed)
    np.testing.assert_allclose(values(layer, x), explicit_products(layer, x), atol=1e-10)


@given(st.sampled_from([1, 2, 3, 4, 6]), layouts_of(MIXED), st.integers(0, 9))
def test_products_with_vectors_and_duals(d, channels, seed):
    layer = bilinear(d, channels, False, seed)
    x = random_features(layer, seed=seed)
    np.testing.assert_allclose(values(layer, x), explicit_products(layer, x), atol=1e-10)


def products(words, orthogonal, d=3):
    """Each path as left, right, number of contracted axes, result."""
    paths = product_paths(FeatureLayout(d, tuple(words), (1,) * len(words)), orthogonal)
    return [(path.left, path.right, path.n_contracted, path.out) for path in paths]


def test_products_of_scalars():
    assert products([()], True) == products([()], False) == [((), (), 0, ())]
    assert products([V], True) == []


def test_products_of_scalars_and_vectors():
    expected = {((), (), 0, ()), ((), V, 0, V), (V, V, 1, ())}
    assert set(products([(), V], True)) == expected
    # Without a dual there is nothing to contract a vector with.
    assert set(products([(), V], False)) == expected - {(V, V, 1, ())}


def test_products_up_to_tensors_of_rank_two():
    T2 = (1, 1)
    expected = {
        ((), (), 0, ()),
        ((), V, 0, V),
        ((), T2, 0, T2),
        (V, V, 0, T2),
        (V, V, 1, ()),
        (T2, V, 1, V),
        (T2, T2, 1, T2),
        (T2, T2, 2, ()),
    }
    paths = products([(), V, T2], True)
    assert set(paths) == expected
    assert len(paths) == len(expected)


def test_products_with_duals():
    M = (1, -1)
    paths = products([(), V, W, M], False)
    expected = {
        ((), (), 0, ()),
        ((), V, 0, V),
        ((), W, 0, W),
        ((), M, 0, M),
        (V, W, 0, M),
        (M, V, 1, V),
        (W, M, 1, W),
        (M, M, 1, M),
    }
    # The scalar product of V and W is the same in both orders.
    assert set(paths) - {(V, W, 1, ()), (W, V, 1, ())} == expected
    assert {(V, W, 1, ()), (W, V, 1, ())} & set(paths)


def test_no_product_is_taken_twice():
    for orthogonal, words in ((True, ORTHOGONAL), (False, MIXED)):
        paths = products(words, orthogonal)
        scalars = [tuple(sorted(path[:2])) for path in paths if path[3] == ()]
        assert len(set(scalars)) == len(scalars)
        assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("d", [2, 4, 6, 20])
@pytest.mark.parametrize(("words", "orthogonal"), [(ORTHOGONAL, True), (MIXED, False)])
def test_products_that_would_be_too_large_are_left_out(words, orthogonal, d):
    # In one dimension no product is large.
    all_products = products(words, orthogonal, d=1)
    kept = products(words, orthogonal, d=d)
    for path in all_products:
        size = d ** (len(path[0]) + len(path[1]) - path[2])
        if size <= MAX_PRODUCT_SIZE:
            assert path in kept
        elif size > d**2:
            assert path not in kept
    assert set(kept) <= set(all_products)


@pytest.mark.parametrize("orthogonal", [True, False])
def test_output_is_the_input_plus_a_quadratic_form(orthogonal):
    layer = bilinear(3, dict.fromkeys(ORTHOGONAL[:3], 2), orthogonal, limit=1e9)
    x = random_features(layer)
    once, thrice = values(layer, x) - x, values(layer, 3 * x) - 3 * x
    assert np.abs(once).max() > 0.1
    np.testing.assert_allclose(thrice, 9 * once, atol=1e-10)
    np.testing.assert_allclose(values(layer, 0 * x), 0 * x)


def test_products_stay_bounded_where_groups_are_orthogonal():
    def change(layer, factor):
        x = factor * random_features(layer)
        return values(layer, x) - x

    channels = dict.fromkeys(ORTHOGONAL[:3], 2)
    for limit in (0.5, 4.0):
        layer = bilinear(3, channels, True, limit=limit)
        # Far away operands have a root mean square of `limit`, and products that of its square.
        unit = change(bilinear(3, channels, True, limit=1.0), 1e6) * limit**2
        np.testing.assert_allclose(change(layer, 1e6), unit, rtol=1e-6, atol=1e-6)
    # No other group leaves such a bound alone.
    assert bilinear(3, channels, False).limit is None


def test_every_type_that_has_products_gets_some():
    layer = bilinear(2, dict.fromkeys(MIXED, 2), False)
    x = random_features(layer)
    change = np.abs(values(layer, x) - x)
    assert (change.max(1) > 1e-3).all()


def test_scale_is_the_size_of_the_products():
    layout = FeatureLayout(3, ((), V, (1, 1)), (30, 12, 6))
    x = torch.randn(layout.size, 400, generator=torch.Generator().manual_seed(0))
    layers = [
        Bilinear(layout, orthogonal=True, scale=s, generator=torch.Generator().manual_seed(0))
        for s in (0.0, 0.1, 0.2)
    ]
    changes = [layer(x) - x for layer in layers]
    assert not changes[0].any()
    assert 0.05 < changes[1].std() < 0.5
    torch.testing.assert_close(changes[2], 2 * changes[1], rtol=1e-3, atol=1e-4)


def test_start_follows_the_generator(global_generators_untouched):
    first, again, other = (bilinear(3, {(): 2, V: 2}, True, seed) for seed in (0, 0, 1))
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(first.mixes[0], other.mixes[0])


def test_features_of_any_memory_order():
    layer = bilinear(3, {(): 2, V: 2, (1, 1): 1}, True)
    rows = torch.from_numpy(random_features(layer).T.copy())
    assert torch.equal(layer(rows.T), layer(rows.T.contiguous()))


def test_no_samples():
    layer = bilinear(3, {(): 2, V: 2, (1, 1): 1}, True)
    assert values(layer, random_features(layer, n=0)).shape == (layer.layout.size, 0)


def test_gradient():
    layer = bilinear(2, {(): 2, V: 2, (1, 1): 1}, True)
    x = torch.from_numpy(random_features(layer, n=3)).requires_grad_()
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def f(x, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    assert torch.autograd.gradcheck(f, (x, *parameters))
