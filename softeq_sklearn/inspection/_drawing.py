"""What the displays share: colours, axes, and checks of their arrays."""

from __future__ import annotations

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils._optional_dependencies import check_matplotlib_support

from softeq_sklearn.groups import Group

# The palette of Okabe and Ito (2008), which colour-blind readers can tell apart, without its
# yellow, which is too light for lines on white.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK = COLORS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
GREY, LIGHT_GREY = "#767676", "#DDDDDD"
_PANELS_IN_A_ROW = 3
# Inches around all panels.
_MARGINS = 1.0, 0.8


def axes_for(ax, display, size):
    """Return the given axes, or those of a new figure of a size in inches."""
    check_matplotlib_support(f"{type(display).__name__}.plot")
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is None:
        return plt.subplots(figsize=size, layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise TypeError(f"'ax' must be matplotlib Axes or None. Got {ax!r} instead.")
    return ax


def panels_for(ax, display, n_panels, what, size):
    """Return the given axes, one for each of a number of things, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of Axes or None
        What the user gave.
    display : object
        The display, for messages.
    n_panels : int
        How many axes there must be.
    what : str
        What there is one panel for, in the plural.
    size : tuple of float
        Width and height of a new panel, in inches.

    Returns
    -------
    ndarray of Axes of shape (n_panels,)
    """
    check_matplotlib_support(f"{type(display).__name__}.plot")
    if ax is None:
        return _new_panels(n_panels, size)
    from matplotlib.axes import Axes

    panels = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    wrong = [panel for panel in panels if not isinstance(panel, Axes)]
    if wrong:
        raise TypeError(f"'ax' must be matplotlib Axes, or an array of them. Got {wrong[0]!r}.")
    if len(panels) != n_panels:
        raise ValueError(
            f"'ax' must be one Axes for each of {n_panels} {what}. Got {len(panels)} instead."
        )
    return panels


def _new_panels(n_panels, size):
    import matplotlib.pyplot as plt

    n_columns = n_panels
    if n_panels > _PANELS_IN_A_ROW:
        n_columns = int(np.ceil(np.sqrt(n_panels)))
    n_rows = -(-n_panels // n_columns)
    figsize = (_MARGINS[0] + size[0] * n_columns, _MARGINS[1] + size[1] * n_rows)
    _, panels = plt.subplots(
        n_rows, n_columns, figsize=figsize, layout="constrained", squeeze=False
    )
    for unused in panels.flat[n_panels:]:
        unused.remove()
    return panels.flatten()[:n_panels]


def group_named(estimator, group):
    """Return a group that was given, or the candidate of this name."""
    if isinstance(group, Group):
        return group
    if not isinstance(group, str):
        raise TypeError(f"'group' must be a Group or the name of one. Got {group!r} instead.")
    candidates = getattr(estimator, "_groups", {})
    if group not in candidates:
        raise ValueError(
            f"'group' must be a Group or one of the candidates {list(candidates)}. "
            f"Got {group!r} instead."
        )
    return candidates[group]


def plain(text):
    """Return text that matplotlib writes as it is: dollars begin no formula."""
    return str(text).replace("$", r"\$")


def unframe(ax):
    """Take away the lines around the axes that carry no scale."""
    ax.spines[["top", "right"]].set_visible(False)


def whole_ticks(axis):
    """Number an axis at whole numbers only, whatever locator it has."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def settled_size(ax):
    """Return width and height of the axes in inches as they will be when the figure is drawn."""
    ax.figure.canvas.figure.draw_without_rendering()  # the layout is settled on drawing only
    extent = ax.get_window_extent()
    return extent.width / ax.figure.dpi, extent.height / ax.figure.dpi


def checked_names(name):
    """Return the names of the groups as an array of str, at least one."""
    if isinstance(name, str) or np.ndim(name) != 1 or not len(name):
        raise ValueError(
            f"'name' must be a sequence of at least one name of a group. Got {name!r} instead."
        )
    return np.asarray(name, dtype=str)


def checked_array(what, values, shape, *, rule="", allowed=np.isfinite):
    """Return `values` as float64 of a shape, of which every number is allowed.

    None in the shape stands for any number but 0.
    """
    words = ", ".join("n" if size is None else str(size) for size in shape)
    words = f"({words},)" if len(shape) == 1 else f"({words})"
    rule = f"'{what}' must be an array of shape {words} of {rule or 'finite numbers'}."
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{rule} Got dtype {array.dtype} instead.")
    fits = array.ndim == len(shape) and all(
        got > 0 if size is None else got == size
        for got, size in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{rule} Got shape {array.shape} instead.")
    array = array.astype(np.float64)
    wrong = array[~allowed(array)]
    if wrong.size:
        raise ValueError(f"{rule} Got {wrong[0]} instead.")
    return array


def fitted_attribute(estimator, name, meaning):
    """Return a fitted attribute of an estimator, or say that it has none."""
    if not hasattr(estimator, name):
        inner = {"steps": "pipeline[-1]", "best_estimator_": "search.best_estimator_"}
        hints = [f"; write {there}" for part, there in inner.items() if hasattr(estimator, part)]
        raise NotFittedError(
            f"'estimator' must be fitted and have '{name}', {meaning}. Got {estimator!r} instead"
            f"{''.join(hints)}."
        )
    return getattr(estimator, name)
