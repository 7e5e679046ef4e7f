import numpy as np
import pytest
import torch

from softeq_sklearn.groups import SO, O, Reflection
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.training import PenalizedNet, StrengthTuner
from softeq_sklearn.training._dual_rule import multiplier_step, relative_distances

GROUPS = {"rotations": SO(2), "all": O(2), "reflection": Reflection(2)}


@pytest.fixture(params=[False, True], ids=["together", "per layer"])
def per_layer(request):
    return request.param


def random_network(scale=1.0):
    network = SoftEquivariantNetwork("2*Vector", "Vector + Scalar", list(GROUPS.values())).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(scale * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return network


def test_random_weights_are_at_distance_one(per_layer):
    network = random_network()
    distances = relative_distances(ProjectionPenalty(network, GROUPS, 1.0), network, per_layer)
    for distance in distances.values():
        np.testing.assert_allclose(distance, 1.0, atol=0.25 if per_layer else 0.05)


def test_the_size_of_the_weights_does_not_matter(per_layer):
    small, large = (random_network(scale) for scale in (0.01, 10.0))
    ours, theirs = (
        relative_distances(ProjectionPenalty(n, GROUPS, 1.0), n, per_layer) for n in (small, large)
    )
    for name in GROUPS:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12)


def test_the_subspace_is_at_distance_zero(per_layer):
    network = SoftEquivariantNetwork("2*Vector", "Vector", list(GROUPS.values())).double()
    distances = relative_distances(ProjectionPenalty(network, GROUPS, 1.0), network, per_layer)
    assert max(distance.max() for distance in distances.values()) < 1e-12


def test_weights_of_zero_have_a_distance():
    network = random_network(0.0)
    distances = relative_distances(ProjectionPenalty(network, GROUPS, 1.0), network, False)
    assert all(distance == 0 for distance in distances.values())


@pytest.mark.parametrize(("distance", "end"), [(0.5, 4.0), (0.1, 0.0), (0.0, 0.0)])
def test_the_end_is_the_price_of_the_excess(distance, end):
    strength = np.array([1.0])
    for _ in range(500):
        strength = multiplier_step(strength, distance, slack=0.1, price=10.0, rate=0.1)
    assert strength[0] == pytest.approx(end, abs=1e-9)
    # There the multiplier is the slope of what relaxing costs, 1/2 price u^2.
    assert strength[0] == pytest.approx(10.0 * max(distance - 0.1, 0.0), abs=1e-9)


def test_dearer_relaxation_is_plain_dual_ascent():
    # With rate * price = 1, the relaxation goes away as the price grows.
    strength = np.array([2.0])
    step = multiplier_step(strength, 0.3, slack=0.1, price=1e9, rate=1e-9)
    assert step[0] == pytest.approx(2.0 + 0.3 - 0.1)


def test_a_broken_symmetry_has_a_finite_strength_and_violates_its_slack():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200, 4)).astype(np.float32)
    Y = X[:, :2] + X[:, 2:] * np.array([1, 3], dtype=np.float32)
    torch.manual_seed(0)
    groups = {"rotations": SO(2), "reflection": Reflection(2)}
    tuner = StrengthTuner("dual", rate=0.3, slack=1e-3)
    net = PenalizedNet(
        SoftEquivariantNetwork("2*Vector", "Vector", list(groups.values()), n_hidden_layers=0),
        torch.nn.MSELoss,
        groups=groups,
        strengths=dict.fromkeys(groups, 0.1),
        optimizer=torch.optim.Adam,
        lr=0.05,
        batch_size=25,
        max_epochs=40,
        train_split=None,
        callbacks=[tuner],
        verbose=0,
    ).fit(X, Y)
    distances = relative_distances(net.penalty_, net.module_, False)
    strengths = net.penalty_.strengths
    assert distances["rotations"] > 1e-3 > distances["reflection"]
    # The multiplier grows with what the constraint costs: the sign is that of a price.
    assert strengths["rotations"] > 2 * strengths["reflection"]
    assert strengths["rotations"] <= 1.0
    assert strengths["reflection"] >= 1e-5
