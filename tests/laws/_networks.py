"""Networks with weights of no particular kind."""

from __future__ import annotations

import numpy as np
import torch


def shake(network, seed, size=0.3):
    """Move all parameters at random, those of residual pathways excepted.

    Exactly equivariant layers stay so: their parameters are coefficients in the subspace.
    """
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, p in network.named_parameters():
            if ".residual." not in name:
                p += torch.tensor(size * rng.standard_normal(tuple(p.shape))).to(p)
