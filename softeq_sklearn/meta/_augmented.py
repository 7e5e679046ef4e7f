"""A meta-estimator that fits a regressor to rows transformed by a group."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from softeq_sklearn.groups._finite import all_elements
from softeq_sklearn.meta._base import BaseGroupRegressor
from softeq_sklearn.representations._row_action import act_on_each_row


class AugmentedRegressor(BaseGroupRegressor):
    r"""Any regressor, fitted to rows transformed by a group as well.

    The rows :math:`(\rho_{in}(g) x, \rho_{out}(g) y)` are as good as :math:`(x, y)` if the data
    have the symmetry. Prediction is that of the inner regressor: it is nearer to equivariance the
    more elements there are and the better the regressor fits; no guarantee is made. See [1]_ for
    what augmentation does to the variance of an estimator.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The inner regressor; None is ``DecisionTreeRegressor()``. One that takes a single output
        is fitted once for each column of y by a `MultiOutputRegressor`.
    group : Group or None, default=None
        The symmetry; None leaves the rows as they are.
    rep_in : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of X, in their order; None means that all are scalars.
    rep_out : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of y; None means that all are scalars.
    n_elements : int, default=8
        Number of transformed copies of each row, besides the row itself. Each copy has an element
        of its own, sampled with ``group.sample``. A finite group with at most ``n_elements + 1``
        elements acts with all of them instead.
    random_state : int, RandomState instance or None, default=None
        Governs the elements, and those random states of the inner regressor that are None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted inner regressor. It is fitted to arrays.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if it was a data frame with string names.

    See Also
    --------
    SymmetrizedRegressor : Averages predictions over the group.
    FrameAveragingRegressor : Exactly equivariant predictions from few elements.

    References
    ----------
    .. [1] S. Chen, E. Dobriban, J. H. Lee. A Group-Theoretic Framework for Data Augmentation.
       Journal of Machine Learning Research 21 (2020). https://arxiv.org/abs/1907.10905

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from softeq_sklearn import AugmentedRegressor
    >>> from softeq_sklearn.groups import SO
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> y = (X**2).sum(axis=1)
    >>> plain = KNeighborsRegressor().fit(X[:50], y[:50])
    >>> model = AugmentedRegressor(plain, SO(2), rep_in="Vector", random_state=0)
    >>> bool(model.fit(X[:50], y[:50]).score(X[50:], y[50:]) > plain.score(X[50:], y[50:]))
    True
    """

    _parameter_constraints = {
        **BaseGroupRegressor._parameter_constraints,
        "n_elements": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        group=None,
        rep_in=None,
        rep_out=None,
        *,
        n_elements=8,
        random_state=None,
    ):
        self.estimator = estimator
        self.group = group
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.n_elements = n_elements
        self.random_state = random_state

    def _training_rows(self, X, Y, weight, rng):
        whole_group = all_elements(self._group, self.n_elements + 1)
        if whole_group is not None:
            # The identity comes first, and is left to the rows as they are.
            elements = np.repeat(whole_group[1:], len(X), axis=0)
        else:
            elements = self._group.sample(self.n_elements * len(X), rng)
        n_copies = len(elements) // len(X)

        def augmented(rep, rows):
            copies = np.tile(rows, (n_copies, 1))
            return np.concatenate([rows, act_on_each_row(rep, elements, copies)])

        weight = None if weight is None else np.tile(weight, n_copies + 1)
        return augmented(self._rep_in, X), augmented(self._rep_out, Y), weight

    def _symmetric_predict(self, X):
        return self._inner_predict(X)
