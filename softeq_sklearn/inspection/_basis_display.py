"""A picture of a basis: the linear maps that a group allows, each as a small matrix."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from scipy.linalg import qr
from sklearn.utils import check_scalar
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from softeq_sklearn._columns import fitted_columns
from softeq_sklearn.estimators._base import BaseEquivariantEstimator
from softeq_sklearn.inspection._drawing import (
    GREY,
    checked_array,
    group_named,
    panels_for,
    plain,
)
from softeq_sklearn.projection import equivariant_basis
from softeq_sklearn.representations import ColumnSchema, Rep, as_representation
from softeq_sklearn.representations._terms import runs, term_text

# Names of single columns are written where there are at most so many.
_MAX_NAMED = 12
# Inches of a cell, of the longer side of a matrix, and of a letter.
_LARGEST_CELL, _LONGEST_SIDE, _LETTER = 0.3, 2.6, 0.085
# Entries of an echelon basis below this are rounding errors.
_ROUNDING = 1e-10


class BasisDisplay:
    """The equivariant linear maps between two representations, as matrices.

    Each panel is one map of a basis: rows are outputs, columns are inputs, blue is positive, red
    negative, white zero. Make it with `from_representations` or `from_estimator`, or from matrices
    of your own.

    Parameters
    ----------
    maps : array-like of shape (n_maps, n_outputs, n_inputs)
        The matrices.
    pieces_in, pieces_out : sequence of (int, str) or None, default=None
        Number of columns, and name, of each part of the inputs and outputs; lines are drawn
        between parts. None is a single part without a name.
    n_left_out : int, default=0
        Number of maps of the basis that are not shown.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes of shape (n_maps,)
        What `plot` drew on.
    figure_ : matplotlib Figure
        Its figure.
    images_ : list of matplotlib AxesImage
        The matrices.

    Raises
    ------
    ValueError
        If the maps are no matrices of finite numbers, or the parts do not add up to their size.
    TypeError
        If the maps do not hold real numbers.

    See Also
    --------
    LayerResidualsDisplay : How much of a fitted network lies outside such bases.
    softeq_sklearn.projection.equivariant_basis : The basis that is drawn.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.inspection import BasisDisplay
    >>> display = BasisDisplay.from_representations("Vector", "Vector", SO(2))
    >>> display.maps.tolist()  # multiples of the identity, and of a quarter turn
    [[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [-1.0, 0.0]]]
    """

    def __init__(self, maps, *, pieces_in=None, pieces_out=None, n_left_out=0):
        self.maps = checked_array("maps", maps, (None, None, None))
        _, n_outputs, n_inputs = self.maps.shape
        self.pieces_in = _checked_pieces("pieces_in", pieces_in, n_inputs)
        self.pieces_out = _checked_pieces("pieces_out", pieces_out, n_outputs)
        check_scalar(n_left_out, "n_left_out", Integral, min_val=0)
        self.n_left_out = n_left_out

    @classmethod
    def from_representations(cls, rep_in, rep_out, group, *, max_maps=12, ax=None, **kwargs):
        """Draw the maps that a group allows from one representation to another.

        The basis is in echelon form: each map has a 1 where all others have a 0. So it is readable,
        but not orthonormal.

        Parameters
        ----------
        rep_in, rep_out : Rep, ColumnSchema or str
            How the group acts on inputs and outputs.
        group : Group
            The group.
        max_maps : int, default=12
            The most maps to draw; of a larger basis the first.
        ax : matplotlib Axes, array-like of Axes of shape (n_maps,) or None, default=None
            See `plot`.
        **kwargs : dict
            See `plot`.

        Returns
        -------
        BasisDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If the group allows no map but zero, or it translates Points among the columns: what
            it allows is then no linear space.
        ProblemTooLargeError
            If the basis is too large to be computed.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        check_matplotlib_support(f"{cls.__name__}.from_representations")
        check_scalar(max_maps, "max_maps", Integral, min_val=1)
        pieces_in, pieces_out = _pieces(rep_in, group), _pieces(rep_out, group)
        rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
        basis = _echelon(equivariant_basis(rep_in >> rep_out, group))
        if not basis.shape[1]:
            raise ValueError(
                f"group must allow a map other than zero. Got {group!r}, under which no linear map "
                f"from {rep_in!r} to {rep_out!r} is equivariant."
            )
        maps = basis.T.reshape(-1, rep_out.dim(group), rep_in.dim(group))
        display = cls(
            maps[:max_maps],
            pieces_in=pieces_in,
            pieces_out=pieces_out,
            n_left_out=max(0, len(maps) - max_maps),
        )
        return display.plot(ax=ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator, group, *, max_maps=12, ax=None, **kwargs):
        """Draw the linear maps from columns to targets that a group allows.

        Parameters
        ----------
        estimator : SoftEquivariantRegressor or another network estimator of the package
            A fitted estimator, for its representations.
        group : str or Group
            Name of a candidate, or a group on the same space.
        max_maps : int, default=12
            See `from_representations`.
        ax : matplotlib Axes, array-like of Axes of shape (n_maps,) or None, default=None
            See `plot`.
        **kwargs : dict
            See `plot`.

        Returns
        -------
        BasisDisplay
            The drawn display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no candidate of this name; or see `from_representations`.
        TypeError
            If the estimator is none of these, or the group neither a name nor a Group.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        if not isinstance(estimator, BaseEquivariantEstimator):
            raise TypeError(
                "estimator must be a network estimator of the package; for others give "
                f"representations to from_representations. Got {estimator!r}."
            )
        check_is_fitted(estimator)
        columns = fitted_columns(estimator)
        group = group_named(estimator, group)
        return cls.from_representations(*columns, group, max_maps=max_maps, ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the maps, one panel each.

        Parameters
        ----------
        ax : matplotlib Axes, array-like of Axes of shape (n_maps,) or None, default=None
            One for each map; None makes a figure.
        **kwargs : dict
            Arguments of ``matplotlib.axes.Axes.imshow``, such as `cmap`.

        Returns
        -------
        BasisDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are not as many Axes as maps.
        TypeError
            If `ax` holds other things than Axes.
        ImportError
            If matplotlib is not installed (it comes with the extra ``plot``).
        """
        self.ax_ = panels_for(ax, self, len(self.maps), "maps", self._panel_size())
        self.figure_ = self.ax_[0].figure
        self.images_ = []
        for number, (panel, matrix) in enumerate(zip(self.ax_, self.maps, strict=True), start=1):
            largest = np.abs(matrix).max() or 1.0
            style = {"cmap": "RdBu", "vmin": -largest, "vmax": largest, "aspect": "equal"}
            self.images_.append(panel.imshow(matrix, **(style | kwargs)))
            panel.set_title(f"map {number}", fontsize="medium")
            _mark(panel.xaxis, panel.axvline, self.pieces_in)
            _mark(panel.yaxis, panel.axhline, self.pieces_out)
            panel.tick_params(length=0, labelsize="small")
            panel.tick_params(axis="x", rotation=90)
        if self.n_left_out and ax is None:
            self.figure_.supxlabel(f"and {self.n_left_out} more maps", fontsize="medium")
        return self

    def _panel_size(self):
        """Inches of a panel with its title and names, of square cells neither tiny nor huge."""
        _, n_outputs, n_inputs = self.maps.shape
        cell = min(_LARGEST_CELL, _LONGEST_SIDE / max(n_inputs, n_outputs))
        beside, below = (
            _LETTER * max(len(name) for _, name in pieces)
            for pieces in (self.pieces_out, self.pieces_in)
        )
        width, height = max(0.9, cell * n_inputs), max(0.5, cell * n_outputs)
        return width + beside + 0.2, height + below + 0.45


