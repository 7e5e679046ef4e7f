import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn.groups import SE, SL, SO, O, S, Scaling, Trivial, generated_by
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import DistancePenalty

V, W, MEAN = (1,), (-1,), (2,)
PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]
DISTANCES = ["log", "cosine"]

# Candidate groups, and channels in and out of each layer.
CASES = [
    (PLANES, [({(): 1, V: 1}, {V: 1, (1, 1): 1}), ({V: 2}, {(): 2})]),
    ([SO(3), Scaling(3)], [({V: 2}, {(): 1, V: 1})]),
    ([SL(2), O(2)], [({V: 1, W: 1}, {(1, -1): 1, W: 1}), ({(): 1}, {(): 2})]),
    ([SE(2), Trivial(2)], [({(): 1, V: 1, MEAN: 1}, {V: 2, (): 1})]),
    ([S(3), SO(3)], [({(): 1, V: 1}, {V: 1, (1, 1): 1})]),
]


@pytest.fixture(params=CASES, ids=[f"{groups!r:.60} {layers}" for groups, layers in CASES])
def case(request):
    candidates, layers = request.param
    return {f"G{i}": group for i, group in enumerate(candidates)}, layers


def numbers(layer):
    return [p.detach().cpu().double().numpy() for p in (layer.weight, layer.bias)]


def dense_value(dense, module, group, distance):
    """R_G, one weight or bias after the other."""
    total = 0.0
    for layer in module.values():
        given = numbers(layer)
        nearest = dense.project(group, layer.layout_in, layer.layout_out, *given)
        for theta, fixed in zip(given, nearest, strict=True):
            if distance == "log":
                total += 0.5 * np.log(1 + np.sum((theta - fixed) ** 2) / 1e-6)
            else:
                total += 1 - np.linalg.norm(fixed) / np.linalg.norm(theta)
    return total


def write_nearest(dense, module, group):
    """Replace all weights by the nearest equivariant ones."""
    with torch.no_grad():
        for layer in module.values():
            nearest = dense.project(group, layer.layout_in, layer.layout_out, *numbers(layer))
            layer.weight.copy_(torch.from_numpy(nearest[0]))
            layer.bias.copy_(torch.from_numpy(nearest[1]))


def gradients(penalty, module):
    module.zero_grad()
    penalty(module).backward()
    return [p.grad.cpu().double().numpy().copy() for p in module.parameters()]


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize(("dtype", "tol"), [(torch.float64, 1e-10), (torch.float32, 1e-4)], ids=str)
def test_dense_formula(dense, soft_layers, case, distance, device, dtype, tol):
    groups, layers = case
    module = soft_layers(groups, layers, dtype=dtype)
    expected = {name: dense_value(dense, module, g, distance) for name, g in groups.items()}
    strengths = {name: 0.5 + i for i, name in enumerate(groups)}
    penalty = DistancePenalty(module, groups, strengths, distance=distance)
    module.to(device)
    assert penalty.values(module) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    value = penalty(module)
    assert (value.dtype, value.device.type) == (dtype, device)
    total = sum(strengths[name] * expected[name] for name in groups)
    assert value.item() == pytest.approx(total, rel=tol, abs=1e-9)


@pytest.mark.parametrize("distance", DISTANCES)
def test_gradient_is_the_slope(soft_layers, check_gradient, case, distance):
    groups, layers = case
    module = soft_layers(groups, layers)
    check_gradient(DistancePenalty(module, groups, 0.7, distance=distance), module)


@pytest.mark.parametrize("distance", DISTANCES)
def test_zero_on_the_common_subspace_only(dense, soft_layers, case, distance):
    groups, layers = case
    module = soft_layers(groups, layers)
    penalty = DistancePenalty(module, groups, 1.0, distance=distance)
    assert penalty(module).item() > 1e-2
    write_nearest(dense, module, generated_by(*groups.values()))
    assert 0 <= penalty(module).item() < 1e-20
    assert max(penalty.values(module).values()) < 1e-20
    # The slope of the logarithm is 1 / sqrt(epsilon) at most, so that 1e-15 of rounding shows.
    assert max(np.abs(g).max() for g in gradients(penalty, module)) < 1e-8


def test_groups_that_fix_everything_have_no_distance(soft_layers):
    groups = {"1": Trivial(2)}
    module = soft_layers(groups, [({V: 2, (): 1}, {V: 1})], dtype=torch.float32)
    for distance in DISTANCES:
        penalty = DistancePenalty(module, groups, 1.0, distance=distance)
        assert penalty(module).item() == penalty.values(module)["1"] == 0
        assert not any(g.any() for g in gradients(penalty, module))


