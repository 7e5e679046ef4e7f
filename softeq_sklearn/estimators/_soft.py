"""The main estimator: soft equivariance under several candidate symmetries."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from softeq_sklearn._candidates import named_groups
from softeq_sklearn._columns import checked_rows
from softeq_sklearn.estimators._base import BaseEquivariantRegressor
from softeq_sklearn.estimators._bootstrap import unseen_rows
from softeq_sklearn.estimators._choices import check_choices
from softeq_sklearn.estimators._exact import held_exactly, with_exact_group
from softeq_sklearn.estimators._exploration import explore
from softeq_sklearn.estimators._imposing import further_broken, impose
from softeq_sklearn.estimators._measured_levels import has_subspaces, measured_levels
from softeq_sklearn.estimators._modules import make_module
from softeq_sklearn.estimators._penalties import function_penalty, weight_penalty
from softeq_sklearn.estimators._trials import misspecified
from softeq_sklearn.groups import Group
from softeq_sklearn.levels import unseen_residuals
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import SoftEquivariantNetwork, stack_members
from softeq_sklearn.preprocessing._column_scaling import keeps_symmetry
from softeq_sklearn.regularizers import named_strengths
from softeq_sklearn.regularizers._strengths import mean_strength
from softeq_sklearn.training import StrengthTuner
from softeq_sklearn.training._strength_path import strength_path
from softeq_sklearn.training._strength_tuner import METHODS

# With fewer gradient steps of a whole fit an exploration cannot tell which symmetries are broken.
_EXPLORED_STEPS = 400
# Gradient steps that a trial of candidates which keep no lengths needs to tell.
_TRIAL_STEPS = 400
# Factor of the strengths of other candidates in a trial.
_TRIAL_STRENGTH = 0.003


class SoftEquivariantRegressor(BaseEquivariantRegressor):
    r"""Regression with a network that is softly equivariant under several candidate groups.

    The loss is the mean squared error of targets scaled to unit variance, plus one penalty per
    group,

    .. math:: \text{MSE} + \sum_G \lambda_G R_G + \tfrac12 w |\theta|^2,

    where :math:`R_G` is half the squared distance of all weights and biases to the equivariant
    subspace of G. The strengths :math:`\lambda_G` are set by tests before training or tuned during
    it (`tuning`), so that symmetries that the data break lose their strength (PER, Kim et al., ICML
    2023, sections 3 and 4).

    Parameters
    ----------
    groups : sequence of Group or mapping of str to Group, default=()
        Candidate symmetries, all acting on a space of the same dimension. A sequence is named by
        the groups' reprs. With none, this is a plain multilayer perceptron.
    rep_in : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of X, in their order, such as
        ``5*Scalar + 5*Vector``; None means that all are scalars. Do not scale the columns of a
        Vector one by one before: that breaks symmetries; columns are scaled inside.
    rep_out : Rep, ColumnSchema, str or None, default=None
        Representation of the columns of y; None means that all are scalars.
    module : torch.nn.Module, callable or None, default=None
        Your own network in the place of ours: a module, of which a copy is trained, or what makes
        one from the numbers of columns in and out. It maps rows of scaled columns to rows. Without
        :class:`~softeq_sklearn.nn.SoftLinear` layers it needs `regularizer` "sampled" or "lie".
        The parameters on hidden layers are then not used.
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
    exact_group : str, Group or None, default=None
        A group that is not soft: the linear layers cannot leave its equivariant subspace, as in
        :class:`EquivariantRegressor`, while all other candidates keep their penalties. The name of
        a candidate, or a group on the same space, which joins the candidates. It has no penalty,
        and neither has a candidate that it contains; their strength is reported as infinite.
    regularizer : {"projection", "sampled", "lie"}, default="projection"
        What R_G is: "projection" the distance of the weights to the equivariant subspaces;
        "sampled" the mean squared error of equivariance under sampled elements
        (:class:`~softeq_sklearn.regularizers.SampledPenalty`); "lie" that of the Lie derivative
        along each generator (:class:`~softeq_sklearn.regularizers.LiePenalty`). The last two look
        at the function alone, so that any module will do; the fitted estimator keeps 256 training
        rows for them.
    penalty : {"squared", "log", "cosine"}, default="squared"
        Distance to the equivariant subspaces: half its square, the logarithm of its square, or
        one minus the cosine (:class:`~softeq_sklearn.regularizers.DistancePenalty`). The logarithm
        is steep near the subspaces: begin with `strengths` of 0.01.
    tuning : {"auto", "explore", "ratio", "evidence", "dual", "fixed"} or StrengthTuner, \
            default="auto"
        How strengths are set. "explore" trains members with full strengths, then with weak ones,
        and tests on rows that they have not seen which groups are broken; only those lose their
        strength, and the others are imposed at the end. "ratio" is the rule of the paper,
        "evidence" takes strengths as prior precisions, "dual" as multipliers of constraints (see
        :class:`~softeq_sklearn.training.StrengthTuner`); a tuner says when, with which power, and
        whether each layer has strengths of its own. "auto" is "explore" for networks of ours with
        the default penalty and at least 400 gradient steps, else "ratio".
    weight_decay : float, default=1e-5
        Factor of half the squared norm of all weights in the loss.
    learning_rate : float, default=0.01
        Learning rate of Adam at the start; it falls to 0 along a cosine.
    max_gradient_norm : float or None, default=0.3
        Norm to which longer gradients are cut, since products of features make rare, huge ones;
        None cuts nothing.
    n_members : int, default=1
        Number of networks, trained side by side on bootstrap samples of the training rows from
        different starts. The prediction is their mean; from two on, levels have intervals and
        verdicts. Ten take about twice as long as one, since a fit of one trains the five networks
        of the exploration as well. Strengths are common to all.
    max_epochs : int, default=200
        Number of passes over the training rows. With several members there are as many more if a
        last test finds a symmetry broken that exploration had not.
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
        For each group its strength, penalty (half the squared distance of the weights, whatever
        `penalty` is, or R_G of another `regularizer`) and relative equivariance error on held-out
        rows (training rows where none were held out).
    strengths_ : ndarray of shape (n_groups,)
        Strengths at the end of training, the geometric mean where each layer has its own; infinite
        for groups that `exact_group` imposes.
    strength_path_ : ndarray of shape (n_epochs, n_groups) or (n_epochs, n_groups, n_layers)
        Strengths at the end of each epoch, as long as `history_`; with layers where the tuning is
        per layer. Groups are in the order of ``levels_.name``.
    history_ : skorch.history.History
        Losses of each epoch, on scaled targets.
    net_ : PenalizedNet
        The skorch net, which works on scaled columns.
    module_ : SoftEquivariantNetwork or a copy of `module`
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
        "module": [callable, None],
        "strengths": [Interval(Real, 0, None, closed="left"), Mapping],
        "exact_group": [str, Group, None],
        "regularizer": [StrOptions({"projection", "sampled", "lie"})],
        "penalty": [StrOptions({"squared", "log", "cosine"})],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "tuning": [StrOptions({"auto", "explore", *METHODS}), StrengthTuner],
    }

    # What a fit has found out about its candidates, and which of them it imposed at its end.
    _exploration, _imposed = None, ()

    def __init__(
        self,
        groups: Sequence | Mapping = (),
        rep_in=None,
        rep_out=None,
        *,
        module=None,
        hidden_channels=128,
        n_hidden_layers=3,
        architecture="factored",
        scale_columns=True,
        strengths=1.0,
        exact_group=None,
        regularizer="projection",
        penalty="squared",
        tuning="auto",
        weight_decay=1e-5,
        learning_rate=0.01,
        max_gradient_norm=0.3,
        n_members=1,
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
        self.module = module
        self.hidden_channels = hidden_channels
        self.n_hidden_layers = n_hidden_layers
        self.architecture = architecture
        self.scale_columns = scale_columns
        self.strengths = strengths
        self.exact_group = exact_group
        self.regularizer = regularizer
        self.penalty = penalty
        self.tuning = tuning
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.max_gradient_norm = max_gradient_norm
        self.n_members = n_members
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.warm_start = warm_start
        self.device = device
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def predict(self, X, return_std=False):
        """Predict targets, the mean over members.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, with the columns in the order of `rep_in`, or a frame with those of a schema.
        return_std : bool, default=False
            Whether to return the standard deviation over members, too: how much the prediction
            depends on the training rows and the start. It does not contain the noise of the
            targets.

        Returns
        -------
        y_mean : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions in float64, one-dimensional if y was.
        y_std : ndarray of the same shape
            Standard deviations; only if `return_std`.

        Raises
        ------
        ValueError
            If `return_std` is set and there is a single member.
        """
        if not return_std:
            return super().predict(X)
        check_is_fitted(self)
        if self._structure["n_members"] == 1:
            raise ValueError(
                "return_std needs members: fit with n_members of 2 or more, such as 10. "
                f"Got n_members={self._structure['n_members']!r}."
            )
        values = self._member_function()(checked_rows(self, X, [np.float64, np.float32]))
        mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
        return (mean.ravel(), std.ravel()) if self._one_dimensional else (mean, std)

    def project_to(self, group, softness=0.0, X=None):
        r"""Return a fitted copy with its weights in a group's subspace, or part of the way there.

        Every weight :math:`\theta` becomes :math:`P_G \theta + s \, (\theta - P_G \theta)`. With
        softness 0 the copy is exactly equivariant.

        Parameters
        ----------
        group : str or Group
            Name of a candidate, or a group that acts on the same space.
        softness : float, default=0.0
            The factor s, in [0, 1]; 1 changes nothing.
        X : array-like of shape (n_samples, n_features) or None, default=None
            Rows to measure the levels of the copy on; without rows it has none.

        Returns
        -------
        SoftEquivariantRegressor
            The copy.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If there is no candidate of this name, the softness is out of range, or the network or
            the scaling of the columns has parts that do not keep the group.
        TypeError
            If the network is not ours.

        Examples
        --------
        >>> import numpy as np
        >>> from softeq_sklearn import SoftEquivariantRegressor
        >>> from softeq_sklearn.groups import SO
        >>> X = np.random.RandomState(0).randn(200, 3)
        >>> y = (X**2).sum(axis=1) + 0.3 * X[:, 2]
        >>> model = SoftEquivariantRegressor(
        ...     {"rotations": SO(3)},
        ...     rep_in="Vector",
        ...     hidden_channels=32,
        ...     max_epochs=20,
        ...     random_state=0,
        ... )
        >>> exact = model.fit(X, y).project_to("rotations", X=X)
        >>> bool(exact.levels_.error[0] < 1e-5)
        True
        """
        check_is_fitted(self)
        group = self._group_named(group)
        check_scalar(
            softness, "softness", Real, min_val=0.0, max_val=1.0, include_boundaries="both"
        )
        if np.isnan(softness):  # which no comparison finds out of range
            raise ValueError(f"softness must be in [0, 1]. Got {softness!r}.")
        if self.module is not None:
            raise TypeError(f"project_to needs a network of ours. Got module={self.module!r}.")
        scalings = (self._scale_in, self._rep_in), (self._scale_out, self._rep_out)
        if not all(keeps_symmetry(scale, rep, self._dim, group) for scale, rep in scalings):
            raise ValueError(
                "group must keep the means that were removed from the columns: give it a strength "
                f"among the groups, or set scale_columns=False. Got {group!r}."
            )
        projected = copy.deepcopy(self)
        projected.module_.project(group, softness)
        vars(projected).pop("levels_", None)  # a projected model may have none
        projected._exploration, projected._imposed = None, ()  # which were of another function
        if X is not None:
            projected._report(checked_rows(projected, X), check_random_state(self.random_state))
        return projected

    def _group_named(self, group):
        """Look a candidate up; let groups through that act on the same space."""
        if isinstance(group, Group):
            if group.dim != self._dim:
                raise ValueError(
                    f"group must act on a space of dimension {self._dim}. Got {group!r}."
                )
            return group
        if group not in self._groups:
            raise ValueError(f"group must be one of {list(self._groups)}. Got {group!r}.")
        return self._groups[group]

    def _candidate_groups(self):
        candidates = named_groups(self.groups)
        groups, self._exact = with_exact_group(candidates, self.exact_group)
        self._held = held_exactly(groups, self._exact)
        strengths = named_strengths(self.strengths, candidates)
        weak = dict.fromkeys(self._left_out, 0.0)
        self._strengths = dict.fromkeys(groups, np.inf) | strengths | weak
        return groups

    def _shaping_groups(self, groups):
        return [g for name, g in groups.items() if self._strengths[name] > 0 or name in self._held]

    @property
    def _penalized(self):
        """The groups that have a penalty, by name."""
        return {
            name: group
            for name, group in self._groups.items()
            if self._strengths[name] > 0 and name not in self._held
        }

    @property
    def _members(self):
        return self.n_members

    def _check_choices(self):
        check_choices(self)

    def _network(self, seed):
        if self.module is not None:
            sizes = self._rep_in.dim(self._dim), self._rep_out.dim(self._dim)
            module = make_module(self.module, *sizes, seed)
            if self._penalized and self.regularizer == "projection" and not has_subspaces(module):
                raise ValueError(
                    "regularizer must be 'sampled' or 'lie' for a module without SoftLinear "
                    f"layers. Got {self.regularizer!r} and module={self.module!r}."
                )
            return module, {}
        arguments = {
            "rep_in": self._rep_in,
            "rep_out": self._rep_out,
            "groups": self._shaping,
            "dim": self._dim,
            "exact": None if self._exact is None else self._groups[self._exact],
            "hidden_channels": self._hidden,
            "n_hidden_layers": self.n_hidden_layers,
            "architecture": self.architecture,
        }
        if self.n_members == 1:
            return SoftEquivariantNetwork, {**arguments, "seed": seed}
        seeds = np.random.RandomState(seed).randint(np.iinfo(np.int32).max, size=self.n_members)
        return stack_members([SoftEquivariantNetwork(**arguments, seed=int(s)) for s in seeds]), {}

    def _net_arguments(self, inputs, seed):
        groups = self._penalized
        strengths = {name: self._strengths[name] for name in groups}
        if self._exploration is not None:
            strengths = self._exploration.strengths(strengths)
        return {
            "groups": groups,
            "strengths": strengths,
            "penalty": self._penalty_of(groups, inputs, seed),
        }

    def _penalty_of(self, groups, inputs, seed):
        if self.regularizer == "projection":
            return weight_penalty(self.penalty)
        columns = self._rep_in, self._rep_out, self._scale_in, self._scale_out
        return function_penalty(self.regularizer, groups, *columns, inputs, seed)

    def _tuner(self, n_steps):
        """The callback that sets the strengths, None where there is nothing to tune."""
        if isinstance(self.tuning, StrengthTuner):
            tuner = copy.deepcopy(self.tuning)  # what it records belongs to the fit
        elif self._explores(n_steps):
            return None
        elif self.tuning == "auto":
            tuner = StrengthTuner("ratio")
        else:
            tuner = StrengthTuner(self.tuning)
        # A ratio compares groups.
        n_least = 1 if tuner.method in ("evidence", "dual") else 2
        tuned = tuner.method != "fixed" and len(self._penalized) >= n_least
        return tuner if tuned else None

    def _misspecified(self, X, Y, n_train, seed):
        n_steps = self._n_steps(n_train)
        if not self._explores(n_steps) or self._exact:
            return []
        enough = -(-_TRIAL_STEPS * self.max_epochs // n_steps)
        return misspecified(
            self,
            self._groups,
            self._strengths,
            X,
            Y,
            max_epochs=min(self.max_epochs, enough),
            exploration=_TRIAL_STRENGTH,
            seed=int(seed),
        )

    def _explore(self, X, Y, n_steps, seed, again):
        self._imposed = ()
        if not self._explores(n_steps):
            self._exploration = None
        elif not again or self._exploration is None:
            self._exploration = self._explored(X, Y, n_steps, seed)
            while not again and self._exploration.misspecified and self._shapes_otherwise:
                left_out = sorted({*self._left_out, *self._exploration.misspecified})
                self._set_up(X, Y, keep=False, left_out=left_out)
                self._exploration = self._explored(X, Y, n_steps, seed)

    def _explored(self, X, Y, n_steps, seed):
        strengths = {name: self._strengths[name] for name in self._penalized}
        return explore(self, strengths, X, Y, n_steps, seed)

    @property
    def _shapes_otherwise(self):
        """Whether other candidates than the misspecified ones shape the network."""
        return self._exact is None and bool({*self._penalized} - self._exploration.misspecified)

    def _explores(self, n_steps):
        """Whether a fit of so many gradient steps begins with an exploration."""
        ours = self.module is None and self.architecture == "factored"
        if not ours or not self._penalized:
            return False
        if (self.penalty, self.regularizer) != ("squared", "projection"):
            return False
        enough = n_steps >= _EXPLORED_STEPS
        return self.tuning == "explore" or (self.tuning == "auto" and enough)

    def _tests_at_the_end(self, n_rows):
        """Whether what an exploration has not found broken is tested once more after training."""
        n_held_out = int(self.validation_fraction * n_rows)
        return self._exact is None and self.n_members > 1 and n_held_out > 0

    def _releases(self, X, Y, train, valid, seeds):
        if self._exploration is None or not self._tests_at_the_end(len(X)):
            return False
        unseen = unseen_rows(len(X), train, self.n_members, seeds[0])
        further = further_broken(self, X, Y, unseen, int(seeds[1]))
        self._exploration.release(further)
        return bool(further)

    def _impose(self, X, Y, valid):
        self._imposed = impose(self, X, Y, valid)

    def _training_callbacks(self, n_steps):
        tuner = self._tuner(n_steps)
        return [] if tuner is None else [tuner]

    def _first_epoch(self, n_steps):
        tuner = self._tuner(n_steps)
        if tuner is None:
            return 1
        changes = tuner.epoch(self.max_epochs), tuner.again_after(self.max_epochs)
        return 1 + max(changes)

    def _unseen_residuals(self, X, Y, train, seed):
        if self.n_members == 1:
            return None
        unseen = unseen_rows(len(X), train, self.n_members, seed)
        return unseen_residuals(self._member_function()(X), Y, unseen)

    def _report(self, X, rng, residuals=None):
        names = list(self._groups)
        strengths = dict.fromkeys(self._held, np.inf)
        if self._penalized:
            strengths |= self.net_.penalty_.strengths
        self.strengths_ = np.array([mean_strength(strengths.get(name, 0.0)) for name in names])
        self.strength_path_ = strength_path(self.history_, names)
        self.strength_path_[:, [name in self._held for name in names]] = np.inf
        self.levels_ = measured_levels(self, X, rng, residuals)

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
