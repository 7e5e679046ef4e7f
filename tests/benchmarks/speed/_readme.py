"""How long the first lines of the README take, as a user pastes them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.speed._timing import Figure

_README = Path(__file__).parents[3] / "README.md"


def first_lines():
    """Seconds of the first block of Python, imports and data included, with all threads."""
    code = re.search(r"```python\n(.*?)```", _README.read_text(encoding="utf-8"), re.DOTALL)[1]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    yield Figure("the first lines of the README", time.perf_counter() - start, 60, unit=" s")
