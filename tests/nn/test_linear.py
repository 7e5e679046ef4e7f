import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.groups import (
    SE,
    SL,
    SO,
    Cube,
    Group,
    O,
    S,
    Scaling,
    SO13p,
    Translation,
    Trivial,
)
from softeq_sklearn.nn import EquivariantLinear, FeatureLayout, ResidualLinear, SoftLinear
from softeq_sklearn.nn._type_blocks import project_blocks, type_index

WORDS = [(), (1,), (-1,), (1, 1), (1, -1), (-1, -1), (2,)]
LETTERS = {1: "V", -1: "W", 0: "W"}

layouts_of = st.dictionaries(st.sampled_from(WORDS), st.integers(1, 2), min_size=1, max_size=3)


def layout(d, channels):
    return FeatureLayout.from_channels(d, channels)


def outputs_of(channels):
    return {word: c for word, c in channels.items() if word != (2,)} or {(): 1}


@given(st.integers(1, 3), layouts_of, layouts_of, st.booleans())
def test_every_weight_and_bias_appears_once(d, channels_in, channels_out, orthogonal):
    layout_in, layout_out = layout(d, channels_in), layout(d, outputs_of(channels_out))
    index = type_index(layout_in, layout_out, orthogonal)
    assert all(rows.shape[1] == d ** len(word) for word, rows in index.items())
    positions = np.concatenate([rows.reshape(-1) for rows in index.values()])
    assert np.array_equal(np.sort(positions), np.arange(layout_out.size * (layout_in.size + 1)))


@given(st.integers(1, 3), layouts_of, layouts_of, st.booleans())
def test_blocks_transform_like_tensors_of_their_type(
    dense, d, channels_in, channels_out, orthogonal
):
    layout_in, layout_out = layout(d, channels_in), layout(d, outputs_of(channels_out))
    rng = np.random.RandomState(0)
    g = rng.standard_normal((d, d))
    g = np.linalg.qr(g)[0] if orthogonal else g
    weight = rng.standard_normal((layout_out.size, layout_in.size))
    bias = rng.standard_normal(layout_out.size)
    rho_in, _ = dense.matrix_and_offset(layout_in, g, dense.of_group)
    rho_out, _ = dense.matrix_and_offset(layout_out, g, dense.of_group)
    before = np.concatenate([weight.reshape(-1), bias])
    after = np.concatenate([(rho_out @ weight @ np.linalg.inv(rho_in)).reshape(-1), rho_out @ bias])
    for word, rows in type_index(layout_in, layout_out, orthogonal).items():
        rho = dense.of_group("".join(LETTERS[letter] for letter in word), g)
        np.testing.assert_allclose(after[rows], before[rows] @ rho.T, rtol=1e-7, atol=1e-8)


def test_soft_linear_is_a_dense_layer():
    layer = SoftLinear(layout(2, {(): 1, (1,): 1}), layout(2, {(1,): 2}))
    rng = np.random.RandomState(0)
    weight, bias = rng.standard_normal((4, 3)), rng.standard_normal(4)
    with torch.no_grad():
        layer.double().weight.copy_(torch.from_numpy(weight))
        layer.bias.copy_(torch.from_numpy(bias))
    x = rng.standard_normal((3, 6))
    expected = weight @ x + bias[:, None]
    np.testing.assert_allclose(layer(torch.from_numpy(x)).detach(), expected)


def group_case(group: Group, channels_in, channels_out):
    name = f"{group!r}: {channels_in} -> {channels_out}"
    return pytest.param(
        group, layout(group.dim, channels_in), layout(group.dim, channels_out), id=name
    )


