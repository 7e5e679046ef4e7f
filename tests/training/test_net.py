import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNet
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn

from softeq_sklearn.groups import SO, O, Reflection, Scaling
from softeq_sklearn.nn import (
    FeatureLayout,
    GatedNonlinearity,
    SoftEquivariantNetwork,
    SoftLinear,
)
from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.training import EpochProgress, PenalizedNet, StrengthTuner, TensorBatches

GROUPS = {"rotations": SO(2), "reflection": Reflection(2)}
STRENGTHS = {"rotations": 0.5, "reflection": 2.0}


def data(n_rows=60, seed=0):
    """Rows and a target that is not equivariant."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n_rows, 4)).astype(np.float32)
    return X, X[:, :2] * np.array([1, 3], dtype=np.float32) + 0.5


def make_net(kind=PenalizedNet, **changes):
    arguments = dict(
        module__rep_in="2*Vector",
        module__rep_out="Vector",
        module__groups=list(GROUPS.values()),
        module__hidden_channels=20,
        module__n_hidden_layers=1,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=3,
        batch_size=20,
        iterator_train=TensorBatches,
        iterator_train__shuffle=True,
        iterator_train__random_state=np.random.RandomState(0),
        iterator_valid=TensorBatches,
        train_split=None,
        verbose=0,
    )
    if kind is PenalizedNet:
        arguments |= {"groups": GROUPS, "strengths": STRENGTHS}
    return kind(SoftEquivariantNetwork, nn.MSELoss, **(arguments | changes))


def shake(module, seed=0):
    """Move all weights away from the equivariant start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in module.parameters():
            p += (0.3 * torch.randn(p.shape, generator=generator)).to(p.device)


def weighted(net):
    values = net.penalty_.values(net.module_)
    return sum(net.penalty_.strengths[name] * value for name, value in values.items())


def mean_square(net, X, Y):
    return np.mean((net.predict(X) - Y) ** 2)


def test_penalty_is_in_the_training_loss_only(device):
    net = make_net(device=device).initialize()
    shake(net.module_)
    y_pred, y = torch.zeros(5, 2, device=device), torch.ones(5, 2, device=device)
    training = net.get_loss(y_pred, y, training=True).item()
    assert net.get_loss(y_pred, y, training=False).item() == 1
    assert weighted(net) > 0.1
    assert training == pytest.approx(1 + weighted(net), rel=1e-5)


def test_history_has_the_penalty_in_the_training_loss(device):
    X, Y = data()
    X_valid, Y_valid = data(seed=1)
    held_out = predefined_split(Dataset(torch.from_numpy(X_valid), torch.from_numpy(Y_valid)))
    # With a learning rate of 0 the losses are those of the weights that are there.
    net = make_net(lr=0.0, max_epochs=1, train_split=held_out, device=device).initialize()
    shake(net.module_)
    net.partial_fit(X, Y)
    (epoch,) = net.history
    assert epoch["valid_loss"] == pytest.approx(mean_square(net, X_valid, Y_valid), rel=1e-5)
    assert epoch["train_loss"] == pytest.approx(mean_square(net, X, Y) + weighted(net), rel=1e-5)


def test_step_follows_the_gradient_of_the_whole_loss():
    X, Y = data(20)
    net = make_net(optimizer=torch.optim.SGD, lr=0.01, max_epochs=1).initialize()
    shake(net.module_)
    before = {name: p.detach().clone() for name, p in net.module_.named_parameters()}
    prediction = net.module_(torch.from_numpy(X))
    loss = (prediction - torch.from_numpy(Y)).square().mean() + net.penalty_(net.module_)
    gradients = torch.autograd.grad(loss, list(net.module_.parameters()))
    net.partial_fit(X, Y)
    for (name, p), gradient in zip(net.module_.named_parameters(), gradients, strict=True):
        expected = before[name] - 0.01 * gradient
        torch.testing.assert_close(p.detach(), expected, rtol=1e-4, atol=1e-5)


def test_larger_strength_makes_a_smaller_penalty():
    X, Y = data()
    penalties = []
    for strength in (0.0, 0.03, 0.3, 3.0):
        net = make_net(strengths=dict.fromkeys(GROUPS, strength), max_epochs=40).fit(X, Y)
        penalties.append(sum(net.penalty_.values(net.module_).values()))
    assert penalties == sorted(penalties, reverse=True)
    assert penalties[-1] < 0.05 * penalties[0]


@pytest.mark.parametrize("groups", [None, {}])
def test_without_groups_it_is_a_plain_net(groups):
    X, Y = data()
    plain = make_net(groups=groups, strengths=None).fit(X, Y)
    rng = np.random.RandomState(0)
    zero = make_net(strengths=dict.fromkeys(GROUPS, 0.0), iterator_train__random_state=rng).fit(
        X, Y
    )
    assert not hasattr(plain, "penalty_")
    # Strengths of zero are no penalty: same steps, same weights.
    again = make_net(
        groups=groups, strengths=None, iterator_train__random_state=np.random.RandomState(0)
    ).fit(X, Y)
    assert np.array_equal(again.predict(X), zero.predict(X))


def test_same_seeds_same_net(global_generators_untouched):
    X, Y = data()
    first, second = (
        make_net(iterator_train__random_state=np.random.RandomState(3)).fit(X, Y) for _ in range(2)
    )
    assert np.array_equal(first.predict(X), second.predict(X))
    other = make_net(iterator_train__random_state=np.random.RandomState(3), module__seed=1).fit(
        X, Y
    )
    assert not np.array_equal(first.predict(X), other.predict(X))


