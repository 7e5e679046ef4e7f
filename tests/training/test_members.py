"""Members of a stacked network are trained as each would be alone."""

import numpy as np
import pytest
import torch
from skorch.callbacks import GradientNormClipping
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from softeq_sklearn.groups import SO, O
from softeq_sklearn.nn import SoftEquivariantNetwork, stack_members
from softeq_sklearn.training import (
    BestMembers,
    BestWeights,
    MemberGradientClipping,
    PenalizedNet,
    SquaredError,
    TensorBatches,
)

GROUPS = {"SO(3)": SO(3), "O(2)": O(2).embed(3, axes=(0, 1))}
N_ROWS, N_EPOCHS = 60, 6


def _data():
    rng = np.random.RandomState(0)
    X = rng.randn(N_ROWS, 6)
    return torch.from_numpy(X), torch.from_numpy(X[:, :3] * (X[:, 3:] ** 2).sum(1)[:, None])


def _network(seed):
    return SoftEquivariantNetwork(
        "2*Vector", "Vector", list(GROUPS.values()), hidden_channels=16, seed=seed
    ).double()


def _trained(module, callbacks, **changes):
    X, y = _data()
    arguments = {
        "criterion": SquaredError,
        "groups": GROUPS,
        "strengths": {"SO(3)": 1.0, "O(2)": 0.3},
        "optimizer": torch.optim.Adam,
        "optimizer__weight_decay": 1e-3,
        "lr": 0.02,
        "max_epochs": N_EPOCHS,
        "batch_size": 20,
        "train_split": predefined_split(Dataset(X[:20], y[:20])),
        "iterator_train": TensorBatches,
        "iterator_train__shuffle": True,
        "iterator_train__random_state": np.random.RandomState(0),
        "iterator_valid": TensorBatches,
        "iterator_valid__batch_size": 12,
        "callbacks": callbacks,
        "callbacks__print_log": None,
        "verbose": 0,
    }
    return PenalizedNet(module, **arguments | changes).fit(X[20:], y[20:])


def test_members_are_trained_as_each_alone():
    """Loss, penalty, decay, clipping, and the choice of the best epoch: all member by member."""
    alone = [_trained(_network(s), [GradientNormClipping(0.1), BestWeights()]) for s in range(3)]
    stacked = stack_members([_network(s) for s in range(3)])
    together = _trained(stacked, [MemberGradientClipping(0.1), BestMembers()])
    for i, net in enumerate(alone):
        for name, p in net.module_.named_parameters():
            other = together.module_.get_parameter(name)[i]
            torch.testing.assert_close(other, p, rtol=1e-6, atol=1e-9, msg=name)
    for loss in ("train_loss", "valid_loss"):
        mean = np.mean([net.history[:, loss] for net in alone], axis=0)
        np.testing.assert_allclose(together.history[:, loss], mean, rtol=1e-7)


def test_the_best_epochs_differ_between_members():
    """So that the test above sees whether each member has its own."""
    best = [_trained(_network(s), [BestWeights()]).history[:, "valid_loss"] for s in range(3)]
    together = _trained(stack_members([_network(s) for s in range(3)]), [BestMembers()])
    lowest = dict(together.callbacks_)["BestMembers"].losses_
    np.testing.assert_allclose(lowest, np.min(best, axis=1), rtol=1e-7)


def test_a_member_recovers_from_a_loss_that_is_no_number():
    stacked = stack_members([_network(s) for s in range(2)])
    best = BestMembers()
    net = _trained(stacked, [], max_epochs=1)
    best.on_train_begin(net)
    lowest = []
    for losses in ([np.nan, 1.0], [2.0, np.nan], [3.0, np.inf], [1.5, 0.5]):
        best.on_epoch_begin(net)
        best._sum, best._rows = torch.tensor(losses), 1
        best.on_epoch_end(net)
        lowest.append(best.losses_.tolist())
    assert np.isnan(lowest[0][0])
    assert lowest[1:] == [[2.0, 1.0], [2.0, 1.0], [1.5, 0.5]]


def test_early_stopping_waits_for_every_member():
    stacked = stack_members([_network(s) for s in range(2)])
    net = _trained(stacked, [BestMembers(patience=2)], max_epochs=300)
    assert 3 < len(net.history) < 300


