"""The result that users come for: one level for each candidate symmetry."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = ("strength", "penalty", "error")
_INTERVAL = ("error_low", "error_high", "floor")
_FORMATS = {"strength": "{:.3g}", "penalty": "{:.3g}"}
_WIDTHS = {"strength": 9, "penalty": 9, "error": 8}


@dataclass(frozen=True, eq=False, repr=False)
class Levels:
    """How far a fitted function is from each candidate symmetry.

    Printed, it is a table; in a notebook, an HTML table. Intervals and verdicts are in it where the
    function is the mean of several members (`n_members` of the estimator).

    Parameters
    ----------
    name : ndarray of shape (n_groups,)
        Names of the groups.
    strength : ndarray of shape (n_groups,)
        Factor of each group's penalty at the end of training, infinite for a group that is held
        exactly; `error` is the level, not this.
    penalty : ndarray of shape (n_groups,)
        Half the squared distance of the weights to the group's equivariant subspace, or what
        another `regularizer` measures; nan for a group of strength 0 whose subspace the network
        cannot tell.
    error : ndarray of shape (n_groups,)
        Relative equivariance error of the fitted function on held-out rows, in [0, 1]; 0 is an
        exact symmetry. A large part of the outputs that no group moves, such as an offset, makes
        it small.
    error_low, error_high : ndarray of shape (n_groups,) or None, default=None
        95 % interval of the error of the function that made the data; None stands for nan.
    floor : ndarray of shape (n_groups,) or None, default=None
        Error that a function with this symmetry would show in such a fit; None stands for nan.
    verdict : ndarray of shape (n_groups,) or None, default=None
        "exact", "approximate", "broken" or "cannot tell"; None stands for the last.
    supported : ndarray of bool of shape (n_groups,) or None, default=None
        Whether the data speak for the symmetry as far as they can tell: the verdict is "exact", or
        no test found it broken, the fit keeps it exactly (tuning by exploration) and the interval
        ends at 0.5 or before. That is weaker than "exact": `error_high` says how far it may still
        be off. None stands for the verdict "exact".
    reason : ndarray of str of shape (n_groups,) or None, default=None
        Why the verdict is "cannot tell", and what may help; empty for other verdicts, and for a
        single member unless the rows cannot answer. None stands for empty.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.levels import Levels
    >>> Levels(
    ...     np.array(["SO(2)", "O(2)"]),
    ...     np.array([1.0, 0.1]),
    ...     np.array([1e-4, 2e-3]),
    ...     np.array([0.01, 0.2]),
    ... )
    group  strength   penalty    error
    SO(2)         1    0.0001   0.0100
    O(2)        0.1     0.002   0.2000
    """

    name: np.ndarray
    strength: np.ndarray
    penalty: np.ndarray
    error: np.ndarray
    error_low: np.ndarray | None = None
    error_high: np.ndarray | None = None
    floor: np.ndarray | None = None
    verdict: np.ndarray | None = None
    supported: np.ndarray | None = None
    reason: np.ndarray | None = None

    def __post_init__(self) -> None:
        missing = {column: np.full(len(self.name), np.nan) for column in _INTERVAL}
        missing["verdict"] = np.full(len(self.name), "cannot tell")
        for column, values in missing.items():
            if getattr(self, column) is None:
                object.__setattr__(self, column, values)
        if self.supported is None:
            object.__setattr__(self, "supported", self.verdict == "exact")
        if self.reason is None:
            object.__setattr__(self, "reason", np.full(len(self.name), ""))

    def __len__(self) -> int:
        return len(self.name)

    def to_frame(self) -> pd.DataFrame:
        """Return the levels as a data frame with one row a group, indexed by name.

        Returns
        -------
        pandas.DataFrame
            With the columns strength, penalty, error, error_low, error_high, floor, verdict,
            supported and reason.

        Raises
        ------
        ImportError
            If pandas is not installed (it comes with the extra ``plot``).
        """
        import pandas as pd

        columns = (*_NUMBERS, *_INTERVAL, "verdict", "supported", "reason")
        data = {column: getattr(self, column) for column in columns}
        return pd.DataFrame(data, index=pd.Index(self.name, name="group"))

    def _table(self) -> Iterator[tuple[str, int, list[str]]]:
        """Title, width and cells of each column; without intervals where none is known."""
        columns = [*_NUMBERS]
        assert self.error_high is not None  # but an array since `__post_init__`
        if np.isfinite(self.error_high).any():
            columns += [*_INTERVAL, "verdict"]
        for column in columns:
            text = "{}" if column == "verdict" else _FORMATS.get(column, "{:.4f}")
            cells = [text.format(value) for value in getattr(self, column)]
            width = max(_WIDTHS.get(column, len(column) + 1), *map(len, cells))
            yield column, width, cells

    def __repr__(self) -> str:
        if not len(self):
            return "Levels: no groups"
        names = ["group", *map(str, self.name)]
        width = max(map(len, names))
        columns = [(size, [title, *cells]) for title, size, cells in self._table()]
        lines = []
        for i, name in enumerate(names):
            cells = [f"{cells[i]:>{size}}" for size, cells in columns]
            lines.append(" ".join([f"{name:<{width}}", *cells]))
        return "\n".join([*lines, *self._reasons()])

    def _reasons(self) -> list[str]:
        """A sentence for each group of which the rows cannot tell."""
        assert self.reason is not None  # but an array since `__post_init__`
        pairs = zip(map(str, self.name), self.reason, strict=True)
        return [f"{name}: cannot tell, since {reason}." for name, reason in pairs if reason]

    def _repr_html_(self) -> str:
        columns = [] if not len(self) else [(title, cells) for title, _, cells in self._table()]
        titles = ["group", *(title for title, _ in columns)] if columns else ["group", *_NUMBERS]
        head = "".join(f"<th>{title}</th>" for title in titles)
        rows = zip(map(str, self.name), *(cells for _, cells in columns), strict=True)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        notes = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self._reasons())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"
