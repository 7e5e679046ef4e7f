"""The skorch net of an estimator, and a run of its training."""

from __future__ import annotations

import copy
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from skorch.callbacks import GradientNormClipping, LRScheduler

from softeq_sklearn.estimators._bootstrap import bootstrap_weights
from softeq_sklearn.estimators._divergence import StopAtDivergence, check_converged
from softeq_sklearn.estimators._fitted_function import PREDICT_ROWS
from softeq_sklearn.estimators._global_generator import global_generator
from softeq_sklearn.estimators._parameters import callbacks_of, compile_options, device_of
from softeq_sklearn.nn import TensorNetwork
from softeq_sklearn.regularizers import SampledPenalty
from softeq_sklearn.training import (
    BestMembers,
    BestWeights,
    EpochProgress,
    MemberGradientClipping,
    PenalizedNet,
    StrengthPath,
    TensorBatches,
    threads_for,
)
from softeq_sklearn.training._exchange import take_main_weights
from softeq_sklearn.training._stopping import is_ours

# Epochs without improvement of the validation loss after which `early_stopping` stops.
_PATIENCE_SHARE = 0.2


def make_net(estimator, inputs, n_valid, seeds, previous, one_epoch=False, device=None):
    """Build the skorch net of an estimator, with the weights of a previous one if there is one.

    Parameters
    ----------
    estimator : BaseEquivariantEstimator
        With its groups, representations and scaling resolved.
    inputs : torch.Tensor of shape (n_train, n_features)
        Scaled training rows.
    n_valid : int
        Number of rows that are held out.
    seeds : ndarray of int
        Seeds of the fit.
    previous : PenalizedNet or None
        The net to go on from.
    one_epoch : bool, default=False
        Whether it is trained for one epoch at a time, at a constant learning rate.
    device : str or None, default=None
        Torch device; None takes that of the estimator.

    Returns
    -------
    PenalizedNet
        Initialised.
    """
    n_train, n_members = len(inputs), estimator._members
    network, arguments = estimator._network(int(seeds[1]))
    device = device_of(estimator.device) if device is None else device
    callbacks = [StopAtDivergence()]
    if estimator.max_gradient_norm is not None:
        clipping = GradientNormClipping if n_members == 1 else MemberGradientClipping
        callbacks.append(clipping(estimator.max_gradient_norm))
    if not one_epoch:
        callbacks += _fit_callbacks(estimator, estimator._n_steps(n_train), n_valid)
    net = PenalizedNet(
        network,
        estimator._criterion,
        **{f"module__{name}": value for name, value in arguments.items()},
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        optimizer__weight_decay=estimator.weight_decay,
        optimizer__param_groups=[
            (pattern, {"weight_decay": decay, "pattern": pattern})
            for pattern, decay in estimator._own_decays()
        ],
        lr=estimator.learning_rate,
        max_epochs=1 if one_epoch else estimator.max_epochs,
        batch_size=rows_of_a_step(estimator.batch_size, n_train),
        train_split=None,
        iterator_train=TensorBatches,
        iterator_train__shuffle=True,
        iterator_train__device=device,
        iterator_train__weights=(
            None if one_epoch else bootstrap_weights(n_train, n_members, seeds[5])
        ),
        iterator_valid__device=device,
        iterator_valid__weights=None,
        iterator_train__random_state=np.random.RandomState(seeds[2]),
        iterator_valid=TensorBatches,
        iterator_valid__batch_size=PREDICT_ROWS,
        callbacks=[*callbacks, *callbacks_of(estimator.callbacks), StrengthPath()],
        callbacks__print_log=None,
        device=device,
        verbose=0,
        **compile_options(estimator.compile),
        **estimator._net_arguments(inputs, int(seeds[4])),
    ).initialize()
    if previous is not None:
        net.module_.load_state_dict(previous.module_.state_dict())
        net.history = copy.deepcopy(previous.history)
        if one_epoch and hasattr(previous, "penalty_"):  # strengths stay as they were tuned
            net.penalty_.set_strengths(previous.penalty_.strengths)
    return net


