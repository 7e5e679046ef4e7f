"""A picture of one row moved by a group: the prediction there, and where it should be."""

from __future__ import annotations

import inspect
from numbers import Integral

import numpy as np
from sklearn.utils import check_array, check_scalar
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from softeq_sklearn._columns import schema_of, select_columns
from softeq_sklearn._predictions import numeric_method
from softeq_sklearn.estimators._base import BaseEquivariantEstimator
from softeq_sklearn.inspection._drawing import (
    BLUE,
    LIGHT_GREY,
    RED,
    checked_array,
    group_named,
    panels_for,
    plain,
    unframe,
    whole_ticks,
)
from softeq_sklearn.inspection._orbit_elements import orbit_elements
from softeq_sklearn.metrics._equivariance_error import _checked_dim, _evaluate, _like
from softeq_sklearn.representations import as_representation

_MAX_PANELS = 4
# Inches of a panel.
_PANEL_SIZE = 2.9, 2.4
# A panel is at least this share of its largest value high, so that small differences look small.
_LEAST_SPAN = 0.2
# Height of a panel over that of what is drawn in it.
_ROOM = 1.15


class OrbitDisplay:
    """Prediction along an orbit, f(gx), against what equivariance asks for, g f(x).

    Make it with `from_estimator`. There is one panel for each output; where solid and dashed line
    fall together the symmetry holds for this row.

    Parameters
    ----------
    t : array-like of shape (n_points,)
        Where each group element g stands on the axis, in what `label` says: degrees where the orbit
        is a full turn.
    values : array-like of shape (n_points, n_outputs)
        Predictions f(gx) for the moved row, in the units of the outputs.
    expected : array-like of shape (n_points, n_outputs)
        Moved predictions g f(x).
    values_std : array-like of shape (n_points, n_outputs) or None, default=None
        Standard deviation of the predictions over members.
    output_names : array-like of shape (n_outputs,) or None, default=None
        Titles of the panels; None numbers the outputs.
    label : str, default="t"
        What `t` is.
    is_path : bool, default=True
        Whether elements lie on a curve, and are drawn as lines; otherwise as dots.

    Attributes
    ----------
    ax_ : ndarray of shape (n_outputs,) of matplotlib Axes
        What `plot` drew on.
    figure_ : matplotlib Figure
        Its figure.
    lines_ : list of matplotlib Line2D
        For each output f(gx).
    expected_lines_ : list of matplotlib Line2D
        For each output g f(x).
    differences_ : list of matplotlib collections
        For each output the area between the two lines, or the lines between the dots.
    bands_ : list of matplotlib collections
        For each output a standard deviation to either side; empty without members.

    Raises
    ------
    ValueError
        If shapes do not fit or numbers are not finite.
    TypeError
        If numbers are not real.

    See Also
    --------
    softeq_sklearn.metrics.equivariance_error : The mean distance over many rows and elements.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.inspection import OrbitDisplay
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> model = LinearRegression().fit(X, X * [1.0, 3.0])
    >>> display = OrbitDisplay.from_estimator(model, X[0], SO(2), rep_in="Vector", rep_out="Vector")
    >>> display.values.shape, display.ax_[0].get_xlabel()
    ((100, 2), 'angle in degrees')
    """

    def __init__(
        self,
        t,
        values,
        expected,
        *,
        values_std=None,
        output_names=None,
        label="t",
        is_path=True,
    ):
        self.t = checked_array("t", t, (None,))
        self.values = checked_array("values", values, (len(self.t), None))
        shape = self.values.shape
        self.expected = checked_array("expected", expected, shape)
        self.values_std = (
            None if values_std is None else checked_array("values_std", values_std, shape)
        )
        self.output_names = _checked_output_names(output_names, shape[1])
        self.label = label
        self.is_path = is_path

    @classmethod
    def from_estimator(
        cls,
        estimator,
        x,
        group,
        *,
        generator=0,
        outputs=None,
        n_points=100,
        rep_in=None,
        rep_out=None,
        output_names=None,
        random_state=None,
        ax=None,
        **kwargs,
    ):
        """Move a row by a group, predict, and draw.

        Parameters
        ----------
        estimator : fitted estimator
            One of this package, or any other if `rep_in` and `rep_out` are given. Of a classifier
            the probabilities are drawn. Where `predict`, or `predict_proba`, has `return_std`, and
            there is more than one member, their spread is drawn.
        x : array-like of shape (n_features,) or (1, n_features)
            The row; a data frame of one row if the estimator was fitted to a data frame.
        group : str or Group
            Name of a candidate of the estimator, or a group on the same space.
        generator : int, default=0
            Which generator A of the group's Lie algebra: the orbit is exp(tA) x. A closed one, as
            of a rotation, goes through a full turn, another through t from -1 to 1 over the
            spectral norm of A. A group without Lie algebra is drawn over its elements.
        outputs : int, sequence of int or None, default=None
            Which outputs to draw; None draws the four with the largest differences.
        n_points : int, default=100
            Number of points of the orbit, at least 2. Of a group without Lie algebra that has more
            elements, so many are drawn at random.
        rep_in, rep_out : Rep, ColumnSchema, str or None, default=None
            How the group acts on columns and outputs; None is as the estimator was fitted.
        output_names : sequence of str or None, default=None
            Names of all outputs of the estimator. None names classes and the columns of a schema,
            with their units, and numbers others.
        random_state : int, RandomState instance or None, default=None
            Governs which elements of a large finite group.
        ax : matplotlib Axes, array-like of Axes of shape (n_outputs,) or None, default=None
            See `plot`.
        **kwargs : dict
            See `plot`.

        Returns
        -------
        OrbitDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there is no group, generator or output of this name or number, or a shape is wrong.
        TypeError
            If an argument is of the wrong kind.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        check_is_fitted(estimator)
        group = group_named(estimator, group)
        schema = getattr(estimator, "_schema_in", None) if rep_in is None else rep_in
        targets = getattr(estimator, "_schema_out", None) if rep_out is None else rep_out
        rep_in = _rep_of(estimator, "rep_in", rep_in)
        rep_out = _rep_of(estimator, "rep_out", rep_out)
        _check_generator(generator, group)
        check_scalar(n_points, "n_points", Integral, min_val=2)
        row, container = _as_row(x, schema)
        _checked_dim(rep_in, group, row.shape[1], "rep_in", "x")
        if isinstance(estimator, BaseEquivariantEstimator):
            estimator._check_structure({repr(group): group}, rep_out)

        orbit = orbit_elements(group, generator, n_points, random_state)
        moved = np.concatenate([rep_in.act(g, row) for g in orbit.elements])
        predict = numeric_method(estimator)
        at_row = _evaluate(predict, container(row), 1)
        _checked_dim(
            rep_out, group, at_row.shape[1], "rep_out", f"the output of '{predict.__name__}'"
        )
        expected = np.concatenate([rep_out.act(g, at_row) for g in orbit.elements])
        values, std = _predictions(estimator, predict, container(moved), len(moved))

        if output_names is None and predict.__name__ == "predict_proba":
            output_names = [f"probability of {label}" for label in estimator.classes_]
        elif output_names is None and schema_of(targets):
            output_names = targets.names_with_units
        names = _checked_output_names(output_names, values.shape[1])
        chosen = _chosen_outputs(outputs, np.abs(values - expected).max(axis=0))
        display = cls(
            orbit.t,
            values[:, chosen],
            expected[:, chosen],
            values_std=None if std is None else std[:, chosen],
            output_names=names[chosen],
            label=orbit.label,
            is_path=orbit.is_path,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the orbit, one panel for each output.

        Parameters
        ----------
        ax : matplotlib Axes, array-like of Axes of shape (n_outputs,) or None, default=None
            One for each output; None makes a figure.
        **kwargs : dict
            Arguments of ``matplotlib.axes.Axes.plot`` for both lines, such as `linewidth`.

        Returns
        -------
        OrbitDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are not as many Axes as outputs.
        TypeError
            If `ax` holds other things than Axes.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        n_outputs = self.values.shape[1]
        self.ax_ = panels_for(ax, self, n_outputs, "outputs", _PANEL_SIZE)
        self.figure_ = self.ax_[0].figure
        self.lines_, self.expected_lines_, self.differences_, self.bands_ = [], [], [], []
        for index, panel in enumerate(self.ax_):
            self._set_axes(panel, index)
            self._draw_band(panel, index)
            self._draw_difference(panel, index)
            self._draw_lines(panel, index, kwargs)
        self._add_legend(beside=ax is not None)
        return self

    def _set_axes(self, panel, index):
        low, high = self._range(index)
        panel.set_ylim(low, high)
        margin = 0 if self.is_path and len(self.t) > 1 else 0.5
        panel.set_xlim(self.t.min() - margin, self.t.max() + margin)
        if self.label == "angle in degrees":
            panel.set_xticks([0, 90, 180, 270, 360])
        elif not self.is_path:
            whole_ticks(panel.xaxis)
        panel.set_title(plain(self.output_names[index]), fontsize="medium")
        panel.set_axisbelow(True)
        panel.grid(color=LIGHT_GREY, linewidth=0.8)
        unframe(panel)
        panel.set_xlabel(self.label)

    def _range(self, index):
        """Return limits that hold both lines and the band, and do not magnify what is small."""
        std = 0.0 if self.values_std is None else self.values_std[:, index]
        columns = [
            self.expected[:, index],
            self.values[:, index] - std,
            self.values[:, index] + std,
        ]
        low, high = np.min(columns), np.max(columns)
        largest = max(abs(low), abs(high)) or max(np.abs(self.expected).max(), 1e-12)
        half = max(high - low, _LEAST_SPAN * largest) / 2 * _ROOM
        return (low + high) / 2 - half, (low + high) / 2 + half

    def _draw_band(self, panel, index):
        if self.values_std is None:
            return
        values, std = self.values[:, index], self.values_std[:, index]
        if self.is_path:
            band = panel.fill_between(
                self.t, values - std, values + std, color=BLUE, alpha=0.25, linewidth=0
            )
        else:
            band = panel.vlines(
                self.t, values - std, values + std, color=BLUE, linewidth=5, alpha=0.25
            )
        band.set_label("members, ± 1 std")
        self.bands_.append(band)

    def _draw_difference(self, panel, index):
        values, expected = self.values[:, index], self.expected[:, index]
        if self.is_path:
            area = panel.fill_between(
                self.t, values, expected, color=RED, alpha=0.18, linewidth=0, label="difference"
            )
        else:
            area = panel.vlines(self.t, values, expected, color=RED, label="difference")
        self.differences_.append(area)

    def _draw_lines(self, panel, index, kwargs):
        solid = {"color": BLUE, "linewidth": 2, "label": "f(gx)", "zorder": 3}
        dashed = {"color": "black", "linewidth": 1.5, "label": "g f(x)", "zorder": 4}
        if self.is_path:
            solid |= {"linestyle": "-"}
            dashed |= {"linestyle": "--"}
        else:
            solid |= {"linestyle": "none", "marker": "o", "markersize": 6}
            dashed |= {"linestyle": "none", "marker": "o", "markersize": 9, "mfc": "none"}
        self.lines_ += panel.plot(self.t, self.values[:, index], **(solid | kwargs))
        self.expected_lines_ += panel.plot(self.t, self.expected[:, index], **(dashed | kwargs))

    def _add_legend(self, beside):
        handles = [self.lines_[0], self.expected_lines_[0], self.differences_[0], *self.bands_[:1]]
        if beside:
            self.ax_[-1].legend(handles=handles, fontsize="small")
        else:
            columns = len(handles) if len(self.ax_) > 1 else 2
            self.figure_.legend(
                handles=handles, loc="outside lower center", ncols=columns, frameon=False
            )


def _checked_output_names(names, n_outputs):
    if names is None:
        return np.array([f"output {index}" for index in range(n_outputs)])
    if isinstance(names, str) or np.shape(names) != (n_outputs,):
        raise ValueError(
            f"'output_names' must hold one name for each of {n_outputs} outputs. "
            f"Got {names!r} instead."
        )
    return np.asarray(names, dtype=str)


def _rep_of(estimator, name, rep):
    """Return the given representation, or the one that the estimator was fitted with."""
    rep = getattr(estimator, f"_{name}", None) if rep is None else rep
    if rep is None:
        raise ValueError(
            f"'{name}' must be given for an estimator of another library. Got None and "
            f"{estimator!r} instead."
        )
    return as_representation(rep)


def _check_generator(generator, group):
    n = max(1, len(group.lie_algebra))
    check_scalar(generator, "generator", Integral, min_val=0, max_val=n - 1)


def _as_row(x, schema):
    """Return a row as float64 of shape (1, n_features), and what puts rows in its container."""
    frame = x.to_frame().T if hasattr(x, "to_frame") and np.ndim(x) == 1 else x
    frame = select_columns(schema, frame, "x")
    if hasattr(frame, "columns"):  # of any types that hold numbers
        row = check_array(frame, dtype=np.float64, input_name="x")
    else:
        row = np.asarray(frame)
    row = row[None] if row.ndim == 1 else row
    return checked_array("x", row, (1, None)), _like(frame)


def _predictions(estimator, predict, rows, n_rows):
    """Return predictions and, where the estimator has members, their standard deviation."""
    has_std = "return_std" in inspect.signature(predict).parameters
    if not has_std or getattr(estimator, "n_members", 2) == 1:
        return _evaluate(predict, rows, n_rows), None
    values, std = predict(rows, return_std=True)
    return _evaluate(lambda _: values, rows, n_rows), np.asarray(std).reshape(n_rows, -1)


def _chosen_outputs(outputs, differences):
    """Return the numbers of the outputs to draw; by default those that differ most, in order."""
    n_outputs = len(differences)
    if outputs is None:
        return np.sort(np.argsort(-differences, kind="stable")[:_MAX_PANELS])
    chosen = np.atleast_1d(outputs)
    rule = f"'outputs' must be numbers of outputs in range({n_outputs})."
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu" or not len(chosen):
        raise TypeError(f"{rule} Got {outputs!r} instead.")
    if chosen.min() < 0 or chosen.max() >= n_outputs:
        raise ValueError(f"{rule} Got {outputs!r} instead.")
    return chosen
