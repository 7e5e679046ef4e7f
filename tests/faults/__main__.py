"""Fits and searches that are killed, interrupted and given damaged files: what is lost?

``python -m tests.faults`` injects so many faults of each kind as the options say, at moments and
places that are drawn, and prints for each kind how many there were, how many results were lost or
differ from those of a run that nothing disturbed, and how many processes hung. It ends with status
1 if there is any.
"""

from __future__ import annotations

import argparse
import os
import sys

# One thread in each process, as in the tests. Set before numpy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.faults._files import damaged_checkpoints  # noqa: E402
from tests.faults._fits import interrupted_fits, killed_fits  # noqa: E402
from tests.faults._searches import killed_workers  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of fits, by kill -9")
    parser.add_argument("--interrupts", type=int, default=100, help="of fits, by Control-C")
    parser.add_argument("--files", type=int, default=300, help="that are damaged")
    parser.add_argument("--workers", type=int, default=10, help="of a cluster that are killed")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    parts = {
        "fits killed by kill -9": (killed_fits, arguments.kills),
        "fits interrupted by Control-C": (interrupted_fits, arguments.interrupts),
        "damaged checkpoints": (damaged_checkpoints, arguments.files),
        "workers of a search killed": (killed_workers, arguments.workers),
    }
    print(f"{'fault':32}{'injected':>9}{'noticed':>9}{'lost':>6}{'hung':>6}")
    failed = False
    for name, (inject, n_faults) in parts.items():
        outcome = inject(n_faults, arguments.seed)
        print(
            f"{name:32}{outcome.injected:9}{outcome.noticed:9}{outcome.lost:6}{outcome.hung:6}",
            flush=True,
        )
        failed |= bool(outcome.lost or outcome.hung)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
