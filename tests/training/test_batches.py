import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skorch import NeuralNetRegressor
from skorch.dataset import Dataset
from torch import nn

from softeq_sklearn.training import TensorBatches


def numbered(n_rows):
    """A data set whose rows carry their number, in X and in y."""
    X = torch.arange(n_rows, dtype=torch.float32)[:, None] * torch.tensor([1.0, 10.0])
    return Dataset(X, torch.arange(n_rows, dtype=torch.float32)[:, None])


sizes = (st.integers(1, 40), st.one_of(st.just(-1), st.integers(1, 50)))


@given(*sizes)
def test_rows_come_once_in_order(n_rows, batch_size):
    dataset = numbered(n_rows)
    batches = TensorBatches(dataset, batch_size)
    parts = list(batches)
    assert len(parts) == len(batches)
    assert torch.equal(torch.cat([X for X, _ in parts]), dataset.X)
    assert torch.equal(torch.cat([y for _, y in parts]), dataset.y)


@given(*sizes)
def test_batches_are_full_but_for_the_last(n_rows, batch_size):
    *full, last = [len(X) for X, _ in TensorBatches(numbered(n_rows), batch_size)]
    size = n_rows if batch_size == -1 else batch_size
    assert all(n == size for n in full)
    assert 1 <= last <= size


@given(*sizes, st.integers(0, 99))
def test_shuffled_rows_come_once_and_keep_their_targets(n_rows, batch_size, seed):
    rng = np.random.RandomState(seed)
    batches = TensorBatches(numbered(n_rows), batch_size, shuffle=True, random_state=rng)
    for _ in range(2):
        rows = torch.cat([torch.cat([X, y], 1) for X, y in batches])
        assert torch.equal(rows[:, 0], rows[:, 2])
        assert torch.equal(rows[:, 1], 10 * rows[:, 2])
        assert torch.equal(rows[:, 2].sort().values, torch.arange(float(n_rows)))


def orders(seed, n_epochs=2):
    rng = np.random.RandomState(seed)
    batches = TensorBatches(numbered(50), 7, shuffle=True, random_state=rng)
    return [torch.cat([y for _, y in batches]).ravel().tolist() for _ in range(n_epochs)]


def test_order_follows_the_random_state_alone(global_generators_untouched):
    assert orders(0) == orders(0)
    assert orders(0) != orders(1)
    first, second = orders(0)
    assert first != second
    assert first != sorted(first)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_arrays_keep_their_precision(dtype):
    dataset = Dataset(np.arange(6, dtype=dtype).reshape(3, 2), np.zeros(3, dtype=np.float32))
    ((X, y),) = TensorBatches(dataset, -1)
    assert X.dtype == torch.from_numpy(np.zeros(1, dtype)).dtype
    assert y.shape == (3,)


def test_rows_without_targets():
    parts = list(TensorBatches(Dataset(torch.ones(5, 2)), 2))
    assert [len(X) for X, _ in parts] == [len(y) for _, y in parts] == [2, 2, 1]


def test_batches_are_on_the_device(device):
    dataset = numbered(5)
    rng = np.random.RandomState(0)
    batches = TensorBatches(dataset, 2, shuffle=True, random_state=rng, device=device)
    assert all(part.device.type == device for batch in batches for part in batch)


@pytest.mark.parametrize("train_split", ["default", None])
def test_batches_serve_any_skorch_net(train_split):
    # skorch holds rows out by default, as a subset of the data set.
    split = {} if train_split == "default" else {"train_split": train_split}
    net = NeuralNetRegressor(
        nn.Linear(2, 1),
        max_epochs=2,
        lr=1e-3,
        iterator_train=TensorBatches,
        iterator_train__shuffle=True,
        iterator_train__random_state=np.random.RandomState(0),
        iterator_valid=TensorBatches,
        verbose=0,
        **split,
    )
    X = np.random.RandomState(0).standard_normal((30, 2)).astype(np.float32)
    assert net.fit(X, X[:, :1]).predict(X).shape == (30, 1)
