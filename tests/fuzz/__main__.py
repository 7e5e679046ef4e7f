"""Strange texts and files for everything that reads some: answers or ValueErrors must come out.

``python -m tests.fuzz --minutes 10`` shares ten minutes among the targets. Each runs in a process
of its own, whose memory is limited, so that a crash is counted, too; a reading that takes longer
than five seconds is a hang. Inputs are changed copies of right ones: bits, bytes and pieces for
files, words for texts, values for the structures in files of weights.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.fuzz._targets import TARGETS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", nargs="*", choices=sorted(TARGETS), default=sorted(TARGETS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    seconds = 60 * arguments.minutes / len(arguments.only)
    print(f"{'target':14}{'inputs':>10}{'read':>10}{'refused':>10}  faults")
    failed = False
    for name in arguments.only:
        command = [sys.executable, "-m", "tests.fuzz._worker", name]
        command += [str(seconds), str(arguments.seed)]
        done = subprocess.run(command, capture_output=True, text=True)
        line = done.stdout.strip() or f"{name:14}{'':>30}"
        if done.returncode:
            failed = True
            line += f"  exit status {done.returncode}\n{done.stderr}"
        print(line, flush=True)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
