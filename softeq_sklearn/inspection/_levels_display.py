"""A picture of levels: a dot for each group, its interval, its floor, its verdict."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from softeq_sklearn.inspection._drawing import (
    BLUE,
    GREY,
    LIGHT_GREY,
    ORANGE,
    RED,
    axes_for,
    checked_array,
    checked_names,
    fitted_attribute,
    plain,
    settled_size,
    unframe,
)
from softeq_sklearn.inspection._root_scale import ROOT_SCALE, root_ticks

# Colour and marker say the same: the picture can be read without colours.
_STYLES = {
    "exact": (BLUE, "o"),
    "approximate": (ORANGE, "s"),
    "broken": (RED, "D"),
    "cannot tell": (GREY, "X"),
}
_SCALES = ("sqrt", "linear", "symlog")
# Below this a symlog axis is linear; levels of fits on a thousand rows are rarely smaller.
_SMALLEST = 1e-3
# The axis reaches at least so far, or rounding errors of exact networks would fill it.
_SHORTEST_AXIS = 0.01
# Inches between ticks of a sqrt axis: the width of "0.005" and a little more.
_TICK_GAP = 0.45


class LevelsDisplay:
    """Levels of the candidate groups as dots, with intervals, floors and verdicts.

    Make it with `from_estimator`, or from arrays of your own.

    Parameters
    ----------
    name : array-like of shape (n_groups,)
        Names of the groups, from the top of the picture down.
    error : array-like of shape (n_groups,)
        Levels: relative equivariance errors, at least 0.
    error_low, error_high : array-like of shape (n_groups,) or None, default=None
        Ends of 95 % intervals. Where one is nan, no interval is drawn.
    floor : array-like of shape (n_groups,) or None, default=None
        Level that an exact symmetry would show. Where it is nan, no floor is drawn.
    verdict : array-like of shape (n_groups,) or None, default=None
        "exact", "approximate", "broken" or "cannot tell" for each group.
    true_error : array-like of shape (n_groups,) or None, default=None
        The same figure for the function that made a synthetic data set; nan is not drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What `plot` drew on; groups stand at heights 0, 1, ... from the top.
    figure_ : matplotlib Figure
        Its figure.
    points_ : dict from str to matplotlib Line2D
        The dots of each verdict, in the order of severity; under "level" without verdicts.
    intervals_ : matplotlib LineCollection or None
        The intervals, None if there are none.
    floors_ : matplotlib BarContainer or None
        The floors, None if there are none.
    true_points_ : matplotlib Line2D or None
        The true errors, None if there are none.

    Raises
    ------
    ValueError
        If an array does not have one entry for each group, a level is negative, a verdict is not
        one of the four, or one end of the intervals is given alone.
    TypeError
        If an array does not hold real numbers.

    See Also
    --------
    StrengthPathDisplay : How the strengths changed in training.
    OrbitDisplay : One row moved by one group.

    Examples
    --------
    >>> from softeq_sklearn.inspection import LevelsDisplay
    >>> display = LevelsDisplay(
    ...     ["SO(2)", "flip"],
    ...     [0.004, 0.21],
    ...     error_low=[0.002, 0.18],
    ...     error_high=[0.007, 0.25],
    ...     floor=[0.01, 0.01],
    ...     verdict=["exact", "broken"],
    ... )
    >>> display.plot().points_["broken"].get_xdata()
    array([0.21])
    """

    def __init__(
        self,
        name,
        error,
        *,
        error_low=None,
        error_high=None,
        floor=None,
        verdict=None,
        true_error=None,
    ):
        self.name = checked_names(name)
        shape = self.name.shape
        level = {
            "rule": "numbers that are at least 0",
            "allowed": lambda a: (0 <= a) & (a < np.inf),
        }
        number = {"rule": "numbers or nan", "allowed": lambda a: ~np.isinf(a)}
        self.error = checked_array("error", error, shape, **level)
        self.error_low, self.error_high, self.floor, self.true_error = (
            None if values is None else checked_array(what, values, shape, **number)
            for what, values in {
                "error_low": error_low,
                "error_high": error_high,
                "floor": floor,
                "true_error": true_error,
            }.items()
        )
        if (error_low is None) != (error_high is None):
            raise ValueError(
                "'error_low' and 'error_high' must be given together. "
                f"Got {error_low!r} and {error_high!r} instead."
            )
        self.verdict = None if verdict is None else _checked_verdicts(verdict, shape)

    @classmethod
    def from_estimator(cls, estimator, *, true_error=None, scale="sqrt", ax=None, **kwargs):
        """Draw the levels of a fitted estimator.

        Parameters
        ----------
        estimator : SoftEquivariantRegressor, SoftEquivariantClassifier or SymmetryLevels
            Anything fitted that has `levels_`.
        true_error : array-like of shape (n_groups,), mapping or None, default=None
            True errors in the order of the groups, or by their names.
        scale : {"sqrt", "linear", "symlog"}, default="sqrt"
            See `plot`.
        ax : matplotlib Axes or None, default=None
            See `plot`.
        **kwargs : dict
            See `plot`.

        Returns
        -------
        LevelsDisplay
            The drawn display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator has no levels.
        ValueError
            If it has no groups, or an argument is not as described.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        levels = fitted_attribute(estimator, "levels_", "the levels of its groups")
        if isinstance(true_error, Mapping):
            unknown = [name for name in true_error if name not in levels.name]
            if unknown:
                raise ValueError(
                    f"true_error must name groups of {list(map(str, levels.name))}. Got {unknown}."
                )
            true_error = [true_error.get(name, np.nan) for name in levels.name]
        columns = ("error_low", "error_high", "floor", "verdict")
        display = cls(
            levels.name,
            levels.error,
            true_error=true_error,
            **{column: getattr(levels, column, None) for column in columns},
        )
        return display.plot(ax=ax, scale=scale, **kwargs)

    def plot(self, ax=None, *, scale="sqrt", **kwargs):
        """Draw the levels.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure whose height fits the number of groups.
        scale : {"sqrt", "linear", "symlog"}, default="sqrt"
            How levels are spread on the axis, which starts at 0: the square root and the
            logarithm (linear below 0.001) show small levels apart.
        **kwargs : dict
            Arguments of ``matplotlib.axes.Axes.plot`` for the dots, such as `markersize`.

        Returns
        -------
        LevelsDisplay
            The display itself.

        Raises
        ------
        ValueError
            If `scale` is none of the three.
        TypeError
            If `ax` is no Axes.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        if scale not in _SCALES:
            raise ValueError(f"'scale' must be one of {_SCALES}. Got {scale!r} instead.")
        ax = axes_for(ax, self, (6.4, 1.1 + 0.3 * max(3, len(self.name))))
        self.ax_, self.figure_ = ax, ax.figure
        self._set_axes(scale)
        self.floors_ = self._draw_floors()
        self.intervals_ = self._draw_intervals()
        self.points_ = self._draw_points(kwargs)
        self.true_points_ = self._draw_true_errors()
        self._add_legend()
        if scale == "sqrt":
            ax.set_xticks(root_ticks(ax.get_xlim()[1], _TICK_GAP / settled_size(ax)[0]))
        return self

    def _set_axes(self, scale):
        ax, n_groups = self.ax_, len(self.name)
        ax.set_yticks(np.arange(n_groups), [plain(name) for name in self.name])
        margin = max(0.6, (2.8 - (n_groups - 1)) / 2)  # a row is not higher where there are few
        ax.set_ylim(n_groups - 1 + margin, -margin)
        ax.tick_params(axis="y", length=0, pad=9)  # room for the half of a dot at 0
        ax.set_axisbelow(True)
        ax.grid(axis="x", color=LIGHT_GREY, linewidth=0.8)
        ax.grid(axis="y", color=LIGHT_GREY, linewidth=0.8, linestyle=":")
        unframe(ax)
        ax.set_xlabel("level (relative equivariance error; 0 is exact)")
        longest = self._largest() * 1.08
        if scale == "sqrt":
            ax.set_xscale("function", functions=ROOT_SCALE)
        elif scale == "symlog":
            ax.set_xscale("symlog", linthresh=_SMALLEST, linscale=0.5)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set_xlim(0, longest)

    def _largest(self):
        columns = (self.error, self.error_high, self.floor, self.true_error)
        return max(_SHORTEST_AXIS, *(np.nanmax([*c, 0.0]) for c in columns if c is not None))

    def _draw_floors(self):
        if self.floor is None or np.isnan(self.floor).all():
            return None
        known = np.flatnonzero(~np.isnan(self.floor))
        return self.ax_.barh(
            known, self.floor[known], height=0.84, color=LIGHT_GREY, label="floor of the fit"
        )

    def _draw_intervals(self):
        if self.error_low is None:
            return None
        known = np.flatnonzero(~np.isnan(self.error_low + self.error_high))
        if not len(known):
            return None
        colors = [_style(v)[0] for v in self._verdicts()[known]]
        return self.ax_.hlines(
            known, self.error_low[known], self.error_high[known], colors=colors, linewidth=2
        )

    def _draw_points(self, kwargs):
        verdicts, rows = self._verdicts(), np.arange(len(self.name))
        points = {}
        for verdict in [*_STYLES, "level"]:
            (chosen,) = np.nonzero(verdicts == verdict)
            if not len(chosen):
                continue
            color, marker = _style(verdict)
            # A dot at 0 stands on the border of the axes and must not be cut in half.
            style = {"color": color, "marker": marker, "markersize": 7, "clip_on": False}
            style |= {"linestyle": "none", "label": verdict, "zorder": 3} | kwargs
            (points[verdict],) = self.ax_.plot(self.error[chosen], rows[chosen], **style)
        return points

    def _draw_true_errors(self):
        if self.true_error is None or np.isnan(self.true_error).all():
            return None
        known = np.flatnonzero(~np.isnan(self.true_error))
        (points,) = self.ax_.plot(
            self.true_error[known],
            known,
            linestyle="none",
            marker="o",
            markersize=11,
            markerfacecolor="none",
            markeredgecolor="black",
            clip_on=False,
            zorder=4,
            label="true error",
        )
        return points

    def _add_legend(self):
        handles = list(self.points_.values()) if self.verdict is not None else []
        if self.intervals_ is not None:
            from matplotlib.lines import Line2D

            handles.append(Line2D([], [], color=GREY, linewidth=2, label="95 % interval"))
        handles += [h for h in (self.floors_, self.true_points_) if h is not None]
        if handles:
            self.ax_.legend(
                handles=handles,
                loc="upper left",
                bbox_to_anchor=(1.02, 1.0),
                borderaxespad=0,
                frameon=False,
            )

    def _verdicts(self):
        return np.full(len(self.name), "level") if self.verdict is None else self.verdict


def _style(verdict):
    return _STYLES.get(verdict, (BLUE, "o"))


def _checked_verdicts(verdict, shape):
    rule = f"'verdict' must have one of {list(_STYLES)} for each of {shape[0]} groups."
    if np.shape(verdict) != shape:
        raise ValueError(f"{rule} Got {verdict!r} instead.")
    for each in verdict:
        if each not in _STYLES:
            raise ValueError(f"{rule} Got {each!r} instead.")
    return np.asarray(verdict, dtype=str)
