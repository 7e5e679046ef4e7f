"""What import, fit and predict touch outside of the process: no network, and no file they write."""

import os
import subprocess
import sys

import pytest

# Python tells an audit hook of every connection, every file that is opened and every process that
# is begun, also by libraries.
WATCHED = """
import os, sys

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"}
seen = []

def hook(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.exec")):
        seen.append((event, arguments))
    elif event in CHANGES or event == "os.system":
        seen.append((event, arguments))
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
        if arguments[0] != os.devnull:
            seen.append((event, arguments))

sys.addaudithook(hook)
"""

FIT = """
import numpy as np
from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import O, SO

X = np.random.RandomState(0).standard_normal((60, 6))
model = SoftEquivariantRegressor(
    {"turns": SO(3), "about z": O(2).embed(3, axes=(0, 1))},
    "2*Vector", "Vector", n_members=2, hidden_channels=16, max_epochs=3, random_state=0,
).fit(X, np.cross(X[:, :3], X[:, 3:]))
model.predict(X), model.levels_, repr(model), model._repr_html_()
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files, in which torch makes a folder that stays empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


# What older versions of libraries ask about the machine when they are imported.
QUESTIONS = "'lscpu'", "/ldconfig'"


def touched(code, **environment):
    """Return what code has touched, a list of lines."""
    code = f"{WATCHED}\n{code}\nprint('all of it ran')\nprint(*seen, sep='\\n', end='')"
    surroundings = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | environment
    surroundings.pop("TORCHINDUCTOR_CACHE_DIR", None)  # set by torch, if this process has used it
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=surroundings, timeout=300
    )
    assert done.stdout.startswith("all of it ran\n"), done.stderr
    lines = done.stdout.splitlines()[1:]
    return [line for line in lines if not any(question in line for question in QUESTIONS)]


def test_fits_touch_nothing(temporary):
    assert not [
        line for line in touched(FIT, SOFTEQ_SKLEARN_CACHE="") if str(temporary) not in line
    ]
    assert not [path for path in temporary.rglob("*") if path.is_file()]


def test_the_cache_writes_only_where_it_was_told_to(temporary, tmp_path):
    cache = tmp_path / "cache"
    lines = touched(FIT, SOFTEQ_SKLEARN_CACHE=str(cache))
    assert not [line for line in lines if str(cache) not in line and str(temporary) not in line]
    assert any(path.is_file() for path in cache.rglob("*"))


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), 0.1)",
        "open('here', 'w')",
        "os.mkdir('here')",
        "import subprocess; subprocess.run(['true'])",
        "os.waitpid(os.fork() or os._exit(0), 0)",
    ],
)
def test_the_watch_sees_what_it_looks_for(code, tmp_path):
    code = f"import os\nos.chdir({str(tmp_path)!r})\ntry:\n    {code}\nexcept OSError:\n    pass"
    assert touched(code)
