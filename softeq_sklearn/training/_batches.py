"""Batches cut from whole tensors: no Python work per row."""

from __future__ import annotations

import numpy as np
import torch
from skorch.utils import data_from_dataset


class WeightedBatch(tuple):
    """X and y of a batch, which is what callbacks look at, and weights of its rows beside them.

    Parameters
    ----------
    parts : iterable
        X, y and the weights, of mean 1 over all batches.

    Attributes
    ----------
    weights : torch.Tensor of shape (n_samples,) or (n_members, n_samples)
        The weights.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.training import WeightedBatch
    >>> batch = WeightedBatch([torch.zeros(2, 3), torch.zeros(2, 1), torch.ones(2)])
    >>> X, y = batch
    >>> batch.weights
    tensor([1., 1.])
    """

    def __new__(cls, parts):
        X, y, weights = parts
        batch = super().__new__(cls, (X, y))
        batch.weights = weights
        return batch


class TensorBatches:
    """Iterate over a data set of tensors in whole batches.

    For skorch's `iterator_train` and `iterator_valid`. The default loader calls Python once per
    row and collates; on small rows that takes many times the training step itself.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset or torch.utils.data.Subset of one
        Data set whose X and y are tensors or arrays with one row a sample.
    batch_size : int
        Number of rows of a batch; -1 takes all rows.
    shuffle : bool, default=False
        Whether rows are permuted anew in each iteration.
    random_state : numpy.random.RandomState or None, default=None
        Source of the permutations; needed if shuffle is true.
    device : str or None, default=None
        Device that the data is kept on.
    weights : ndarray of shape (n_samples,) or (n_members, n_samples), or None, default=None
        Weights of the rows, or for each member those such as how often a bootstrap sample draws
        them. Batches then are a :class:`WeightedBatch`. With members as first axis each has rows of
        its own: as many batches, and only rows that have a weight, which for a bootstrap sample are
        63 %.

    Raises
    ------
    ValueError
        If rows are to be shuffled without a random state.

    Examples
    --------
    >>> import numpy as np
    >>> from skorch.dataset import Dataset
    >>> from softeq_sklearn.training import TensorBatches
    >>> X, y = np.zeros((10, 3)), np.zeros((10, 1))
    >>> [len(rows) for rows, targets in TensorBatches(Dataset(X, y), 4)]
    [4, 4, 2]
    """

    def __init__(
        self, dataset, batch_size, *, shuffle=False, random_state=None, device=None, weights=None
    ):
        if shuffle and random_state is None:
            raise ValueError("random_state must be a RandomState if shuffle is true. Got None.")
        self.tensors = [torch.as_tensor(part, device=device) for part in _parts(dataset)]
        self.n_rows = len(self.tensors[0])
        self.batch_size = self.n_rows if batch_size == -1 else batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.weights = weights

    def __len__(self):
        return -(-self.n_rows // self.batch_size)

    def __iter__(self):
        if self.weights is not None and self.weights.ndim == 2:
            yield from self._members()
            return
        tensors = self.tensors
        if self.weights is not None:
            weights = self.weights / self.weights.mean()
            tensors = [*tensors, torch.as_tensor(weights).to(tensors[1])]
        if self.shuffle:
            order = torch.from_numpy(self.random_state.permutation(self.n_rows))
            order = order.to(tensors[0].device)
            tensors = [part.index_select(0, order) for part in tensors]
        kind = tuple if self.weights is None else WeightedBatch
        for start in range(0, self.n_rows, self.batch_size):
            yield kind(part[start : start + self.batch_size] for part in tensors)

    def _members(self):
        """Batches of shape (n_members, n_rows, n_columns): copies of single batches only."""
        orders = [self._order(weights) for weights in self.weights]
        # Members differ in the number of their rows: the shorter end with rows of weight 0. So do
        # all, where there would be more batches than rows.
        n_used = max(len(self), *(np.count_nonzero(weights) for weights in self.weights))
        rows = np.stack(orders)[:, :n_used]
        mean = self.weights.sum(axis=1, keepdims=True) / n_used
        weights = np.take_along_axis(self.weights, rows, axis=1) / mean
        device = self.tensors[0].device
        rows = torch.from_numpy(rows).to(device)
        weights = torch.from_numpy(weights).to(self.tensors[1])
        for chosen, weight in zip(
            rows.tensor_split(len(self), 1), weights.tensor_split(len(self), 1), strict=True
        ):
            X, y = (part[chosen] for part in self.tensors)
            yield WeightedBatch((X, y, weight))

    def _order(self, weights):
        """Rows in the order of an epoch, those without weight at the end."""
        order = np.arange(len(weights))
        if self.shuffle:
            order = self.random_state.permutation(len(weights))
        return order[np.argsort(weights[order] == 0, kind="stable")]


def targets_and_weights(batch, device):
    """Take the targets of a batch, and the weights of its rows.

    Parameters
    ----------
    batch : tuple
        X and y, perhaps a WeightedBatch.
    device : torch.device or str
        Where both are needed.

    Returns
    -------
    targets : torch.Tensor
    weights : torch.Tensor or None
        None where rows have none.
    """
    weights = getattr(batch, "weights", None)
    targets = torch.as_tensor(batch[1], device=device)
    return targets, None if weights is None else weights.to(device)


def _parts(dataset):
    X, y = data_from_dataset(dataset)
    # Without targets skorch hands out zeros, one a row, which training never reads.
    return X, np.zeros(len(X), dtype=np.float32) if y is None else y