equivariant_layers = pytest.mark.parametrize(
    ("group", "layout_in", "layout_out"),
    [
        group_case(SO(2), {(): 1, (1,): 2}, {(1,): 1, (1, 1): 1}),
        group_case(SO(3), {(1,): 2, (1, 1): 1}, {(1,): 2}),
        group_case(O(3), {(): 2, (1,): 1}, {(): 1, (1, 1): 1}),
        group_case(SO(2).embed(3, axes=(0, 2)), {(1,): 2}, {(): 1, (1,): 1}),
        group_case(S(3), {(): 1, (1,): 1}, {(1,): 1, (1, 1): 1}),
        group_case(Cube(), {(1,): 1}, {(): 1, (1,): 1}),
        group_case(SL(2), {(1,): 1, (-1,): 2}, {(1, -1): 1, (-1, -1): 1}),
        group_case(Scaling(2), {(1,): 1, (-1,): 1}, {(1,): 1, (1, -1): 1}),
        group_case(SO13p(), {(1,): 1, (-1,): 1}, {(1,): 1, (-1,): 1}),
        group_case(SE(2), {(1,): 1, (2,): 1}, {(): 1, (1,): 2}),
        group_case(Translation(2).embed(3, axes=(0, 2)), {(2,): 1, (): 1}, {(1,): 1}),
        group_case(Trivial(2), {(1,): 1}, {(1,): 1}),
    ],
)


def equivariant_layer(group, layout_in, layout_out):
    return EquivariantLinear(layout_in, layout_out, group, orthogonal=group.is_orthogonal).double()


def dense_numbers(layer):
    weight, bias = layer.dense()
    return weight.detach().numpy(), bias.detach().numpy()


def random_numbers(layout_in, layout_out):
    rng = np.random.RandomState(0)
    return rng.standard_normal((layout_out.size, layout_in.size)), rng.standard_normal(
        layout_out.size
    )


@equivariant_layers
def test_set_weight_is_the_orthogonal_projection(dense, group, layout_in, layout_out):
    layer = equivariant_layer(group, layout_in, layout_out)
    weight, bias = random_numbers(layout_in, layout_out)
    layer.set_weight(torch.from_numpy(weight), torch.from_numpy(bias))
    nearest = dense.project(group, layout_in, layout_out, weight, bias)
    for ours, expected in zip(dense_numbers(layer), nearest, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


@equivariant_layers
def test_coefficients_span_the_equivariant_subspace(dense, group, layout_in, layout_out):
    layer = equivariant_layer(group, layout_in, layout_out)
    with torch.no_grad():
        for i, coefficients in enumerate(layer.coefficients):
            coefficients.copy_(
                torch.from_numpy(np.random.RandomState(i).standard_normal(coefficients.shape))
            )
    assert dense.penalty(group, layout_in, layout_out, *dense_numbers(layer)) < 1e-22
    rank = np.trace(dense.projector(group, layout_in, layout_out))
    rank += np.trace(dense.projector(group, "1", layout_out))
    assert sum(c.numel() for c in layer.coefficients) == round(rank)


@equivariant_layers
def test_coefficients_have_the_norm_of_the_weights(group, layout_in, layout_out):
    # The bases are orthonormal, so that weight decay means the same as in a dense layer.
    layer = equivariant_layer(group, layout_in, layout_out)
    layer.set_weight(*map(torch.from_numpy, random_numbers(layout_in, layout_out)))
    squares = sum(c.square().sum() for c in layer.coefficients)
    weight, bias = layer.dense()
    torch.testing.assert_close(squares, weight.square().sum() + bias.square().sum())


@equivariant_layers
def test_forward_is_the_dense_map(group, layout_in, layout_out):
    layer = equivariant_layer(group, layout_in, layout_out)
    layer.set_weight(*map(torch.from_numpy, random_numbers(layout_in, layout_out)))
    weight, bias = dense_numbers(layer)
    x = np.random.RandomState(1).standard_normal((layout_in.size, 7))
    expected = weight @ x + bias[:, None]
    np.testing.assert_allclose(layer(torch.from_numpy(x)).detach(), expected, atol=1e-13)
    # In single precision the weights are rounded once.
    single = layer(torch.from_numpy(x).float())
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.detach(), expected, rtol=1e-5, atol=1e-5)


