"""What the estimators share, and what each of them says of itself."""

from __future__ import annotations

import os
from numbers import Integral, Real

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from softeq_sklearn._columns import REPRESENTATION, schema_of, select_columns
from softeq_sklearn.estimators._fit_tasks import CallbackSupportMixin
from softeq_sklearn.estimators._fitted_function import member_function
from softeq_sklearn.estimators._fitting import FittingMixin
from softeq_sklearn.estimators._saving import SavingMixin
from softeq_sklearn.representations import Rep
from softeq_sklearn.training import RowLoss

# What the reference adds to the loss for the free term of its nonlinearity, w^2, as a decay.
_FREE_TERM_DECAY = 2.0


class BaseEquivariantEstimator(FittingMixin, SavingMixin, CallbackSupportMixin, BaseEstimator):
    """Base of the estimators that train a network on columns with representations.

    A subclass says which groups there are, how its network is made, and what it reports after
    training; a mixin says what targets are, and predicts them. The rest is the same for all, the
    steps of a fit in :class:`FittingMixin`.
    """

    _parameter_constraints: dict = {
        "rep_in": REPRESENTATION,
        "rep_out": REPRESENTATION,
        "hidden_channels": [Interval(Integral, 1, None, closed="left"), Rep, str],
        "n_hidden_layers": [Interval(Integral, 0, None, closed="left")],
        "architecture": [StrOptions({"factored", "emlp"})],
        "scale_columns": ["boolean"],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_gradient_norm": [Interval(Real, 0, None, closed="neither"), None],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "early_stopping": ["boolean"],
        "warm_start": ["boolean"],
        "device": [str],
        "compile": ["boolean", StrOptions({"default", "reduce-overhead", "max-autotune"})],
        "callbacks": [list, tuple, None],
        "checkpoint": [str, os.PathLike, None],
        "on_interrupt": [StrOptions({"keep", "raise"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # What a mixin gives --------------------------------------------------------------------

    _criterion: type[RowLoss]
    _each_target: str | None  # what `rep_out` has a column for, if not for columns of y
    _skewed_residuals: bool  # whether what is missed of targets is far from symmetric around 0

    def _rows_that_count(self, X, y, sample_weight, reset):
        """Return rows and targets as float64 arrays of two axes, and weights, after all checks."""
        raise NotImplementedError

    def _check_structure(self, groups, rep_out):
        """Raise an error for groups and representations that targets of the kind cannot have."""

    def _target_scaling(self, Y, rep_out, weights):
        """Return how targets are scaled for training."""
        raise NotImplementedError

    def _values(self, outputs):
        """Return values in the user's units from outputs of the network, scaled back."""
        raise NotImplementedError

    # What a subclass gives -----------------------------------------------------------------

    def _candidate_groups(self):
        """Return the groups that the network is built for, a dict from name to Group."""
        raise NotImplementedError

    def _shaping_groups(self, groups):
        """Return those groups that the start of the network and the scaling respect, a list."""
        return list(groups.values())

    def _network(self, seed):
        """Return the network class and its arguments, or a network and none."""
        raise NotImplementedError

    def _layer_arguments(self):
        """Arguments that all networks of ours take."""
        return {
            "rep_in": self._rep_in,
            "rep_out": self._rep_out,
            "hidden_channels": self._hidden,
            "n_hidden_layers": self.n_hidden_layers,
            "architecture": self.architecture,
        }

    def _check_choices(self):
        """Raise an error for choices that do not go together."""

    def _own_decays(self):
        """Return pairs (pattern of parameter names, weight decay) that differ from the rest."""
        return [("*.free", _FREE_TERM_DECAY)]

    def _net_arguments(self, inputs, seed):
        """Return further arguments of the skorch net, given scaled training rows and a seed."""
        return {}

    def _training_callbacks(self, n_steps):
        """Return further callbacks of a whole fit of so many gradient steps."""
        return []

    def _misspecified(self, X, Y, weights, n_train, seed):
        """Return the names of candidates that should not shape the network of a whole fit."""
        return []

    def _explore(self, X, Y, weights, n_steps, seed, again):
        """Look at the data before a whole fit of so many gradient steps, the first one or not."""

    def _found_so_far(self):
        """What has been found out so far, for a checkpoint."""
        return {}

    def _forget(self):
        """Forget what was found out about a function that training has changed since."""

    def _recall(self, findings, X, Y, weights):
        """Take over what `_found_so_far` has returned."""

    def _release(self, X, Y, train, valid, seeds):
        """Return whether strengths of the trained network were weakened, so that it must go on."""
        return False

    def _impose(self, X, Y, valid):
        """Change the trained network, given all rows, of which some were held out."""

    def _first_epoch(self, n_steps):
        """Return the first epoch, counted from 1, whose weights may be kept."""
        return 1

    def _report(self, X, rng, residuals=None):
        """Set what the subclass reports, from rows that training has not seen, if there are any.

        `residuals` are those of rows that members have not seen, where they are known.
        """

    def _unseen_residuals(self, X, Y, train, seed):
        """Return these residuals, given all rows of a fit, of which some are for training."""
        return None

    @property
    def _members(self):
        """Number of networks that are trained side by side."""
        return 1

    # scikit-learn's interface --------------------------------------------------------------

    @property
    def module_(self):
        """The torch module of `net_`."""
        return self.net_.module_

    @property
    def history_(self):
        """The history of `net_`."""
        return self.net_.history

    def __sklearn_is_fitted__(self):
        # Checking the data sets attributes too, long before there is a network.
        return hasattr(self, "net_")

    # Predicting ----------------------------------------------------------------------------

    def _targets_of(self, y):
        """The targets as scorers compare them with predictions."""
        return select_columns(schema_of(self.rep_out), y, "y")

    def _function(self):
        """Return the fitted function of rows in the user's units, the mean over members."""
        members = self._member_function()

        def function(X):
            return members(X).mean(axis=0)

        return function

    def _member_function(self, module=None):
        """Return the functions of all members; of the fitted module, or another in its place."""
        module = self.module_ if module is None else module
        outputs = member_function(module, self._scale_in, self._scale_out, self._members)

        def members(X):
            return self._values(outputs(X))

        return members
