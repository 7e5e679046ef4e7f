import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, LRScheduler

from softeq_sklearn.groups import O, Reflection
from softeq_sklearn.nn import SoftEquivariantNetwork, stack_members
from softeq_sklearn.regularizers import DistancePenalty, ProjectionPenalty
from softeq_sklearn.training import PenalizedNet, StrengthTuner
from softeq_sklearn.training._batches import WeightedBatch
from softeq_sklearn.training._evidence_rule import EvidenceRule, precision_update

GROUPS = {"rotations": O(2), "reflection": Reflection(2)}


def small_network(seed=0):
    network = SoftEquivariantNetwork(
        "2*Vector", "Vector", list(GROUPS.values()), hidden_channels=8, n_hidden_layers=1, seed=seed
    ).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in network.parameters():
            p += 0.2 * torch.randn(p.shape, generator=generator, dtype=p.dtype)
    return network


def net_of(network):
    return SimpleNamespace(module_=network, infer=lambda X: network(X))


def gauss_newton_diagonal(penalty, network, X, weights):
    """Of the mean squared error, output by output."""
    outputs = network(X)
    total = 0
    for i in range(outputs.shape[0]):
        for j in range(outputs.shape[1]):
            gradient = penalty.flat_gradient(network, network(X)[i, j])
            total = total + weights[i] * gradient**2
    return 2 * total / outputs.numel()


@pytest.mark.parametrize("weighted", [False, True])
def test_random_gradients_have_the_curvature_as_mean_square(weighted):
    network = small_network()
    penalty = ProjectionPenalty(network, GROUPS, 1.0)
    X = torch.from_numpy(np.random.RandomState(0).standard_normal((6, 4)))
    y = torch.zeros(6, 2, dtype=torch.float64)
    weights = torch.arange(6.0, dtype=torch.float64) / 2.5 if weighted else None
    rule = EvidenceRule(penalty, per_layer=False)
    rule._gradients = type(rule._gradients)(maxlen=400)
    batch = (X, y) if weights is None else WeightedBatch((X, y, weights))
    rule.see_batch(batch, network(X), training=True)
    for _ in range(400):
        rule.see_curvature(net_of(network))
    drawn = torch.stack(list(rule._gradients)).square().mean(0)
    expected = gauss_newton_diagonal(
        penalty, network, X, torch.ones(6) if weights is None else weights
    )
    # The standard deviation of a mean of n squares is at most sqrt(2 / n) of it.
    np.testing.assert_allclose(drawn, expected, rtol=6 * (2 / 400) ** 0.5, atol=1e-12)


def test_residuals_are_counted_by_rows():
    network = small_network()
    rule = EvidenceRule(ProjectionPenalty(network, GROUPS, 1.0), per_layer=False)
    rule.begin_epoch()
    y_pred = torch.ones(5, 2)
    rule.numbers = {"rotations": np.array([2.0]), "reflection": np.array([1.0])}
    rule.see_batch((torch.zeros(5, 4), torch.zeros(5, 2)), y_pred, training=True)
    # 10 residuals of 1, of which 2 numbers are determined.
    assert rule._noise_variance(10) == pytest.approx(10 / 8)
    rule.numbers = {"rotations": np.array([1e6])}
    assert rule._noise_variance(10) == pytest.approx(2.0)
    rule.see_batch((torch.zeros(5, 4), torch.zeros(5, 2)), 3 * y_pred, training=False)
    assert rule._noise_variance(10) == pytest.approx(9.0)  # held-out rows, where there are some
    rule.begin_epoch()
    rule.see_batch((torch.zeros(5, 4), torch.zeros(5, 2)), 0 * y_pred, training=False)
    assert rule._noise_variance(10) == 1e-6


def test_update_at_the_start():
    update = precision_update(np.array([3.0, 0.0]), np.zeros(2), 0.1, 10)
    assert update[0] == np.inf
    assert np.isnan(update[1])


def make_rows(n_rows=200):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_rows, 4)).astype(np.float32)
    # The second axis is stretched: a reflection of the first one holds, rotations do not.
    Y = X[:, :2] + X[:, 2:] * np.array([1, 3], dtype=np.float32)
    return X, Y + 0.1 * rng.standard_normal(Y.shape).astype(np.float32)


def make_net(tuner, **parameters):
    network = SoftEquivariantNetwork(
        "2*Vector", "Vector", list(GROUPS.values()), hidden_channels=24, n_hidden_layers=1
    )
    settings = {
        "module": network,
        "groups": GROUPS,
        "strengths": dict.fromkeys(GROUPS, 0.1),
        "optimizer": torch.optim.Adam,
        "lr": 0.01,
        "batch_size": 25,
        "max_epochs": 40,
        "train_split": None,
        "callbacks": [("tuner", tuner)],
        "verbose": 0,
    }
    return PenalizedNet(criterion=torch.nn.MSELoss, **{**settings, **parameters})


@pytest.mark.parametrize("per_layer", [False, True])
def test_broken_symmetry_loses_its_strength(per_layer):
    torch.manual_seed(0)
    network = SoftEquivariantNetwork("2*Vector", "Vector", list(GROUPS.values()), n_hidden_layers=0)
    tuner = StrengthTuner("evidence", per_layer=per_layer, again=False)
    decay = LRScheduler(torch.optim.lr_scheduler.ExponentialLR, gamma=0.93)
    callbacks = [("tuner", tuner), ("decay", decay)]
    net = make_net(tuner, module=network, callbacks=callbacks, max_epochs=80, lr=0.05)
    strengths = net.fit(*make_rows()).penalty_.strengths
    if per_layer:
        assert all(len(value) == 1 for value in strengths.values())
        strengths = {name: value[0] for name, value in strengths.items()}
    # The weights that rotations forbid are of size 1, and 400 numbers have a variance of 0.01.
    assert strengths["reflection"] > 30 * strengths["rotations"]
    assert 1e-5 < strengths["rotations"] < 1e-3
    assert strengths["reflection"] <= 1.0


