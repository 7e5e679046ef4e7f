"""Gradient clipping that treats each member of a stacked network apart."""

from __future__ import annotations

import torch
from skorch.callbacks import Callback


class MemberGradientClipping(Callback):
    """Cut the gradient of each member to a norm; skorch's callback would cut their joint one.

    Parameters
    ----------
    max_norm : float
        Norm to which a longer gradient of a member is cut.

    Examples
    --------
    >>> from softeq_sklearn.training import MemberGradientClipping
    >>> MemberGradientClipping(0.3).max_norm
    0.3
    """

    def __init__(self, max_norm):
        self.max_norm = max_norm

    def on_grad_computed(self, net, named_parameters, **kwargs):
        """Scale the gradients in place."""
        gradients = [p.grad for _, p in named_parameters if p.grad is not None]
        # Gradients of single numbers have no axis beside that of the members.
        flat = [gradient.reshape(len(gradient), -1) for gradient in gradients]
        norms = [torch.linalg.vector_norm(gradient, dim=1) for gradient in flat]
        norm = torch.linalg.vector_norm(torch.stack(norms), dim=0)
        factor = (self.max_norm / (norm + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor.view(-1, *(1,) * (gradient.ndim - 1)))
