"""The benchmark of the paper runs, resumes and writes its table."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(output, *options):
    command = [sys.executable, "-m", "tests.benchmarks.paper", "--output", str(output), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_fits_are_written_and_not_done_again(tmp_path):
    options = ["--task", "radius, so3", "mocap, 400 windows", "--seeds", "1", "--steps", "10"]
    options += ["--method", "plain", "exact", "soft"]
    assert len(run(tmp_path / "table", *options)) == 6
    assert run(tmp_path / "table", *options) == []
    table = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "### radius, so3" in table and "### mocap, 400 windows" in table
    assert "Approximate symmetries: soft against" in table
    assert table.count("\n| soft | 1 |") == 2
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 7
