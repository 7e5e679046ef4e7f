"""A picture of the weights that lie outside each group's subspace, layer by layer."""

from __future__ import annotations

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from softeq_sklearn.estimators._measured_levels import groups_with_subspaces
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
)
from softeq_sklearn.inspection._root_scale import ROOT_SCALE, root_ticks
from softeq_sklearn.inspection._soft_estimator import check_soft
from softeq_sklearn.regularizers import ProjectionPenalty

# So far around the middle of a layer its dots stand, those of the first group on the left.
_SPREAD = 0.3
# With seven colours enough for 35 groups that differ in one or the other.
_MARKERS = "osD^v"
# The axis reaches at least so far, or rounding errors of imposed groups would fill it.
_SHORTEST_AXIS = 0.01
# Inches between ticks: the height of a number, and as much room.
_TICK_GAP = 0.3
# Inches of a line of the legend.
_LEGEND_LINE = 0.19


class LayerResidualsDisplay:
    r"""Share of each layer's weights that lies outside each group's equivariant subspace.

    Make it with `from_estimator`, or from an array of your own. The residual of a layer with
    weights and biases :math:`\theta` is :math:`|\theta - P_G \theta| / |\theta|`, over those that
    some candidate constrains: 0 where the layer is exactly equivariant, 1 where nothing of it is.
    The penalty is half the sum of the squared numerators (Kim et al. 2023, equation 4).

    Parameters
    ----------
    residual : array-like of shape (n_groups, n_layers)
        Residuals in [0, 1]; nan where no group constrains a layer, or the network does not know
        the group, which is not drawn.
    name : array-like of shape (n_groups,)
        Names of the groups.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What `plot` drew on; layers stand at 0, 1, ... from the left.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        The dots of each group.

    Raises
    ------
    ValueError
        If the shapes do not fit, or a residual is not in [0, 1].
    TypeError
        If the residuals are not real numbers.

    See Also
    --------
    LevelsDisplay : How far the function is from each group, which is what counts.
    BasisDisplay : What lies inside a subspace.

    Notes
    -----
    Weights are no verdict: layers can undo each other's residuals, and the first layers of a
    function that is exactly symmetric need not be.

    Examples
    --------
    >>> from softeq_sklearn.inspection import LayerResidualsDisplay
    >>> display = LayerResidualsDisplay([[0.0, 0.01], [0.2, 0.4]], ["SO(2)", "flip"]).plot()
    >>> display.lines_[1].get_ydata()
    array([0.2, 0.4])
    """

    def __init__(self, residual, name):
        self.name = checked_names(name)
        self.residual = checked_array(
            "residual",
            residual,
            (len(self.name), None),
            rule="residuals in [0, 1], or nan",
            allowed=lambda a: np.isnan(a) | ((0 <= a) & (a <= 1)),
        )

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, **kwargs):
        """Draw the residuals of a fitted estimator.

        Parameters
        ----------
        estimator : SoftEquivariantRegressor or SoftEquivariantClassifier
            Fitted, with a network that has linear layers of the package. Norms of several
            members are taken together. Groups whose subspace the network cannot tell, such as
            SL(n) where it had no strength in the fit, are nan.
        ax : matplotlib Axes or None, default=None
            See `plot`.
        **kwargs : dict
            See `plot`.

        Returns
        -------
        LayerResidualsDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator is no soft estimator.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        ValueError
            If it has no groups, or its network no such layers.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        check_soft(estimator)
        module = fitted_attribute(estimator, "module_", "the fitted network")
        name = checked_names(list(estimator._groups))
        known = groups_with_subspaces(estimator)
        of_known = layer_residuals(module, known)
        residual = np.full((len(name), of_known.shape[1]), np.nan)
        residual[[group in known for group in name]] = of_known
        return cls(residual, name).plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the residuals.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **kwargs : dict
            Arguments of ``matplotlib.axes.Axes.plot`` for the dots, such as `markersize`.

        Returns
        -------
        LayerResidualsDisplay
            The display itself.

        Raises
        ------
        TypeError
            If `ax` is no Axes.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        n_groups, n_layers = self.residual.shape
        height = max(3.4, 0.6 + _LEGEND_LINE * n_groups)
        ax = axes_for(ax, self, (max(4.0, 1.6 + 1.2 * n_layers), height))
        self.ax_, self.figure_ = ax, ax.figure
        self._set_axes()
        shift = np.linspace(-_SPREAD, _SPREAD, n_groups) if n_groups > 1 else [0.0]
        self.lines_ = []
        for index, residual in enumerate(self.residual):
            style = {
                "color": COLORS[index % len(COLORS)],
                "marker": _MARKERS[index // len(COLORS) % len(_MARKERS)],
                "linestyle": "none",
                "clip_on": False,  # dots at 0 stand on the border
                "zorder": 3,
            }
            (line,) = ax.plot(np.arange(n_layers) + shift[index], residual, **(style | kwargs))
            self.lines_.append(line)
        ax.set_yticks(root_ticks(ax.get_ylim()[1], _TICK_GAP / settled_size(ax)[1]))
        names = [plain(name) for name in self.name]
        place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
        ax.legend(self.lines_, names, frameon=False, fontsize="small", **place)
        return self

    def _set_axes(self):
        ax, n_layers = self.ax_, self.residual.shape[1]
        ax.set_yscale("function", functions=ROOT_SCALE)
        highest = max(_SHORTEST_AXIS, np.nanmax(self.residual, initial=0.0)) * 1.08
        ax.set_ylim(0, highest)
        ax.set_xlim(-0.5, n_layers - 0.5)
        ax.set_xticks(np.arange(n_layers), [f"linear {n}" for n in range(1, n_layers + 1)])
        ax.tick_params(axis="x", length=0, pad=8)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set_axisbelow(True)
        ax.grid(axis="y", color=LIGHT_GREY, linewidth=0.8)
        unframe(ax)
        ax.set_ylabel("weights outside the subspace\n(share of their norm)")


def layer_residuals(module, groups):
    r"""Return :math:`|\theta - P_G \theta| / |\theta|` of each linear layer, in float64.

    Parameters
    ----------
    module : torch.nn.Module
        A network with soft or equivariant linear layers, or several members in one.
    groups : mapping of str to Group
        The groups.

    Returns
    -------
    ndarray of shape (n_groups, n_layers)
        Of several members, over the norms of all; nan for a layer that no group constrains.

    Raises
    ------
    ValueError
        If the module has no such layers.
    """
    penalty = ProjectionPenalty(module, groups, 1.0)
    outside = np.array([*penalty.layer_values(module).values()]).reshape(-1, penalty.n_layers)
    whole = penalty.layer_half_squares(module)
    share = np.divide(outside, whole, out=np.full(outside.shape, np.nan), where=whole > 0)
    return np.minimum(1.0, np.sqrt(share))  # where all is outside, rounding may exceed 1
