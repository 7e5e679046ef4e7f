"""How often the discovered symmetry is the right one, on targets whose true errors are known.

``python -m tests.benchmarks.discovery`` fits a grid of synthetic targets, writes one line for each
fit and group to a CSV file as soon as the fit has ended, and all figures, beside the bars that they
are held against, to a Markdown file. Fits that the CSV file has already are not done again, so that
a stopped run goes on where it was. The most useful part of the grid comes first. ``--quick`` is a
trial run of under a minute, ``--timing`` measures the processor time of all members against one,
``--plan`` says how many fits there are and does none.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from tests.benchmarks.discovery._fit import (
    COLUMNS,
    SETTING,
    Setting,
    judged_anew,
    key_of,
    key_of_line,
    one_fit,
    timed_pair,
)
from tests.benchmarks.discovery._table import write_table
from tests.benchmarks.discovery._tasks import (
    FAMILIES,
    TRUTH_ROWS,
    Cell,
    Task,
    parts,
    quick_cells,
)

TUNINGS = ("auto", "explore", "ratio", "evidence", "dual", "fixed")
TIME_COLUMNS = ["family", "seed", *SETTING, "one", "many", "ratio"]
# Processor seconds of 200 epochs of 10 members with 128 channels, as measured on one machine, for
# each step of an epoch and for each row.
SECONDS_A_STEP, SECONDS_A_ROW = 2.7, 0.012
QUICK = {"n_members": 2, "epochs": 20, "hidden": 32}
QUICK_ROWS = 200


def seconds_of(cell, setting, measured):
    """Processor seconds of a fit: what fits before it took, or a rough guess."""
    if cell.n_rows in measured:
        return measured[cell.n_rows]
    n = 0.9 * cell.n_rows
    steps = np.ceil(n / np.clip(n // 10, 32, 500))
    size = setting.n_members * setting.hidden / 1280
    seconds = SECONDS_A_STEP * steps + SECONDS_A_ROW * n
    return setting.epochs_for(cell.n_rows) / 200 * size * seconds


def measured_seconds(lines, setting):
    """Median processor seconds of the fits of a setting, by number of rows."""
    seconds = {}
    for line in lines:
        if key_of_line(line)[-len(SETTING) :] == setting.texts():
            seconds.setdefault(int(line["rows"]), []).append(float(line["cpu_seconds"]))
    return {n: float(np.median(values)) for n, values in seconds.items()}


def seeds_between(text):
    """The seeds of "0-9" or of "7"."""
    first, _, last = text.partition("-")
    try:
        return range(int(first), int(last or first) + 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be A-B, two numbers. Got {text!r}.") from None


def complete_lines(path):
    """Lines of the fits that an earlier run has ended; what it left half written is dropped."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if None not in line.values()]
    counts = {}
    for line in lines:
        counts[key_of_line(line)] = counts.get(key_of_line(line), 0) + 1
    return [line for line in lines if counts[key_of_line(line)] == int(line["n_groups"])]


def by_present_rule(lines):
    """The lines with intervals and verdicts anew, since their rule may have changed after the fit.

    Lines of old files that do not have what these are made of stay as they are.
    """
    fits = {}
    for line in lines:
        fits.setdefault(key_of_line(line), []).append(line)
    return [
        line
        for fit in fits.values()
        for line in (judged_anew(fit, task_of(fit[0]).groups()) if fit[0]["spread"] else fit)
    ]


def task_of(line):
    """The task of a line of the CSV file."""
    numbers = float(line["noise"]), float(line["target_noise"]), int(line["rows"])
    cell = Cell(line["family"], *numbers, line["inputs"], line["candidates"])
    return Task(cell, int(line["seed"]))


def with_best_scores(lines):
    """The lines with what the best test could have for each group (:meth:`Task.best_score`)."""
    known, scored = {}, []
    for line in lines:
        task, score = task_of(line), 0.0
        if float(line["true_error"]) > 0:
            key = task.name, task.cell.target_noise, task.cell.n_rows, line["group"]
            if key not in known:
                known[key] = task.best_score(line["group"])
            score = known[key]
        scored.append({**line, "best_score": score})
    return scored


