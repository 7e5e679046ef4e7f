"""A Markdown file of the bars and of every cell of the grid."""

from __future__ import annotations

import datetime
import itertools
import os
import platform

import numpy as np
import sklearn
import torch

import softeq_sklearn
from tests.benchmarks.discovery._bars import (
    VERDICTS,
    Rows,
    bars,
    covered,
    found_from,
    grid,
    is_found,
    mean,
    off,
)
from tests.benchmarks.discovery._fit import SETTING

# Seeds from here on are for choosing settings; they are never mixed with those reported.
DEVELOPMENT = 100
ERROR_EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 1.0)
SCORE_EDGES = (0.0, 3.0, 5.0, 10.0, 20.0, np.inf)


def write_table(lines, times, path):
    """Write the figures of all fits to a file.

    Parameters
    ----------
    lines, times : list of dict
        Lines of the two CSV files.
    path : pathlib.Path
        The Markdown file.
    """
    settings = by_setting(lines)
    parts = [heading()]
    if len(settings) > 1:
        parts.append(side_by_side(settings, times))
    for name, chosen in settings.items():
        rows = Rows.of(chosen)
        parts += [
            f"## {name}\n",
            size_of_run(rows),
            table_of_bars(bars(rows, times_of(chosen, times))),
            shares(rows, "Broken groups that are found", rows.true_error > 0),
            from_which_noise(rows),
            shares_by_error(rows),
            shares_by_best_score(rows),
            shares(rows, "Exact groups called approximate or broken", rows.true_error == 0),
            every_cell(rows),
        ]
    path.write_text("\n".join(part for part in parts if part), encoding="utf-8")


def by_setting(lines):
    """Lines by the words for their setting, those of development apart."""
    settings = {}
    for line in lines:
        name = (
            f"tuning {line['tuning']}, {line['n_members']} members, {line['epochs']} epochs, "
            f"{line['hidden']} channels"
        )
        if int(line["seed"]) >= DEVELOPMENT:
            name += ", development seeds"
        settings.setdefault(name, []).append(line)
    return settings


def times_of(lines, times):
    """Timed pairs of the setting that these lines share."""
    same = [str(lines[0][column]) for column in SETTING]
    return [line for line in times if [str(line[column]) for column in SETTING] == same]


def size_of_run(rows):
    """Fits, levels, seeds and processor time, as a sentence."""
    hours = rows.firsts().cpu_seconds.sum() / 3600
    return (
        f"{len(rows.fits())} fits, {len(rows)} levels, seeds {rows.seed.min():.0f} to "
        f"{rows.seed.max():.0f}, {hours:.2f} hours of one processor.\n"
    )


def heading():
    """Date, versions and machine."""
    return (
        "# The discovery benchmark: all figures\n\n"
        f"Written by `python -m tests.benchmarks.discovery` on {datetime.date.today()}; "
        f"softeq_sklearn {softeq_sklearn.__version__}, torch {torch.__version__}, scikit-learn "
        f"{sklearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}; "
        f"{platform.machine()}, {os.cpu_count()} cores, one thread a fit.\n"
    )


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def table_of_bars(figures):
    """Figure, bar and verdict of each."""
    rows = [[b.what, b.text(b.figure), f"{b.n}", b.asked, b.verdict] for b in figures]
    return table(["what", "figure", "cases", "bar", ""], rows)


def side_by_side(settings, times):
    """The figures that something is asked of, one column a setting."""
    columns = {}
    for name, lines in settings.items():
        figures = bars(Rows.of(lines), times_of(lines, times))
        columns[name] = [bar for bar in figures if bar.asked]
    rows = [
        [same[0].what, same[0].asked, *(f"{b.text(b.figure)} {b.verdict}" for b in same)]
        for same in zip(*columns.values(), strict=True)
    ]
    return "## Settings side by side\n\n" + table(["what", "bar", *columns], rows)


def shares(rows, title, mask):
    """Share with verdict approximate or broken, by noise and number of rows."""
    rows = grid(rows.where(mask))
    lines = {f"{noise:g}": rows.noise == noise for noise in np.unique(rows.noise)}
    return found_table(title, "noise", rows, lines)


def shares_by_error(rows):
    """Share of broken groups that are found, by true error and number of rows."""
    rows = grid(rows.where(rows.true_error > 0))
    lines = {
        f"{low:g} to {high:g}": (rows.true_error > low) & (rows.true_error <= high)
        for low, high in itertools.pairwise(ERROR_EDGES)
    }
    return found_table("Broken groups that are found, by true error", "true error", rows, lines)


