"""A trained net as plain arrays and numbers, which pickles and files hold in its place."""

from __future__ import annotations

import numpy as np
import torch

from softeq_sklearn._warnings import warn_user
from softeq_sklearn.estimators._parameters import device_of
from softeq_sklearn.estimators._training_net import make_net
from softeq_sklearn.nn import TensorNetwork
from softeq_sklearn.regularizers._function import FunctionPenalty

_N_SEEDS = 7


def plain_net(net, continues):
    """Return what a net is made of, without torch.

    Parameters
    ----------
    net : PenalizedNet
        Trained.
    continues : bool
        Whether the next epoch goes on with its optimizer and the order of its rows, as between two
        calls of `partial_fit`.

    Returns
    -------
    dict or None
        Weights as arrays, history, strengths, and how training goes on. None for a module of the
        user's own, of which nothing is known, and for penalties of the function, which have rows
        and elements of their own.
    """
    penalty = getattr(net, "penalty_", None)
    if not isinstance(net.module_, TensorNetwork) or isinstance(penalty, FunctionPenalty):
        return None
    made_of = {
        "weights": plain(dict(net.module_.state_dict())),
        "history": plain(list(net.history)),
    }
    if penalty is not None:
        made_of["strengths"] = plain(penalty.strengths)
    if continues:
        made_of["optimizer"] = plain(net.optimizer_.state_dict()["state"])
        made_of["order"] = net.iterator_train__random_state
    return made_of


def net_from(estimator, made_of):
    """Build the net of an estimator again.

    Parameters
    ----------
    estimator : BaseEquivariantEstimator
        With all attributes of its fit but the net.
    made_of : dict
        What :func:`plain_net` has returned.

    Returns
    -------
    PenalizedNet

    Warns
    -----
    UserWarning
        If the device of the estimator is not there; the net is then on the CPU.
    """
    fitted, rows = estimator._as_fitted(), torch.zeros(1, len(estimator._scale_in.offset))
    net = make_net(fitted, rows, 0, [0] * _N_SEEDS, None, one_epoch=True, device=_device(estimator))
    weights = tensors(made_of["weights"])
    name, parameter = next(net.module_.named_parameters())
    if weights[name].dtype != parameter.dtype:  # a user has turned the module to float64
        net.module_.to(weights[name].dtype)
    net.module_.load_state_dict(weights)
    net.history.extend(made_of["history"])
    if "strengths" in made_of:
        net.penalty_.set_strengths(made_of["strengths"])
    if "optimizer" in made_of:
        groups = net.optimizer_.state_dict()["param_groups"]
        state = {i: tensors(values) for i, values in made_of["optimizer"].items()}
        net.optimizer_.load_state_dict({"state": state, "param_groups": groups})
        net.iterator_train__random_state = made_of["order"]
    return net


def _device(estimator):
    try:
        return device_of(estimator.device)
    except (ValueError, ImportError) as error:
        warn_user(f"The network is loaded to the CPU: {error}")
        return "cpu"


def tensors(values):
    """Return a dict with tensors for arrays.

    Parameters
    ----------
    values : dict of str to ndarray
        The arrays.

    Returns
    -------
    dict of str to torch.Tensor
    """
    return {name: torch.as_tensor(value) for name, value in values.items()}


def plain(value):
    """Return the same with arrays for tensors, and numbers of Python for those of numpy.

    Parameters
    ----------
    value : object
        Tensors, arrays, numbers and whatever else, in dicts, lists and tuples.

    Returns
    -------
    object
        Copies of all tensors.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy().copy()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(entry) for entry in value)
    return value
