"""All that the rest of a training depends on, as plain values."""

from __future__ import annotations

import torch
from skorch.callbacks import LRScheduler, PassthroughScoring

from softeq_sklearn.estimators._plain_net import plain, tensors
from softeq_sklearn.estimators._training_net import random_states
from softeq_sklearn.nn import TensorNetwork


def training_state(net):
    """Return the state of a net at the end of an epoch.

    With it, on the same machine, the epochs that follow are the same to the last bit. Callbacks
    without `training_state` and `restore_training` are not in it.

    Parameters
    ----------
    net : PenalizedNet
        The net.

    Returns
    -------
    dict
        Of arrays and other plain values.
    """
    state = {
        "weights": plain(dict(net.module_.state_dict())),
        "optimizer": plain(net.optimizer_.state_dict()),
        "random states": [r.get_state(legacy=False) for r in random_states(net)],
        "history": plain(list(net.history)),
        "callbacks": {name: plain(_state_of(callback)) for name, callback in net.callbacks_},
        "generators": {name: plain(g.get_state()) for name, g in _generators(net).items()},
    }
    if hasattr(net, "penalty_"):
        state["strengths"] = plain(net.penalty_.strengths)
    return state


def restore_training(net, state):
    """Put a net, whose training has just begun, where another one was.

    Parameters
    ----------
    net : PenalizedNet
        Made and set up as the other one.
    state : dict
        What :func:`training_state` has returned.
    """
    net.module_.load_state_dict(tensors(state["weights"]))
    optimizer = dict(state["optimizer"])
    optimizer["state"] = {i: tensors(values) for i, values in optimizer["state"].items()}
    net.optimizer_.load_state_dict(optimizer)
    for random_state, kept in zip(random_states(net), state["random states"], strict=True):
        random_state.set_state(kept)
    net.history[:] = state["history"]
    if "strengths" in state:
        net.penalty_.set_strengths(state["strengths"])
    for name, callback in net.callbacks_:
        if state["callbacks"].get(name) is not None:
            _restore(callback, state["callbacks"][name], net)
    if net.processes is None or net.processes.is_main_process:  # others draw numbers of their own
        for name, generator in _generators(net).items():
            generator.set_state(torch.as_tensor(state["generators"][name]))


def _state_of(callback):
    """State of a callback, None for one that has none, or whose state nobody knows."""
    if hasattr(callback, "training_state"):
        return callback.training_state()
    if isinstance(callback, PassthroughScoring):
        return {"best_score_": callback.best_score_}
    if isinstance(callback, LRScheduler):
        return {
            "batch_idx_": callback.batch_idx_,
            "scheduler": callback.lr_scheduler_.state_dict(),
        }
    return None


def _restore(callback, state, net):
    if hasattr(callback, "restore_training"):
        callback.restore_training(state, net)
    elif isinstance(callback, LRScheduler):
        callback.batch_idx_ = state["batch_idx_"]
        callback.lr_scheduler_.load_state_dict(state["scheduler"])
    else:
        callback.best_score_ = state["best_score_"]


def _generators(net):
    """Generators of torch that a training draws from, by name."""
    generators = {}
    if not isinstance(net.module_, TensorNetwork):  # a module of the user's own, with dropout
        generators["cpu"] = torch.default_generator
        device = torch.device(net.device)
        if device.type == "cuda":
            index = torch.cuda.current_device() if device.index is None else device.index
            generators["cuda"] = torch.cuda.default_generators[index]
    return generators