def shares_by_best_score(rows):
    """Share of broken groups that are found under target noise, by what the best test could."""
    rows = grid(rows.where((rows.true_error > 0) & (rows.target_noise > 0)))
    lines = {
        f"{low:g} to {high:g}": (rows.best_score > low) & (rows.best_score <= high)
        for low, high in itertools.pairwise(SCORE_EDGES)
    }
    title = "Broken groups that are found under target noise, by the score of the best test"
    return found_table(title, "best score", rows, lines)


def found_table(title, what, rows, lines):
    """A table of found of all, a line for each mask, a column for each number of rows and noise."""
    if not len(rows):
        return ""
    columns = {}
    for n, noise in sorted(set(zip(rows.rows, rows.target_noise, strict=True))):
        name = f"{n:.0f} rows" + (f", target noise {noise:g}" if noise else "")
        columns[name] = (rows.rows == n) & (rows.target_noise == noise)
    cells = [
        [name, *(found_of(rows.where(line & column)) for column in columns.values())]
        for name, line in lines.items()
        if line.any()
    ]
    return f"### {title}\n\n" + table([what, *columns], cells)


def found_of(rows):
    """How many of how many are found; empty for none."""
    return f"{is_found(rows).sum()} of {len(rows)}" if len(rows) else ""


def from_which_noise(rows):
    """The least noise that is found, as a sentence for each number of rows."""
    lines = [
        f"- {n:.0f} rows: " + ("at no noise of the grid" if np.isnan(noise) else f"noise {noise:g}")
        for n, noise in found_from(rows).items()
    ]
    if not lines:
        return ""
    return (
        "At least 95 % are found, without target noise, from here on:\n\n" + "\n".join(lines) + "\n"
    )


def every_cell(rows):
    """A line for each cell, also the bad ones."""
    names = "family", "inputs", "candidates", "rows", "target_noise", "noise"
    order = np.lexsort([rows.columns[name] for name in reversed(names)])
    cells = {}
    for i in order:
        cells.setdefault(tuple(rows.columns[name][i] for name in names), []).append(i)
    head = [
        "family",
        "inputs",
        "candidates",
        "rows",
        "target noise",
        "noise",
        "fits",
        "mean abs. error",
    ]
    head += ["level of exact", "level of broken (truth)", "coverage", "test nMSE", "CPU s"]
    head += ["verdicts of exact", "of broken", "where rows cannot answer"]
    lines = [cell_line(key, rows.where(np.array(places))) for key, places in cells.items()]
    return (
        "### Every cell\n\nMeans over groups and seeds; errors, levels and coverage of groups that "
        "the rows can answer for. Verdicts are counts: e exact, a approximate, b broken, ? cannot "
        "tell.\n\n" + table(head, lines)
    )


def cell_line(key, rows):
    """Texts of one line of the table of cells."""
    family, inputs, candidates, n_rows, target_noise, noise = key
    one = rows.firsts()
    can = rows.where(rows.identifiable == 1)
    exact, broken = can.where(can.true_error == 0), can.where(can.true_error > 0)
    told = can.where(np.isfinite(can.error_low))
    text = [
        family,
        inputs,
        candidates,
        f"{n_rows:.0f}",
        f"{target_noise:g}",
        f"{noise:g}",
        f"{len(one)}",
    ]
    text += [number(mean(off(can))), number(mean(exact.error))]
    text += [
        f"{number(mean(broken.error))} ({number(mean(broken.true_error))})" if len(broken) else ""
    ]
    text += [f"{100 * mean(covered(told)):.0f} %" if len(told) else ""]
    text += [number(float(np.median(one.test_nmse))), f"{np.median(one.cpu_seconds):.1f}"]
    return text + [counts(exact), counts(broken), counts(rows.where(rows.identifiable == 0))]


def number(value):
    """A figure with three digits; empty where there is none."""
    return "" if np.isnan(value) else f"{value:.3g}"


def counts(rows):
    """How often each verdict was given."""
    letters = dict(zip(VERDICTS, "eab?", strict=True))
    given = [
        f"{(rows.verdict == v).sum()}{letters[v]}" for v in VERDICTS if (rows.verdict == v).any()
    ]
    return " ".join(given)