def test_a_group_that_leaves_nothing_makes_a_zero_layer():
    vectors = layout(2, {(1,): 2})
    layer = EquivariantLinear(layout(2, {(): 1}), vectors, SO(2), orthogonal=True)
    assert len(layer.coefficients) == 0
    layer.set_weight(torch.ones(4, 1), torch.ones(4))
    assert torch.equal(layer(torch.ones(1, 3)), torch.zeros(4, 3))


def test_gradients_of_the_coefficients():
    vectors = layout(3, {(): 1, (1,): 2})
    layer = EquivariantLinear(vectors, vectors, SO(3), orthogonal=True).double()
    layer.set_weight(*map(torch.from_numpy, random_numbers(vectors, vectors)))
    x = torch.from_numpy(np.random.RandomState(0).standard_normal((7, 4)))

    def loss(*coefficients):
        return torch.func.functional_call(
            layer, {f"coefficients.{i}": c for i, c in enumerate(coefficients)}, (x,)
        )

    assert torch.autograd.gradcheck(loss, tuple(layer.coefficients))


def test_bases_stay_in_double_precision(dense):
    vectors = layout(3, {(1,): 2})
    layer = EquivariantLinear(vectors, vectors, SO(3), orthogonal=True)
    layer.set_weight(*map(torch.from_numpy, random_numbers(vectors, vectors)))
    weight, bias = layer.dense()
    assert weight.dtype == torch.float64
    assert dense.penalty(SO(3), vectors, vectors, *dense_numbers(layer)) < 1e-28


def soft_layer(layout_in, layout_out, seed=0):
    """A soft layer, in double precision, with random weights and biases."""
    layer = SoftLinear(layout_in, layout_out).double()
    rng = np.random.RandomState(seed)
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(torch.from_numpy(rng.standard_normal(p.shape)))
    return layer


@pytest.mark.parametrize("softness", [0.0, 0.3, 1.0])
@equivariant_layers
def test_projection_moves_weights_towards_the_nearest(
    dense, group, layout_in, layout_out, softness
):
    layer = soft_layer(layout_in, layout_out)
    before = [part.copy() for part in dense_numbers(layer)]
    nearest = dense.project(group, layout_in, layout_out, *before)
    layer.project(group, softness, orthogonal=group.is_orthogonal)
    for ours, start, inside in zip(dense_numbers(layer), before, nearest, strict=True):
        np.testing.assert_allclose(ours, inside + softness * (start - inside), atol=1e-12)


@equivariant_layers
def test_projection_is_idempotent_and_in_the_subspace(dense, group, layout_in, layout_out):
    layer = soft_layer(layout_in, layout_out)
    layer.project(group, orthogonal=group.is_orthogonal)  # softness is 0 unless given
    once = [part.copy() for part in dense_numbers(layer)]
    assert dense.penalty(group, layout_in, layout_out, *once) < 1e-22
    layer.project(group, orthogonal=group.is_orthogonal)
    for ours, expected in zip(dense_numbers(layer), once, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-13)


@equivariant_layers
def test_steps_of_softness_multiply(group, layout_in, layout_out):
    steps, once = (soft_layer(layout_in, layout_out) for _ in range(2))
    for softness in (0.5, 0.4):
        steps.project(group, softness, orthogonal=group.is_orthogonal)
    once.project(group, 0.2, orthogonal=group.is_orthogonal)
    for ours, expected in zip(dense_numbers(steps), dense_numbers(once), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-13)


