"""A synthetic data set as the pair of a distribution of rows and a function on rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_random_state

from softeq_sklearn.datasets._bunch import dataset
from softeq_sklearn.groups import Group
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import Rep


@dataclass(frozen=True)
class SyntheticTask:
    """What made a synthetic data set; it can make more rows and knows its own true errors.

    Parameters
    ----------
    draw : callable (n_samples, RandomState) -> ndarray of shape (n_samples, n_features)
        The distribution of the rows.
    function : callable (n_samples, n_features) -> ndarray of shape (n_samples, n_outputs)
        The function to learn.
    rep_in, rep_out : Rep
        How the candidate groups act on rows and on values of the function.
    """

    draw: Callable[[int, np.random.RandomState], np.ndarray]
    function: Callable[[np.ndarray], np.ndarray]
    rep_in: Rep
    rep_out: Rep

    def true_error(
        self, group: Group, *, n_elements: int = 500, n_samples: int = 200, random_state=0
    ) -> float:
        """Relative equivariance error of the function itself, on fresh rows.

        Parameters
        ----------
        group : Group
            The candidate symmetry.
        n_elements : int, default=500
            Number of elements sampled from the group.
        n_samples : int, default=200
            Number of rows, drawn from the distribution of the data set.
        random_state : int, RandomState instance or None, default=0
            Governs rows and elements.

        Returns
        -------
        error : float
            See `softeq_sklearn.metrics.equivariance_error`.
        """
        random_state = check_random_state(random_state)
        return equivariance_error(
            self.function,
            self.draw(n_samples, random_state),
            group,
            self.rep_in,
            self.rep_out,
            n_elements=n_elements,
            random_state=random_state,
        )

    def bunch(self, data: np.ndarray, target: np.ndarray, **contents):
        """Return the data set of these rows, with what the task knows of itself.

        Parameters
        ----------
        data : ndarray of shape (n_samples, n_features)
            Rows of `draw`.
        target : ndarray of shape (n_samples, n_outputs) or (n_samples,)
            The values of `function`, or values of which it is the mean.
        **contents
            What else belongs into the Bunch, and the form of it; see `dataset`.
        """
        return dataset(
            data,
            target,
            rep_in=self.rep_in,
            rep_out=self.rep_out,
            function=self.function,
            true_error=self.true_error,
            **contents,
        )
