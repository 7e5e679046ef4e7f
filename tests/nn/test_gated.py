import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.groups import GL, SL, SO, C, O, S, Scaling, SO13p, Z
from softeq_sklearn.nn import FeatureLayout, FreeGatedNonlinearity, GatedNonlinearity
from softeq_sklearn.nn._gated import n_gates
from softeq_sklearn.testing import elements

WORDS = [(), (1,), (-1,), (1, 1), (1, -1)]
layouts_of = st.dictionaries(st.sampled_from(WORDS), st.integers(1, 3), min_size=1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gap(dense, layer, g, seed=0):
    """|f(g x) - g f(x)|, relative to |g f(x)|."""
    before = layer.layout.with_scalars(layer.n_gates)
    x = np.random.RandomState(seed).standard_normal((5, before.size))

    def f(rows):
        return layer(torch.from_numpy(rows).T.contiguous()).detach().numpy().T

    expected = dense.act(layer.layout, g, f(x))
    return np.abs(f(dense.act(before, g, x)) - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize("group", [O(2), SO(3), GL(2), SL(3), Scaling(3), SO13p()], ids=repr)
@given(layouts_of, st.data())
def test_commutes_with_every_group(dense, group, channels, data):
    layer = GatedNonlinearity(FeatureLayout.from_channels(group.dim, channels)).double()
    assert gap(dense, layer, data.draw(elements(group))) < 1e-12


@pytest.mark.parametrize("group", [S(3), Z(4), S(2).embed(3, axes=(2, 0))], ids=repr)
@given(layouts_of, st.data())
def test_pointwise_term_commutes_with_permutations(dense, group, channels, data):
    layout = FeatureLayout.from_channels(group.dim, channels)
    layer = GatedNonlinearity(layout, pointwise=0.7).double()
    assert gap(dense, layer, data.draw(elements(group))) < 1e-12


@pytest.mark.parametrize("group", [SO(3), C(8), Scaling(2)], ids=repr)
def test_pointwise_term_commutes_with_nothing_else(dense, group):
    layout = FeatureLayout.from_channels(group.dim, {(): 1, (1,): 2})
    layer = GatedNonlinearity(layout, pointwise=0.7).double()
    assert max(gap(dense, layer, g) for g in group.sample(8, random_state=0)) > 0.02


@pytest.mark.parametrize("pointwise", [None, 0.0, 0.3])
def test_formula(pointwise):
    layout = FeatureLayout(2, ((), (1,), (1, 1)), (2, 2, 1))
    layer = GatedNonlinearity(layout, pointwise=pointwise).double()
    x = np.random.RandomState(0).standard_normal((2 + 3 + 4 + 4, 5))
    scalars, gates = x[:2], sigmoid(x[2:5])
    first, second, tensor = x[5:7], x[7:9], x[9:]
    w = pointwise or 0.0
    expected = [scalars * sigmoid(scalars)] + [
        gate * v + w * v * sigmoid(v)
        for gate, v in zip(gates, (first, second, tensor), strict=True)
    ]
    np.testing.assert_allclose(layer(torch.from_numpy(x)).detach(), np.concatenate(expected))


def test_one_gate_for_each_tensor():
    assert n_gates(FeatureLayout(3, ((), (1,), (1, 1)), (5, 2, 4))) == 6
    assert n_gates(FeatureLayout(3, ((),), (5,))) == 0


def test_scalars_alone_are_a_plain_activation():
    layer = GatedNonlinearity(FeatureLayout(3, ((),), (4,)))
    x = torch.linspace(-2, 2, 12).reshape(4, 3)
    torch.testing.assert_close(layer(x), torch.nn.functional.silu(x))
    assert not list(layer.parameters())


def test_features_of_any_memory_order():
    layer = GatedNonlinearity(FeatureLayout(3, ((), (1,)), (2, 2)))
    rows = torch.randn(5, 10, generator=torch.Generator())
    assert torch.equal(layer(rows.T), layer(rows.T.contiguous()))


def test_no_samples():
    layer = GatedNonlinearity(FeatureLayout(3, ((), (1,)), (2, 2)), pointwise=0.1)
    assert layer(torch.zeros(10, 0)).shape == (8, 0)


def test_weight_of_the_pointwise_term_is_learned():
    layer = GatedNonlinearity(FeatureLayout(2, ((), (1,)), (1, 1)), pointwise=0.5).double()
    x = torch.from_numpy(np.random.RandomState(0).standard_normal((4, 3)))

    def f(x, w):
        return torch.func.functional_call(layer, {"pointwise": w}, (x,))

    w = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(f, (x.requires_grad_(), w))


def free_layer(d, channels, seed=0):
    """A free nonlinearity with a factor of its own for each feature."""
    layer = FreeGatedNonlinearity(FeatureLayout.from_channels(d, channels)).double()
    values = np.random.RandomState(seed).uniform(0.2, 0.8, layer.free.shape)
    layer.free.data.copy_(torch.from_numpy(values))
    return layer


def test_formula_of_the_free_term():
    layer = free_layer(2, {(): 2, (1,): 2, (1, 1): 1})
    x = torch.from_numpy(np.random.RandomState(0).standard_normal((2 + 3 + 4 + 4, 5)))
    values = np.delete(x.numpy(), [2, 3, 4], axis=0)  # without the gates
    expected = GatedNonlinearity(layer.layout)(x).numpy()
    expected += layer.free.detach().numpy()[:, None] * values * sigmoid(values)
    np.testing.assert_allclose(layer(x).detach(), expected)


@given(layouts_of)
def test_without_the_free_term_it_is_the_gated_nonlinearity(channels):
    layer = free_layer(2, channels)
    plain = GatedNonlinearity(layer.layout)
    assert layer.n_gates == plain.n_gates
    x = torch.randn(layer.layout.size + layer.n_gates, 4, generator=torch.Generator()).double()
    assert not torch.equal(layer(x), plain(x))
    layer.free.data.zero_()
    assert torch.equal(layer(x), plain(x))


@pytest.mark.parametrize("group", [SO(3), C(8), Scaling(2), S(3)], ids=repr)
def test_free_term_commutes_with_nothing(dense, group):
    layer = free_layer(group.dim, {(): 1, (1,): 2})
    assert max(gap(dense, layer, g) for g in group.sample(8, random_state=0)) > 0.02


def test_free_term_starts_small():
    layout = FeatureLayout(3, ((), (1,)), (4, 2))
    for layer, start in (
        (FreeGatedNonlinearity(layout), 1e-3),
        (FreeGatedNonlinearity(layout, start=0.5), 0.5),
    ):
        torch.testing.assert_close(layer.free.detach(), torch.full((10,), start))


@pytest.mark.parametrize("softness", [0.0, 0.25, 1.0])
def test_projection_scales_the_free_term(softness):
    layer = free_layer(3, {(): 2, (1,): 2})
    before = layer.free.detach().clone()
    layer.project(softness)
    assert torch.equal(layer.free, softness * before)
    assert layer.free.requires_grad


def test_free_term_of_any_memory_order_and_of_no_samples():
    layer = free_layer(3, {(): 2, (1,): 2})
    rows = torch.randn(5, 10, generator=torch.Generator()).double()
    assert torch.equal(layer(rows.T), layer(rows.T.contiguous()))
    assert layer(rows[:0].T).shape == (8, 0)


def test_weights_of_the_free_term_are_learned():
    layer = free_layer(2, {(): 1, (1,): 1})
    x = torch.from_numpy(np.random.RandomState(0).standard_normal((4, 3)))

    def f(x, free):
        return torch.func.functional_call(layer, {"free": free}, (x,))

    free = layer.free.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(f, (x.requires_grad_(), free))
