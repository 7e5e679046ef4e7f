"""The callback that sets the strength of each group's penalty during training."""

from __future__ import annotations

import copy
from numbers import Real

import numpy as np
from skorch.callbacks import Callback

from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.training._dual_rule import multiplier_step, relative_distances
from softeq_sklearn.training._evidence_rule import EvidenceRule
from softeq_sklearn.training._ratio_rule import ratio_strengths

METHODS = ("ratio", "evidence", "dual", "fixed")
_DEFAULT_START = {"ratio": 0.25, "evidence": 0.15, "dual": 0.15}
# Methods that need what only the squared distance of weights has.
_OF_WEIGHTS = ("evidence", "dual")


class StrengthTuner(Callback):
    r"""Tune strengths from the penalties seen in training.

    With method "ratio" (PER, Kim et al. 2023, section 4.2), at the end of the epoch that completes
    the share `start` of training,

    .. math:: \lambda_G \leftarrow \lambda_G / (R_G / \min_H R_H)^{power},

    where R is the lowest penalty seen in the second half of the epochs until then. (The reference
    takes the lowest of all; our networks start inside the shared subspace, where every penalty is
    zero, so that the first epochs say nothing.) A symmetry that the data break needs weights
    outside its subspace, has a large R and loses its strength; one that holds keeps it.

    With method "evidence" all strengths are multiplied by `exploration` until then; at the end of
    each epoch from then on strengths move towards those of the largest evidence, where
    :math:`R_G` is half the squared norm under a Gaussian prior of precision
    :math:`\alpha_G = N m \lambda_G / (2 \sigma^2)`, for N rows of m targets,

    .. math:: \alpha_G \leftarrow \gamma_G / (2 R_G), \quad
        \gamma_G = \alpha_G \operatorname{tr}[(\Lambda^+ - (H + \Lambda)^{-1})(I - P_G)], \quad
        \Lambda = \sum_K \alpha_K (I - P_K)

    (MacKay 1992; for layers and symmetries of networks Immer et al. 2021, arXiv 2104.04975, and van
    der Ouderaa et al. 2023, arXiv 2310.06131). :math:`\gamma_G` is the number of weights outside
    the subspace that the data determine, which is far smaller than that of all; H is the
    Gauss-Newton matrix of the residuals over :math:`\sigma^2`, estimated by one random gradient an
    epoch, of which the last ten count, for each block of weights and each eigenvector of
    :math:`\Lambda`. Groups that overlap share the precision of their common weights.
    :math:`\sigma^2` is the mean squared residual of held-out rows, since a network this large fits
    the noise of its training rows; without held-out rows, that of the training rows over the share
    of numbers that are left to the noise, which is too small. R_G is that of the mean of the
    weights over about ten epochs, since the steps of the optimizer shake them out of every
    subspace. After twice the share `start` training begins anew with the strengths found, if
    `again` is true, and strengths rest until the network has had the same share of the epochs to
    leave the shared subspace, where every penalty is zero and every precision infinite.

    With method "dual" strengths are multipliers of the constraints that each group's relative
    distance :math:`\rho_G` (the mean square of what lies outside the subspace, per constraint, over
    the mean square of all constrained weights) is at most `slack`. Plain dual ascent grows the
    multiplier of a broken symmetry until it is enforced; here the slack is relaxed at a price, as
    in resilient learning (Hounie et al. 2023, arXiv 2306.02426), and at the end of each epoch from
    `start`

    .. math:: \lambda_G \leftarrow \lambda_G + rate \cdot price \cdot
        (\rho_G - slack - \lambda_G / price).

    Note the sign: a multiplier says what a constraint costs. It is zero for a symmetry that holds
    by itself and largest for one that the data break most, the contrary of the other methods.

    Parameters
    ----------
    method : {"ratio", "evidence", "dual", "fixed"}, default="ratio"
        "fixed" leaves the strengths as they are. "evidence" and "dual" need a `ProjectionPenalty`.
    start : float or None, default=None
        Share of the epochs after which strengths are set, in (0, 1); None is 0.25, as in the
        paper, for "ratio", else 0.15.
    power : float, default=2.0
        Exponent of the ratio, at least 0.
    exploration : float, default=0.003
        Factor of all strengths before they are set, in (0, 1]; used by "evidence".
    per_layer : bool, default=False
        Whether each linear layer gets strengths of its own, by the same rule with the figures of
        the layer. Needs a `ProjectionPenalty`.
    again : bool, default=True
        Whether "evidence" begins training anew, where it has more than three times the epochs
        until `start`.
    rate : float, default=0.3
        Share of an update that is made, in (0, 1]: of the logarithm of strengths for "evidence",
        of the way to the relaxed optimum for "dual".
    bounds : tuple of two floats, default=(1e-4, 10.0)
        Least and largest factor of the strengths at the start; used by "evidence" and "dual".
    slack : float, default=1e-3
        Relative distance that "dual" grants to every group, at least 0.
    price : float, default=10.0
        Price of relaxing the slack, more than 0; the larger, the harder constraints are enforced.

    Attributes
    ----------
    penalties_ : list of dict
        Penalty R_G of each group after each epoch watched, or of each group in each layer.
    noise_ : list of float
        Noise variance after each epoch watched, on scaled targets; for "evidence".
    effective_numbers_ : list of dict
        Effective numbers of weights, as `penalties_`; for "evidence".

    Examples
    --------
    >>> from softeq_sklearn.training import StrengthTuner
    >>> StrengthTuner("ratio", power=5).epoch(200)
    50
    """

    def __init__(
        self,
        method="ratio",
        *,
        start=None,
        power=2.0,
        exploration=0.003,
        per_layer=False,
        again=True,
        rate=0.3,
        bounds=(1e-4, 10.0),
        slack=1e-3,
        price=10.0,
    ):
        self.method = method
        self.start = start
        self.power = power
        self.exploration = exploration
        self.per_layer = per_layer
        self.again = again
        self.rate = rate
        self.bounds = bounds
        self.slack = slack
        self.price = price

    def __repr__(self) -> str:
        names = ["method", "start", *_USED.get(self.method, ())]
        if self.per_layer:
            names.append("per_layer")
        return f"StrengthTuner({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def check(self):
        """Raise an error for parameters that are out of range.

        Raises
        ------
        ValueError
            With the parameter, its range and what was received.
        """
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {METHODS}. Got {self.method!r} instead.")
        start = 0.5 if self.start is None else self.start
        if not isinstance(start, Real) or not 0 < start < 1:
            raise ValueError(f"start must be in the open interval (0, 1). Got {start!r}.")
        for name in ("power", "slack"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not value >= 0:
                raise ValueError(f"{name} must be at least 0. Got {value!r} instead.")
        for name in ("exploration", "rate"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 < value <= 1:
                raise ValueError(f"{name} must be in the interval (0, 1]. Got {value!r}.")
        if not isinstance(self.price, Real) or not 0 < self.price < np.inf:
            raise ValueError(f"price must be finite and more than 0. Got {self.price!r}.")
        for name in ("per_layer", "again"):
            value = getattr(self, name)
            if not isinstance(value, (bool, np.bool_)):
                raise ValueError(f"{name} must be a bool. Got {value!r}.")
        _check_bounds(self.bounds)

    @property
    def needs_weights(self) -> bool:
        """Whether the penalty must be the squared distance of weights."""
        return self.method in _OF_WEIGHTS or (self.per_layer and self.method != "fixed")

    def epoch(self, max_epochs):
        """Epoch, counted from 1, at whose end strengths are set (first).

        Parameters
        ----------
        max_epochs : int
            Number of epochs of the training.

        Returns
        -------
        int
            The nearest one to the share `start` of the epochs, at least 1.
        """
        start = _DEFAULT_START.get(self.method, 0.0) if self.start is None else self.start
        return max(1, round(start * max_epochs))

    def again_after(self, max_epochs):
        """Epoch at whose end training begins anew.

        Parameters
        ----------
        max_epochs : int
            Number of epochs of the training.

        Returns
        -------
        int
            Twice the `epoch` at which strengths are set; 0 where training does not begin anew.
        """
        when = self.epoch(max_epochs)
        if self.method == "evidence" and self.again and 3 * when < max_epochs:
            return 2 * when
        return 0

    def on_train_begin(self, net, **kwargs):
        """Check the parameters and forget what was seen in an earlier training.

        Raises
        ------
        ValueError
            If a parameter is out of range, the net has no penalty, or not the one that is needed.
        """
        self.check()
        if not hasattr(net, "penalty_"):
            raise ValueError("net must have a penalty_, as PenalizedNet with groups has. Got none.")
        if self.needs_weights and not isinstance(net.penalty_, ProjectionPenalty):
            raise ValueError(
                f"penalty must be a ProjectionPenalty for {self!r}. Got {net.penalty_!r}."
            )
        self.penalties_, self.noise_, self.effective_numbers_ = [], [], []
        self._epoch = 0
        self._strengths = dict(net.penalty_.strengths)
        self._evidence = None
        later = self.epoch(net.max_epochs) < net.max_epochs
        self._begins_anew = self.again_after(net.max_epochs) > 0
        self._pause = 0
        if self.method == "evidence":
            self._evidence = EvidenceRule(net.penalty_, self.per_layer)
        if self._begins_anew:
            self._start_weights = copy.deepcopy(net.module_.state_dict())
        if self.method == "evidence" and later:
            net.penalty_.set_strengths(_scaled(self._strengths, self.exploration))

    def on_epoch_begin(self, net, **kwargs):
        """Begin the residuals of the epoch."""
        if self._evidence is not None:
            self._evidence.begin_epoch()

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        """Show residuals to the method that estimates the noise."""
        if self._evidence is not None:
            self._evidence.see_batch(batch, y_pred, training)

    def on_epoch_end(self, net, **kwargs):
        """Record the penalties; set the strengths when the time has come."""
        self._epoch += 1
        when = self.epoch(net.max_epochs)
        if self.method == "fixed" or 2 * self._epoch < when:
            return
        if self.method == "evidence":
            self._evidence.see_curvature(net)
            self._evidence.see_weights(net.module_)
        if self.method in _OF_WEIGHTS:
            self.penalties_.append(self._penalties(net))
            if self._epoch >= when + self._pause:
                self._update(net)
            if self._begins_anew and self._epoch == 2 * when:
                self._start_again(net)
        elif self._epoch <= when:
            self.penalties_.append(self._penalties(net))
            if self._epoch == when:
                self._set_once(net)

    def training_state(self):
        """Return what the rest of the training depends on.

        Returns
        -------
        dict
            Of tensors and plain values.
        """
        state = {name: getattr(self, name) for name in _STATE}
        if self._evidence is not None:
            state["evidence"] = self._evidence.training_state()
        return state

    def restore_training(self, state, net):
        """Take over the state of an earlier training.

        Parameters
        ----------
        state : dict
            What `training_state` has returned, perhaps with arrays for tensors.
        net : PenalizedNet
            The net, with the weights of then.
        """
        vars(self).update({name: state[name] for name in _STATE})
        if "evidence" in state:
            self._evidence.restore_training(state["evidence"], net)

    def on_train_end(self, net, **kwargs):
        """Forget the rows and weights that the method needed, which belong to no fitted net."""
        self._evidence = None

    def _penalties(self, net):
        if self.per_layer:
            return net.penalty_.layer_values(net.module_)
        return net.penalty_.values(net.module_)

    def _set_once(self, net):
        """Set strengths by a ratio, once."""
        if self.per_layer:
            strengths = self._layer_ratios(self.penalties_, net.penalty_.n_layers)
        else:
            strengths = ratio_strengths(self._strengths, self.penalties_, self.power)
        net.penalty_.set_strengths(strengths)

    def _layer_ratios(self, seen, n_layers):
        layers = [
            ratio_strengths(
                {name: value[layer] for name, value in _spread(self._strengths, n_layers).items()},
                [{name: float(v[layer]) for name, v in values.items()} for values in seen],
                self.power,
            )
            for layer in range(n_layers)
        ]
        return {name: tuple(layer[name] for layer in layers) for name in self._strengths}

    def _update(self, net):
        """Move all strengths part of the way, within their bounds."""
        n_parts = net.penalty_.n_layers if self.per_layer else 1
        first = _spread(self._strengths, n_parts)
        now = _spread(net.penalty_.strengths, n_parts)
        step = self._evidence_step if self.method == "evidence" else self._dual_step
        moved = step(net, now, first)
        net.penalty_.set_strengths(
            {
                name: tuple(v.tolist()) if self.per_layer else float(v[0])
                for name, v in moved.items()
            }
        )

    def _evidence_step(self, net, now, first):
        targets = self._evidence.targets()
        self.noise_.append(self._evidence.noise)
        self.effective_numbers_.append(self._evidence.numbers)
        low, high = self.bounds
        moved = {}
        for name, target in targets.items():
            # What is neither determined nor there says nothing and stays.
            target = np.where(np.isnan(target), now[name], target)
            target = np.clip(target, low * first[name], high * first[name])
            moved[name] = now[name] ** (1 - self.rate) * target**self.rate
        return moved

    def _dual_step(self, net, now, first):
        distances = relative_distances(net.penalty_, net.module_, self.per_layer)
        low, high = self.bounds
        step = {"slack": self.slack, "price": self.price, "rate": self.rate}
        return {
            name: np.clip(
                multiplier_step(now[name], distances[name], **step),
                low * first[name],
                high * first[name],
            )
            for name in now
        }

    def _start_again(self, net):
        """Forget the weights of the exploration, and what the optimizer knows of them."""
        net.module_.load_state_dict(self._start_weights)
        net.optimizer_.state.clear()
        del self._start_weights
        if self._evidence is not None:
            self._evidence.forget()
            self._pause = self._epoch


_STATE = "_epoch", "_pause", "_strengths", "penalties_", "noise_", "effective_numbers_"
_USED = {
    "ratio": ("power",),
    "evidence": ("exploration", "again", "rate", "bounds"),
    "dual": ("rate", "bounds", "slack", "price"),
}


def _check_bounds(bounds):
    pair = isinstance(bounds, (tuple, list)) and len(bounds) == 2
    if not pair or not all(isinstance(b, Real) for b in bounds) or not 0 < bounds[0] <= bounds[1]:
        raise ValueError(f"bounds must be two numbers with 0 < low <= high. Got {bounds!r}.")
    if not bounds[1] < np.inf:
        raise ValueError(f"bounds must be finite. Got {bounds!r}.")


def _spread(strengths, n_parts):
    """Strengths as arrays of shape (n_parts,)."""
    return {name: np.broadcast_to(np.array(v, float), (n_parts,)) for name, v in strengths.items()}


def _scaled(strengths, factor):
    return {
        name: tuple(factor * v for v in value) if isinstance(value, tuple) else factor * value
        for name, value in strengths.items()
    }
