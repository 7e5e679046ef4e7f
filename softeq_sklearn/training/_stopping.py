"""What ends a training early: a callback that has seen enough, or the user."""

from __future__ import annotations

from skorch.callbacks import EpochTimer, GradientNormClipping, LRScheduler, PassthroughScoring

# They never end a training, nor draw random numbers.
_OF_EACH_NET = EpochTimer, GradientNormClipping, LRScheduler, PassthroughScoring


class StopTraining(KeyboardInterrupt):
    """A callback ends the training, which then counts as finished.

    In skorch callbacks raise KeyboardInterrupt to that end, as Control-C does.
    """


def is_ours(callback) -> bool:
    """Whether a callback is one of this package, or of those of skorch that each net has.

    A KeyboardInterrupt out of one is the user's, since ours raise `StopTraining`; callbacks of
    others are taken at their word, unless Control-C was pressed.
    """
    ours = type(callback).__module__.split(".")[0] == "softeq_sklearn"
    return ours or isinstance(callback, _OF_EACH_NET)