def write_lines(path, columns, lines):
    """Write a CSV file anew."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(lines)


def with_true_errors(todo, known, n_rows=TRUTH_ROWS):
    """Add the true errors to each task, each computed once, when its turn comes."""
    for task in todo:
        if set(task.groups()) - set(known.get(task.name, ())):
            known[task.name] = task.true_errors(n_rows)
        yield task, known[task.name]


def known_errors(lines):
    """True errors that the lines have: a dict of dict, by task and group."""
    known = {}
    for line in lines:
        name = line["family"], line["kind"], float(line["noise"]), line["inputs"]
        known.setdefault(name, {})[line["group"]] = float(line["true_error"])
    return known


def wanted(arguments):
    """Tasks of each chosen part in turn; within a part the seeds in turn, so that a stopped run has
    whole seeds.
    """
    chosen = {"quick": quick_cells()} if arguments.quick else parts()
    return {
        part: [
            Task(cell, seed)
            for seed in arguments.seeds
            for cell in cells
            if cell.family in arguments.family
        ]
        for part, cells in chosen.items()
        if arguments.quick or part in arguments.only
    }


def print_plan(todo, setting, jobs, measured):
    """Print the number of fits and the time that they will take."""
    total = 0.0
    for part, tasks in todo.items():
        seconds = sum(seconds_of(task.cell, setting, measured) for task in tasks)
        total += seconds
        print(f"{part:16s} {len(tasks):5d} fits, about {seconds / 3600:6.2f} h of one processor")
    n = sum(len(tasks) for tasks in todo.values())
    print(f"{'all':16s} {n:5d} fits, about {total / 3600 / jobs:6.2f} h with {jobs} at a time")


def fit_all(tasks, setting, lines, path, jobs, n_rows):
    """Fit the tasks; append to the lines and to the file."""
    known = known_errors(lines)
    fits = Parallel(jobs, return_as="generator_unordered")(
        delayed(one_fit)(task, setting, errors)
        for task, errors in with_true_errors(tasks, known, n_rows)
    )
    write_lines(path, COLUMNS, lines)
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        for number, of_fit in enumerate(fits, 1):
            writer.writerows(of_fit)
            file.flush()
            print(progress(number, len(tasks), of_fit), flush=True)


def progress(number, total, lines):
    """A line to watch: the task, then true error, level and verdict of each group."""
    first = lines[0]
    levels = ", ".join(
        f"{x['group']} {x['true_error']:.3f} {x['error']:.3f} {x['verdict']}" for x in lines
    )
    return (
        f"{number:4d}/{total} {first['rows']:>4s} rows {first['family']}, {first['kind']}, noise "
        f"{first['noise']}, {first['inputs']}, seed {first['seed']}: {levels}; "
        f"{first['cpu_seconds']:.1f} s"
    )


def time_members(families, setting, seeds, path):
    """Time pairs of fits, first one member and then all; append to the file of times."""
    lines = read_times(path)
    for seed in seeds:
        for family in families:
            line = timed_pair(family, setting, seed)
            lines.append(line)
            write_lines(path, TIME_COLUMNS, lines)
            print(f"{family}: {line['one']:.1f} s, {line['many']:.1f} s, {line['ratio']:.2f}")


def read_times(path):
    """Lines of the file of times."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def arguments_of(texts=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=list(parts()), choices=list(parts()))
    parser.add_argument("--family", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument(
        "--seeds", type=seeds_between, default=range(10), help="A-B; from 100 on: for choosing"
    )
    parser.add_argument("--tuning", default="auto", choices=TUNINGS)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1, help="fits at a time, one thread each")
    parser.add_argument("--output", type=Path, help="without suffix")
    parser.add_argument("--quick", action="store_true", help="three tiny fits, one seed")
    parser.add_argument("--plan", action="store_true", help="say how much there is to do, no fit")
    parser.add_argument("--timing", action="store_true", help="time pairs of fits only")
    arguments = parser.parse_args(texts)
    if arguments.output is None:
        arguments.output = Path("build/discovery_quick" if arguments.quick else "build/discovery")
    if arguments.quick:
        arguments.seeds = arguments.seeds[:1]
    return arguments


def main():
    arguments = arguments_of()
    setting = Setting(arguments.tuning, arguments.members, arguments.epochs)
    if arguments.quick:
        setting = Setting(arguments.tuning, **QUICK)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    path = arguments.output.with_suffix(".csv")
    times = arguments.output.with_name(arguments.output.name + "_times.csv")
    lines = by_present_rule(complete_lines(path))
    done = {key_of_line(line) for line in lines}
    todo = {
        part: [task for task in tasks if key_of(task, setting) not in done]
        for part, tasks in wanted(arguments).items()
    }
    if arguments.timing:
        time_members(arguments.family, setting, arguments.seeds, times)
    else:
        print_plan(todo, setting, arguments.jobs, measured_seconds(lines, setting))
        if arguments.plan:
            return
        tasks = [task for part in todo.values() for task in part]
        n_rows = QUICK_ROWS if arguments.quick else TRUTH_ROWS
        fit_all(tasks, setting, lines, path, arguments.jobs, n_rows)
    lines = by_present_rule(complete_lines(path))
    if lines:
        write_table(with_best_scores(lines), read_times(times), arguments.output.with_suffix(".md"))


if __name__ == "__main__":
    main()
