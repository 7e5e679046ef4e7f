"""The callback that sets the strength of each group's penalty during training."""

from __future__ import annotations

import copy
from numbers import Real

from skorch.callbacks import Callback

METHODS = ("explore", "ratio", "fixed")
_DEFAULT_START = {"explore": 0.15, "ratio": 0.25}


class StrengthTuner(Callback):
    r"""Tune strengths from the penalties seen while all of them are equal.

    With method "ratio" (PER, Kim et al. 2023, section 4.2), at the end of the epoch that completes
    the share `start` of training,

    .. math:: \lambda_G \leftarrow \lambda_G / (R_G / \min_H R_H)^{power},

    where R is the lowest penalty seen in the second half of the epochs until then. (The reference
    takes the lowest of all; our networks start inside the shared subspace, where every penalty is
    zero, so that the first epochs say nothing.) A symmetry that the data break needs weights
    outside its subspace, has a large R and loses its strength; one that holds keeps it.

    With method "explore" all strengths are multiplied by `exploration` until then, the rule
    compares :math:`R_G / n_G`, where :math:`n_G` is the number of constraints of the group on the
    weights, and training begins anew from the first weights, with the strengths that were set. A
    broken symmetry is only found if breaking it lowers the loss by more than the penalty of the
    weights that this takes, hence the weak strengths; and a group with few constraints, such as
    translations, which concern only what reads the mean of the Points, has a small R whether it
    holds or not, hence the number.

    Parameters
    ----------
    method : {"explore", "ratio", "fixed"}, default="explore"
        "fixed" leaves the strengths as they are.
    start : float or None, default=None
        Share of the epochs after which strengths are set, in (0, 1); None is 0.15 for "explore" and
        0.25, as in the paper, for "ratio".
    power : float, default=2.0
        Exponent of the ratio, at least 0.
    exploration : float, default=0.003
        Factor of all strengths before they are set, in (0, 1]; used by "explore".

    Attributes
    ----------
    penalties_ : list of dict
        Penalty R_G of each group after each epoch watched.

    Examples
    --------
    >>> from softeq_sklearn.training import StrengthTuner
    >>> StrengthTuner("ratio", power=5).epoch(200)
    50
    """

    def __init__(self, method="explore", *, start=None, power=2.0, exploration=0.003):
        self.method = method
        self.start = start
        self.power = power
        self.exploration = exploration

    def __repr__(self) -> str:
        parameters = {"method": self.method, "start": self.start, "power": self.power}
        if self.method == "explore":
            parameters["exploration"] = self.exploration
        return f"StrengthTuner({', '.join(f'{k}={v!r}' for k, v in parameters.items())})"

    def check(self):
        """Raise an error for parameters that are out of range."""
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}. Got {self.method!r} instead.")
        start = 0.5 if self.start is None else self.start
        if not isinstance(start, Real) or not 0 < start < 1:
            raise ValueError(f"start must be in the open interval (0, 1). Got {self.start!r}.")
        if not isinstance(self.power, Real) or not self.power >= 0:
            raise ValueError(f"power must be at least 0. Got {self.power!r} instead.")
        if not isinstance(self.exploration, Real) or not 0 < self.exploration <= 1:
            raise ValueError(
                f"exploration must be in the interval (0, 1]. Got {self.exploration!r}."
            )

    def epoch(self, max_epochs):
        """Epoch, counted from 1, at whose end strengths are set; at least 1."""
        start = _DEFAULT_START.get(self.method, 0.0) if self.start is None else self.start
        return max(1, round(start * max_epochs))

    def on_train_begin(self, net, **kwargs):
        """Check the parameters and forget what was seen in an earlier training."""
        self.check()
        if not hasattr(net, "penalty_"):
            raise ValueError("net must have a penalty_, as PenalizedNet with groups has. Got none.")
        self.penalties_ = []
        self._epoch = 0
        self._strengths = dict(net.penalty_.strengths)
        self._explores = self.method == "explore" and self.epoch(net.max_epochs) < net.max_epochs
        if self._explores:
            self._start_weights = copy.deepcopy(net.module_.state_dict())
            net.penalty_.set_strengths(
                {name: self.exploration * value for name, value in self._strengths.items()}
            )

    def on_epoch_end(self, net, **kwargs):
        """Record the penalties; set the strengths once, when the time has come."""
        self._epoch += 1
        when = self.epoch(net.max_epochs)
        if self.method == "fixed" or self._epoch > when or 2 * self._epoch < when:
            return
        self.penalties_.append(net.penalty_.values(net.module_))
        if self._epoch == when:
            seen = self.penalties_
            if self.method == "explore":
                seen = [per_constraint(values, net.penalty_.n_constraints) for values in seen]
            if self._explores:
                self._start_again(net)
            net.penalty_.set_strengths(ratio_strengths(self._strengths, seen, self.power))

    def _start_again(self, net):
        """Forget the weights of the exploration, and what the optimizer knows of them."""
        net.module_.load_state_dict(self._start_weights)
        net.optimizer_.state.clear()
        del self._start_weights


def ratio_strengths(strengths, penalties, power):
    """Strengths divided by the ratio of each group's lowest penalty to the smallest of them.

    Groups whose strength or penalty is zero are left out and keep their strength.

    Parameters
    ----------
    strengths : dict of str to float
        Present strengths.
    penalties : list of dict of str to float
        Penalties seen.
    power : float
        Exponent of the ratio.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> ratio_strengths({"a": 8.0, "b": 8.0}, [{"a": 1.0, "b": 2.0}, {"a": 1.5, "b": 3.0}], 2)
    {'a': 8.0, 'b': 2.0}
    """
    lowest = {name: min(p[name] for p in penalties) for name in strengths}
    # A strength of zero is a choice, and a penalty of zero means that the group constrains nothing.
    compared = [name for name, value in strengths.items() if value > 0 and lowest[name] > 0]
    smallest = min((lowest[name] for name in compared), default=1.0)
    return {
        name: value / (lowest[name] / smallest) ** power if name in compared else value
        for name, value in strengths.items()
    }


def per_constraint(penalties, n_constraints):
    """Penalties over the number of constraints, 0 for a group without any.

    Parameters
    ----------
    penalties : dict of str to float
        Penalty of each group.
    n_constraints : dict of str to int
        Number of constraints of each group.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> per_constraint({"a": 1.0, "b": 2.0}, {"a": 10, "b": 100})
    {'a': 0.1, 'b': 0.02}
    """
    return {name: value / max(n_constraints[name], 1) for name, value in penalties.items()}