def _fit_callbacks(estimator, n_steps, n_valid):
    """Return the callbacks of a whole fit: decay, best weights, what the estimator adds."""
    decay = LRScheduler(
        torch.optim.lr_scheduler.CosineAnnealingLR,
        T_max=n_steps,
        last_epoch=-1,  # a new decay, also after a warm start, whose history is not empty
        step_every="batch",
    )
    callbacks = [decay, *estimator._training_callbacks(n_steps)]
    if n_valid:
        # Without early stopping the patience never ends, and this only restores the best.
        patience = max(10, round(_PATIENCE_SHARE * estimator.max_epochs))
        best = BestWeights if estimator._members == 1 else BestMembers
        callbacks.append(
            best(
                estimator._first_epoch(n_steps),
                patience if estimator.early_stopping else np.inf,
            )
        )
    if estimator.verbose:
        callbacks.append(EpochProgress())
    return callbacks


def rows_of_a_step(batch_size, n_train):
    """Return the rows of a step; "auto" makes ten steps an epoch of 32 to 500 rows each."""
    return int(np.clip(n_train // 10, 32, 500)) if batch_size == "auto" else batch_size


def train_net(net, inputs, targets, seed, processes=None):
    """Train a net for its epochs, after which it knows neither rows nor other processes.

    Parameters
    ----------
    net : PenalizedNet
        The net. Its `interrupted_` says whether the user has ended the training.
    inputs : torch.Tensor of shape (n_train, n_features)
        Scaled rows.
    targets : torch.Tensor of shape (n_train, n_outputs)
        Scaled targets.
    seed : int
        Seed of what a module of the user's own draws.
    processes : accelerate.PartialState or None, default=None
        The processes of the fit; None for one that is alone.

    Raises
    ------
    Divergence
        If no prediction would be a number.
    KeyboardInterrupt
        If the user has ended the training before its first epoch was over.
    """
    n_before = len(net.history)
    net.processes = processes
    if processes is not None:  # its rows of a batch have numbers of their own
        seed += processes.process_index
    try:
        with threads_for(net.batch_size * _width(net.module_)), _drawing(net, seed):
            net.partial_fit(inputs, targets)
        if processes is not None:  # what a module of the user's own keeps of its rows, too
            take_main_weights(net.module_)
    finally:
        net.set_params(train_split=None)
        # `set_params` would make the module anew.
        net.iterator_train__weights = net.iterator_valid__weights = net.processes = None
    if net.interrupted_ and not any(
        "train_loss" in epoch for epoch in list(net.history)[n_before:]
    ):
        raise KeyboardInterrupt
    check_converged(net, n_before)


def random_states(net):
    """Generators of numpy that a training draws from.

    Parameters
    ----------
    net : PenalizedNet
        The net.

    Returns
    -------
    list of RandomState
    """
    penalty = getattr(net, "penalty_", None)
    own = [penalty._random] if isinstance(penalty, SampledPenalty) else []
    return [net.iterator_train__random_state, *own]


def _drawing(net, seed):
    """Seed torch's global generator, and put it back, where something may draw from it.

    Modules of the user's own do, as with dropout, and callbacks may; ours draw from none.
    """
    ours = isinstance(net.module_, TensorNetwork)
    if ours and not any(not is_ours(callback) for _, callback in net.callbacks_):
        return nullcontext()
    return global_generator(seed)


@contextmanager
def unchanged_after_an_error(net):
    """Put a net that is trained in place back to what it was if an error leaves the block.

    Parameters
    ----------
    net : PenalizedNet
        The net.
    """
    weights = copy.deepcopy(net.module_.state_dict())
    optimizer = copy.deepcopy(net.optimizer_.state_dict())
    drawn = [random_state.get_state(legacy=False) for random_state in random_states(net)]
    n_epochs = len(net.history)
    try:
        yield
    except BaseException:
        net.module_.load_state_dict(weights)
        net.optimizer_.load_state_dict(optimizer)
        for random_state, before in zip(random_states(net), drawn, strict=True):
            random_state.set_state(before)
        del net.history[n_epochs:]
        raise


def _width(module):
    """Number of features of a hidden layer, as far as can be told from a user's own module."""
    if isinstance(module, TensorNetwork):
        return module.width
    return max((len(p) for p in module.parameters() if p.ndim), default=1)
