"""A picture of the strengths of all groups over the epochs of a fit."""

from __future__ import annotations

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from softeq_sklearn.inspection._drawing import (
    COLORS,
    LIGHT_GREY,
    axes_for,
    checked_array,
    checked_names,
    fitted_attribute,
    plain,
    settled_size,
    unframe,
    whole_ticks,
)

# With seven colours enough for 28 groups that differ in one or the other.
_LINE_STYLES = ("-", "--", ":", "-.")
# Height of a label in units of its font size.
_LINE_HEIGHT = 1.25
_POINTS_PER_INCH = 72
# The axis spans at least the first factor; below the second one powers of ten are too few ticks.
_LEAST_RANGE, _SHORT_RANGE = 4.0, 100.0


class StrengthPathDisplay:
    """Strengths of the groups over the epochs of a fit, on a logarithmic axis.

    Make it with `from_estimator`, or from an array of your own.

    Parameters
    ----------
    strength_path : array-like of shape (n_epochs, n_groups) or (n_epochs, n_groups, n_layers)
        Strengths at the end of each epoch, at least 0; infinite for a group that was held
        exactly. Of several layers the mean is drawn as a line, and the range from the smallest to
        the largest as a band.
    name : array-like of shape (n_groups,)
        Names of the groups.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What `plot` drew on.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        The line of each group.
    bands_ : list of matplotlib PolyCollection
        The band of each group; empty without layers.
    labels_ : list of matplotlib Text
        The name of each group, at the right end of its line.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a strength is negative or nan.
    TypeError
        If the strengths are not real numbers.

    See Also
    --------
    LevelsDisplay : The levels that the fit ended with.

    Notes
    -----
    Where a strength is 0 the axis is logarithmic down to the power of ten below the smallest
    positive strength, and linear from there to 0. An infinite strength is drawn on the upper
    border, and ends at a name with the sign of infinity.

    Examples
    --------
    >>> from softeq_sklearn.inspection import StrengthPathDisplay
    >>> path = [[1.0, 1.0], [1.0, 1.0], [1.0, 0.02]]
    >>> display = StrengthPathDisplay(path, ["SO(2)", "flip"]).plot()
    >>> display.lines_[1].get_ydata()
    array([1. , 1. , 0.02])
    """

    def __init__(self, strength_path, name):
        self.name = checked_names(name)
        by_layer = (None,) if np.ndim(strength_path) == 3 else ()
        self.strength_path = checked_array(
            "strength_path",
            strength_path,
            (None, len(self.name), *by_layer),
            rule="strengths that are at least 0",
            allowed=lambda a: a >= 0,
        )

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, **kwargs):
        """Draw the strengths of a fitted estimator.

        Parameters
        ----------
        estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
            Anything fitted that has `strength_path_` and `levels_`.
        ax : matplotlib Axes or None, default=None
            See `plot`.
        **kwargs : dict
            See `plot`.

        Returns
        -------
        StrengthPathDisplay
            The drawn display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator has no such path.
        ValueError
            If it has no groups.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        path = fitted_attribute(estimator, "strength_path_", "the strengths of each epoch")
        levels = fitted_attribute(estimator, "levels_", "the levels of its groups")
        return cls(path, levels.name).plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the strengths.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure. The names stand to the right of the axes, where
            their places belong to the limits and the size that the axes have now.
        **kwargs : dict
            Arguments of ``matplotlib.axes.Axes.plot`` for the lines, such as `linewidth`.

        Returns
        -------
        StrengthPathDisplay
            The display itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        ax = axes_for(ax, self, (6.4, max(3.4, 0.9 + 0.18 * len(self.name))))
        self.ax_, self.figure_ = ax, ax.figure
        self._set_axes()
        self.lines_, self.bands_ = [], []
        for index in range(len(self.name)):
            self._draw_group(index, kwargs)
        self.labels_ = self._draw_labels()
        return self

    def _set_axes(self):
        ax, n_epochs = self.ax_, len(self.strength_path)
        self._set_strength_axis()
        ax.set_xlim((1, n_epochs) if n_epochs > 1 else (0.5, 1.5))
        whole_ticks(ax.xaxis)
        ax.set_axisbelow(True)
        ax.grid(color=LIGHT_GREY, linewidth=0.8)
        unframe(ax)
        ax.set_xlabel("epoch")
        ax.set_ylabel("strength")

    def _set_strength_axis(self):
        """Make the axis logarithmic, with a part for 0 below where there is one."""
        ax, path = self.ax_, self.strength_path
        positive = path[(path > 0) & np.isfinite(path)]
        if not positive.size:
            positive = np.ones(1)
        smallest, largest = positive.min(), positive.max()
        ratio = largest / smallest
        room = max(1.3, ratio**0.06, np.sqrt(_LEAST_RANGE / ratio))
        if path.all():
            ax.set_yscale("log")
            ax.set_ylim(smallest / room, largest * room)
            if ratio * room**2 < _SHORT_RANGE:
                ax.yaxis.get_major_locator().set_params(subs=(1, 2, 5))
        else:
            threshold = 10.0 ** np.floor(np.log10(smallest))
            ax.set_yscale("symlog", linthresh=threshold, linscale=0.5)
            ax.set_ylim(-0.1 * threshold, largest * room)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.yaxis.set_minor_formatter(lambda value, _: "")

    def _draw_group(self, index, kwargs):
        # The limits are set: infinity is the upper border, where clipping would cut the line.
        path = np.minimum(self.strength_path[:, index], self.ax_.get_ylim()[1])
        epochs = np.arange(1, len(path) + 1)
        color, dashes = _line_style(index)
        style = {
            "color": color,
            "linestyle": dashes,
            "linewidth": 2,
            "label": plain(self.name[index]),
        }
        style["clip_on"] = bool(np.isfinite(self.strength_path[:, index]).all())
        if len(path) == 1:
            style["marker"] = "o"
        mean = path
        if path.ndim == 2:
            mean = path.mean(axis=1)
            band = self.ax_.fill_between(
                epochs, path.min(axis=1), path.max(axis=1), color=color, alpha=0.2, linewidth=0
            )
            self.bands_.append(band)
        (line,) = self.ax_.plot(epochs, mean, **(style | kwargs))
        self.lines_.append(line)

    def _draw_labels(self):
        """Write the names at the ends of the lines, moved apart where those are close."""
        ax = self.ax_
        height = settled_size(ax)[1]
        font_size = min(_font_size(), max(5.0, _POINTS_PER_INCH * height / len(self.name)))
        ends = np.array([line.get_xydata()[-1] for line in self.lines_])
        ends = ax.transAxes.inverted().transform(ax.transData.transform(ends))[:, 1]
        places = spread(ends, _LINE_HEIGHT * font_size / _POINTS_PER_INCH / height)
        labels = []
        infinite = np.isinf(self.strength_path[-1].reshape(len(self.name), -1)).any(axis=1)
        names = [
            plain(name) + " (∞)" * bool(held)
            for name, held in zip(self.name, infinite, strict=True)
        ]
        for name, line, end, place in zip(names, self.lines_, ends, places, strict=True):
            style = {"color": line.get_color(), "transform": ax.transAxes, "clip_on": False}
            ax.plot([1.01, 1.04], [end, place], linewidth=0.8, **style, scalex=False, scaley=False)
            labels.append(
                ax.text(1.05, place, name, va="center", ha="left", fontsize=font_size, **style)
            )
        return labels


def _line_style(index):
    dashes = _LINE_STYLES[index // len(COLORS) % len(_LINE_STYLES)]
    return COLORS[index % len(COLORS)], dashes


def _font_size():
    from matplotlib.font_manager import FontProperties

    return FontProperties(size="small").get_size_in_points()


def spread(positions, gap):
    """Move positions in [0, 1] apart to at least a gap, in their order, as little as may be.

    Neighbours that are too close form a block around their mean; blocks that touch are merged
    (isotonic regression of ``position - rank * gap``). Where the gap leaves no room for all, they
    fill [0, 1] evenly.

    Parameters
    ----------
    positions : ndarray of shape (n,)
    gap : float

    Returns
    -------
    ndarray of shape (n,)
    """
    n_gaps = len(positions) - 1
    gap = min(gap, 1 / max(n_gaps, 1))
    order = np.lexsort((-np.arange(n_gaps + 1), positions))  # of equals the first is on top
    ranks = gap * np.arange(n_gaps + 1)
    blocks = []  # pairs (mean of position - rank, size)
    for value in positions[order] - ranks:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (left, n_left), (right, n_right) = blocks[-2:]
            n = n_left + n_right
            blocks[-2:] = [((left * n_left + right * n_right) / n, n)]
    moved = np.empty(len(positions))
    fitted = np.concatenate([np.full(n, value) for value, n in blocks])
    moved[order] = np.clip(fitted, 0.0, 1.0 - gap * n_gaps) + ranks
    return moved
