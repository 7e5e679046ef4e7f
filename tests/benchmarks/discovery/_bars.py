"""What the grid should show, as figures beside the bars they are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, spearmanr
from sklearn.metrics import roc_auc_score

from tests.benchmarks.discovery._tasks import FEW, MISSPECIFIED, PLENTY

VERDICTS = ("exact", "approximate", "broken", "cannot tell")
# A group with a larger true error than this must not be called exact.
CLEARLY_BROKEN = 0.02
# Cases in which that must not have happened once.
CASES = 200
CLEAR_NOISE, STRONG_NOISE = 0.1, 0.3
FOUND = 0.95
# The best test there is finds breaking at a threshold of 3 in 97.7 % of cases from this score on.
SEEN_BY_THE_BEST = 5.0
# Test errors with misspecified candidates may be so many times those without.
HURT = 1.05
_NUMBERS = {
    "noise",
    "target_noise",
    "rows",
    "seed",
    "n_groups",
    "identifiable",
    "true_error",
    "best_score",
    "error",
    "error_low",
    "error_high",
    "floor",
    "test_mse",
    "test_nmse",
    "cpu_seconds",
}
# What fits of one task and seed share.
_TASK = "family", "noise", "target_noise", "rows", "inputs", "seed"


@dataclass(frozen=True)
class Bar:
    """A figure and what is asked of it.

    Parameters
    ----------
    what : str
    figure : float
        nan where there is nothing to measure.
    n : int
        Number of cases behind the figure.
    least, most : float
        The figure has to lie between these; infinite where nothing is asked.
    least_n : int
        With fewer cases the bar is not met.
    as_percent : bool
    """

    what: str
    figure: float
    n: int
    least: float = -np.inf
    most: float = np.inf
    least_n: int = 1
    as_percent: bool = False

    @property
    def verdict(self):
        """ "met" or "missed"; "no fits" without a figure, empty where nothing is asked."""
        if np.isinf(self.least) and np.isinf(self.most):
            return ""
        if np.isnan(self.figure):
            return "no fits"
        # Shares such as 0.95 are quotients and may be off by rounding.
        inside = self.least - 1e-12 <= self.figure <= self.most + 1e-12
        return "met" if inside and self.n >= self.least_n else "missed"

    @property
    def asked(self):
        """The bar in words; empty where nothing is asked."""
        if self.least == self.most:
            words = self.text(self.least)
        elif np.isfinite(self.least) and np.isfinite(self.most):
            words = f"{self.text(self.least)} to {self.text(self.most)}"
        elif np.isfinite(self.least):
            words = f"at least {self.text(self.least)}"
        elif np.isfinite(self.most):
            words = f"at most {self.text(self.most)}"
        else:
            return ""
        return words if self.least_n == 1 else f"{words} in at least {self.least_n}"

    def text(self, value):
        """A figure of this kind in words."""
        if np.isnan(value):
            return "-"
        return f"{100 * value:.4g} %" if self.as_percent else f"{value:.4g}"


class Rows:
    """Lines of the CSV file as columns, numbers as float64.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (n_lines,)
    """

    def __init__(self, columns):
        self.columns = columns

    @classmethod
    def of(cls, lines):
        """Make them from the lines, a list of dict of str."""
        columns = {}
        for name in lines[0] if lines else ():
            kind = np.float64 if name in _NUMBERS else str
            columns[name] = np.array([line[name] for line in lines], dtype=kind)
        return cls(columns)

    def __getattr__(self, name):
        if name == "columns" or name not in self.columns:
            raise AttributeError(name)
        return self.columns[name]

    def __len__(self):
        return len(next(iter(self.columns.values()), ()))

    def where(self, mask):
        """Those lines for which the mask of shape (n_lines,) is true."""
        return Rows({name: values[mask] for name, values in self.columns.items()})

    def fits(self):
        """The lines of each fit in turn, as Rows."""
        return [self.where(np.array(places)) for places in self._places().values()]

    def firsts(self):
        """The first line of each fit, as Rows."""
        return self.where(np.array([places[0] for places in self._places().values()]))

    def _places(self):
        columns = [self.columns[name] for name in (*_TASK, "candidates")]
        places = {}
        for i, key in enumerate(zip(*columns, strict=True)):
            places.setdefault(key, []).append(i)
        return places


def grid(rows):
    """The lines whose inputs fill space and are not too few, with the usual candidates: those that
    the bars speak of where they do not name others.
    """
    usual = (rows.inputs == "space") & (rows.candidates == "usual")
    return rows.where(usual & ~np.isin(rows.rows, FEW))


def mean(values):
    """Mean; nan of nothing."""
    return float(np.mean(values)) if len(values) else np.nan


def bars(rows, times=()):
    """All figures.

    Parameters
    ----------
    rows : Rows
        Lines of one setting, at least one.
    times : list of dict
        Lines of the file of times for the same setting.

    Returns
    -------
    list of Bar
    """
    reliable = grid(rows)
    plenty = reliable.where(reliable.rows == PLENTY)
    clean = plenty.where(plenty.target_noise == 0)
    return [
        *correlation(plenty, clean),
        *absolute_error(plenty, clean),
        *separation(plenty, clean),
        *recovery(plenty, clean),
        *coverage(reliable),
        *wrongly_exact(reliable),
        *broken_found(clean),
        *beside_the_best_test(plenty),
        *other_verdicts(reliable, plenty),
        *unidentifiable(rows),
        *misspecified(rows),
        *times_of_members(times),
    ]


def spearman(error, true_error):
    """Spearman's rank correlation; nan where one side is constant."""
    if len(np.unique(error)) < 2 or len(np.unique(true_error)) < 2:
        return np.nan
    return float(spearmanr(error, true_error).statistic)