def test_projection_where_vectors_and_duals_are_two_types(dense):
    # Other candidates may not be orthogonal; for one that is, this makes no difference.
    here, there = layout(2, {(1,): 1, (-1,): 2}), layout(2, {(1, -1): 1, (-1,): 1})
    layer = soft_layer(here, there)
    nearest = dense.project(SO(2), here, there, *dense_numbers(layer))
    layer.project(SO(2), orthogonal=False)
    for ours, expected in zip(dense_numbers(layer), nearest, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_projection_keeps_precision_and_gradients():
    vectors = layout(3, {(): 1, (1,): 2})
    layer = soft_layer(vectors, vectors).float()
    double = copy.deepcopy(layer).double()
    for item in (layer, double):
        item.project(SO(3), 0.5, orthogonal=True)
    for ours, expected in zip(layer.parameters(), double.parameters(), strict=True):
        assert ours.dtype == torch.float32 and ours.requires_grad
        # They are rounded once, at the end.
        assert torch.equal(ours, expected.float())


def test_projection_on_a_device(device):
    vectors = layout(3, {(): 1, (1,): 2})
    layer, moved = soft_layer(vectors, vectors), soft_layer(vectors, vectors).to(device)
    for item in (layer, moved):
        item.project(SO(3), orthogonal=True)
    for ours, expected in zip(moved.parameters(), layer.parameters(), strict=True):
        assert ours.device.type == device
        assert torch.equal(ours.cpu(), expected)


@equivariant_layers
def test_projected_blocks(dense, group, layout_in, layout_out):
    weight, bias = random_numbers(layout_in, layout_out)
    flat = np.concatenate([weight.reshape(-1), bias])
    index = type_index(layout_in, layout_out, group.is_orthogonal)
    project_blocks(flat, index, group, 0.25)
    nearest = dense.project(group, layout_in, layout_out, weight, bias)
    expected = np.concatenate([part.reshape(-1) for part in nearest])
    expected += 0.25 * (np.concatenate([weight.reshape(-1), bias]) - expected)
    np.testing.assert_allclose(flat, expected, atol=1e-12)


def residual_layer(group, layout_in, layout_out, residual):
    exact = equivariant_layer(group, layout_in, layout_out)
    exact.set_weight(*map(torch.from_numpy, random_numbers(layout_in, layout_out)))
    return ResidualLinear(exact, residual)


@equivariant_layers
def test_residual_starts_at_zero(group, layout_in, layout_out):
    x = torch.from_numpy(np.random.RandomState(1).standard_normal((layout_in.size, 7)))
    for residual in (
        SoftLinear(layout_in, layout_out).double(),
        equivariant_layer(Trivial(group.dim), layout_in, layout_out),
    ):
        layer = residual_layer(group, layout_in, layout_out, residual)
        torch.testing.assert_close(layer(x), layer.exact(x), rtol=0, atol=1e-13)


@equivariant_layers
def test_residual_is_added_to_the_exact_layer(group, layout_in, layout_out):
    layer = residual_layer(group, layout_in, layout_out, soft_layer(layout_in, layout_out, seed=1))
    x = torch.from_numpy(np.random.RandomState(1).standard_normal((layout_in.size, 7)))
    expected = layer.exact(x) + layer.residual(x)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)
    # In single precision the sum is rounded once.
    single = layer(x.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), expected, rtol=1e-5, atol=1e-5)


def test_exact_layer_with_an_equivariant_residual(dense):
    # The sum keeps what both keep: rotations about an axis, not all of them.
    vectors, axis = layout(3, {(): 1, (1,): 2}), SO(2).embed(3, axes=(0, 1))
    residual = equivariant_layer(axis, vectors, vectors)
    residual.set_weight(*map(torch.from_numpy, random_numbers(vectors, vectors)))
    layer = residual_layer(SO(3), vectors, vectors, residual)
    with torch.no_grad():
        bias = layer(torch.zeros(vectors.size, 1, dtype=torch.float64))[:, 0].numpy()
        weight = layer(torch.eye(vectors.size, dtype=torch.float64)).numpy() - bias[:, None]
    assert dense.penalty(axis, vectors, vectors, weight, bias) < 1e-22
    assert dense.penalty(SO(3), vectors, vectors, weight, bias) > 0.1


def test_gradients_reach_both_pathways():
    vectors = layout(3, {(): 1, (1,): 2})
    layer = residual_layer(SO(3), vectors, vectors, soft_layer(vectors, vectors))
    x = torch.from_numpy(np.random.RandomState(0).standard_normal((7, 4)))
    names, parameters = zip(*layer.named_parameters(), strict=True)
    assert {name.split(".")[0] for name in names} == {"exact", "residual"}

    def f(*parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    assert torch.autograd.gradcheck(f, parameters)
