"""Penalties per constraint, where a candidate is part of another one."""

from __future__ import annotations

import numpy as np


def per_new_constraint(penalties, n_constraints, within):
    r"""Largest penalty per constraint that a group shows beyond any of its parts.

    A group G with a part H puts all constraints of H on the weights, and some of its own. If H
    holds, G looks nearly as good as H over all of them, whatever the data say of its own: nearly
    all constraints of SE(3) are those of rotations, and translations add few. So what counts is
    the largest of

    .. math:: \frac{R_G}{n_G}, \quad \frac{R_H}{n_H}, \quad \frac{R_G - R_H}{n_G - n_H}
        \quad \text{for all candidates } H \subset G.

    The last is the penalty of the constraints that H does not put: the subspace of H holds that of
    G. With the second, no group is better than its parts.

    Parameters
    ----------
    penalties : dict of str to float or ndarray
        Penalty R of each group, or of each group in each layer.
    n_constraints : dict of str to int or ndarray
        Number n of constraints of each, of the same shapes.
    within : dict of str to set of str
        Names of the candidates that are part of each.

    Returns
    -------
    dict of str to float or ndarray

    Examples
    --------
    Rotations hold and translations do not, which SE(3) hardly shows.

    >>> penalties = {"SO(3)": 0.1, "SE(3)": 1.1}
    >>> per_new_constraint(penalties, {"SO(3)": 1000, "SE(3)": 1010}, {"SE(3)": {"SO(3)"}})
    {'SO(3)': 0.0001, 'SE(3)': 0.1}
    """
    result = {name: _mean(penalties[name], n_constraints[name]) for name in penalties}
    own = dict(result)
    for name, parts in within.items():
        for part in parts:
            more = _mean(
                penalties[name] - penalties[part], n_constraints[name] - n_constraints[part]
            )
            result[name] = np.maximum(result[name], np.maximum(own[part], more))
    return {name: value if np.ndim(value) else float(value) for name, value in result.items()}


def _mean(total, count):
    """Total over count, 0 where there is nothing to count."""
    return np.where(np.greater(count, 0), total / np.maximum(count, 1), 0.0)
