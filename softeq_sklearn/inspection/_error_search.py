"""The largest equivariance error that a search over rows and group elements finds."""

from __future__ import annotations

import copy

import numpy as np
import torch

from softeq_sklearn.groups import compose, exponential
from softeq_sklearn.groups._elements import unit_generators

# One in so many starts is followed further.
_FOLLOWED = 8
_N_ROUNDS = 40


class FunctionError:
    """|f(gx) - g f(x)| in the user's output units, of scaled rows x; it has gradients.

    Parameters
    ----------
    module : torch.nn.Module
        The network, whose output may have a member axis; the function is the mean over it.
    rep_in, rep_out : Rep
        Representations of the columns.
    scale_in, scale_out : ColumnScaling
        Their scaling.
    """

    def __init__(self, module, rep_in, rep_out, scale_in, scale_out):
        self._module = copy.deepcopy(module).cpu().double().eval()
        self._reps = rep_in, rep_out
        self._scales = [
            (torch.tensor(scale.factor), torch.tensor(scale.offset))
            for scale in (scale_in, scale_out)
        ]

    def matrices(self, elements):
        """Return how elements act on the columns in and out, tensors (n_rows, n, n) each."""
        return [torch.tensor(np.stack([rep.rho(g) for g in elements])) for rep in self._reps]

    def __call__(self, x, matrices):
        """Return the error of each row under its own element.

        Parameters
        ----------
        x : torch.Tensor of shape (n_rows, n_in)
            Scaled rows, float64.
        matrices : list of torch.Tensor
            The elements, see `matrices`.

        Returns
        -------
        torch.Tensor of shape (n_rows,)
        """
        (factor, offset), (factor_out, offset_out) = self._scales
        moved = (_apply(matrices[0], x * factor + offset) - offset) / factor
        values = self._module(torch.cat([x, moved]))
        values = values.mean(0) if values.ndim == 3 else values
        here, there = (values * factor_out + offset_out).chunk(2)
        return torch.linalg.vector_norm(there - _apply(matrices[1], here), dim=1)


def largest_error(error, n_in, radius, group, n_search, rng):
    """Search for a large error in a ball.

    Random rows, half of them on the sphere and half inside, with random elements; the best are
    followed for some rounds: a step along the gradient and back into the ball, then a small random
    move within the group, each kept where the error grows.

    Parameters
    ----------
    error : FunctionError
        The error.
    n_in : int
        Number of columns.
    radius : float
        Radius of the ball of scaled rows.
    group : Group
        The group.
    n_search : int
        Number of random pairs of a row and an element.
    rng : numpy.random.RandomState
        Source of the randomness.

    Returns
    -------
    float
        The largest error found.
    """
    x = rng.standard_normal((n_search, n_in))
    x *= radius / np.linalg.norm(x, axis=1, keepdims=True)
    x[::2] *= rng.uniform(size=(len(x[::2]), 1))
    elements, x = group.sample(n_search, rng), torch.tensor(x)
    with torch.no_grad():
        found = error(x, error.matrices(elements))
    best = found.argsort(descending=True)[: max(1, n_search // _FOLLOWED)]
    x, elements, found = x[best], elements[best.numpy()], found[best]
    step, turn = torch.full_like(found, 0.3 * radius), np.full(len(best), 0.5)
    for _ in range(_N_ROUNDS):
        x, found, step = _ascend(error, x, error.matrices(elements), found, step, radius)
        elements, found, turn = _move(error, x, elements, found, turn, group, rng)
    return float(found.max())


def _ascend(error, x, matrices, found, step, radius):
    """One step along the gradient, kept where it helps."""
    x = x.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(error(x, matrices).sum(), x)
    norm = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    with torch.no_grad():
        trial = x + step[:, None] * torch.nan_to_num(gradient / norm)
        size = torch.linalg.vector_norm(trial, dim=1, keepdim=True)
        trial = trial * torch.clamp(radius / size, max=1.0)
        value = error(trial, matrices)
        better = value > found
        x = torch.where(better[:, None], trial, x)
        found = torch.where(better, value, found)
        return x.detach(), found, torch.where(better, 1.3 * step, 0.5 * step)


def _move(error, x, elements, found, turn, group, rng):
    """One small random move within the group, kept where it helps."""
    trial = elements
    if len(group.lie_algebra):
        generators = unit_generators(group.lie_algebra)
        amounts = rng.standard_normal((len(elements), len(generators))) * turn[:, None]
        trial = compose(trial, exponential(np.tensordot(amounts, generators, 1)))
    if len(group.discrete_generators):
        jumps = rng.uniform(size=len(elements)) < (0.2 if len(group.lie_algebra) else 1.0)
        chosen = group.discrete_generators[rng.randint(len(group.discrete_generators), size=len(x))]
        trial = np.where(jumps[:, None, None], compose(trial, chosen), trial)
    with torch.no_grad():
        value = error(x, error.matrices(trial))
    better = (value > found).numpy()
    elements = np.where(better[:, None, None], trial, elements)
    return elements, torch.maximum(value, found), np.where(better, 1.3 * turn, 0.8 * turn)


def _apply(matrices, rows):
    """Act on each row by its own matrix."""
    return (matrices @ rows[..., None]).squeeze(-1)