def correlation(plenty, clean):
    """How well the levels order the groups of all tasks.

    Nearly half of all groups are exact and share the true error 0. Levels of imposed groups are 0,
    too; other levels of exact groups differ, and take from the correlation.
    """
    what = "Spearman correlation of estimated and true error, 1000 rows"
    broken = plenty.where(plenty.true_error > 0)
    called_exact_is_0 = np.where(plenty.verdict == "exact", 0.0, plenty.error)
    found = spearman(plenty.error, plenty.true_error)
    others = {
        "with the level of groups called exact set to 0": (
            spearman(called_exact_is_0, plenty.true_error),
            plenty,
        ),
        "correlation, broken groups only": (spearman(broken.error, broken.true_error), broken),
        "correlation, without target noise": (spearman(clean.error, clean.true_error), clean),
    }
    return [
        Bar(what, found, len(plenty), least=0.95),
        *(Bar(f"- {words}", figure, len(rows)) for words, (figure, rows) in others.items()),
    ]


def absolute_error(plenty, clean):
    """How far levels are from the truth."""
    noisy = plenty.where(plenty.target_noise > 0)
    exact, broken = (clean.where(mask) for mask in (clean.true_error == 0, clean.true_error > 0))
    what = "mean absolute error of the level, 1000 rows, no target noise"
    return [
        Bar(what, mean(off(clean)), len(clean), most=0.01),
        Bar("- absolute error, exact groups", mean(off(exact)), len(exact)),
        Bar("- absolute error, broken groups", mean(off(broken)), len(broken)),
        Bar("- absolute error, with target noise", mean(off(noisy)), len(noisy)),
    ]


def off(rows):
    """Distance of the levels from the true errors."""
    return np.abs(rows.error - rows.true_error)


def separation(plenty, clean):
    """Area under the curve of exact groups against those that noise 0.1 and more breaks."""
    parts = [("AUC of exact against broken at noise 0.1 and more, 1000 rows", plenty, 0.99)]
    parts.append(("- AUC without target noise", clean, -np.inf))
    for family in dict.fromkeys(plenty.family):
        parts.append((f"- AUC, {family}", plenty.where(plenty.family == family), -np.inf))
    found = []
    for what, rows, least in parts:
        is_broken = (rows.true_error > 0) & (rows.noise >= CLEAR_NOISE)
        rows, is_broken = (
            rows.where(is_broken | (rows.true_error == 0)),
            is_broken[is_broken | (rows.true_error == 0)],
        )
        both = 0 < is_broken.sum() < len(rows)
        area = float(roc_auc_score(is_broken, rows.error)) if both else np.nan
        found.append(Bar(what, area, len(rows), least=least))
    return found


def recovery(plenty, clean):
    """Whether the right groups come first, at noise 0.3 and more."""
    bars_of = []
    for rows, more, least in (plenty, "", 1.0), (clean, "- without target noise: ", -np.inf):
        most = 1.0 if np.isfinite(least) else np.inf
        fits = rows.where(rows.noise >= STRONG_NOISE).fits()
        first = [comes_first(fit) for fit in fits]
        first = [answer for answer in first if answer is not None]
        told = [is_discovered(fit) for fit in fits]
        what = "1000 rows, noise 0.3 and more"
        bars_of += [
            Bar(
                f"{more}the right groups have the smallest errors, {what}",
                mean(first),
                len(first),
                least=least,
                most=most,
                as_percent=True,
            ),
            Bar(
                f"{more}the discovered groups are the right ones, {what}",
                mean(told),
                len(told),
                least=least,
                most=most,
                as_percent=True,
            ),
        ]
    return bars_of


