"""The command that injects faults, with a few of each kind."""

import os
import re
import subprocess
import sys


def test_a_few_faults_of_each_kind():
    counts = ["--kills", "2", "--interrupts", "2", "--files", "4", "--workers", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *counts],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(.*\S) +(\d+) +(\d+) +(\d+) +(\d+)$", done.stdout, re.MULTILINE)
    figures = {name: [int(n) for n in numbers] for name, *numbers in rows}
    assert len(figures) == 4
    killed, interrupted, damaged, _ = figures.values()  # a test of dask kills workers
    assert killed[0] == killed[1] >= 2 and damaged[0] == 4
    assert 0 < interrupted[1] <= interrupted[0] >= 2  # a fit may be over at that moment
    assert all(lost == hung == 0 for _, _, lost, hung in figures.values())
