"""Checkpoints that are damaged while nobody looks."""

from __future__ import annotations

import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from softeq_sklearn.estimators import _checkpoint
from tests.faults._fits import Fit, digest_of
from tests.faults._outcome import Outcome

KIND = "regressor"


def damaged_checkpoints(n_files, seed):
    """Change bytes of a file, or cut it off: an error has to name it, or nothing was harmed."""
    rng, outcome = np.random.RandomState(seed), Outcome()
    start = time.perf_counter()
    expected = Fit(KIND, None).digest()
    seconds = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        file = _left_by_a_killed_fit(folder, seconds, rng)
        content = file.read_bytes()
        for _ in range(n_files):
            file.write_bytes(_damaged(content, rng))
            outcome.injected += 1
            _checkpoint._PAUSE = np.inf  # only the reading is of interest
            try:
                outcome.lost += digest_of(KIND, folder) != expected
            except Exception as error:
                outcome.noticed += 1
                outcome.lost += not isinstance(error, ValueError) or str(file) not in str(error)
    return outcome


def _left_by_a_killed_fit(folder, seconds, rng):
    """A file of a fit that was killed in the second half of its time."""
    while True:
        fit = Fit(KIND, folder)
        fit.end_after(rng.uniform(0.5, 1) * seconds, signal.SIGKILL)
        fit.digest()
        files = list(Path(folder).glob("*.npz"))
        if files:
            return files[0]


def _damaged(content, rng):
    """A copy without its end, or with one or a few other bits."""
    if rng.randint(3) == 0:
        return content[: rng.randint(len(content))]
    content = bytearray(content)
    for place in rng.randint(len(content), size=rng.choice([1, 2, 20])):
        content[place] ^= 1 << rng.randint(8)
    return bytes(content)
