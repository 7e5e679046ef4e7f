"""What the table should show, as figures: ours against the reference and against the baselines."""

from __future__ import annotations

from collections import Counter

import numpy as np

BASELINES = ("plain", "exact", "residual")
# Where the function keeps the whole symmetry, where it does not, and where nobody knows.
EXACT = ("inertia, exact", "cosine similarity, so3-scale", "distances, se3", "radius, so3-scale")
REAL = ("storms", "soccer", "mocap")
# What a method is called with another number of steps than most fits have.
WHOLE = {"reference": "reference, all steps", "soft": "soft, a tenth of the steps"}


def bars(lines):
    """Comparisons as Markdown, from the lines of the CSV file."""
    errors, steps = {}, {}
    usual = Counter(line["steps"] for line in lines).most_common(1)[0][0]
    for line in lines:
        key = line["task"], line["method"]
        if line["steps"] != usual:
            key = key[0], WHOLE[key[1]]
        errors.setdefault(key, []).append(float(line["test_mse"]))
        steps[key] = int(line["steps"])
    parts = [
        against_reference(errors),
        whole_reference(errors, steps),
        against_baselines(errors),
        exact_tasks(errors),
        real_tasks(errors),
    ]
    return "\n".join(part for part in parts if part)


def table(title, head, rows):
    """A Markdown table under a heading; nothing where there are no rows."""
    if not rows:
        return ""
    lines = [f"### {title}\n", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def against_reference(errors):
    """Median test error of ours over that of the reference's settings, same number of steps."""
    rows = []
    for task, method in errors:
        if method == "reference" and (task, "soft") in errors:
            n = min(len(errors[task, "soft"]), len(errors[task, "reference"]))
            ours, theirs = (float(np.median(errors[task, m][:n])) for m in ("soft", "reference"))
            rows.append([task, f"{n}", f"{ours:.3g}", f"{theirs:.3g}", f"{ours / theirs:.2g}"])
    head = ["task", "seeds", "defaults", "reference", "ratio"]
    return table("Defaults against the reference's settings, median test MSE", head, rows)


def whole_reference(errors, steps):
    """All steps of the reference against a tenth of them for ours."""
    rows = [
        [task, method, f"{steps[task, method]}", f"{len(values)}", f"{np.mean(values):.3g}"]
        for (task, method), values in errors.items()
        if method in WHOLE.values()
    ]
    head = ["task", "method", "steps", "seeds", "test MSE"]
    return table("A tenth of the reference's steps", head, rows)


def against_baselines(errors):
    """Mean test error of ours beside the best baseline, on tasks that break a symmetry."""
    rows = []
    for task, method in errors:
        if method == "soft" and task not in EXACT and not task.startswith(REAL):
            best = best_baseline(errors, task)
            if best is not None:
                ours, theirs = errors[task, "soft"], errors[task, best]
                lowest = np.mean(ours) <= np.mean(theirs)
                close = np.mean(ours) <= np.mean(theirs) + np.std(theirs)
                verdict = "lowest" if lowest else "within one" if close else "higher"
                cells = [f"{np.mean(e):.3g} ± {np.std(e):.1g}" for e in (ours, theirs)]
                rows.append([task, cells[0], best, cells[1], verdict])
    head = ["task", "soft", "best baseline", "its test MSE", "soft is"]
    return table("Approximate symmetries: soft against exact, plain and residual", head, rows)


def best_baseline(errors, task):
    """Name of the baseline with the lowest mean; None where none was fitted."""
    known = [method for method in BASELINES if (task, method) in errors]
    return min(known, key=lambda m: np.mean(errors[task, m])) if known else None


def exact_tasks(errors):
    """Mean test error of ours over that of the exact network, where the symmetry is exact."""
    rows = []
    for task in EXACT:
        if (task, "soft") in errors and (task, "exact") in errors:
            ours, exact = (np.mean(errors[task, m]) for m in ("soft", "exact"))
            rows.append([task, f"{ours:.3g}", f"{exact:.3g}", f"{ours / exact:.2g}"])
    return table("Exact symmetries", ["task", "soft", "exact", "ratio"], rows)


def real_tasks(errors):
    """Mean test error on real data over the worse and over the better of exact and plain."""
    rows = []
    for task, method in errors:
        needed = [(task, "exact"), (task, "plain")]
        if method == "soft" and task.startswith(REAL) and all(key in errors for key in needed):
            ours = np.mean(errors[task, "soft"])
            both = sorted(np.mean(errors[key]) for key in needed)
            rows.append(
                [
                    task,
                    f"{ours:.4g}",
                    f"{np.mean(errors[task, 'exact']):.4g}",
                    f"{np.mean(errors[task, 'plain']):.4g}",
                    f"{ours / both[1]:.3f}",
                    f"{ours / both[0]:.3f}",
                ]
            )
    head = ["task", "soft", "exact", "plain", "soft / the worse", "soft / the better"]
    return table("Real data, test MSE", head, rows)
