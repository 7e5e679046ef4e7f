"""Fixed spaces on disk."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from softeq_sklearn.groups import SO, S, SO13p
from softeq_sklearn.projection import _types, clear_cache, type_basis
from softeq_sklearn.projection._disk import LOCATION
from softeq_sklearn.projection._types import type_space

# One word that is solved as a dense space and one as orbits, and one whose axes are sorted first.
SPACES = [((1, 1, 1), SO(3)), ((1, 1), S(5)), ((-1, 1), SO13p())]


@pytest.fixture
def solved(empty_cache, monkeypatch, tmp_path):
    """Words that are solved, in turn, with a new cache on disk."""
    words = []

    def solve(word, group, of=_types._solve):
        words.append(word)
        return of(word, group)

    monkeypatch.setattr(_types, "_solve", solve)
    monkeypatch.setenv(LOCATION, str(tmp_path / "spaces"))
    return words


@pytest.mark.parametrize(("word", "group"), SPACES)
def test_what_is_on_disk_is_not_solved_again(solved, word, group):
    first = type_basis(word, group)
    n_solved = len(solved)
    assert n_solved
    clear_cache()
    second = type_basis(word, group)
    assert len(solved) == n_solved
    assert second.tobytes() == first.tobytes()
    assert not second.flags.writeable


def test_other_generators_are_other_spaces(solved):
    first, second = SO(2).embed(3, axes=(0, 1)), SO(2).embed(3, axes=(1, 2))
    type_basis((1,), first)
    assert type_basis((1,), second)[0, 0] == pytest.approx(1.0)
    assert len(solved) == 2


def test_other_versions_solve_anew(solved, monkeypatch):
    type_basis((1, 1), SO(3))
    clear_cache()
    monkeypatch.setattr("softeq_sklearn.projection._disk.__version__", "1000.0")
    type_basis((1, 1), SO(3))
    assert len(solved) == 2


def test_nothing_is_written_without_a_directory(solved, monkeypatch, tmp_path):
    monkeypatch.delenv(LOCATION)
    monkeypatch.chdir(tmp_path)
    type_basis((1, 1), SO(3))
    assert len(solved) == 1
    assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_solved_anew(solved, tmp_path):
    basis = type_basis((1, 1), SO(3))
    (file,) = (tmp_path / "spaces").rglob("output.pkl")
    file.write_bytes(file.read_bytes()[:40])
    clear_cache()
    np.testing.assert_array_equal(type_basis((1, 1), SO(3)), basis)
    assert len(solved) == 2


def test_a_file_is_no_directory(solved, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv(LOCATION, str(tmp_path / "file"))
    with pytest.raises(ValueError, match=f"{LOCATION} must name a directory.*Got .*file"):
        type_basis((1, 1), SO(3))


def test_another_process_finds_them(tmp_path):
    code = """
from softeq_sklearn.groups import SO
from softeq_sklearn.projection import _types, type_basis
{}
print(type_basis((1, 1), SO(3)).tobytes().hex())
"""
    bases = []
    for before in "", "_types._solve = None  # calling it is an error":
        done = subprocess.run(
            [sys.executable, "-c", code.format(before)],
            capture_output=True,
            text=True,
            env={**os.environ, LOCATION: str(tmp_path)},
            timeout=300,
        )
        assert not done.returncode, done.stderr
        bases.append(bytes.fromhex(done.stdout))
    assert bases == [type_basis((1, 1), SO(3)).tobytes()] * 2


def test_a_dense_space_stays_read_only():
    space = pickle.loads(pickle.dumps(type_space((1, 1), SO(3))))  # noqa: S301
    assert not space.columns.flags.writeable
