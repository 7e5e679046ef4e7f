"""One call for a page with everything that a fit and its data say about the candidate groups."""

from __future__ import annotations

import base64
import io
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.utils import _safe_indexing, check_random_state, estimator_html_repr
from sklearn.utils._optional_dependencies import check_matplotlib_support

from softeq_sklearn._columns import checked_rows
from softeq_sklearn.groups import is_same_group
from softeq_sklearn.inspection._accuracy_table import accuracy_table, together
from softeq_sklearn.inspection._discovered import discover
from softeq_sklearn.inspection._layer_residuals_display import LayerResidualsDisplay
from softeq_sklearn.inspection._levels_display import LevelsDisplay
from softeq_sklearn.inspection._orbit_display import OrbitDisplay
from softeq_sklearn.inspection._relations import relations
from softeq_sklearn.inspection._soft_estimator import fitted_levels, soft_parameters
from softeq_sklearn.inspection._strength_path_display import StrengthPathDisplay
from softeq_sklearn.inspection._symmetry_report import symmetry_report
from softeq_sklearn.levels._verdict import BROKEN, EXACT

_TEMPLATE = "report.html.jinja"
# Rows among which one is sought whose error is typical, and elements that its error is a mean over.
_ORBIT_ROWS, _ORBIT_ELEMENTS = 200, 16
# Groups whose orbits are drawn: those with the largest levels.
_MAX_ORBITS = 2
# Dots per inch of the pictures; screens with two dots a pixel show all of them.
_DPI, _SCREEN_DPI = 160, 80
_PACKAGES = "softeq-sklearn", "scikit-learn", "skorch", "torch", "numpy"


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Parameters
    ----------
    data : str
        A PNG file as base64.
    width : int
        Width on the screen, in pixels.
    caption : str
        What it shows.
    """

    data: str
    width: int
    caption: str


def report(
    estimator,
    X,
    y,
    path="symmetry_report.html",
    *,
    cv=5,
    title=None,
    n_jobs=None,
    random_state=None,
):
    r"""Write a self-contained HTML page about the symmetries of a fit and its data.

    The page has the levels with intervals, floors and verdicts, beside a test that trusts no
    network; the largest group that they support; the accuracy of the soft network beside a plain
    one and exactly equivariant ones; orbits of typical rows under the groups with the largest
    levels; strengths and residuals of the weights; and settings and versions. It needs no network
    access and no other file.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        Fitted, with candidate groups. With a single member there are no verdicts.
    X : array-like of shape (n_samples, n_features)
        Rows, such as those of the fit.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets, or class labels.
    path : str or path-like, default="symmetry_report.html"
        The file; one that is there is overwritten.
    cv : int, cross-validation generator, iterable or None, default=5
        Folds of :func:`accuracy_table`, which makes three or four fits on each: 15 to 20 for the
        default. None leaves the accuracies out.
    title : str or None, default=None
        Title of the page; None says how many rows it is about.
    n_jobs : int or None, default=None
        Number of folds side by side.
    random_state : int, RandomState instance or None, default=None
        Governs folds, fits, permutations and rows.

    Returns
    -------
    pathlib.Path
        Where the page is.

    Raises
    ------
    TypeError
        If the estimator has no levels.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    ValueError
        If it has no candidate groups, X has other columns than the fit had, or there is an exact
        group and `cv` is not None.
    FileNotFoundError
        If the folder of the file does not exist; said before anything is computed.
    ImportError
        If matplotlib, pandas or jinja2 are not installed (they come with the extra ``plot``).

    See Also
    --------
    symmetry_report : Levels, gaps and tests as a data frame.
    accuracy_table : The accuracies alone.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from softeq_sklearn import SoftEquivariantRegressor
    >>> from softeq_sklearn.groups import SO, Reflection
    >>> from softeq_sklearn.inspection import report
    >>> X = np.random.RandomState(0).randn(150, 2)
    >>> model = SoftEquivariantRegressor(
    ...     {"rotations": SO(2), "flip": Reflection(2)},
    ...     "Vector",
    ...     hidden_channels=16,
    ...     n_hidden_layers=1,
    ...     n_members=2,
    ...     max_epochs=10,
    ...     random_state=0,
    ... ).fit(X, X[:, 1] ** 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = report(model, X, X[:, 1] ** 2, f"{folder}/page.html", cv=None)
    ...     print(page.read_text(encoding="utf-8").partition("\n")[0])
    <!DOCTYPE html>
    """
    check_matplotlib_support("report")
    import jinja2

    path = _checked_path(path)
    levels = fitted_levels(estimator)
    if not len(levels):
        raise ValueError("estimator must have candidate groups to report on. Got none.")
    if cv is not None:
        soft_parameters(estimator)
    rng = check_random_state(random_state)
    seed = int(rng.randint(np.iinfo(np.int32).max))
    answers = symmetry_report(estimator, X, y, cv=None, random_state=seed)
    chosen = np.sort(rng.permutation(len(X))[:_ORBIT_ROWS])
    rows = _safe_indexing(X, chosen)
    discovered = None if estimator.n_members == 1 else discover(estimator, rows)
    accuracies = None
    if cv is not None:
        exact_groups = _exact_groups(estimator, discovered)
        accuracies = accuracy_table(
            estimator, X, y, exact_groups=exact_groups, cv=cv, n_jobs=n_jobs, random_state=seed
        )
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("softeq_sklearn.inspection", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(_TEMPLATE).render(
        title=title or f"Symmetries of {len(X)} rows",
        levels=[row for _, row in levels.to_frame().assign(p_value=answers.p_value).iterrows()],
        has_verdicts=estimator.n_members > 1,
        exact=EXACT,
        broken=BROKEN,
        discovered=discovered,
        relations=relations(estimator._groups),
        accuracies=None if accuracies is None else list(accuracies.itertuples()),
        pictures=_pictures(estimator, rows, chosen, rng),
        facts=_facts(estimator, X),
        settings=_settings(estimator),
        versions={name: version(name) for name in _PACKAGES}
        | {"python": platform.python_version()},
    )
    path.write_text(page, encoding="utf-8")
    return path


def _checked_path(path):
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path must be a file in a folder that exists. Got {str(path)!r}, and there is no "
            f"folder {str(path.parent)!r}."
        )
    return path


def _exact_groups(estimator, discovered):
    """All candidates together, and the discovered group where it is another one."""
    exact = together(estimator._groups)
    (largest,) = exact.values()
    found = None if discovered is None else discovered.group
    if found is not None and not is_same_group(found, largest):
        exact[discovered.name] = found
    return exact


def _pictures(estimator, rows, numbers, rng):
    """The pictures, by what they show; of some rows, with their numbers, those of orbits."""
    pictures = {
        "levels": _picture(LevelsDisplay.from_estimator(estimator), "Levels, intervals, floors"),
        "strengths": _picture(
            StrengthPathDisplay.from_estimator(estimator), "Strengths of the penalties over epochs"
        ),
        "residuals": None,
    }
    if estimator.module is None:
        display = LayerResidualsDisplay.from_estimator(estimator)
        pictures["residuals"] = _picture(display, "Weights outside each group's subspace")
    order = np.argsort(-estimator.levels_.error, kind="stable")[:_MAX_ORBITS]
    names = [str(estimator.levels_.name[index]) for index in order]
    pictures["orbits"] = [_orbit(estimator, rows, numbers, name, rng) for name in names]
    return pictures


def _orbit(estimator, rows, numbers, name, rng):
    """The orbit of the row whose error is the median."""
    errors = estimator._equivariance_error(
        checked_rows(estimator, rows), name, _ORBIT_ELEMENTS, rng, per_sample=True
    )
    typical = int(np.argsort(errors, kind="stable")[len(errors) // 2])
    display = OrbitDisplay.from_estimator(estimator, _safe_indexing(rows, [typical]), name)
    return _picture(display, f"Row {numbers[typical]} moved by {name}")


def _picture(display, caption):
    import matplotlib.pyplot as plt

    file = io.BytesIO()
    figure = display.figure_
    figure.savefig(file, format="png", dpi=_DPI)
    width = round(figure.get_figwidth() * _SCREEN_DPI)
    plt.close(figure)
    return Picture(base64.b64encode(file.getvalue()).decode("ascii"), width, caption)


def _facts(estimator, X):
    """What the page says of the data, by name."""
    facts = {
        "rows": len(X),
        "columns": estimator._schema_in or estimator._rep_in,
        "targets": estimator._schema_out or estimator._rep_out,
    }
    return facts | {f"candidate {name}": group for name, group in estimator._groups.items()}


def _settings(estimator):
    """The estimator as scikit-learn shows it, without the tags of a page of its own."""
    shown = estimator_html_repr(estimator)
    return shown.replace("<body>", "").replace("</body>", "")
