"""How the parts of this benchmark are measured and printed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Parameters
    ----------
    what : str
    value : float
    bar : float or None, default=None
        The value should be at most this, or at least where it is a `floor`.
    floor : bool, default=False
    unit : str, default=""
    """

    what: str
    value: float
    bar: float | None = None
    floor: bool = False
    unit: str = ""

    def __str__(self):
        bar = ""
        if self.bar is not None:
            met = self.value >= self.bar if self.floor else self.value <= self.bar
            bar = f"{'at least' if self.floor else 'at most'} {self.bar:g}{self.unit}"
            bar += ": met" if met else ": MISSED"
        return f"{self.what:75} {self.value:9.3g}{self.unit:4} {bar}"


def median_seconds(functions, n_repeats, n_warm_up=3):
    """Median time of each function; they take turns, so that none is favoured by a drift."""
    times = [[] for _ in functions]
    for repeat in range(n_warm_up + n_repeats):
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            if repeat >= n_warm_up:
                record.append(time.perf_counter() - start)
    return [statistics.median(record) for record in times]


def printed_by(module, *arguments):
    """What a module of this package prints in a process of its own, as floats.

    Peak memory and first calls can be measured only there.
    """
    command = [sys.executable, "-m", f"tests.benchmarks.speed.{module}", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(text) for text in done.stdout.split()]
