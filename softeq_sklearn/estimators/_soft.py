"""What the soft estimators share: candidates, their strengths, and what is found out about them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import joblib
import numpy as np
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from softeq_sklearn._candidates import named_groups
from softeq_sklearn._columns import checked_rows
from softeq_sklearn.estimators._base import BaseEquivariantEstimator
from softeq_sklearn.estimators._bootstrap import unseen_rows
from softeq_sklearn.estimators._choices import check_choices
from softeq_sklearn.estimators._column_warnings import warn_of_units
from softeq_sklearn.estimators._exact import held_exactly, with_exact_group
from softeq_sklearn.estimators._exploration import explore
from softeq_sklearn.estimators._imposing import further_broken, impose
from softeq_sklearn.estimators._measured_levels import has_subspaces, measured_levels
from softeq_sklearn.estimators._modules import make_module
from softeq_sklearn.estimators._penalties import function_penalty, weight_penalty
from softeq_sklearn.estimators._processes import of_main_process, processes_of
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

_logger = logging.getLogger(__name__)

# With fewer gradient steps of a whole fit an exploration cannot tell which symmetries are broken.
_EXPLORED_STEPS = 400
# Gradient steps that a trial of candidates which keep no lengths needs to tell.
_TRIAL_STEPS = 400
# Factor of the strengths of other candidates in a trial.
_TRIAL_STRENGTH = 0.003


class BaseSoftEquivariantEstimator(BaseEquivariantEstimator):
    """Base of the estimators with one penalty per candidate group."""

    _parameter_constraints = {
        **BaseEquivariantEstimator._parameter_constraints,
        "module": [callable, None],
        "strengths": [Interval(Real, 0, None, closed="left"), Mapping],
        "exact_group": [str, Group, None],
        "regularizer": [StrOptions({"projection", "sampled", "lie"})],
        "penalty": [StrOptions({"squared", "log", "cosine"})],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "tuning": [StrOptions({"auto", "explore", *METHODS}), StrengthTuner],
    }

    # What a fit has found out about its candidates, on which rows, and which it imposed at its end.
    _exploration, _explored_rows, _imposed = None, None, ()

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
        compile=False,
        callbacks=None,
        checkpoint=None,
        on_interrupt="keep",
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
        self.compile = compile
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.on_interrupt = on_interrupt
        self.random_state = random_state
        self.verbose = verbose

    def _mean_and_std(self, X):
        """Mean and standard deviation of the members' values, of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        if self._structure["n_members"] == 1:
            raise ValueError(
                "return_std needs members: fit with n_members of 2 or more, such as 10. "
                f"Got n_members={self._structure['n_members']!r}."
            )
        values = self._member_function()(checked_rows(self, X, [np.float64, np.float32]))
        return values.mean(axis=0), values.std(axis=0, ddof=1)

    def project_to(self, group, softness=0.0, X=None):
        r"""Return a fitted copy with its weights in a group's subspace, or part of the way there.

        Every weight :math:`\theta` becomes :math:`P_G \theta + s \, (\theta - P_G \theta)`, with
        the projector of the penalty (Kim et al. 2023, equation 4). With softness 0 the copy is
        exactly equivariant.

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
        estimator
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
        self._check_structure({repr(group): group}, self._rep_out)
        module = self._fit_parameters["module"]
        if module is not None:
            raise TypeError(f"project_to needs a network of ours. Got module={module!r}.")
        scalings = (self._scale_in, self._rep_in), (self._scale_out, self._rep_out)
        if not all(keeps_symmetry(scale, rep, self._dim, group) for scale, rep in scalings):
            raise ValueError(
                "group must keep the means that were removed from the columns: give it a strength "
                f"among the groups, or set scale_columns=False. Got {group!r}."
            )
        projected = copy.deepcopy(self)
        projected.module_.project(group, softness)
        vars(projected).pop("levels_", None)  # a projected model may have none
        projected._forget()
        if X is not None:
            drawn = copy.deepcopy(check_random_state(self.random_state))  # the same each time
            projected._report(checked_rows(projected, X), drawn)
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

    def _warn_of_columns(self, X, Y, weights):
        super()._warn_of_columns(X, Y, weights)
        warn_of_units(self._groups, X, self._rep_in, self._dim)  # which only levels depend on

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
            **self._layer_arguments(),
            "groups": self._shaping,
            "dim": self._dim,
            "exact": None if self._exact is None else self._groups[self._exact],
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

    def _misspecified(self, X, Y, weights, n_train, seed):
        n_steps = self._n_steps(n_train)
        if not self._explores(n_steps) or self._exact:
            return []
        enough = -(-_TRIAL_STEPS * self.max_epochs // n_steps)
        found = misspecified(
            self,
            self._groups,
            self._strengths,
            X,
            Y,
            weights,
            max_epochs=min(self.max_epochs, enough),
            exploration=_TRIAL_STRENGTH,
            seed=int(seed),
        )
        if found:
            _logger.info("candidates that cost accuracy, left out: %s", found)
        return found

    def _explore(self, X, Y, weights, n_steps, seed, again):
        self._imposed = ()
        if not self._explores(n_steps):
            self._exploration = None
            return
        rows = joblib.hash((X, Y, weights))
        if again and self._exploration is not None and rows == self._explored_rows:
            return
        self._explored_rows = rows
        self._exploration = self._explored(X, Y, weights, n_steps, seed)
        while not again and self._exploration.misspecified and self._shapes_otherwise:
            left_out = sorted({*self._left_out, *self._exploration.misspecified})
            self._set_up(X, Y, weights, keep=False, left_out=left_out)
            self._exploration = self._explored(X, Y, weights, n_steps, seed)

    def _found_so_far(self):
        return {"left out": list(self._left_out), "found": copy.deepcopy(self._exploration)}

    def _forget(self):
        self._exploration, self._explored_rows, self._imposed = None, None, ()

    def _recall(self, findings, X, Y, weights):
        if tuple(findings["left out"]) != self._left_out:
            self._set_up(X, Y, weights, keep=False, left_out=findings["left out"])
        self._imposed, self._exploration = (), findings["found"]
        self._explored_rows = joblib.hash((X, Y, weights))

    def _explored(self, X, Y, weights, n_steps, seed):
        strengths = {name: self._strengths[name] for name in self._penalized}
        found = explore(self, strengths, X, Y, weights, n_steps, seed)
        found = of_main_process(found, processes_of(self.device))
        scores = {name: round(score, 2) for name, score in found.scores.items()}
        _logger.info("scores of the exploration, broken from 3 on: %s", scores)
        return found

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

    def _release(self, X, Y, train, valid, seeds):
        if self._exploration is None or not self._tests_at_the_end(len(X)):
            return False
        unseen = unseen_rows(len(X), train, self.n_members, seeds[0])
        further = further_broken(self, X, Y, unseen, int(seeds[1]))
        self._exploration.release(further)
        if further:
            _logger.info("found broken by the trained members, trained again: %s", further)
        return bool(further)

    def _impose(self, X, Y, valid):
        self._imposed = of_main_process(impose(self, X, Y, valid), processes_of(self.device))
        if self._exploration is not None:
            _logger.info("imposed: %s", list(self._imposed))

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
        values = self._member_function()(X)
        return unseen_residuals(values, Y, unseen, skewed=self._skewed_residuals)

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
