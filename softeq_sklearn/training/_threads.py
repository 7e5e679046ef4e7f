"""How many threads a training step is worth."""

from __future__ import annotations

from contextlib import contextmanager

import torch

# Numbers in one batch of hidden features from which a second thread pays. Below, starting the
# threads takes as long as their work, and on a busy machine they wait for each other: six times
# the time was measured with two threads on two busy cores, at 90 rows of 128 features.
_NUMBERS_WORTH_THREADS = 100_000


@contextmanager
def threads_for(n_numbers: int):
    """Train with one thread where a batch has few numbers; the old setting is restored.

    Parameters
    ----------
    n_numbers : int
        Rows of a batch times features of a hidden layer.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.training import threads_for
    >>> with threads_for(100 * 128):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    try:
        if n_numbers < _NUMBERS_WORTH_THREADS:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)
