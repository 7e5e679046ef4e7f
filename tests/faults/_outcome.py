"""What came of faults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Outcome:
    """Numbers of faults.

    Parameters
    ----------
    injected : int
        Faults in all.
    noticed : int
        Those that ended a fit, a process or a reading; others came too late to do anything.
    lost : int
        Results that were lost, or are not those of a run without faults.
    hung : int
        Processes that did not end.
    """

    injected: int = 0
    noticed: int = 0
    lost: int = 0
    hung: int = 0
