"""Laws of penalties: zero on the subspace and nowhere else, the dense formula, its gradient."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from softeq_sklearn.groups import Group, O, Reflection, generated_by
from softeq_sklearn.nn import FeatureLayout, SoftLinear
from softeq_sklearn.regularizers import (
    DistancePenalty,
    ProjectionPenalty,
)
from tests import dense_reference as dense
from tests.laws._law import law
from tests.laws._strategies import acts_about_origin, groups_of_dimension, seeds

VECTOR, COVECTOR, MEAN_OF_POINTS = (1,), (-1,), (2,)
# What the log distance counts as almost in the subspace, and what keeps the cosine finite.
LOG_FLOOR, COSINE_FLOOR = 1e-6, 1e-12


@dataclass
class Case:
    """Linear layers, candidate groups, strengths, and which penalty."""

    module: nn.Module
    groups: dict[str, Group]
    strengths: dict[str, float]
    kind: str

    @property
    def penalty(self):
        if self.kind == "squared":
            return ProjectionPenalty(self.module, self.groups, self.strengths)
        return DistancePenalty(self.module, self.groups, self.strengths, distance=self.kind)

    def to(self, device, dtype=torch.float64):
        self.module.to(device, dtype)
        return self


def weights_of(module):
    """Weight and bias of each layer, copies in float64."""
    return [
        tuple(p.detach().cpu().double().numpy().copy() for p in (layer.weight, layer.bias))
        for layer in module
    ]


def write(module, weights):
    """Set all weights and biases."""
    with torch.no_grad():
        for layer, (weight, bias) in zip(module, weights, strict=True):
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))


def nearest(module, group):
    """Weights in the subspace of a group that are nearest to those of the module, densely."""
    layers = zip(module, weights_of(module), strict=True)
    return [
        tuple(map(_clean, dense.project(group, layer.layout_in, layer.layout_out, *weights)))
        for layer, weights in layers
    ]


def _clean(numbers):
    """Zeros for rounding errors: the cosine distance of weights that vanish does not."""
    return np.where(np.abs(numbers) < 1e-13, 0.0, numbers)


def dense_values(module, groups, kind):
    """R_G of each group by the formulas of the docstrings, on dense matrices in float64."""
    return {name: _dense_value(module, group, kind) for name, group in groups.items()}


def _dense_value(module, group, kind):
    pairs = zip(weights_of(module), nearest(module, group), strict=True)
    return sum(
        _distance(own, inside, kind)
        for layer, nearest_layer in pairs
        for own, inside in zip(layer, nearest_layer, strict=True)
    )


def _distance(own, inside, kind):
    outside = np.sum((own - inside) ** 2)
    if kind == "squared":
        return outside / 2
    if kind == "log":
        return np.log1p(outside / LOG_FLOOR) / 2
    # 1 - p / n = (n^2 - p^2) / (n^2 + n p)
    size = np.linalg.norm(own)
    return outside / (size * (size + np.linalg.norm(inside)) + COSINE_FLOOR)


def dense_loss(module, groups, strengths, kind):
    """The whole penalty as torch expressions of dense projectors, for autograd."""
    total = 0.0
    for name, group in groups.items():
        for layer in module:
            columns = layer.layout_in, layer.layout_out
            maps = dense.projector(group, *columns), dense.projector(group, "1", columns[1])
            for own, P in zip((layer.weight, layer.bias), maps, strict=True):
                inside = torch.from_numpy(P).to(own) @ own.reshape(-1)
                outside = (own.reshape(-1) - inside).square().sum()
                total = total + strengths[name] * _torch_distance(outside, inside, kind)
    return total


def _torch_distance(outside, inside, kind):
    if kind == "squared":
        return outside / 2
    if kind == "log":
        return torch.log1p(outside / LOG_FLOOR) / 2
    squares = inside.square().sum() + outside
    return outside / (squares + squares.sqrt() * inside.norm() + COSINE_FLOOR)


def value_of(penalty, module):
    with torch.no_grad():
        return float(penalty(module))


def gradient_of(penalty, module):
    """Gradient in all parameters, as one float64 array."""
    module.zero_grad()
    penalty(module).backward()
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in module.parameters()]
    return torch.cat([part.reshape(-1) for part in parts]).cpu().double().numpy()


def check_zero_exactly_on_the_subspace(penalty, module, groups, distance, kind="squared"):
    """Zero, with its gradient, where all groups are kept; positive as soon as one is not.

    The module is moved to its nearest weights in the common subspace, then this far along the
    normal through where it was. Weights that no group constrains have no normal.
    """
    # Near the subspace a penalty is the squared distance, which is rounding, times this.
    steepness = 1.0 if kind == "squared" else 1e6
    zero = 1e-20 * steepness
    before = weights_of(module)
    inside = nearest(module, generated_by(*groups.values()))
    write(module, inside)
    assert abs(value_of(penalty, module)) < zero
    assert np.abs(gradient_of(penalty, module)).max() < 1e-10 * steepness
    normal = moved(before, inside, -1.0)
    length = np.sqrt(sum(np.sum(part**2) for layer in normal for part in layer))
    if length < 1e-9:
        write(module, before)
        assert abs(value_of(penalty, module)) < zero
        return
    write(module, moved(inside, normal, distance / length))
    assert value_of(penalty, module) > 1e-8


def moved(weights, direction, step):
    """Weights plus so many times a direction."""
    return [
        tuple(a + step * b for a, b in zip(*pair, strict=True))
        for pair in zip(weights, direction, strict=True)
    ]


def check_dense_formula(penalty, module, groups, strengths, kind, tol=1e-9):
    """Values and their weighted sum are those of dense projectors in float64."""
    expected = dense_values(module, groups, kind)
    total = sum(strengths[name] * expected[name] for name in groups)
    size = sum(np.sum(part**2) for layer in weights_of(module) for part in layer)
    rounding = {"squared": 1e-13 * size, "log": 1e-9, "cosine": 1e-11}[kind]
    assert penalty.values(module) == pytest.approx(expected, rel=1e-9, abs=rounding)
    atol = max(1.0, sum(strengths.values())) * max(rounding, tol * tol)
    assert value_of(penalty, module) == pytest.approx(total, rel=tol, abs=atol)


def check_gradient_is_that_of_autograd(penalty, module, loss):
    """The gradient is what torch finds for a loss made of plain expressions."""
    expected, actual = gradient_of(loss, module), gradient_of(penalty, module)
    atol = 1e-9 * max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


def check_gradient_is_the_slope(penalty, module, seed, step=1e-4):
    """The gradient is the slope of the values, by central differences along a direction."""
    gradient = gradient_of(penalty, module)
    direction = np.random.default_rng(seed).standard_normal(len(gradient))
    direction /= np.linalg.norm(direction)
    before = nn.utils.parameters_to_vector(module.parameters()).detach()
    # Richardson: two steps, so that what is left is of the fourth order.
    slopes = []
    for h in (step, step / 2):
        values = []
        for sign in (1, -1):
            there = before + sign * h * torch.from_numpy(direction).to(before)
            nn.utils.vector_to_parameters(there, module.parameters())
            values.append(value_of(penalty, module))
        slopes.append((values[0] - values[1]) / (2 * h))
    nn.utils.vector_to_parameters(before, module.parameters())
    slope, expected = (4 * slopes[1] - slopes[0]) / 3, gradient @ direction
    scale = max(1.0, abs(value_of(penalty, module)), np.linalg.norm(gradient))
    assert abs(slope - expected) < 1e-6 * scale


# Cases


@st.composite
def layered(draw, kinds=("squared", "log", "cosine")):
    """One or two soft layers between small layouts, and one to three groups."""
    d = draw(st.integers(1, 3))
    about_origin = groups_of_dimension(d).filter(acts_about_origin)
    candidates = draw(st.lists(about_origin, min_size=1, max_size=3))
    groups = {f"G{i}": group for i, group in enumerate(candidates)}
    strengths = {name: draw(st.floats(0.1, 10)) for name in groups}
    layers = [_layer(draw, d) for _ in range(draw(st.integers(1, 2)))]
    module, rng = nn.ModuleList(layers).double(), np.random.default_rng(draw(seeds))
    write(
        module,
        [
            (rng.standard_normal(layer.weight.shape), rng.standard_normal(layer.bias.shape))
            for layer in layers
        ],
    )
    return Case(module, groups, strengths, draw(st.sampled_from(kinds)))


def _layer(draw, d):
    words = [(), VECTOR, COVECTOR] + ([(1, 1), (1, -1)] if d < 3 else [])
    counts = st.integers(1, 2 if d < 3 else 1)

    def layout(words):
        chosen = draw(st.dictionaries(st.sampled_from(words), counts, min_size=1, max_size=2))
        if MEAN_OF_POINTS in chosen:  # there is but one
            chosen[MEAN_OF_POINTS] = 1
        return FeatureLayout.from_channels(d, chosen)

    return SoftLinear(layout([*words, MEAN_OF_POINTS]), layout(words))


@pytest.fixture(autouse=True)
def _forget_projectors():
    """The reference keeps every projector, thousands here."""
    yield
    dense.projector.cache_clear()


@law(layered(), st.floats(1e-2, 1))
def test_zero_on_the_subspace_and_nowhere_else(device, case, distance):
    case.to(device)
    check_zero_exactly_on_the_subspace(
        case.penalty.to(device), case.module, case.groups, distance, case.kind
    )


@law(layered(), st.sampled_from([torch.float64, torch.float32]))
def test_values_are_the_dense_formula(device, case, dtype):
    case.to(device, dtype)
    tol = 1e-9 if dtype == torch.float64 else 1e-4
    check_dense_formula(
        case.penalty.to(device), case.module, case.groups, case.strengths, case.kind, tol
    )


@law(layered())
def test_gradient_is_that_of_autograd(device, case):
    case.to(device)

    def loss(module):
        return dense_loss(module, case.groups, case.strengths, case.kind)

    check_gradient_is_that_of_autograd(case.penalty.to(device), case.module, loss)


@law(layered(), seeds)
def test_gradient_is_the_slope(device, case, seed):
    case.to(device)
    check_gradient_is_the_slope(case.penalty.to(device), case.module, seed)


# What each check is for


def plane(kind="squared", groups=None):
    """Two layers of vectors in the plane, and candidates that they break."""
    layout = FeatureLayout.from_channels(2, {(): 1, VECTOR: 2})
    module = nn.ModuleList([SoftLinear(layout, layout) for _ in range(2)]).double()
    rng = np.random.default_rng(0)
    write(module, [tuple(rng.standard_normal(p.shape) for p in (m.weight, m.bias)) for m in module])
    groups = groups or {"O": O(2), "x": Reflection(2)}
    return Case(module, groups, {name: 2.0 + i for i, name in enumerate(groups)}, kind)


class Wrong(nn.Module):
    """A penalty whose value, or the gradient of it, has been changed."""

    def __init__(self, penalty, change=lambda value, module: value, values=None):
        super().__init__()
        self.penalty, self.change = penalty, change
        self.values = penalty.values if values is None else values

    def forward(self, module):
        return self.change(self.penalty(module), module)


def weight_decay(module):
    return sum(p.square().sum() for p in module.parameters())


@pytest.mark.parametrize("kind", ["squared", "log", "cosine"])
def test_what_is_not_zero_on_the_subspace_alone_is_told(kind):
    case = plane(kind)
    check_zero_exactly_on_the_subspace(case.penalty, case.module, case.groups, 0.1, kind)
    for change in (
        lambda value, module: value + 1e-12,
        lambda value, module: value + 1e-6 * weight_decay(module),
        lambda value, module: -value,
        lambda value, module: 0 * value,
    ):
        case = plane(kind)
        wrong = Wrong(case.penalty, change)
        with pytest.raises(AssertionError):
            check_zero_exactly_on_the_subspace(wrong, case.module, case.groups, 0.1, kind)
    # The penalty of a larger group is not zero on all of the subspace, and that of a smaller one
    # is zero beside it.
    larger, smaller = plane(kind, {"O": O(2)}), plane(kind, {"x": Reflection(2)})
    with pytest.raises(AssertionError):
        check_zero_exactly_on_the_subspace(larger.penalty, larger.module, smaller.groups, 0.1, kind)
    write(smaller.module, nearest(smaller.module, Reflection(2)))
    with pytest.raises(AssertionError):
        check_zero_exactly_on_the_subspace(
            smaller.penalty, smaller.module, larger.groups, 0.1, kind
        )


@pytest.mark.parametrize("kind", ["squared", "log", "cosine"])
def test_other_values_than_those_of_the_formula_are_told(kind):
    case = plane(kind)
    arguments = case.module, case.groups, case.strengths, case.kind
    check_dense_formula(case.penalty, *arguments)
    other = plane(kind, {"O": O(2), "x": Reflection(2, axis=1)})
    other.module = case.module
    stronger = plane(kind)
    stronger.module, stronger.strengths = case.module, {"O": 2.0, "x": 3.001}
    values = case.penalty.values(case.module)
    exchanged = {"O": values["x"], "x": values["O"]}
    for penalty in (
        other.penalty,
        stronger.penalty,
        Wrong(case.penalty, lambda value, module: -value),
        Wrong(case.penalty, lambda value, module: 2 * value),
        Wrong(case.penalty, values=lambda module: exchanged),
    ):
        with pytest.raises(AssertionError):
            check_dense_formula(penalty, *arguments)


class _OtherGradient(torch.autograd.Function):
    """The same value with 1.001 times the gradient."""

    @staticmethod
    def forward(ctx, value):
        return value.clone()

    @staticmethod
    def backward(ctx, grad_output):
        return 1.001 * grad_output


WRONG_GRADIENTS = [
    lambda value, module: _OtherGradient.apply(value),
    lambda value, module: value.detach() + 0 * weight_decay(module),
    lambda value, module: 2 * value.detach() - value,  # the sign
]


@pytest.mark.parametrize("change", WRONG_GRADIENTS)
@pytest.mark.parametrize("kind", ["squared", "log", "cosine"])
def test_wrong_gradients_are_told(kind, change):
    case = plane(kind)

    def loss(module):
        return dense_loss(module, case.groups, case.strengths, case.kind)

    check_gradient_is_that_of_autograd(case.penalty, case.module, loss)
    # The cosine has no slope along the weights, which the seed 0 has drawn.
    check_gradient_is_the_slope(case.penalty, case.module, 1)
    wrong = Wrong(case.penalty, change)
    with pytest.raises(AssertionError):
        check_gradient_is_that_of_autograd(wrong, case.module, loss)
    with pytest.raises(AssertionError):
        check_gradient_is_the_slope(wrong, case.module, 1)
