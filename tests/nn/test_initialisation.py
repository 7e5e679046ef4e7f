import numpy as np
import pytest
import torch

from softeq_sklearn.groups import SE, SL, SO, C, O, Reflection, Scaling, generated_by
from softeq_sklearn.nn import FeatureLayout, SoftLinear
from softeq_sklearn.nn._initialisation import equivariant_start, orthogonal_start

CASES = [
    ([], {(): 2, (1,): 2}, {(1,): 3, (1, 1): 1}),
    ([O(3)], {(): 2, (1,): 2}, {(): 3, (1,): 2}),
    ([SO(2).embed(3, axes=(0, 1)), SO(2).embed(3, axes=(1, 2))], {(1,): 3}, {(1,): 2}),
    ([C(4), Reflection(2)], {(1,): 2, (1, 1): 1}, {(1,): 1, (1, 1): 1}),
    ([SL(2), Scaling(2)], {(1,): 2, (-1,): 2}, {(1, -1): 2, (1,): 1}),
    ([SE(2)], {(1,): 2, (2,): 1}, {(1,): 3}),
]


def started(groups, channels_in, channels_out, seed=0):
    d = groups[0].dim if groups else 3
    layer = SoftLinear(
        FeatureLayout.from_channels(d, channels_in), FeatureLayout.from_channels(d, channels_out)
    ).double()
    equivariant_start(layer, groups, torch.Generator().manual_seed(seed))
    return layer


def numbers(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


@pytest.mark.parametrize(("groups", "channels_in", "channels_out"), CASES)
def test_start_is_equivariant_under_each_group(dense, groups, channels_in, channels_out):
    layer = started(groups, channels_in, channels_out)
    for group in groups:
        assert dense.penalty(group, layer.layout_in, layer.layout_out, *numbers(layer)) < 1e-24


@pytest.mark.parametrize(("groups", "channels_in", "channels_out"), CASES)
def test_start_fills_the_common_subspace(dense, groups, channels_in, channels_out):
    # Random starts have no direction of the subspace in common that they leave out.
    layers = [started(groups, channels_in, channels_out, seed) for seed in range(60)]
    weights = np.array([numbers(layer)[0].reshape(-1) for layer in layers])
    rank = weights.shape[1]
    if groups:
        layout_in, layout_out = layers[0].layout_in, layers[0].layout_out
        rank = np.trace(dense.projector(generated_by(*groups), layout_in, layout_out))
    assert np.linalg.matrix_rank(weights, tol=1e-8) == min(round(rank), 60)


@pytest.mark.parametrize(("groups", "channels_in", "channels_out"), CASES)
def test_outputs_of_each_type_have_unit_variance(groups, channels_in, channels_out):
    layer = started(groups, channels_in, channels_out)
    for word in layer.layout_out.types:
        rows = layer.weight[layer.layout_out.slice_of(word)]
        power = rows.square().sum(1).mean().item()
        assert power == pytest.approx(1) or not rows.any()
    assert not layer.bias.any()


def test_start_of_a_type_that_nothing_reaches_is_zero():
    layer = started([SO(2)], {(): 2}, {(): 1, (1,): 2})
    assert not layer.weight[1:].any()
    assert layer.weight[0].any()


def test_start_follows_the_generator(global_generators_untouched):
    first, again, other = (started([O(3)], {(1,): 2}, {(1,): 2}, seed) for seed in (0, 0, 1))
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)


def orthogonal_layer(n_in, n_out, seed=0):
    layer = SoftLinear(FeatureLayout(1, ((),), (n_in,)), FeatureLayout(1, ((),), (n_out,)))
    orthogonal_start(layer, [], torch.Generator().manual_seed(seed))
    return layer


@pytest.mark.parametrize(("n_in", "n_out"), [(5, 5), (3, 7), (7, 3), (1, 4)])
def test_orthogonal_start(n_in, n_out):
    layer = orthogonal_layer(n_in, n_out)
    values = torch.linalg.svdvals(layer.weight.detach())
    torch.testing.assert_close(values, torch.ones(min(n_in, n_out)))
    # Biases are uniform: at least 0, and at most 1 over the square root of their number.
    scaled = layer.bias.detach() * n_out**0.5
    assert ((scaled >= 0) & (scaled < 1)).all()
    assert scaled.any()


def test_biases_of_the_orthogonal_start_fill_their_range():
    scaled = orthogonal_layer(2, 400).bias.detach().numpy() * 20
    np.testing.assert_allclose(np.quantile(scaled, [0, 0.5, 1]), [0, 0.5, 1], atol=0.1)


def test_orthogonal_start_does_not_look_at_the_groups(dense):
    vectors = FeatureLayout(3, ((), (1,)), (2, 3))
    layers = [SoftLinear(vectors, vectors) for _ in range(2)]
    for layer, groups in zip(layers, ([], [O(3)]), strict=True):
        orthogonal_start(layer, groups, torch.Generator().manual_seed(0))
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert torch.equal(layers[0].bias, layers[1].bias)
    weight, bias = (part.astype(float) for part in numbers(layers[1]))
    assert dense.penalty(O(3), vectors, vectors, weight, bias) > 1


def test_orthogonal_start_follows_the_generator(global_generators_untouched):
    first, again, other = (orthogonal_layer(4, 6, seed) for seed in (0, 0, 1))
    for name in ("weight", "bias"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))
