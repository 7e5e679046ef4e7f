"""How many threads a training step is worth."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock, local

import torch

# Numbers in one batch of hidden features from which a second thread pays. Below, starting the
# threads takes as long as their work, and on a busy machine they wait for each other: six times
# the time was measured with two threads on two busy cores, at 90 rows of 128 features.
_NUMBERS_WORTH_THREADS = 100_000


@contextmanager
def threads_for(n_numbers: int):
    """Train with one thread where a batch has few numbers; the old setting is restored.

    Blocks may be inside of one another, and may overlap with those of other threads.

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
    _setting.enter()
    try:
        if n_numbers < _NUMBERS_WORTH_THREADS:
            torch.set_num_threads(1)
        yield
    finally:
        _setting.leave()


class _Setting:
    """The setting before any block began, to which each thread goes back when its last one ends.

    Torch has one setting for each thread, with which the next new thread begins: a thread that
    began inside of a block of another one must not take that for the old setting.
    """

    def __init__(self):
        self._lock, self._inside, self._before = Lock(), 0, 0
        self._own = local()

    def enter(self):
        with self._lock:
            if not self._inside:
                self._before = torch.get_num_threads()
            self._inside += 1
        self._blocks().append(torch.get_num_threads())

    def leave(self):
        own = self._blocks().pop()
        with self._lock:
            self._inside -= 1
            torch.set_num_threads(own if self._blocks() else self._before)

    def _blocks(self):
        """Settings before each block of this thread that has not ended."""
        if not hasattr(self._own, "blocks"):
            self._own.blocks = []
        return self._own.blocks


_setting = _Setting()