def test_what_is_recorded():
    torch.manual_seed(0)
    tuner = StrengthTuner("evidence", start=0.5, exploration=0.2)
    net = make_net(tuner, max_epochs=8).fit(*make_rows(50))
    tuner = dict(net.callbacks_)["tuner"]
    assert len(tuner.penalties_) == 7  # from half the epochs before the first update
    assert len(tuner.noise_) == len(tuner.effective_numbers_) == 5
    counts = net.penalty_.n_constraints
    for numbers in tuner.effective_numbers_:
        assert all(0 < numbers[name].item() < counts[name] for name in GROUPS)


def test_strengths_are_weak_until_the_start_and_move_by_the_rate():
    torch.manual_seed(0)
    seen = []

    class Watcher(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(dict(net.penalty_.strengths))

    tuner = StrengthTuner("evidence", start=0.5, exploration=0.2, rate=0.1, bounds=(1e-4, 10.0))
    net = make_net(tuner, max_epochs=8)
    net.set_params(callbacks=[("tuner", tuner), ("watcher", Watcher())])
    net.fit(*make_rows(50))
    assert seen[:3] == 3 * [dict.fromkeys(GROUPS, pytest.approx(0.02))]
    logs = np.log([[strengths[name] for name in GROUPS] for strengths in seen[2:]])
    steps = np.abs(np.diff(logs, axis=0))
    assert np.all(steps > 0)
    assert np.all(steps <= 0.1 * np.log(10 / 1e-4))


@pytest.mark.parametrize("again", [False, True])
def test_training_begins_anew_and_strengths_rest(again):
    torch.manual_seed(0)
    seen = []

    class Watcher(Callback):
        def on_epoch_end(self, net, **kwargs):
            start = all(
                torch.equal(p, q) for p, q in zip(net.module_.parameters(), first, strict=True)
            )
            seen.append((start, net.penalty_.strengths["rotations"]))

    tuner = StrengthTuner("evidence", start=0.25, again=again)
    net = make_net(tuner, max_epochs=12, callbacks=[("tuner", tuner), ("watcher", Watcher())])
    net.initialize()
    first = [p.detach().clone() for p in net.module_.parameters()]
    net.partial_fit(*make_rows(50))
    assert [epoch for epoch, (start, _) in enumerate(seen, 1) if start] == ([6] if again else [])
    changes = [epoch for epoch in range(2, 13) if seen[epoch - 1][1] != seen[epoch - 2][1]]
    assert changes == ([3, 4, 5, 6, 9, 10, 11, 12] if again else list(range(3, 13)))
    assert tuner.again_after(12) == (6 if again else 0)


def test_a_penalty_is_that_of_the_mean_weights():
    penalty = ProjectionPenalty(small_network(), GROUPS, 1.0)
    rule = EvidenceRule(penalty, per_layer=False)
    networks = [small_network(seed) for seed in range(3)]
    for network in networks:
        rule.see_weights(network)
    for mean, *each in zip(
        rule._mean.parameters(), *(n.parameters() for n in networks), strict=True
    ):
        expected = 0.81 * each[0] + 0.09 * each[1] + 0.1 * each[2]
        torch.testing.assert_close(mean, expected)
    rule.forget()
    rule.see_weights(networks[1])
    assert penalty.values(rule._mean) == penalty.values(networks[1])


def test_a_strength_of_zero_stays():
    torch.manual_seed(0)
    strengths = {"rotations": 0.0, "reflection": 0.1}
    net = make_net(StrengthTuner("evidence"), max_epochs=6, strengths=strengths).fit(*make_rows(50))
    assert net.penalty_.strengths["rotations"] == 0
    assert net.penalty_.strengths["reflection"] > 0


def test_equal_members_are_tuned_as_one():
    X, Y = make_rows(50)
    X = torch.from_numpy(X)
    network = small_network().float()
    twins = stack_members([network, copy.deepcopy(network)])
    figures = []
    for module in (network, twins):
        rule = EvidenceRule(ProjectionPenalty(module, GROUPS, 0.1), per_layer=False)
        for training in (True, False):
            rule.see_batch((X, torch.from_numpy(Y)), module(X), training=training)
        for _ in range(400):
            rule._gradients = type(rule._gradients)(rule._gradients, maxlen=400)
            rule.see_curvature(net_of(module))
        rule.see_weights(module)
        figures.append((rule.targets(), rule.noise))
    (alone, noise), (both, noise_of_both) = figures
    assert noise_of_both == pytest.approx(noise, rel=1e-5)
    for name in GROUPS:  # other random signs
        assert both[name].item() == pytest.approx(alone[name].item(), rel=0.1)


@pytest.mark.parametrize(
    "tuner",
    [StrengthTuner("evidence"), StrengthTuner("dual"), StrengthTuner("ratio", per_layer=True)],
    ids=repr,
)
def test_other_penalties_are_refused(tuner):
    net = make_net(tuner, penalty=DistancePenalty)
    with pytest.raises(ValueError, match="penalty must be a ProjectionPenalty for StrengthTuner"):
        net.fit(*make_rows(50))


def test_types_that_are_too_large_are_refused_before_the_first_epoch(monkeypatch):
    monkeypatch.setattr("softeq_sklearn.regularizers._projection._LARGEST_STACKED", 7)
    net = make_net(StrengthTuner("evidence"))
    with pytest.raises(ValueError, match="at most 7 unknowns for effective numbers. Got 8"):
        net.fit(*make_rows())
    assert not len(net.history)
