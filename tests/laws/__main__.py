"""Try every law on so many generated cases in all, and print how many there were of each.

``python -m tests.laws --cases 20000`` shares the cases among the laws, on every device that there
is: laws of torch objects run on a GPU, too. A case counts when its check ran to an end, or failed,
and not when it was rejected, as where a solver says that the rank is not clear. Seconds are those
of the processor. Further options are passed on to pytest.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.errors import UnsatisfiedAssumption

from tests.laws._law import COUNTED, laws_among, set_numbers_of_cases


@dataclass
class Count:
    """What became of the cases of a law."""

    cases: int = 0
    failures: int = 0
    rejected: int = 0
    seconds: float = 0.0


class Laws:
    """A plugin of pytest that sets the number of cases and counts them."""

    def __init__(self, n_cases):
        self.n_cases = n_cases
        self.counts = {}

    def pytest_configure(self, config):
        config.stash[COUNTED] = True

    @pytest.hookimpl(trylast=True)  # after -k has chosen
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if laws_among([item])]
        laws = laws_among(items)
        # A hundredth more: hypothesis may end a little early.
        set_numbers_of_cases(laws, 1.01 * self.n_cases / sum(law.law_share for law in laws))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        count = self.counts.setdefault((item.path.stem, item.name), Count())
        handle = item.obj.hypothesis
        inner, start = handle.inner_test, time.process_time()
        handle.inner_test = counted(inner, count)
        try:
            return (yield)
        finally:
            handle.inner_test = inner
            count.seconds = time.process_time() - start


def counted(inner, count):
    """The same test, whose cases are counted."""

    @functools.wraps(inner)
    def test(*arguments, **keywords):
        try:
            result = inner(*arguments, **keywords)
        except UnsatisfiedAssumption:
            count.rejected += 1
            raise
        except Exception:
            count.cases += 1
            count.failures += 1
            raise
        count.cases += 1
        return result

    return test


def table(counts):
    """Lines of a table, with the sums at its end."""
    yield "| law | cases | failures | rejected | seconds |"
    yield "|---|---|---|---|---|"
    for (family, name), count in counts.items():
        words = name.removeprefix("test_").replace("_", " ")
        yield line(f"{family.removeprefix('test_')}: {words}", count)
    sums = {part.name: sum(vars(c)[part.name] for c in counts.values()) for part in fields(Count)}
    yield line("all", Count(**sums))


def line(name, count):
    numbers = f"{count.cases} | {count.failures} | {count.rejected} | {count.seconds:.1f}"
    return f"| {name} | {numbers} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments, further = parser.parse_known_args()
    settings.register_profile("laws", deadline=None, database=None, print_blob=True)
    os.environ["HYPOTHESIS_PROFILE"] = "laws"  # which tests/conftest.py loads
    laws = Laws(arguments.cases)
    options = ["-q", "-p", "no:cacheprovider", f"--hypothesis-seed={arguments.seed}"]
    # Hypothesis is imported here already; it has no asserts that pytest would rewrite.
    options += ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning", *further]
    status = pytest.main([str(Path(__file__).parent), *options], plugins=[laws])
    print("\n".join(table(laws.counts)))
    n_cases = sum(count.cases for count in laws.counts.values())
    if n_cases < arguments.cases:
        sys.exit(f"Only {n_cases} of {arguments.cases} cases ran.")
    sys.exit(status)


if __name__ == "__main__":
    main()
