"""One target, in a process of its own: ``python -m tests.fuzz._worker NAME SECONDS SEED``."""

from __future__ import annotations

import resource
import signal
import sys
import time
import traceback
import warnings

import numpy as np

from tests.fuzz._targets import TARGETS

_HANG = 5.0
_MEMORY = 3 * 2**30  # beside what is there once everything is imported


class Hang(BaseException):
    """A reading takes too long."""


def _on_alarm(signum, frame):
    raise Hang


def limit_memory():
    """Let the process have three GiB more than now."""
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + _MEMORY, now + _MEMORY))


def main(name, seconds, seed):
    """Read strange inputs for some time; print what came out, and end at the first fault."""
    warnings.simplefilter("ignore")
    make, read = TARGETS[name]()
    rng = np.random.RandomState(seed)
    limit_memory()
    signal.signal(signal.SIGALRM, _on_alarm)
    n_read = n_refused = 0
    end, fault = time.monotonic() + seconds, None
    while time.monotonic() < end and fault is None:
        given = make(rng)
        signal.setitimer(signal.ITIMER_REAL, _HANG)
        try:
            read(given)
            n_read += 1
        except ValueError:  # as documented
            n_refused += 1
        except (Exception, Hang):
            fault = traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    n = n_read + n_refused
    print(f"{name:14}{n:10}{n_read:10}{n_refused:10}  {'none' if fault is None else 'one'}")
    if fault is not None:
        sys.exit(f"{given!r:.2000}\n{fault}")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
