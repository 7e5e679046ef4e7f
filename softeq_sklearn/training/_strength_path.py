"""The callback that records the strengths of every epoch."""

from __future__ import annotations

import numpy as np
from skorch.callbacks import Callback


class StrengthPath(Callback):
    """Record the strengths at the end of each epoch in the history, after what tunes them.

    Examples
    --------
    >>> from softeq_sklearn.training import StrengthPath
    >>> StrengthPath()  # pass it as the last callback of a PenalizedNet
    StrengthPath()
    """

    def __repr__(self) -> str:
        return "StrengthPath()"

    def on_epoch_end(self, net, **kwargs):
        """Record a copy."""
        if hasattr(net, "penalty_"):
            net.history.record("strengths", dict(net.penalty_.strengths))

    def on_train_end(self, net, **kwargs):
        """Record the strengths of a last epoch that was cut short."""
        if net.history and "strengths" not in net.history[-1]:
            self.on_epoch_end(net)


def strength_path(history, names):
    """Strengths of each epoch as an array.

    Parameters
    ----------
    history : skorch.history.History or list of dict
        A history with what :class:`StrengthPath` recorded.
    names : sequence of str
        Names of the groups; one that was not recorded has no strength.

    Returns
    -------
    ndarray of shape (n_epochs, n_groups) or (n_epochs, n_groups, n_layers)
        The latter if a strength was one for each layer in some epoch.

    Examples
    --------
    >>> history = [{"strengths": {"a": 1.0}}, {"strengths": {"a": (0.5, 2.0)}}]
    >>> strength_path(history, ["a", "b"]).tolist()
    [[[1.0, 1.0], [0.0, 0.0]], [[0.5, 2.0], [0.0, 0.0]]]
    """
    epochs = [epoch.get("strengths", {}) for epoch in history]
    rows = [[np.atleast_1d(strengths.get(n, 0.0)) for n in names] for strengths in epochs]
    n_layers = max((len(value) for row in rows for value in row), default=1)
    path = np.zeros((len(rows), len(names), n_layers))
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            path[i, j] = value
    per_layer = any(isinstance(v, tuple) for strengths in epochs for v in strengths.values())
    return path if per_layer else path[:, :, 0]
