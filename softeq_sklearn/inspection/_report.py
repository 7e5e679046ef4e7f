"""One call for a page with everything that a fit and its data say about the candidate groups."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from sklearn.utils import check_random_state, estimator_html_repr
from sklearn.utils._optional_dependencies import check_matplotlib_support

from softeq_sklearn._columns import fitted_columns
from softeq_sklearn.groups import is_same_group
from softeq_sklearn.inspection._accuracy_table import (
    accuracy_table,
    accuracy_variants,
    together,
)
from softeq_sklearn.inspection._discovered import discover
from softeq_sklearn.inspection._relations import relations
from softeq_sklearn.inspection._report_pictures import report_pictures
from softeq_sklearn.inspection._soft_estimator import fitted_levels, unfrozen
from softeq_sklearn.inspection._symmetry_report import symmetry_report
from softeq_sklearn.levels._verdict import BROKEN, EXACT

_TEMPLATE = "report.html.jinja"
_PACKAGES = "softeq-sklearn", "scikit-learn", "skorch", "torch", "numpy"


def report(
    estimator,
    X,
    y,
    path="symmetry_report.html",
    *,
    cv=5,
    sample_weight=None,
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
    sample_weight : array-like of shape (n_samples,), float or None, default=None
        Weights of the rows in the accuracies. Levels and tests take each row once.
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
        If it has no candidate groups, X has other columns than the fit had or fewer than 20 rows,
        or `cv` is not None and no exact network can be compared with: there is an exact group
        already, a module of your own, or tuning by evidence. All of it before any fit.
    FileNotFoundError, IsADirectoryError
        If the folder of the file does not exist, or the file is a folder.
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
    estimator = unfrozen(estimator)
    levels = fitted_levels(estimator)
    if not len(levels):
        raise ValueError("estimator must have candidate groups to report on. Got none.")
    discovered = None if estimator._structure["n_members"] == 1 else discover(estimator)
    exact_groups = _exact_groups(estimator, discovered)
    if cv is not None:
        _check_comparable(estimator, exact_groups)
    rng = check_random_state(random_state)
    seed = int(rng.randint(np.iinfo(np.int32).max))
    answers = symmetry_report(estimator, X, y, cv=None, random_state=seed)
    pictures = report_pictures(estimator, X, rng)  # before the fits, which take long
    accuracies = None
    if cv is not None:
        accuracies = accuracy_table(
            estimator,
            X,
            y,
            exact_groups=exact_groups,
            cv=cv,
            sample_weight=sample_weight,
            n_jobs=n_jobs,
            random_state=seed,
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
        has_verdicts=estimator._structure["n_members"] > 1,
        exact=EXACT,
        broken=BROKEN,
        discovered=discovered,
        relations=_relation_words(estimator._groups),
        accuracies=None if accuracies is None else list(accuracies.itertuples()),
        pictures=pictures,
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
    if path.is_dir():
        raise IsADirectoryError(f"path must be a file. Got the folder {str(path)!r}.")
    return path


def _exact_groups(estimator, discovered):
    """All candidates that pulled together, and the discovered group where it is another one."""
    groups = estimator._groups
    exact = together(groups, [name for name in groups if estimator._strengths[name] > 0])
    found = None if discovered is None else discovered.group
    if found is not None and not any(is_same_group(found, group) for group in exact.values()):
        exact[discovered.name] = found
    return exact


def _check_comparable(estimator, exact_groups):
    """Say before any fit that no exact network can be compared with."""
    try:
        accuracy_variants(estimator, exact_groups)
    except ValueError as error:
        raise ValueError(
            f"cv must be None where no exact network can be compared with: {error}"
        ) from error


def _relation_words(groups):
    """A sentence for each pair of which one is part of the other; one for equal groups."""
    pairs = relations(groups)
    for small, large in pairs:
        if (large, small) not in pairs:
            yield f"{small} is part of {large}."
        elif list(groups).index(small) < list(groups).index(large):
            yield f"{small} and {large} are the same group."


def _facts(estimator, X):
    """What the page says of the data, by name."""
    columns, targets = fitted_columns(estimator)
    facts = {"rows": len(X), "columns": columns, "targets": targets}
    return facts | {f"candidate {name}": group for name, group in estimator._groups.items()}


def _settings(estimator):
    """The estimator as scikit-learn shows it, without the tags of a page of its own."""
    shown = estimator_html_repr(estimator)
    return shown.replace("<body>", "").replace("</body>", "")