def comes_first(fit):
    """Whether the k exact groups of a fit have the k smallest levels.

    With one right group, its level is the smallest; with several, each is below those of all broken
    groups. None where no group is exact or all are.
    """
    exact = fit.true_error == 0
    if exact.all() or not exact.any():
        return None
    return bool(fit.error[exact].max() < fit.error[~exact].min())


def is_discovered(fit):
    """Whether the discovered groups are all exact ones and no other; none where none is exact."""
    told = set(fit.discovered[0].split(" & ")) - {"-"}
    return told == set(fit.group[fit.true_error == 0])


def coverage(rows):
    """Share of the intervals that contain the true error, among those that there are."""
    rows = rows.where(np.isfinite(rows.error_low) & np.isfinite(rows.error_high))
    parts = [("coverage of the 95 % intervals", rows)]
    parts.append(("- coverage, exact groups", rows.where(rows.true_error == 0)))
    parts.append(("- coverage, broken groups", rows.where(rows.true_error > 0)))
    parts += [
        (f"- coverage, {n:.0f} rows", rows.where(rows.rows == n)) for n in np.unique(rows.rows)
    ]
    parts.append(("- coverage, with target noise", rows.where(rows.target_noise > 0)))
    asked = [(0.9, 0.99)] + [(-np.inf, np.inf)] * (len(parts) - 1)
    return [
        Bar(what, mean(covered(part)), len(part), least=least, most=most, as_percent=True)
        for (what, part), (least, most) in zip(parts, asked, strict=True)
    ]


def covered(rows):
    """Whether the interval of each line contains the true error."""
    return (rows.error_low <= rows.true_error) & (rows.true_error <= rows.error_high)


def wrongly_exact(rows):
    """Groups called exact that are clearly broken."""
    rows = rows.where(rows.true_error > CLEARLY_BROKEN)
    called = float((rows.verdict == "exact").sum()) if len(rows) else np.nan
    what = "declared exact although the true error is over 0.02"
    return [Bar(what, called, len(rows), least=0, most=0, least_n=CASES)]


def is_found(rows):
    """Whether the verdict of each line says that the symmetry does not hold exactly."""
    return (rows.verdict == "approximate") | (rows.verdict == "broken")


def broken_found(clean):
    """Share of broken groups that are found at noise 0.1."""
    rows = clean.where((clean.noise == CLEAR_NOISE) & (clean.true_error > 0))
    clearly = rows.where(rows.true_error > CLEARLY_BROKEN)
    what = "broken ones found at noise 0.1, 1000 rows, no target noise"
    return [
        Bar(what, mean(is_found(rows)), len(rows), least=FOUND, as_percent=True),
        Bar(
            "- those with a true error over 0.02",
            mean(is_found(clearly)),
            len(clearly),
            as_percent=True,
        ),
    ]


def beside_the_best_test(plenty):
    """What is found under target noise, and what a test could find that knows the function."""
    rows = plenty.where((plenty.target_noise > 0) & (plenty.true_error > 0))
    seen = rows.where(rows.best_score >= SEEN_BY_THE_BEST)
    exact = plenty.where(plenty.true_error == 0)
    broken = plenty.where((plenty.true_error > 0) & (plenty.noise >= CLEAR_NOISE))
    # Of two normal scores with variance 1 the right one is larger with this probability.
    area = mean(norm.cdf(broken.best_score / np.sqrt(2))) if len(exact) else np.nan
    return [
        Bar(
            "broken ones found, 1000 rows, target noise",
            mean(is_found(rows)),
            len(rows),
            as_percent=True,
        ),
        Bar(
            "- those that the best test would find",
            mean(is_found(seen)),
            len(seen),
            as_percent=True,
        ),
        Bar("- AUC of the best test, noise 0.1 and more", area, len(exact) + len(broken)),
    ]


