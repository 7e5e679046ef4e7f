"""The pictures of a report, as PNG files in text."""

from __future__ import annotations

import base64
import io
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from sklearn.utils import _safe_indexing

from softeq_sklearn._columns import checked_rows
from softeq_sklearn.estimators._measured_levels import has_subspaces
from softeq_sklearn.inspection._layer_residuals_display import LayerResidualsDisplay
from softeq_sklearn.inspection._levels_display import LevelsDisplay
from softeq_sklearn.inspection._orbit_display import OrbitDisplay
from softeq_sklearn.inspection._strength_path_display import StrengthPathDisplay

# Rows among which one is sought whose error is typical, and elements that its error is a mean over.
_ORBIT_ROWS, _ORBIT_ELEMENTS = 200, 16
# Groups whose orbits are drawn: those with the largest levels.
_MAX_ORBITS = 2
# Dots per inch of the pictures; screens with two dots a pixel show all of them.
_DPI, _SCREEN_DPI = 160, 80


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


def report_pictures(estimator, X, rng):
    """Draw a fit, with matplotlib's own settings whatever the user has set.

    Parameters
    ----------
    estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
        Fitted, with levels.
    X : array-like of shape (n_samples, n_features)
        Rows, of which some are moved along orbits.
    rng : RandomState
        Draws rows and elements.

    Returns
    -------
    dict of str to Picture, list of Picture or None
        "levels", "strengths", "residuals" (None for a network without layers of the package), and
        the list "orbits".
    """
    with _own_figures():
        pictures = {
            "levels": _picture(LevelsDisplay.from_estimator(estimator), "Levels, with intervals"),
            "strengths": _picture(
                StrengthPathDisplay.from_estimator(estimator),
                "Strengths of the penalties over epochs",
            ),
            "residuals": None,
        }
        if has_subspaces(estimator.module_):
            display = LayerResidualsDisplay.from_estimator(estimator)
            pictures["residuals"] = _picture(display, "Weights outside each group's subspace")
        order = np.argsort(-estimator.levels_.error, kind="stable")[:_MAX_ORBITS]
        names = [str(estimator.levels_.name[index]) for index in order]
        pictures["orbits"] = [_orbit(estimator, X, name, rng) for name in names]
        return pictures


@contextmanager
def _own_figures():
    """Take the user's settings away for a while, and close what was drawn, also after an error."""
    import matplotlib.pyplot as plt

    before = set(plt.get_fignums())
    try:
        with plt.rc_context():
            plt.rcdefaults()
            yield
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def _orbit(estimator, X, name, rng):
    """Draw the row whose error is the median, along the generator that changes it most."""
    chosen = np.sort(rng.permutation(len(X))[:_ORBIT_ROWS])
    rows, group = _safe_indexing(X, chosen), estimator._groups[name]
    errors = estimator._equivariance_error(
        checked_rows(estimator, rows), name, _ORBIT_ELEMENTS, rng, per_sample=True
    )
    typical = int(np.argsort(errors, kind="stable")[len(errors) // 2])
    row, n_generators = _safe_indexing(rows, [typical]), max(1, len(group.lie_algebra))
    displays = [
        OrbitDisplay.from_estimator(estimator, row, name, generator=generator, random_state=0)
        for generator in range(n_generators)
    ]
    caption = f"Row {chosen[typical]} moved by {name}"
    if n_generators > 1:
        caption += ", along the one of its generators that changes most"
    return _picture(max(displays, key=_largest_difference), caption)


def _largest_difference(display):
    return np.abs(display.values - display.expected).max()


def _picture(display, caption):
    file = io.BytesIO()
    figure = display.figure_
    figure.savefig(file, format="png", dpi=_DPI)
    width = round(figure.get_figwidth() * _SCREEN_DPI)
    return Picture(base64.b64encode(file.getvalue()).decode("ascii"), width, caption)
