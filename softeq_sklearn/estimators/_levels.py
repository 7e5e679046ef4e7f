"""The result that users come for: one level for each candidate symmetry."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np

_COLUMNS = ("strength", "penalty", "error")


@dataclass(frozen=True, eq=False, repr=False)
class Levels:
    """How far a fitted function is from each candidate symmetry.

    Printed, it is a table; in a notebook, an HTML table.

    Parameters
    ----------
    name : ndarray of shape (n_groups,)
        Names of the groups.
    strength : ndarray of shape (n_groups,)
        Factor of each group's penalty at the end of training, relative to the group that the
        weights break least; `error` is the verdict, not this.
    penalty : ndarray of shape (n_groups,)
        Half the squared distance of the weights to the group's equivariant subspace, or what
        another `regularizer` measures; nan for a group of strength 0 whose subspace the network
        cannot tell.
    error : ndarray of shape (n_groups,)
        Relative equivariance error of the fitted function on held-out rows, in [0, 1]; 0 is an
        exact symmetry. A large part of the outputs that no group moves, such as an offset, makes
        it small.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn.inspection import Levels
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

    def __len__(self) -> int:
        return len(self.name)

    def to_frame(self):
        """Return the levels as a data frame with one row a group, indexed by name.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed (it comes with the extra ``plot``).
        """
        import pandas as pd

        data = {column: getattr(self, column) for column in _COLUMNS}
        return pd.DataFrame(data, index=pd.Index(self.name, name="group"))

    def _rows(self):
        for name, strength, penalty, error in zip(
            self.name, self.strength, self.penalty, self.error, strict=True
        ):
            yield str(name), f"{strength:.3g}", f"{penalty:.3g}", f"{error:.4f}"

    def __repr__(self) -> str:
        if not len(self):
            return "Levels: no groups"
        width = max(len("group"), *(len(str(name)) for name in self.name))
        lines = [f"{'group':<{width}} {'strength':>9} {'penalty':>9} {'error':>8}"]
        for name, *numbers in self._rows():
            strength, penalty, error = numbers
            lines.append(f"{name:<{width}} {strength:>9} {penalty:>9} {error:>8}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{title}</th>" for title in ("group", *_COLUMNS))
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
