"""What ends a training early: a callback that has seen enough, or the user."""

from __future__ import annotations

from skorch.callbacks import EpochTimer, GradientNormClipping, LRScheduler, PassthroughScoring

# Callbacks of skorch that never end a training: out of them comes the user's Control-C only.
_NEVER_STOP = EpochTimer, GradientNormClipping, LRScheduler, PassthroughScoring


class StopTraining(KeyboardInterrupt):
    """A callback ends the training, which then counts as finished.

    In skorch callbacks raise KeyboardInterrupt to that end, as Control-C does.
    """


def may_stop(callback) -> bool:
    """Whether a KeyboardInterrupt out of a callback means that it ends the training.

    Callbacks of this package raise `StopTraining`; those of others are taken at their word.
    """
    ours = type(callback).__module__.split(".")[0] == "softeq_sklearn"
    return not ours and not isinstance(callback, _NEVER_STOP)
