"""Which rows each member is trained on, and which it has not seen."""

from __future__ import annotations

import numpy as np


def bootstrap_weights(n_rows, n_members, seed):
    """How often each member's bootstrap sample has each row.

    Parameters
    ----------
    n_rows : int
        Training rows.
    n_members : int
        Networks that are trained side by side.
    seed : int
        Seed.

    Returns
    -------
    ndarray of int of shape (n_members, n_rows) or None
        None for a single member, which is trained on all rows.
    """
    if n_members == 1:
        return None
    rng = np.random.RandomState(seed)
    return rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=n_members)


def unseen_rows(n_rows, train, n_members, seed):
    """Which rows each of several members was not trained on.

    Parameters
    ----------
    n_rows : int
        All rows of a fit.
    train : ndarray of int
        Which of them are for training.
    n_members, seed : int
        As in `bootstrap_weights`.

    Returns
    -------
    ndarray of bool of shape (n_members, n_rows)
    """
    unseen = np.full((n_members, n_rows), True)
    unseen[:, train] = bootstrap_weights(len(train), n_members, seed) == 0
    return unseen
