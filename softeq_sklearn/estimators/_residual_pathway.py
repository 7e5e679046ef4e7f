"""The residual pathway baseline: exact equivariance, plus what a prior lets deviate from it."""

from __future__ import annotations

from numbers import Real

from sklearn.utils._param_validation import Interval

from softeq_sklearn._candidates import named_groups
from softeq_sklearn.estimators._base import BaseEquivariantEstimator
from softeq_sklearn.estimators._regression_targets import RegressionTargetsMixin
from softeq_sklearn.groups import Group
from softeq_sklearn.nn import ResidualPathwayNetwork, SoftEquivariantNetwork


class ResidualPathwayRegressor(RegressionTargetsMixin, BaseEquivariantEstimator):
    r"""Regression with an equivariant network that has a residual beside every linear layer (RPP).

    Each weight is :math:`W = W_G + W_r` with :math:`W_G` in the equivariant subspace of the group
    and a residual :math:`W_r` that starts at zero. A Gaussian prior on the residual, the term
    :math:`\tfrac12 s |W_r|^2` of the loss, says how far the function may be from the symmetry
    (Finzi, Benton, Wilson, NeurIPS 2021, section 4). With `relax_to` the residual itself keeps a
    second, smaller group (MixedRPP, Kim et al., ICML 2023).

    Parameters
    ----------
    group : Group or None, default=None
        The symmetry; None makes a plain multilayer perceptron.
    rep_in : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of X, in their order; None means that all are scalars.
    rep_out : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of y; None means that all are scalars.
    relax_to : Group or None, default=None
        Group that the residual keeps, usually a part of `group`; None lets it break every symmetry.
    residual_strength : float, default=1.0
        Strength s of the prior: factor of half the squared norm of the residual in the loss.
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
    weight_decay : float, default=1e-5
        Factor of half the squared norm of all other parameters in the loss.
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
        kept.
    early_stopping : bool, default=False
        Whether to stop when the validation loss has not improved for a fifth of `max_epochs`, at
        least 10 epochs.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit.
    device : str, default="auto"
        Torch device; "auto" takes a CUDA device where there is one. "accelerate" shares the rows of
        each batch among the processes that accelerate has started, each with a device of its own.
    compile : bool or {"default", "reduce-overhead", "max-autotune"}, default=False
        Whether training runs compiled, or the mode of :func:`torch.compile` for it. Compiling takes
        about a minute in each fit (minutes with members), and makes epochs a tenth to a fifth
        shorter. It pays from thousands of epochs on, with members hardly ever. If torch cannot
        compile, training goes on without it, with a warning.
    callbacks : list of skorch callbacks or None, default=None
        Further callbacks of the skorch net, which uses these objects themselves, as skorch does.
    checkpoint : str, Path or None, default=None
        Folder, made if it is not there, in which `fit` keeps its state every half minute, in a file
        named after data and parameters. If the process is killed and the same fit is begun anew, it
        goes on from there and ends with the same result. A fit that has finished deletes its file.
    on_interrupt : {"keep", "raise"}, default="keep"
        What Control-C does once an epoch of the training has ended: "keep" leaves the best weights
        so far and warns (:class:`~softeq_sklearn.exceptions.FitInterruptedWarning`); "raise" raises
        KeyboardInterrupt, which also ends a search, and leaves the estimator as it was. Earlier,
        and in `partial_fit`, it always raises.
    random_state : int, RandomState instance or None, default=None
        Governs the split, the initial weights and the order of the rows.
    verbose : int, default=0
        1 shows a line of progress.

    Attributes
    ----------
    history_ : skorch.history.History
        Losses of each epoch, on scaled targets.
    interrupted_ : bool
        Whether Control-C ended the fit, and what it had so far was kept.
    net_ : PenalizedNet
        The skorch net, which works on scaled columns.
    module_ : ResidualPathwayNetwork
        Its torch module.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, if it was a data frame with string names.

    See Also
    --------
    EquivariantRegressor : Without the residual.
    SoftEquivariantRegressor : Several symmetries, whose strengths are tuned.

    Examples
    --------
    >>> import numpy as np
    >>> from softeq_sklearn import ResidualPathwayRegressor
    >>> from softeq_sklearn.groups import SO
    >>> X = np.random.RandomState(0).randn(200, 3)
    >>> y = (X**2).sum(axis=1) + 0.3 * X[:, 2]
    >>> model = ResidualPathwayRegressor(
    ...     SO(3),
    ...     rep_in="Vector",
    ...     residual_strength=1e-3,
    ...     hidden_channels=32,
    ...     max_epochs=60,
    ...     random_state=0,
    ... )
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    _parameter_constraints = {
        **BaseEquivariantEstimator._parameter_constraints,
        "group": [Group, None],
        "relax_to": [Group, None],
        "residual_strength": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        group=None,
        rep_in=None,
        rep_out=None,
        *,
        relax_to=None,
        residual_strength=1.0,
        hidden_channels=128,
        n_hidden_layers=3,
        architecture="factored",
        scale_columns=True,
        weight_decay=1e-5,
        learning_rate=0.01,
        max_gradient_norm=0.3,
        max_epochs=200,
        batch_size="auto",
        validation_fraction=0.1,
        early_stopping=False,
        warm_start=False,
        device="auto",
        compile=False,
        callbacks=None,
        checkpoint=None,
        on_interrupt="keep",
        random_state=None,
        verbose=0,
    ):
        self.group = group
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.relax_to = relax_to
        self.residual_strength = residual_strength
        self.hidden_channels = hidden_channels
        self.n_hidden_layers = n_hidden_layers
        self.architecture = architecture
        self.scale_columns = scale_columns
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.max_gradient_norm = max_gradient_norm
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.warm_start = warm_start
        self.device = device
        self.compile = compile
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.on_interrupt = on_interrupt
        self.random_state = random_state
        self.verbose = verbose

    def _candidate_groups(self):
        if self.group is None:
            if self.relax_to is not None:
                raise ValueError(f"relax_to needs a group to relax. Got {self.relax_to!r} alone.")
            return {}
        groups = [self.group] if self.relax_to is None else [self.group, self.relax_to]
        return named_groups({repr(group): group for group in groups})

    def _network(self, seed):
        arguments = {"seed": seed, **self._layer_arguments()}
        if self.group is None:
            return SoftEquivariantNetwork, {"dim": self._dim, **arguments}
        return ResidualPathwayNetwork, {
            "group": self.group,
            "relax_to": self.relax_to,
            **arguments,
        }

    def _own_decays(self):
        return [*super()._own_decays(), ("*.residual.*", self.residual_strength)]
