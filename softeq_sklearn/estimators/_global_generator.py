"""The global generator of torch, for what draws from no other."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock

import torch

# There is one generator a process: fits in threads that need it take turns.
_turn = RLock()


@contextmanager
def global_generator(seed):
    """Seed torch's global generators inside of the block, and put them back.

    Parameters
    ----------
    seed : int
        The seed.
    """
    with _turn, torch.random.fork_rng():
        torch.manual_seed(int(seed))
        yield