def _mark(axis, draw_line, pieces):
    """Name the parts at their middles, and draw lines between them."""
    sizes, names = zip(*pieces, strict=True)
    ends = np.cumsum(sizes)
    axis.set_ticks(ends - np.array(sizes) / 2 - 0.5, [plain(name) for name in names])
    for end in ends[:-1]:
        draw_line(end - 0.5, color=GREY, linewidth=0.6)


def _echelon(basis):
    """Another basis of the same span, of shape (n, rank), each with a 1 where others have 0."""
    rank = basis.shape[1]
    if not rank:
        return basis
    pivots = np.sort(qr(basis.T, mode="r", pivoting=True)[1][:rank])
    echelon = np.linalg.solve(basis[pivots].T, basis.T).T
    return np.where(np.abs(echelon) < _ROUNDING, 0.0, echelon)


def _pieces(rep, group):
    """Size and name of the parts of a representation: its columns where they are few and named."""
    if isinstance(rep, ColumnSchema) and len(rep.names) <= _MAX_NAMED:
        return [(1, name) for name in rep.names]
    pieces = []
    for m, term in runs(as_representation(rep)):
        if term == ():
            pieces.append((m, "Scalar" if m == 1 else f"{m} Scalars"))
        else:
            text = term_text(1, term)
            pieces += [(Rep.parse(text).dim(group), text)] * m
    return pieces


def _checked_pieces(what, pieces, n_columns):
    if pieces is None:
        return [(n_columns, "")]
    pieces = [(int(size), str(name)) for size, name in pieces]
    if sum(size for size, _ in pieces) != n_columns:
        raise ValueError(
            f"'{what}' must have sizes that add up to {n_columns}. Got {pieces!r} instead."
        )
    return pieces
