"""Strengths as the precisions of a Gaussian prior that have the largest evidence."""

from __future__ import annotations

import copy
from collections import deque

import numpy as np
import torch

from softeq_sklearn.training._batches import targets_and_weights

# Gradients from which the curvature is estimated: the last ones, one an epoch.
_N_DRAWS = 10
# Share of the mean weights that an epoch keeps. Steps of the optimizer shake weights out of every
# subspace; their mean is nearer to the minimum, of which the evidence speaks.
_KEPT = 0.9
# Held-out residuals of exact targets would let the noise, and with it all strengths, fall to zero.
_LEAST_NOISE = 1e-6


class EvidenceRule:
    """MacKay's update of strengths, from gradients and residuals of the batches.

    Parameters
    ----------
    penalty : ProjectionPenalty
        The penalty.
    per_layer : bool
        Whether each layer has strengths of its own.
    """

    def __init__(self, penalty, per_layer):
        penalty.check_effective_numbers()
        self._penalty = penalty
        self._per_layer = per_layer
        self._signs = torch.Generator().manual_seed(0)
        self.forget()
        self.begin_epoch()

    def forget(self):
        """Forget the curvature and the mean of the weights, as when training begins anew."""
        self._gradients = deque(maxlen=_N_DRAWS)
        self._mean = None

    def begin_epoch(self):
        """Forget the residuals of the last epoch."""
        self._squares = {True: [0.0, 0], False: [0.0, 0]}  # by whether rows are training rows
        self._n_rows = 0

    def see_batch(self, batch, y_pred, training):
        """Add up the squared residuals."""
        y_pred = y_pred.detach()
        targets, weights = targets_and_weights(batch, y_pred.device)
        weights = y_pred.new_ones(()) if weights is None else weights[..., None]
        total = self._squares[training]
        total[0] += float((weights * (y_pred - targets).double().square()).sum())
        total[1] += y_pred.numel()
        if training:
            self._n_rows += y_pred.shape[-2]
            self._batch, self._weights = batch[0], weights

    def see_curvature(self, net):
        """Draw a gradient whose square is the curvature of the loss (Hutchinson).

        The curvature of the mean of m N squared residuals is twice the mean of the squared
        derivatives of the outputs; random signs make one gradient of all of them.
        """
        net.module_.eval()
        y_pred = net.infer(self._batch)
        signs = torch.randint(2, y_pred.shape, generator=self._signs).mul_(2).sub_(1).to(y_pred)
        output = (signs * self._weights.sqrt() * y_pred).sum()
        gradient = self._penalty.flat_gradient(net.module_, output)
        n_numbers = y_pred.shape[-2] * y_pred.shape[-1]
        self._n_outputs = y_pred.shape[-1]
        self._gradients.append(gradient.double().cpu() * (2 / n_numbers) ** 0.5)

    def see_weights(self, module):
        """Take the weights into their mean."""
        if self._mean is None:
            self._mean = copy.deepcopy(module)
            return
        with torch.no_grad():
            pairs = zip(self._mean.parameters(), module.parameters(), strict=True)
            for mean, parameter in pairs:
                mean.lerp_(parameter, 1 - _KEPT)

    def training_state(self):
        """What the rest of the training depends on, at the end of an epoch."""
        mean = None if self._mean is None else self._mean.state_dict()
        return {
            "gradients": list(self._gradients),
            "mean": None if mean is None else dict(mean),
            "signs": self._signs.get_state(),
        }

    def restore_training(self, state, net):
        """Take over the state of an earlier training, given its net."""
        self._gradients.extend(torch.as_tensor(gradient) for gradient in state["gradients"])
        self._signs.set_state(torch.as_tensor(state["signs"]))
        if state["mean"] is not None:
            self._mean = copy.deepcopy(net.module_)
            mean = {name: torch.as_tensor(value) for name, value in state["mean"].items()}
            self._mean.load_state_dict(mean)

    def targets(self):
        """Strengths that the present figures ask for, of shape (n_parts,) for each group."""
        numbers = self._penalty.effective_numbers(torch.stack(list(self._gradients)))
        penalties = self._penalty.layer_values(self._mean)
        if not self._per_layer:
            numbers = {name: value.sum(keepdims=True) for name, value in numbers.items()}
            penalties = {name: value.sum(keepdims=True) for name, value in penalties.items()}
        self.numbers = numbers
        n_targets = self._n_rows * self._n_outputs
        self.noise = self._noise_variance(n_targets)
        return {
            name: precision_update(numbers[name], penalties[name], self.noise, n_targets)
            for name in numbers
        }

    def _noise_variance(self, n_targets):
        total, n = self._squares[False]
        if n:
            return max(total / n, _LEAST_NOISE)
        total, n = self._squares[True]
        # Overlapping groups count a weight more than once: the largest number, at most half.
        determined = max((float(value.sum()) for value in self.numbers.values()), default=0.0)
        return max(total / n / (1 - min(determined / n_targets, 0.5)), _LEAST_NOISE)


def precision_update(number, penalty, noise_variance, n_targets):
    """Strength whose precision is the effective number over twice the penalty.

    The precision of a prior with the factor lambda beside a mean squared error is
    n_targets lambda / (2 noise_variance).

    Parameters
    ----------
    number, penalty : ndarray of shape (n_parts,)
        Effective number of determined weights, and R_G.
    noise_variance : float
        Variance of the targets' noise.
    n_targets : int
        Number of rows times outputs.

    Returns
    -------
    ndarray of shape (n_parts,)
        Infinite where the penalty is zero; nan where nothing is determined either.

    Examples
    --------
    >>> import numpy as np
    >>> precision_update(np.array([6.0]), np.array([0.5]), 0.01, 100)
    array([0.0012])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return noise_variance * number / (n_targets * penalty)
