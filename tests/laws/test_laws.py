"""Every law is tried on thousands of cases, and its check is shown to fail on a wrong object."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.errors import UnsatisfiedAssumption

from softeq_sklearn import groups
from tests.laws.__main__ import Count, counted
from tests.laws._strategies import NAMED

FILES = sorted(Path(__file__).parent.glob("test_*.py"))
FAMILIES = [path for path in FILES if path.name != Path(__file__).name]


def calls(node):
    """Names of the functions that are called within a part of a file."""
    inner = (part for part in ast.walk(node) if isinstance(part, ast.Call))
    return {call.func.id for call in inner if isinstance(call.func, ast.Name)}


def raising(node):
    """The blocks that have to fail: with pytest.raises(AssertionError)."""
    for part in ast.walk(node):
        if isinstance(part, ast.With) and "pytest.raises(AssertionError)" in ast.unparse(part):
            yield part


def reached(functions, start):
    """Names of the functions that some of a file's functions call, also through others."""
    by_name, names = {f.name: f for f in functions}, set()
    waiting = list(start)
    while waiting:
        fresh = calls(waiting.pop()) - names
        names |= fresh
        waiting += [by_name[name] for name in fresh if name in by_name]
    return names


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.stem)
def test_every_check_is_a_law_and_fails_on_a_wrong_object(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    checks = {f.name for f in functions if f.name.startswith("check_")}
    laws = [f for f in functions if any("law(" in ast.unparse(d) for d in f.decorator_list)]
    failing = {name for f in functions for block in raising(f) for name in calls(block)}
    assert checks
    assert checks - reached(functions, laws) == set()
    assert checks - failing == set()


def test_every_named_group_is_among_those_of_the_laws():
    made = {type(group).__name__ for group in NAMED}
    classes = {
        name
        for name in groups.__all__
        if isinstance(getattr(groups, name), type) and name not in ("Group", "MatrixGroup")
    }
    assert made == classes


def test_two_thousand_cases_in_the_repeatable_profile(n_law_cases, request):
    collected = {item.path for item in request.session.items}
    if not collected >= set(FILES) or settings().max_examples != 30:
        pytest.skip("only some of the laws, or another number of examples")
    assert n_law_cases >= 2000


def test_the_command_runs_so_many_cases_and_prints_them():
    command = [sys.executable, "-m", "tests.laws", "--cases", "60", "-k", "duals or conjugated"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    duals, maps, total = (line.split(" | ") for line in done.stdout.splitlines()[-3:])
    assert duals[0] == "| representation: duals keep pairings"
    assert int(duals[1]) + int(maps[1]) == int(total[1]) >= 60
    assert total[0] == "| all" and total[2] == "0"


def test_what_ran_is_counted_and_what_was_rejected_is_not():
    def end_with(error):
        raise error

    count = Count()
    counted(lambda: None, count)()
    for error in (AssertionError, UnsatisfiedAssumption):
        with pytest.raises(error):
            counted(end_with, count)(error)
    assert count == Count(cases=2, failures=1, rejected=1)
