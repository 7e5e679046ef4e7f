"""Derivatives of a module along a direction, which can themselves be differentiated."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache
from threading import RLock
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

# Torch counts the levels of nested derivatives for the whole process: threads take turns.
_turn = RLock()


def directional_derivative(
    module: nn.Module, rows: torch.Tensor, velocities: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Value of a module and J_f(x) v, by torch's forward mode.

    Both are differentiable in the parameters of the module. Torch gets the second derivatives of
    some layers wrong without saying so (pytorch issues 196699, 196700 and 198017): layer
    normalisation is computed here by plain operations instead, batch normalisation in training mode
    and instance normalisation are refused.

    Parameters
    ----------
    module : torch.nn.Module
        Maps rows to rows.
    rows, velocities : torch.Tensor of shape (n_samples, n_in)
        The points x and the directions v.

    Returns
    -------
    values, derivatives : torch.Tensor of shape (n_samples, n_out)

    Raises
    ------
    NotImplementedError
        If the module normalises over the batch, or over instances.
    """
    for part in module.modules():
        if isinstance(part, _BatchNorm) and part.training:  # it would first fail to count batches
            raise _not_differentiable(type(part).__name__)
    _load_forward_mode()
    with _turn, _PlainNormalisation():
        # The type of torch has a third part, which is there on demand only.
        return torch.func.jvp(module, (rows,), (velocities,))[:2]


class _PlainNormalisation(TorchFunctionMode):
    """Replace or refuse the functions whose second derivatives are wrong."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in (F.layer_norm, torch.layer_norm):
            return _layer_norm(*args, **kwargs)
        if func is F.instance_norm or (func is F.batch_norm and _is_training(*args, **kwargs)):
            raise _not_differentiable(func.__name__)
        return func(*args, **kwargs)


def _not_differentiable(name: str) -> NotImplementedError:
    return NotImplementedError(
        "module must not normalise over the batch or over instances: torch has no correct second "
        f"derivative of these. Got {name}; use SampledPenalty instead."
    )


def _layer_norm(
    input: torch.Tensor,
    normalized_shape: Sequence[int],
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    eps: float = 1e-5,
    *ignored: object,
) -> torch.Tensor:
    axes = tuple(range(-len(normalized_shape), 0))
    centred = input - input.mean(axes, keepdim=True)
    result = centred * torch.rsqrt(centred.square().mean(axes, keepdim=True) + eps)
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias


def _is_training(
    input: torch.Tensor,
    mean: torch.Tensor | None,
    variance: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    *ignored: object,
    **more: object,
) -> bool:
    return training


@cache
def _load_forward_mode() -> None:
    """Let torch load its forward mode, which at first use warns of torch's own old ways."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.neg, (torch.zeros(1),), (torch.zeros(1),))
