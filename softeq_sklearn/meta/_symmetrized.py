"""A meta-estimator that averages the predictions of a regressor over a group."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from softeq_sklearn.groups import inverse
from softeq_sklearn.meta._base import BaseGroupRegressor
from softeq_sklearn.meta._elements import averaged_elements


class SymmetrizedRegressor(BaseGroupRegressor):
    r"""Any regressor, averaged over a group.

    For the inner regressor :math:`f` the prediction is

    .. math:: \frac{1}{m} \sum_{k=1}^m \rho_{out}(g_k) f(\rho_{in}(g_k)^{-1} x),

    which is equivariant if the :math:`g_k` are the whole group; it is then the equivariant function
    nearest to :math:`f`, if the group is orthogonal and the data have the symmetry [1]_. The
    elements are the same for all rows, and chosen in `fit`:

    - a finite group of at most `n_elements` elements, and 10000: all, exactly equivariant;
    - SO(2) and O(2), also embedded: rotations by equal angles, and for O(2) half as many with the
      reflection of each. Exactly equivariant under these, so nearly so under all rotations where
      :math:`f` is smooth;
    - others: a sample of ``group.sample``. Approximately equivariant, with an error that falls as
      one over the square root of `n_elements`. Groups that are not compact have no average: for
      them this smooths the function over the sampled elements and does not make it equivariant.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The inner regressor; None is ``DecisionTreeRegressor()``. One that takes a single output
        is fitted once for each column of y by a `MultiOutputRegressor`.
    group : Group or None, default=None
        The symmetry; None leaves the predictions as they are.
    rep_in : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of X, in their order; None means that all are scalars.
    rep_out : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of y; None means that all are scalars.
    n_elements : int, default=32
        Largest number of elements. Prediction costs as many calls of the inner regressor.
    augment : bool, default=False
        Whether the inner regressor is fitted to all transformed rows :math:`(\rho_{in}(g_k)^{-1}
        x, \rho_{out}(g_k)^{-1} y)`, those that it is asked for later, instead of the rows.
    random_state : int, RandomState instance or None, default=None
        Governs the elements, and those random states of the inner regressor that are None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted inner regressor. It is fitted to arrays.
    elements_ : ndarray of shape (m, d, d) or (m, d, d + 1), or None
        The elements of the average; None without a group.
    exact_ : bool
        Whether they are the whole group; true without a group.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if it was a data frame with string names.

    See Also
    --------
    FrameAveragingRegressor : Exactly equivariant for the continuous groups of rotations.
    AugmentedRegressor : Only the training rows are transformed.

    References
    ----------
    .. [1] B. Elesedy, S. Zaidi. Provably Strict Generalisation Benefit for Equivariant Models.
       ICML 2021. https://arxiv.org/abs/2102.10333

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn import SymmetrizedRegressor
    >>> from softeq_sklearn.groups import C
    >>> X = np.random.RandomState(0).randn(100, 2)
    >>> y = X * (X**2).sum(axis=1, keepdims=True)
    >>> model = SymmetrizedRegressor(None, C(4), "Vector", "Vector", random_state=0).fit(X, y)
    >>> model.exact_
    True
    >>> quarter_turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> turned = model.predict(X @ quarter_turn.T)
    >>> bool(np.allclose(turned, model.predict(X) @ quarter_turn.T))
    True
    """

    _parameter_constraints = {
        **BaseGroupRegressor._parameter_constraints,
        "n_elements": [Interval(Integral, 1, None, closed="left")],
        "augment": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        group=None,
        rep_in=None,
        rep_out=None,
        *,
        n_elements=32,
        augment=False,
        random_state=None,
    ):
        self.estimator = estimator
        self.group = group
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.n_elements = n_elements
        self.augment = augment
        self.random_state = random_state

    def _set_up(self, X, weight, rng):
        if self._group is None:
            self.elements_, self.exact_ = None, True
            return
        self.elements_, self.exact_ = averaged_elements(self._group, self.n_elements, rng)

    def _training_rows(self, X, Y, weight, rng):
        if not self.augment:
            return X, Y, weight
        back = inverse(self.elements_)
        inputs = np.concatenate([self._rep_in.act(g, X) for g in back])
        targets = np.concatenate([self._rep_out.act(g, Y) for g in back])
        return inputs, targets, None if weight is None else np.tile(weight, len(back))

    def _symmetric_predict(self, X):
        total = 0.0
        for g, back in zip(self.elements_, inverse(self.elements_), strict=True):
            outputs = self._inner_predict(self._rep_in.act(back, X))
            total = total + self._rep_out.act(g, outputs)
        return total / len(self.elements_)