def found_from(rows):
    """The noise from which on broken groups are found, no target noise.

    Returns
    -------
    dict of float to float
        By number of rows the least noise at which, and at all larger ones, the share found is at
        least 0.95; nan if there is none.
    """
    rows = grid(rows)
    rows = rows.where((rows.target_noise == 0) & (rows.true_error > 0))
    answer = {}
    for n in np.unique(rows.rows):
        answer[float(n)] = np.nan
        for noise in np.unique(rows.noise)[::-1]:
            part = rows.where((rows.rows == n) & (rows.noise == noise))
            if len(part) and mean(is_found(part)) < FOUND - 1e-12:
                break
            if len(part):
                answer[float(n)] = float(noise)
    return answer


def other_verdicts(reliable, plenty):
    """False alarms and answers withheld, where an answer is there to be found."""
    parts = []
    for what, rows in ("all rows", reliable), ("1000 rows", plenty):
        exact = rows.where(rows.true_error == 0)
        parts += [
            Bar(
                f"exact groups called approximate or broken, {what}",
                mean(is_found(exact)),
                len(exact),
                as_percent=True,
            ),
            Bar(
                f'"cannot tell" although the rows could, {what}',
                mean(withheld(rows)),
                len(rows),
                as_percent=True,
            ),
        ]
    return parts


def unidentifiable(rows):
    """Whether the verdict is "cannot tell" where the rows cannot answer."""
    rows = rows.where(rows.identifiable == 0)
    few = rows.where(rows.inputs == "space")
    parts = {f"with {n:.0f} rows": few.where(few.rows == n) for n in np.unique(few.rows)}
    for inputs, words in ("plane", "in a plane"), ("ray", "on a ray"):
        if (rows.inputs == inputs).any():
            parts[f"with inputs {words}"] = rows.where(rows.inputs == inputs)
    what = 'where the rows cannot answer, the verdict is "cannot tell"'
    wrong = np.where(
        rows.true_error == 0,
        is_found(rows),
        (rows.verdict == "exact") & (rows.true_error > CLEARLY_BROKEN),
    )
    return [
        Bar(what, mean(withheld(rows)), len(rows), least=1, most=1, as_percent=True),
        *(
            Bar(f"- cannot tell {words}", mean(withheld(part)), len(part), as_percent=True)
            for words, part in parts.items()
        ),
        Bar(
            "- called exact with a true error over 0.02, or approximate or broken with none",
            mean(wrong),
            len(rows),
            as_percent=True,
        ),
    ]


def misspecified(rows):
    """Whether candidates that the data have nothing of are found broken, and cost nothing.

    Each fit with them stands beside the one of the same task and seed without them.
    """
    pairs = with_and_without(rows)
    added = rows.where(np.isin(rows.group, list(MISSPECIFIED)))
    ratios = [more.test_mse[0] / usual.test_mse[0] for more, usual in pairs]
    same = [
        verdict == usual.verdict[list(usual.group).index(group)]
        for more, usual in pairs
        for group, verdict in zip(more.group, more.verdict, strict=True)
        if group in usual.group
    ]
    median, worst = (float(f(ratios)) if ratios else np.nan for f in (np.median, np.max))
    what = "misspecified candidates"
    return [
        Bar(
            f"{what} called approximate or broken",
            mean(is_found(added)),
            len(added),
            least=1,
            most=1,
            as_percent=True,
        ),
        Bar("- called broken", mean(added.verdict == "broken"), len(added), as_percent=True),
        Bar(f"test MSE with {what} over that without, median", median, len(ratios), most=HURT),
        Bar("- the largest ratio", worst, len(ratios)),
        Bar(
            f"- other candidates with the verdict that they have without {what}",
            mean(same),
            len(same),
            as_percent=True,
        ),
    ]


def with_and_without(rows):
    """Pairs of fits of one task, with misspecified candidates and without, where both are there."""
    fits = {candidates: {} for candidates in ("usual", "misspecified")}
    for fit in rows.fits():
        key = tuple(fit.columns[name][0] for name in _TASK)
        fits[fit.candidates[0]][key] = fit
    return [
        (fit, fits["usual"][key])
        for key, fit in fits["misspecified"].items()
        if key in fits["usual"]
    ]


def withheld(rows):
    """Whether the verdict of each line is "cannot tell"."""
    return rows.verdict == "cannot tell"


def times_of_members(times):
    """Processor time of all members over that of one, the median of timed pairs."""
    ratios = [float(line["ratio"]) for line in times]
    ratio = float(np.median(ratios)) if ratios else np.nan
    return [Bar("processor time of all members against one", ratio, len(ratios), most=3)]
