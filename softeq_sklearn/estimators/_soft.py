"""The main estimator: soft equivariance under several candidate symmetries."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from softeq_sklearn.estimators._base import BaseEquivariantRegressor
from softeq_sklearn.estimators._levels import Levels
from softeq_sklearn.estimators._parameters import named_groups
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import ProjectionPenalty, named_strengths
from softeq_sklearn.training import StrengthTuner, tuning_epoch

# Rows and group elements on which the levels are measured.
_LEVEL_ROWS = 500
_LEVEL_ELEMENTS = 32


class SoftEquivariantRegressor(BaseEquivariantRegressor):
    r"""Regression with a network that is softly equivariant under several candidate groups.

    The loss is the mean squared error of targets scaled to unit variance, plus one penalty per
    group,

    .. math:: \text{MSE} + \sum_G \lambda_G R_G + \tfrac12 w |\theta|^2,

    where :math:`R_G` is half the squared distance of all weights and biases to the equivariant
    subspace of G. The strengths :math:`\lambda_G` are tuned during training, so that symmetries
    that the data break lose their strength (PER, Kim et al., ICML 2023, sections 3 and 4).

    Parameters
    ----------
    groups : sequence of Group or mapping of str to Group, default=()
        Candidate symmetries, all acting on a space of the same dimension. A sequence is named by
        the groups' reprs. With none, this is a plain multilayer perceptron.
    rep_in : Rep, str or None, default=None
        Representation of the columns of X, in their order, such as
        ``5*Scalar + 5*Vector``; None means that all are scalars. Do not scale the columns of a
        Vector one by one before: that breaks symmetries; columns are scaled inside.
    rep_out : Rep, str or None, default=None
        Representation of the columns of y; None means that all are scalars.
    hidden_channels : int, Rep or str, default=128
        Number of features of each hidden layer, shared over the tensor types, or the
        representation of a hidden layer.
    n_hidden_layers : int, default=3
        Number of hidden layers.
    architecture : {"factored", "emlp"}, default="factored"
        Kind of hidden layers and start of the weights: "factored" is ours, "emlp" that of the
        reference, for comparisons (see :func:`reference_settings`).
    scale_columns : bool, default=True
        Whether columns are scaled inside, each tensor as a whole, so that equivariance is neither
        lost nor won.
    strengths : float or mapping of str to float, default=1.0
        Start of the factor of each group's penalty, at least 0. A group of strength 0 shapes
        nothing; its error is still reported.
    tuning : {"auto", "ratio", "fixed"} or StrengthTuner, default="auto"
        How strengths are tuned, see :class:`~softeq_sklearn.training.StrengthTuner`; "auto" is
        "ratio", and a tuner says when and with which power.
    weight_decay : float, default=1e-5
        Factor of half the squared norm of all weights in the loss.
    learning_rate : float, default=0.01
        Learning rate of Adam at the start; it falls to 0 along a cosine.
    max_gradient_norm : float or None, default=0.3
        Norm to which longer gradients are cut, since products of features make rare, huge ones;
        None cuts nothing.
    max_epochs : int, default=200
        Number of passes over the training rows.
    batch_size : int or "auto", default="auto"
        Rows of a step; "auto" is a tenth of the training rows, at least 32 and at most 500.
    validation_fraction : float, default=0.1
        Share of the rows held out. The weights of the epoch with the lowest loss on them are
        kept, and the levels are measured on them.
    early_stopping : bool, default=False
        Whether to stop when the validation loss has not improved for a fifth of `max_epochs`.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit.
    device : str, default="auto"
        Torch device; "auto" takes a CUDA device where there is one.
    callbacks : list of skorch callbacks or None, default=None
        Further callbacks of the skorch net.
    random_state : int, RandomState instance or None, default=None
        Governs the split, the initial weights, the order of the rows and the group elements on
        which levels are measured.
    verbose : int, default=0
        1 shows a line of progress.

    Attributes
    ----------
    levels_ : Levels
        For each group its strength, penalty and relative equivariance error on held-out rows
        (training rows where none were held out).
    strengths_ : ndarray of shape (n_groups,)
        Strengths at the end of training.
    history_ : skorch.history.History
        Losses of each epoch, on scaled targets.
    net_ : PenalizedNet
        The skorch net, which works on scaled columns.
    module_ : SoftEquivariantNetwork
        Its torch module.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns of X, if it was a data frame with string names.

    See Also
    --------
    EquivariantRegressor : The same network, exactly equivariant under one group.

    Examples
    --------
    >>> from softeq_sklearn import SoftEquivariantRegressor
    >>> from softeq_sklearn.datasets import make_inertia
    >>> data = make_inertia(200, noise=-1.0, axis=2, random_state=0)
    >>> model = SoftEquivariantRegressor(
    ...     groups=data.groups,
    ...     rep_in=data.rep_in,
    ...     rep_out=data.rep_out,
    ...     hidden_channels=64,
    ...     max_epochs=40,
    ...     random_state=0,
    ... )
    >>> model.fit(data.data, data.target).predict(data.data[:2]).shape
    (2, 9)
    >>> model.levels_.name.tolist()
    ['O(2) xy', 'O(2) yz', 'O(2) xz']
    """

    _parameter_constraints = {
        **BaseEquivariantRegressor._parameter_constraints,
        "strengths": [Interval(Real, 0, None, closed="left"), Mapping],
        "tuning": [StrOptions({"auto", "ratio", "fixed"}), StrengthTuner],
    }

    def __init__(
        self,
        groups: Sequence | Mapping = (),
        rep_in=None,
        rep_out=None,
        *,
        hidden_channels=128,
        n_hidden_layers=3,
        architecture="factored",
        scale_columns=True,
        strengths=1.0,
        tuning="auto",
        weight_decay=1e-5,
        learning_rate=0.01,
        max_gradient_norm=0.3,
        max_epochs=200,
        batch_size="auto",
        validation_fraction=0.1,
        early_stopping=False,
        warm_start=False,
        device="auto",
        callbacks=None,
        random_state=None,
        verbose=0,
    ):
        self.groups = groups
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.hidden_channels = hidden_channels
        self.n_hidden_layers = n_hidden_layers
        self.architecture = architecture
        self.scale_columns = scale_columns
        self.strengths = strengths
        self.tuning = tuning
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.max_gradient_norm = max_gradient_norm
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.warm_start = warm_start
        self.device = device
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def _candidate_groups(self):
        groups = named_groups(self.groups)
        self._strengths = named_strengths(self.strengths, groups)
        return groups

    def _shaping_groups(self, groups):
        return [group for name, group in groups.items() if self._strengths[name] > 0]

    def _network(self):
        return SoftEquivariantNetwork, {
            "rep_in": self._rep_in,
            "rep_out": self._rep_out,
            "groups": self._shaping,
            "dim": self._dim,
            "hidden_channels": self._hidden,
            "n_hidden_layers": self.n_hidden_layers,
            "architecture": self.architecture,
        }

    def _net_arguments(self):
        groups = {name: g for name, g in self._groups.items() if self._strengths[name] > 0}
        return {"groups": groups, "strengths": {name: self._strengths[name] for name in groups}}

    def _tuner(self):
        """The callback that sets the strengths, None where there is nothing to tune."""
        if isinstance(self.tuning, StrengthTuner):
            tuner = copy.deepcopy(self.tuning)  # what it records belongs to the fit
        else:
            tuner = StrengthTuner("ratio" if self.tuning == "auto" else self.tuning)
        return tuner if tuner.method != "fixed" and len(self._shaping) > 1 else None

    def _training_callbacks(self):
        tuner = self._tuner()
        return [] if tuner is None else [tuner]

    def _first_epoch(self):
        tuner = self._tuner()
        return 1 if tuner is None else 1 + tuning_epoch(self.max_epochs, tuner.start)

    def _report(self, X, rng):
        names = list(self._groups)
        if len(X) > _LEVEL_ROWS:  # rows may be sorted, by time for example
            X = X[rng.permutation(len(X))[:_LEVEL_ROWS]]
        strengths = self.net_.penalty_.strengths if self._shaping else {}
        self.strengths_ = np.array([strengths.get(name, 0.0) for name in names])
        penalties = self._penalties()
        error = [self._equivariance_error(X, name, _LEVEL_ELEMENTS, rng) for name in names]
        self.levels_ = Levels(
            name=np.array(names, dtype=str),
            strength=self.strengths_,
            penalty=np.array([penalties.get(name, np.nan) for name in names]),
            error=np.array(error),
        )

    def _penalties(self):
        """Return the penalty of each group that can be told from the weights.

        A network whose shaping groups are all orthogonal stores V and its dual as one type, for
        which a group that is not orthogonal has no subspace.
        """
        dual_is_stored = not all(group.is_orthogonal for group in self._shaping)
        groups = {n: g for n, g in self._groups.items() if g.is_orthogonal or dual_is_stored}
        return ProjectionPenalty(self.module_, groups, 0.0).values(self.module_)

    def _equivariance_error(self, X, name, n_elements, random_state, per_sample=False):
        """Relative equivariance error of the fitted function, in float64, under a named group."""
        return equivariance_error(
            self._function(),
            X,
            self._groups[name],
            self._rep_in,
            self._rep_out,
            n_elements=n_elements,
            per_sample=per_sample,
            random_state=random_state,
        )
