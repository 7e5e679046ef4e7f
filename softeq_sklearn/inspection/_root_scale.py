"""Axes that are spread by the square root: small values stand apart, and 0 can be drawn."""

from __future__ import annotations

import numpy as np


def _root(values):
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values):
    return np.sign(values) * np.square(values)


# For ``ax.set_xscale("function", functions=ROOT_SCALE)``; odd, since margins may be negative.
ROOT_SCALE = _root, _square


def root_ticks(longest, share):
    """Return round values from 0 up, on a square root axis a share of its length or more apart.

    Parameters
    ----------
    longest : float
        End of the axis.
    share : float
        Least distance of two ticks, as a share of the axis.

    Returns
    -------
    list of float
    """
    gap, last = share * np.sqrt(longest), np.inf
    ticks = []
    for power in range(0, -5, -1):
        for tick in (digit * 10.0**power for digit in (5, 3, 2, 1)):
            place = np.sqrt(tick)
            if tick <= longest and gap <= place <= last - gap:
                ticks.append(tick)
                last = place
    return [0.0, *reversed(ticks)]
