"""Batches that several processes share, each with its own device."""

from __future__ import annotations

import torch

from softeq_sklearn.training._batches import WeightedBatch


class PartOfBatch:
    """The rows of a batch that one of several processes looks at.

    With parts of sizes n_i of a batch of n rows, a mean over the batch is the sum of `share` times
    the mean over the part, n_i / n times it, over all processes; so is its gradient.

    Parameters
    ----------
    batch : tuple of torch.Tensor of shape (n_samples, n_columns)
        X and y, or a :class:`WeightedBatch`; with members as a further axis in front.
    processes : accelerate.PartialState or accelerate.Accelerator
        Which process this is, of how many.

    Attributes
    ----------
    batch : tuple of torch.Tensor
        The part. Where there are more processes than rows, some look at a row whose share is 0.
    share : float
        Its share of the rows.

    Raises
    ------
    ValueError
        If X is no table, or one for each member.
    """

    def __init__(self, batch, processes):
        X = batch[0]
        if not isinstance(X, torch.Tensor) or X.ndim not in (2, 3):
            raise ValueError(
                "Processes can share X of shape (n_samples, n_features) or (n_members, n_samples, "
                f"n_features). Got {tuple(X.shape) if hasattr(X, 'shape') else type(X).__name__}."
            )
        axis, self._n_rows = X.ndim - 2, X.shape[-2]
        index, n_processes = processes.process_index, processes.num_processes
        self._start = self._n_rows * index // n_processes
        self._n_own = self._n_rows * (index + 1) // n_processes - self._start
        self.share = self._n_own / self._n_rows
        weights = getattr(batch, "weights", None)
        parts = [*batch] if weights is None else [*batch, weights]
        kind = tuple if weights is None else WeightedBatch
        self.batch = kind(part.narrow(axis, self._start, max(self._n_own, 1)) for part in parts)

    def among_all(self, outputs):
        """Return outputs for the rows of the whole batch, 0 for those of other processes.

        Parameters
        ----------
        outputs : torch.Tensor of shape (..., n_own, n_outputs)
            Outputs for the rows of the part.

        Returns
        -------
        torch.Tensor of shape (..., n_samples, n_outputs)
            Without a gradient.

        Raises
        ------
        ValueError
            If they are no rows of outputs, for each member if X has members.
        """
        n_looked_at = max(self._n_own, 1)
        if outputs.ndim < self.batch[0].ndim or outputs.shape[-2] != n_looked_at:
            raise ValueError(
                "Processes can share modules whose outputs have the shape (n_samples, n_outputs) "
                "or, with members, (n_members, n_samples, n_outputs). Got "
                f"{tuple(outputs.shape)} for X of shape {tuple(self.batch[0].shape)}."
            )
        whole = outputs.new_zeros(*outputs.shape[:-2], self._n_rows, outputs.shape[-1])
        own = outputs.detach().narrow(-2, 0, self._n_own)
        whole.narrow(-2, self._start, self._n_own).copy_(own)
        return whole
