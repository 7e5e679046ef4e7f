"""Batches cut from whole tensors: no Python work per row."""

from __future__ import annotations

import numpy as np
import torch
from skorch.utils import data_from_dataset


class TensorBatches:
    """Iterate over a data set of tensors in whole batches.

    For skorch's `iterator_train` and `iterator_valid`. The default loader calls Python once per
    row and collates; on small rows that takes many times the training step itself.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset or torch.utils.data.Subset of one
        Data set whose X and y are tensors or arrays with one row a sample. Where y is a pair of
        targets and weights of the rows, batches are ``X, (y, weights)``.
    batch_size : int
        Number of rows of a batch; -1 takes all rows.
    shuffle : bool, default=False
        Whether rows are permuted anew in each iteration.
    random_state : numpy.random.RandomState or None, default=None
        Source of the permutations; needed if shuffle is true.
    device : str or None, default=None
        Device that the data is kept on.
    weights : ndarray of shape (n_members, n_samples) or None, default=None
        For each member the weights of the rows, such as how often a bootstrap sample draws them.
        Batches then are ``X, (y, weights)`` with members as first axis, each with rows of its own:
        as many batches, and only rows that have a weight, which for a bootstrap sample are 63 %.
        Weights of the data set multiply these.

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
        X, y, self.row_weights = _parts(dataset)
        self.tensors = [torch.as_tensor(part, device=device) for part in (X, y)]
        self.n_rows = len(self.tensors[0])
        self.batch_size = self.n_rows if batch_size == -1 else batch_size
        self.shuffle = shuffle
        self.random_state = random_state
        self.weights = weights

    def __len__(self):
        return -(-self.n_rows // self.batch_size)

    def __iter__(self):
        tensors = self.tensors
        if self.weights is not None:
            yield from self._members(tensors)
            return
        if self.row_weights is not None:
            tensors = [*tensors, torch.as_tensor(self.row_weights, device=tensors[0].device)]
        if self.shuffle:
            order = torch.from_numpy(self.random_state.permutation(self.n_rows))
            order = order.to(tensors[0].device)
            tensors = [part.index_select(0, order) for part in tensors]
        for start in range(0, self.n_rows, self.batch_size):
            X, *y = (part[start : start + self.batch_size] for part in tensors)
            yield X, y[0] if len(y) == 1 else tuple(y)

    def _members(self, tensors):
        """Batches of shape (n_members, n_rows, n_columns): copies of single batches only."""
        orders = [self._order(weights) for weights in self.weights]
        # Members differ in the number of their rows: the shorter end with rows of weight 0. So do
        # all, where there would be more batches than rows.
        n_used = max(len(self), *(np.count_nonzero(weights) for weights in self.weights))
        rows = np.stack(orders)[:, :n_used]
        weights = np.take_along_axis(self.weights, rows, axis=1)
        if self.row_weights is not None:
            weights = weights * np.asarray(self.row_weights)[rows]
        weights = weights / (weights.sum(axis=1, keepdims=True) / n_used)
        device = tensors[0].device
        rows = torch.from_numpy(rows).to(device)
        weights = torch.from_numpy(weights).to(device, tensors[1].dtype)
        for chosen, weight in zip(
            rows.tensor_split(len(self), 1), weights.tensor_split(len(self), 1), strict=True
        ):
            X, y = (part[chosen] for part in tensors)
            yield X, (y, weight)

    def _order(self, weights):
        """Rows in the order of an epoch, those without weight at the end."""
        order = np.arange(len(weights))
        if self.shuffle:
            order = self.random_state.permutation(len(weights))
        return order[np.argsort(weights[order] == 0, kind="stable")]


def targets_and_weights(y, device):
    """Take the targets of a batch apart.

    Parameters
    ----------
    y : torch.Tensor or ndarray, or a pair of them
        Targets, perhaps with weights of their rows.
    device : torch.device or str
        Where both are needed.

    Returns
    -------
    targets : torch.Tensor
    weights : torch.Tensor or None
        None where rows have none.
    """
    y, weights = y if isinstance(y, (tuple, list)) else (y, None)
    targets = torch.as_tensor(y, device=device)
    return targets, None if weights is None else torch.as_tensor(weights, device=device)


def _parts(dataset):
    """X, y and the weights of rows, None where there are none."""
    X, y = data_from_dataset(dataset)
    if isinstance(y, (tuple, list)):
        return X, *y
    # Without targets skorch hands out zeros, one a row, which training never reads.
    return X, np.zeros(len(X), dtype=np.float32) if y is None else y, None
