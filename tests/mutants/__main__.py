"""Small changes to the mathematics: how many of them do the tests notice?

``python -m tests.mutants`` draws some of the changes that mutmut makes to `projection`,
`representations` and `regularizers`, and runs for each the tests that reach the changed function
until one fails. It prints how many were noticed, with a 95 % interval, and those that were not as
differences. Results are kept in the folder ``mutants``: a run that was stopped goes on where it
was, and ``--again`` takes the survivors once more, after tests were written, and those whose tests
took too long, after other work has ended. Texts of errors, which follow ``raise``, are not changed;
pyproject.toml has all settings.

This needs ``pip install mutmut==3.8.1``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.utils.format_utils import get_mutant_name
from scipy.stats import binomtest

_PACKAGES = ("projection", "representations", "regularizers")
_FOLDER = Path("mutants").absolute()
# Exit status of pytest, or what mutmut has in its place: 33 where no test reaches the function, 255
# where pytest could not start, and the signal by which what takes too long is ended.
_SURVIVED, _NOT_STARTED, _TOO_LONG = (0, 5, 33), 255, (-24, 24, 152)


def all_mutants():
    """Names of the mutants of each package, and the file of each mutant."""
    names, files = {package: [] for package in _PACKAGES}, {}
    for package in _PACKAGES:
        for path in sorted(Path("softeq_sklearn", package).glob("*.py")):
            made = mutate_file_contents(str(path), path.read_text()).mutant_names
            own = [get_mutant_name(path, name) for name in made]
            names[package] += own
            files.update(dict.fromkeys(own, path))
    return names, files


def sampled(names, n_mutants, seed):
    """The same share of each package's mutants, drawn at random."""
    rng = np.random.RandomState(seed)
    share = min(1.0, n_mutants / sum(map(len, names.values())))
    return {
        package: sorted(rng.choice(own, round(share * len(own)), replace=False).tolist())
        for package, own in names.items()
    }


def status_of(name, path):
    """What became of a mutant; None before its tests have run."""
    code = exit_codes(path).exit_code_by_key.get(name)
    if code in (None, _NOT_STARTED):
        return None
    return "survived" if code in _SURVIVED else "too long" if code in _TOO_LONG else "caught"


def exit_codes(path):
    """What is known of the mutants of a file."""
    data = SourceFileMutationData(path=path)
    data.load()
    return data


def run(names, files):
    """Let mutmut run the tests of some mutants."""
    _FOLDER.mkdir(exist_ok=True)  # or Python would remember that nothing can be imported from it
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    subprocess.run(command, env=environment(), check=True)
    for name in names:
        data = exit_codes(files[name])
        if data.exit_code_by_key[name] == _NOT_STARTED:
            data.exit_code_by_key[name] = run_all_tests(name)
            data.save()


def environment(**more):
    """Variables for processes that see mutants, also those that tests start."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    python = {"PYTHONPATH": str(_FOLDER), "PYTHONHASHSEED": "0"}
    return {**os.environ, **threads, **python, "HYPOTHESIS_PROFILE": "mutants", **more}


def run_all_tests(name):
    """Exit status of all tests: names of some are made by the mutant, and cannot be asked for."""
    own = name.split(".")[1]
    folders = [f"tests/{package}" for package in sorted(_PACKAGES, key=lambda p: p != own)]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--rootdir=.", *folders]
    command += config().pytest_add_cli_args
    variables = environment(MUTANT_UNDER_TEST=name)
    return subprocess.run(command, env=variables, cwd=_FOLDER, capture_output=True).returncode


def print_table(names, sample, status):
    """Print a line for each package, and one for all."""
    print(f"{'package':18}{'mutants':>8}{'sample':>8}{'caught':>8}{'too long':>10}{'survived':>10}")
    lines = {package: (len(names[package]), own) for package, own in sample.items()}
    lines["all"] = sum(n for n, _ in lines.values()), sum(sample.values(), [])
    for package, (n_mutants, own) in lines.items():
        found = [status[name] for name in own]
        caught, late, survived = (found.count(s) for s in ("caught", "too long", "survived"))
        low, high = binomtest(caught + late, len(own)).proportion_ci()
        print(
            f"{package:18}{n_mutants:8}{len(own):8}{caught:8}{late:10}{survived:10}"
            f"  noticed: {(caught + late) / len(own):.1%} ({low:.1%} to {high:.1%})"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=300, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument("--again", action="store_true", help="run what was not caught")
    arguments = parser.parse_args()
    names, files = all_mutants()
    sample = sampled(names, arguments.sample, arguments.seed)
    chosen = sum(sample.values(), [])
    pending = (None, "survived", "too long") if arguments.again else (None,)
    if to_run := [name for name in chosen if status_of(name, files[name]) in pending]:
        run(to_run, files)
    status = {name: status_of(name, files[name]) for name in chosen}
    print_table(names, sample, status)
    for name in chosen:
        if status[name] == "survived":
            print(f"\n{name}\n{get_diff_for_mutant(name, path=files[name])}")


if __name__ == "__main__":
    main()
