"""A meta-estimator that averages the predictions of a regressor over the frame of each row."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval

from softeq_sklearn.meta._base import BaseGroupRegressor
from softeq_sklearn.meta._frames import Frames

# Numbers in one batch of elements (32 MiB of float64).
_BATCH_NUMBERS = 2**22
# A sum that is smaller than its terms by this factor is zero.
_CANCELLED = 1e-13


class FrameAveragingRegressor(BaseGroupRegressor):
    r"""Any regressor, made exactly equivariant by averaging over frames.

    A frame is a small set of group elements :math:`F(x)` that turns with the row,
    :math:`F(g x) = g F(x)`. For the inner regressor :math:`f` the prediction is the mean

    .. math:: \frac{1}{|F(x)|} \sum_{g \in F(x)} \rho_{out}(g) f(\rho_{in}(g)^{-1} x),

    which is equivariant whatever :math:`f` is [1]_. The inner regressor sees rows in the
    coordinates of their frames only, in training as well.

    ============  ==================================================================  ===========
    group         frame                                                               elements
    ============  ==================================================================  ===========
    O(n), SO(n)   principal axes of the row's vectors and tensors, with all signs     2^n, 2^(n-1)
    E(n), SE(n)   the same, around the centroid of the row's Points                   2^n, 2^(n-1)
    S(n)          the permutation that sorts the components of the row's vectors      1
    Translation   the centroid of the row's Points                                    1
    ============  ==================================================================  ===========

    Each may be embedded, as ``O(2).embed(3, axes=(0, 1))``.

    Parameters
    ----------
    estimator : regressor or None, default=None
        The inner regressor; None is ``DecisionTreeRegressor()``. One that takes a single output
        is fitted once for each column of y by a `MultiOutputRegressor`. A linear model is of
        little use for scalar outputs under O(n) and SO(n): what is linear in the coordinates of
        Vectors averages out. A row enters `fit` with all its frame elements: a regressor that
        splits rows by itself (early stopping, an inner search) sees copies on both sides.
    group : Group or None, default=None
        The symmetry, one of the above; None leaves rows and predictions as they are.
    rep_in : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of X, in their order; None means that all are scalars. With
        a group there must be columns that it moves.
    rep_out : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of y; None means that all are scalars.
    n_elements : int or None, default=None
        Number of frame elements, drawn at random for each training row, in which the inner
        regressor is fitted to the row; None, or as many as there are, takes them all. Predictions
        are always averaged over all.
    random_state : int, RandomState instance or None, default=None
        Governs which frame elements, and those random states of the inner regressor that are
        None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted inner regressor. It is fitted to arrays of frame coordinates.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if it was a data frame with string names.

    Raises
    ------
    ProblemTooLargeError
        In `fit`, if the frame has more than 4096 elements.
    ValueError
        In `fit`, if the group is none of these, or there is no column to read its frame off.

    See Also
    --------
    SymmetrizedRegressor : Averages over elements of any group, the same for all rows.
    softeq_sklearn.EquivariantRegressor : An equivariant neural network.

    Notes
    -----
    Rows can have interchangeable axes: one vector in three dimensions leaves two, S(n) those of
    equal components. There coordinates, of the row and of the prediction, are projected onto what
    the group of these axes fixes, so that predictions are equivariant for every row: the vector
    predicted from one vector lies along it. Where that group leaves the row as it is, as in these
    two cases, the projection takes nothing from the row. Where it does not, the inner regressor
    sees less of the row: if principal values coincide by accident (to 1e-9 of the largest, which
    also drops components below 3e-5 of the row), or if S(n) cannot tell axes apart that only the
    pattern of a tensor of order 2 or more distinguishes.

    The equivariant function has jumps where principal values cross or components change their
    order, whatever the inner regressor: no finite frame is without. Frame coordinates are rounded
    to about 10 digits, so that discontinuous regressors (trees, neighbours) see the same ones for a
    row and its image. For normal vectors about one coordinate in a million still differs, in the
    tenth digit, which matters only if a split lies in between.

    References
    ----------
    .. [1] O. Puny, M. Atzmon, H. Ben-Hamu, I. Misra, A. Grover, E. J. Smith, Y. Lipman. Frame
       Averaging for Invariant and Equivariant Network Design. ICLR 2022.
       https://arxiv.org/abs/2110.03336

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from softeq_sklearn import FrameAveragingRegressor
    >>> from softeq_sklearn.groups import O
    >>> from softeq_sklearn.metrics import equivariance_error
    >>> X = np.random.RandomState(0).randn(200, 6)
    >>> y = (X[:, :3] * X[:, 3:]).sum(axis=1)
    >>> model = FrameAveragingRegressor(
    ...     HistGradientBoostingRegressor(max_iter=20), O(3), rep_in="2*Vector", random_state=0
    ... )
    >>> model = model.fit(X, y)
    >>> equivariance_error(model, X, O(3), "2*Vector", "Scalar", random_state=0) < 1e-6
    True
    """

    _parameter_constraints = {
        **BaseGroupRegressor._parameter_constraints,
        "n_elements": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        estimator=None,
        group=None,
        rep_in=None,
        rep_out=None,
        *,
        n_elements=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.group = group
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.n_elements = n_elements
        self.random_state = random_state

    def _set_up(self, X, weight, rng):
        self._frames = None
        if self._group is not None:
            self._frames = Frames(self._group, self._rep_in, self._rep_out).fit(X, weight)

    def _training_rows(self, X, Y, weight, rng):
        parts = []
        for rows in self._batches(X):
            placed = self._frames.place(X[rows])
            parts.append((placed.inputs, self._frames.targets(Y[rows], placed)))
        inputs, targets = (np.concatenate(part) for part in zip(*parts, strict=True))
        chosen = self._chosen_flips(len(X), rng)
        n_chosen = chosen.shape[1]
        inputs = np.repeat(inputs, n_chosen, axis=0) * self._frames.flips_in[chosen.ravel()]
        targets = np.repeat(targets, n_chosen, axis=0) * self._frames.flips_out[chosen.ravel()]
        return inputs, targets, None if weight is None else np.repeat(weight, n_chosen)

    def _symmetric_predict(self, X):
        return np.concatenate([self._frame_average(X[rows]) for rows in self._batches(X)])

    def _frame_average(self, X):
        placed = self._frames.place(X)
        total, size = 0.0, 0.0
        for flip_in, flip_out in zip(self._frames.flips_in, self._frames.flips_out, strict=True):
            outputs = self._inner_predict(placed.inputs * flip_in) * flip_out
            total, size = total + outputs, size + np.abs(outputs)
        # What is zero by symmetry comes out as the rounding error of terms that cancel.
        total = np.where(np.abs(total) <= _CANCELLED * size, 0.0, total)
        return self._frames.outputs(total / len(self._frames.flips_in), placed)

    def _chosen_flips(self, n_samples, rng):
        """Return which flips each training row is fitted in, shape (n_samples, n_chosen)."""
        n_flips = len(self._frames.flips_in)
        if self.n_elements is None or self.n_elements >= n_flips:
            return np.tile(np.arange(n_flips), (n_samples, 1))
        return rng.uniform(size=(n_samples, n_flips)).argsort(axis=1)[:, : self.n_elements]

    def _batches(self, X):
        """Return slices of rows whose elements fit into memory."""
        return gen_batches(len(X), max(1, _BATCH_NUMBERS // self._group.dim**2))