def test_clipping_leaves_short_gradients():
    clipping = MemberGradientClipping(1.0)
    p = torch.nn.Parameter(torch.zeros(2, 3))
    p.grad = torch.tensor([[0.3, 0.0, 0.4], [30.0, 0.0, 40.0]])
    clipping.on_grad_computed(None, [("p", p)])
    torch.testing.assert_close(p.grad[0], torch.tensor([0.3, 0.0, 0.4]))
    torch.testing.assert_close(p.grad[1], torch.tensor([0.6, 0.0, 0.8]))


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_of_a_bootstrap_sample(shuffle):
    """The weighted rows are the sample: sums over an epoch equal sums over the drawn rows."""
    X, y = _data()
    rng = np.random.RandomState(1)
    weights = rng.multinomial(N_ROWS, np.full(N_ROWS, 1 / N_ROWS), size=4)
    batches = TensorBatches(
        Dataset(X, y), 13, shuffle=shuffle, random_state=np.random.RandomState(2), weights=weights
    )
    parts = list(batches)
    assert len(parts) == len(batches) == 5
    n_used = (weights > 0).sum(1).max()
    assert sum(x.shape[1] for x, _ in parts) == n_used
    total = sum((part.weights[..., None] * part[0]).sum(1) for part in parts) / n_used
    drawn = [X[np.repeat(np.arange(N_ROWS), each)].mean(0) for each in weights]
    torch.testing.assert_close(total, torch.stack(drawn), rtol=1e-12, atol=1e-12)
    means = sum(part.weights.sum(1) for part in parts) / n_used
    torch.testing.assert_close(means, torch.ones(4, dtype=torch.float64))


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_of_rows_with_weights(shuffle):
    """Callbacks see a pair; the weights beside it have mean 1."""
    X, y = _data()
    weights = np.random.RandomState(1).rand(N_ROWS)
    batches = TensorBatches(
        Dataset(X, y), 13, shuffle=shuffle, random_state=np.random.RandomState(2), weights=weights
    )
    total, n_rows = 0.0, 0
    for batch in batches:
        rows, targets = batch
        assert len(rows) == len(targets) == len(batch.weights)
        total, n_rows = total + (batch.weights[:, None] * rows).sum(0), n_rows + len(rows)
    assert n_rows == N_ROWS
    expected = np.average(X, axis=0, weights=weights)
    np.testing.assert_allclose(total / n_rows, expected, rtol=1e-12, atol=1e-12)


def test_weighted_losses_of_members_choose_their_best_epoch():
    """As if the rows stood there so often, not shuffled."""
    counts = np.random.RandomState(3).randint(1, 4, 20)
    X, y = _data()
    rows = np.repeat(np.arange(20), counts)

    def lowest(valid, weights):
        stacked = stack_members([_network(s) for s in range(3)])
        net = _trained(
            stacked,
            [BestMembers()],
            train_split=predefined_split(Dataset(*valid)),
            iterator_valid__weights=weights,
        )
        return dict(net.callbacks_)["BestMembers"].losses_, net.history[:, "valid_loss"]

    weighted = lowest((X[:20], y[:20]), counts.astype(float))
    repeated = lowest((X[rows], y[rows]), None)
    # Batches of the weighted rows are means of 12 and 8 rows, whose weights are those of all.
    np.testing.assert_allclose(weighted[0], repeated[0], rtol=1e-6)
    np.testing.assert_allclose(weighted[1], repeated[1], rtol=1e-6)


def test_weights_and_members_need_losses_of_rows():
    changes = {"criterion": torch.nn.MSELoss}
    with pytest.raises(TypeError, match="criterion must be a RowLoss.* Got MSELoss"):
        _trained(_network(0), [], iterator_train__weights=np.ones(N_ROWS - 20), **changes)
    with pytest.raises(TypeError, match="criterion must be a RowLoss.* Got MSELoss"):
        _trained(stack_members([_network(0)] * 2), [BestMembers()], **changes)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_no_batch_of_a_bootstrap_sample_is_empty(batch_size):
    """Single rows make more batches than a sample has different rows."""
    X, y = _data()
    weights = np.random.RandomState(1).multinomial(N_ROWS, np.full(N_ROWS, 1 / N_ROWS), size=4)
    parts = list(TensorBatches(Dataset(X, y), batch_size, weights=weights))
    assert len(parts) == -(-N_ROWS // batch_size)
    assert all(x.shape[1] > 0 for x, _ in parts)
    n_used = sum(x.shape[1] for x, _ in parts)
    total = sum((part.weights[..., None] * part[0]).sum(1) for part in parts) / n_used
    drawn = [X[np.repeat(np.arange(N_ROWS), each)].mean(0) for each in weights]
    torch.testing.assert_close(total, torch.stack(drawn), rtol=1e-12, atol=1e-12)


def test_a_weighted_loss_is_that_of_repeated_rows():
    X, y = _data()
    net = _trained(_network(0), [], max_epochs=1)
    counts = torch.tensor([2.0, 1.0, 3.0], dtype=torch.float64)
    rows = torch.repeat_interleave(torch.arange(3), counts.long())
    weighted = net.get_loss(net.module_(X[:3]), y[:3], weights=counts / counts.mean())
    repeated = net.get_loss(net.module_(X[rows]), y[rows])
    torch.testing.assert_close(weighted, repeated)