def test_parameters_and_clone():
    net = make_net()
    parameters = net.get_params()
    assert parameters["groups"] == GROUPS
    assert parameters["strengths"] == STRENGTHS
    assert parameters["module__hidden_channels"] == 20
    X, Y = data()
    twin = clone(net.fit(X, Y))
    assert not hasattr(twin, "penalty_")
    assert twin.get_params()["groups"] == GROUPS
    assert twin.fit(X, Y).predict(X).shape == (60, 2)
    assert net.set_params(strengths={"rotations": 7, "reflection": 0}).strengths["rotations"] == 7


def test_penalty_follows_a_new_module():
    net = make_net().initialize()
    net.set_params(module__hidden_channels=32)
    shake(net.module_)
    fresh = make_net(module__hidden_channels=32).initialize()
    shake(fresh.module_)
    assert net.penalty_.values(net.module_) == pytest.approx(fresh.penalty_.values(fresh.module_))


def test_pickle():
    X, Y = data()
    net = make_net(callbacks=[StrengthTuner("ratio", start=0.5), EpochProgress()]).fit(X, Y)
    twin = pickle.loads(pickle.dumps(net))
    assert np.array_equal(twin.predict(X), net.predict(X))
    assert twin.penalty_.strengths == net.penalty_.strengths
    assert twin.penalty_.values(twin.module_) == net.penalty_.values(net.module_)
    twin.partial_fit(X, Y)
    assert len(twin.history) == len(net.history) + 3


def test_module_moves_to_the_device_with_its_penalty(device):
    X, Y = data()
    net = make_net(device=device).fit(X, Y)
    assert {p.device.type for p in net.module_.parameters()} == {device}
    assert net.penalty_(net.module_).device.type == device
    assert net.predict(X).shape == (60, 2)


class OwnModule(nn.Module):
    """A torch user's module: our layers between layers of torch."""

    def __init__(self, n_vectors=3):
        super().__init__()
        columns = FeatureLayout(2, ((1,),), (2,))
        hidden = FeatureLayout(2, ((), (1,)), (4, n_vectors))
        self.first = SoftLinear(columns, hidden.with_scalars(n_vectors))
        self.gate = GatedNonlinearity(hidden)
        self.last = nn.ModuleList([SoftLinear(hidden, FeatureLayout(2, ((1,),), (1,)))])
        self.temperature = nn.Linear(1, 1)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for layer in (self.first, *self.last):
                layer.weight.normal_(0, 0.4, generator=generator)

    def forward(self, x):
        return self.last[0](self.gate(self.first(x.T.contiguous()))).T


def test_parameters_of_an_initialised_net_are_obeyed():
    X, Y = data()
    net = make_net(max_epochs=1).fit(X, Y)
    module, penalty, name = net.module_, net.penalty_, next(iter(net.groups))
    net.set_params(strengths=0.25)
    assert net.module_ is module and net.penalty_ is penalty
    assert set(penalty.strengths.values()) == {0.25}
    net.set_params(groups={name: net.groups[name]})
    assert net.module_ is not module and list(net.penalty_.groups) == [name]
    again = pickle.loads(pickle.dumps(net.partial_fit(X, Y)))
    assert again.penalty_.strengths == {name: 0.25}
    assert make_net(strengths=1.0).get_params()["strengths"] == 1.0


def test_an_initialised_net_may_be_given_groups_and_lose_them():
    X, Y = data()
    net = make_net(max_epochs=1, groups=None).fit(X, Y)
    net.set_params(groups=GROUPS, strengths=STRENGTHS).partial_fit(X, Y)
    assert list(net.penalty_.groups) == list(GROUPS)
    net.set_params(groups=None, strengths=1.0).partial_fit(X, Y)
    assert np.isfinite(net.history[-1, "train_loss"])


def test_strengths_are_1_where_none_are_given():
    net = PenalizedNet(
        OwnModule, nn.MSELoss, groups={"O(2)": O(2)}, module__n_vectors=2, verbose=0
    ).initialize()
    assert net.penalty_.strengths == {"O(2)": 1.0}


@pytest.mark.parametrize("strength", [0.0, 10.0])
def test_own_module(dense, strength):
    X, Y = data()
    groups = {"O(2)": O(2), "scalings": Scaling(2)}
    torch.manual_seed(0)
    net = PenalizedNet(
        OwnModule,
        nn.MSELoss,
        groups=groups,
        strengths=dict.fromkeys(groups, strength),
        module__n_vectors=2,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=60,
        batch_size=20,
        train_split=None,
        callbacks=[StrengthTuner("fixed")],
        verbose=0,
    ).fit(X, Y)
    layers = [net.module_.first, *net.module_.last]
    for name, group in groups.items():
        expected = sum(
            dense.penalty(
                group,
                layer.layout_in,
                layer.layout_out,
                layer.weight.detach().double().numpy(),
                layer.bias.detach().double().numpy(),
            )
            for layer in layers
        )
        assert net.penalty_.values(net.module_)[name] == pytest.approx(expected, rel=1e-5)
        assert (expected < 0.1) == (strength > 0)


class OwnNet(NeuralNet):
    """A net of the user's own, with our penalty in its loss."""

    def initialize_module(self):
        super().initialize_module()
        self.penalty_ = ProjectionPenalty(self.module_, GROUPS, STRENGTHS)
        return self

    def get_loss(self, y_pred, y_true, X=None, training=False):
        loss = super().get_loss(y_pred, y_true, X, training)
        return loss + self.penalty_(self.module_) if training else loss


def test_the_penalty_in_a_net_of_the_users_own():
    X, y = data()
    own, ours = (make_net(kind, module__seed=0).fit(X, y) for kind in (OwnNet, PenalizedNet))
    np.testing.assert_array_equal(own.predict(X), ours.predict(X))
