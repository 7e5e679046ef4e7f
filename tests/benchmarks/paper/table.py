"""A Markdown table of means and standard deviations over seeds."""

from __future__ import annotations

import datetime
import os
import platform

import numpy as np
import sklearn
import torch

import softeq_sklearn
from tests.benchmarks.paper.bars import bars


def write_table(lines, path):
    """Write the table of all fits to a file.

    Parameters
    ----------
    lines : list of dict
        Lines of the CSV file.
    path : pathlib.Path
        The Markdown file.
    """
    parts = [heading(), "## In short\n", bars(lines)]
    for steps in sorted({int(line["steps"]) for line in lines}):
        parts.append(f"## {steps} gradient steps\n")
        chosen = [line for line in lines if int(line["steps"]) == steps]
        for task in dict.fromkeys(line["task"] for line in chosen):
            parts.append(one_task(task, [line for line in chosen if line["task"] == task]))
    path.write_text("\n".join(parts), encoding="utf-8")


def heading():
    """Date, versions and machine."""
    return (
        "# All fits\n\n"
        f"Table written by `python -m tests.benchmarks.paper` on {datetime.date.today()}; "
        f"softeq_sklearn {softeq_sklearn.__version__}, torch {torch.__version__}, scikit-learn "
        f"{sklearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}; "
        f"{platform.machine()}, {os.cpu_count()} cores, one thread a fit. Errors are the mean "
        "relative equivariance errors under each candidate group, strengths are medians. Means "
        "over seeds, ± their standard deviation.\n"
    )


def one_task(task, lines):
    """Heading and table of one task, the best test error in bold."""
    first = lines[0]
    true_errors = first["true_errors"]
    known = "" if "nan" in true_errors else f" True errors: {true_errors}."
    rows = [
        f"### {task}\n",
        f"{first['n_train']} training rows.{known}\n",
        "| method | seeds | test MSE | shifted MSE | errors | strengths | s | parameters |",
        "|---|---|---|---|---|---|---|---|",
    ]
    methods = dict.fromkeys(line["method"] for line in lines)
    by_method = {m: [line for line in lines if line["method"] == m] for m in methods}
    best = min(by_method, key=lambda m: np.mean(numbers(by_method[m], "test_mse")))
    for method, fits in by_method.items():
        cells = [
            method,
            str(len(fits)),
            spread(numbers(fits, "test_mse")),
            spread(numbers(fits, "shifted_mse")),
            averaged(fits, "errors", np.mean),
            averaged(fits, "strengths", np.median),
            f"{np.median(numbers(fits, 'seconds')):.0f}",
            fits[0]["n_parameters"],
        ]
        if method == best:
            cells[2] = f"**{cells[2]}**"
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def numbers(lines, column):
    """A column as an array."""
    return np.array([float(line[column]) for line in lines])


def spread(values):
    """Mean and standard deviation as text; empty where there is no figure."""
    if np.isnan(values).all():
        return ""
    return f"{values.mean():.3g} ± {values.std():.1g}" if len(values) > 1 else f"{values[0]:.3g}"


def averaged(lines, column, average):
    """Figures of each group, averaged over fits, as text in the order of the groups."""
    figures = [
        [float(part.rpartition(":")[2]) for part in line[column].split("; ")]
        for line in lines
        if line[column]
    ]
    return ", ".join(f"{value:.3g}" for value in average(figures, axis=0)) if figures else ""
