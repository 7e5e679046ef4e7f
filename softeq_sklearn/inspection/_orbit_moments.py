"""Moments of residuals along orbits: what a randomisation test looks for dependence in."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups import linear_part
from softeq_sklearn.representations._row_action import act_on_each_row

_N_WAVES = 64
_CONSTANT = 1e-12


class OrbitMoments:
    r"""Squared norms of moments of residuals, as functions of the elements of the rows.

    With residuals r, rows M and fitted values f, all of which have had the elements
    :math:`\gamma` taken off, each is :math:`|\sum_i a_i \otimes b_i|^2` for one of the pairs

    - r and the entries of :math:`\gamma`, or their products of two;
    - r times M and the entries of :math:`\gamma`;
    - :math:`\gamma r` and :math:`\gamma M`, :math:`\gamma f`, or random waves of
      :math:`\gamma M`: what a fit to rows and targets as they came would still find.

    Parameters
    ----------
    elements : ndarray of shape (n_samples, d, d) or (n_samples, d, d + 1)
        The elements.
    rows : ndarray of shape (n_samples, n_features)
        M.
    fitted, residuals : ndarray of shape (n_samples, n_outputs)
        f and r.
    rep_in, rep_out : Rep
        How elements act on M, and on f and r.
    rng : RandomState
        Draws the waves.
    """

    def __init__(self, elements, rows, fitted, residuals, rep_in, rep_out, rng):
        self._elements, self._rows, self._fitted = elements, rows, fitted
        self._residuals, self._rep_in, self._rep_out = residuals, rep_in, rep_out
        entries = standardised(elements.reshape(len(elements), -1))
        first, second = np.triu_indices(entries.shape[1])
        self._entries = entries
        self._products = standardised(entries[:, first] * entries[:, second])
        times_rows = residuals[:, :, None] * standardised(rows)[:, None, :]
        self._times_rows = times_rows.reshape(len(rows), -1)
        size = np.sqrt(np.mean(rows**2, axis=0) * rows.shape[1])
        frequencies = rng.standard_normal((rows.shape[1], _N_WAVES))
        self._frequencies = frequencies / np.where(size > 0, size, 1.0)[:, None]
        self._phases = rng.uniform(0, 2 * np.pi, _N_WAVES)

    def __call__(self, order):
        """Return the squared norms where row i has the element of row order[i], an ndarray."""
        entries, elements = self._entries[order], self._elements[order]
        rows = act_on_each_row(self._rep_in, elements, self._rows)
        # Residuals are differences, which no translation moves.
        turns = linear_part(elements)
        residuals = act_on_each_row(self._rep_out, turns, self._residuals)
        fitted = act_on_each_row(self._rep_out, elements, self._fitted)
        waves = np.cos(rows @ self._frequencies + self._phases)
        pairs = [
            (self._residuals, entries),
            (self._residuals, self._products[order]),
            (self._times_rows, entries),
            (residuals, rows),
            (residuals, fitted),
            (residuals, waves),
        ]
        return np.array([np.sum((a.T @ b) ** 2) for a, b in pairs])


def standardised(columns):
    """Columns of mean 0 and variance 1; constant ones are 0.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, n_columns)

    Returns
    -------
    ndarray of shape (n_samples, n_columns)
    """
    centred = columns - columns.mean(axis=0)
    spread = centred.std(axis=0)
    constant = spread <= _CONSTANT * np.abs(columns).max(axis=0, initial=0.0)
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, spread))