def test_cosine_does_not_see_the_size_of_a_layer(soft_layers, case):
    groups, layers = case
    module = soft_layers(groups, layers)
    penalty = DistancePenalty(module, groups, 1.0, distance="cosine")
    before = penalty.values(module)
    with torch.no_grad():
        for factor, parameter in enumerate(module.parameters(), 1):
            parameter *= factor
    assert penalty.values(module) == pytest.approx(before, rel=1e-9)
    # So the gradient is at a right angle to the weights.
    for gradient, p in zip(gradients(penalty, module), module.parameters(), strict=True):
        assert abs(np.vdot(gradient, p.detach().numpy())) < 1e-9


def test_cosine_is_at_most_one_for_each_weight_and_bias(soft_layers):
    groups = {"no": Scaling(2)}  # it fixes no map from scalars to vectors
    module = soft_layers(groups, [({(): 3}, {V: 2})])
    penalty = DistancePenalty(module, groups, 1.0, distance="cosine")
    assert penalty.values(module)["no"] == pytest.approx(2.0)
    assert all(np.abs(g).max() < 1e-10 for g in gradients(penalty, module))


def test_logarithm_is_that_of_the_squared_distance_far_away(soft_layers):
    """A change of the distance by a factor adds its logarithm, once for each weight and bias."""
    groups = {"SO": SO(2)}
    module = soft_layers(groups, [({V: 2}, {V: 2})])
    penalty = DistancePenalty(module, groups, 1.0, distance="log")
    before = penalty.values(module)["SO"]
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= 100
    assert penalty.values(module)["SO"] - before == pytest.approx(2 * np.log(100), abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("size", [0.0, 1e-45, 1e-30, 1e-20, 1e-10, 1e-6])
@pytest.mark.parametrize("distance", DISTANCES)
def test_finite_near_zero(soft_layers, distance, size, dtype):
    groups = dict(zip("abc", PLANES, strict=True))
    module = soft_layers(groups, [({(): 1, V: 1}, {V: 2, (): 1})], dtype=dtype)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= size
    penalty = DistancePenalty(module, groups, 1.0, distance=distance)
    assert 0 <= penalty(module).item() < 7
    assert all(np.isfinite(g).all() for g in gradients(penalty, module))
    if not size:
        assert penalty(module).item() == 0


def test_finite_where_the_projection_is_zero(soft_layers):
    groups = {"SO": SO(2)}
    module = soft_layers(groups, [({V: 1}, {V: 1})])
    with torch.no_grad():
        module["layer0"].weight.copy_(torch.tensor([[1.0, 2.0], [2.0, -1.0]]))  # no rotation in it
        module["layer0"].bias.zero_()
    penalty = DistancePenalty(module, groups, 1.0, distance="cosine")
    assert penalty(module).item() == pytest.approx(1.0)
    assert all(np.isfinite(g).all() for g in gradients(penalty, module))


@pytest.mark.parametrize("distance", DISTANCES)
def test_start_of_a_network(distance):
    """Its biases are zero, and all weights in the subspace that the groups share."""
    groups = dict(zip("abc", PLANES, strict=True))
    network = SoftEquivariantNetwork("2*Vector", "Vector", PLANES, hidden_channels=32)
    penalty = DistancePenalty(network, groups, 1.0, distance=distance)
    assert 0 <= penalty(network).item() < 1e-5
    penalty(network).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("distance", DISTANCES)
def test_training_makes_the_function_equivariant(distance):
    network = SoftEquivariantNetwork("2*Vector", "Vector", [SO(3)], hidden_channels=16)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in network.parameters():
            if p.ndim == 2:  # the cosine of a bias of vectors alone has no slope
                p += 0.05 * torch.randn(p.shape, generator=generator)
    penalty = DistancePenalty(network, {"SO": SO(3)}, 1.0, distance=distance)
    X = np.random.RandomState(0).standard_normal((50, 6))

    def error():
        def function(rows):
            with torch.no_grad():
                return network(torch.from_numpy(rows).float()).numpy()

        return equivariance_error(function, X, SO(3), "2*Vector", "Vector", random_state=0)

    before = error()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(100):
        optimizer.zero_grad()
        penalty(network).backward()
        optimizer.step()
    assert error() < before / 3


def test_errors(soft_layers):
    groups = {"SO": SO(2)}
    module = soft_layers(groups, [({V: 1}, {V: 1})])
    with pytest.raises(ValueError, match="distance must be one of .*'cosine'.* Got 'l2'"):
        DistancePenalty(module, groups, 1.0, distance="l2")
    with pytest.raises(ValueError, match="must have SoftLinear layers"):
        DistancePenalty(nn.Linear(2, 2), groups, 1.0)
    with pytest.raises(ValueError, match="of dimension 2. Got SO\\(3\\)"):
        DistancePenalty(module, {"SO": SO(3)}, 1.0)
    with pytest.raises(ValueError, match="strengths"):
        DistancePenalty(module, groups, -1.0)
