"""From what users write in a constructor to what training needs; errors name the parameter."""

from __future__ import annotations

from numbers import Integral

import torch
from skorch.callbacks import Callback

from softeq_sklearn.estimators._processes import ACCELERATE, launched
from softeq_sklearn.representations import as_representation


def hidden_of(hidden_channels):
    """Number of hidden features, or representation of a hidden layer.

    Parameters
    ----------
    hidden_channels : int, Rep or str
        What the user gave.

    Returns
    -------
    int or Rep

    Raises
    ------
    ValueError
        If the text does not parse, nothing is left, or there are Points.
    """
    if isinstance(hidden_channels, Integral):
        return int(hidden_channels)
    try:
        rep = as_representation(hidden_channels)
    except ValueError as error:
        raise ValueError(f"hidden_channels: {error}") from error
    if not rep.dim(1):
        raise ValueError(
            f"hidden_channels must have at least one feature. Got {hidden_channels!r}."
        )
    if rep.has_points or rep.has_dual_points:
        raise ValueError(
            f"hidden_channels may have no Points: inside the network they are Vectors. Got {rep!r}."
        )
    return rep


def callbacks_of(callbacks):
    """Further callbacks as a list.

    Parameters
    ----------
    callbacks : list, tuple or None
        skorch callbacks or classes of them, also in pairs with a name.

    Returns
    -------
    list

    Raises
    ------
    TypeError
        If an entry is something else.
    """
    callbacks = list(callbacks or ())
    for entry in callbacks:
        callback = entry[1] if isinstance(entry, tuple) and len(entry) == 2 else entry
        if not isinstance(callback, Callback) and not (
            isinstance(callback, type) and issubclass(callback, Callback)
        ):
            raise TypeError(f"callbacks must hold skorch callbacks. Got {entry!r}.")
    return callbacks


def compile_options(compile):
    """Parameters of a skorch net that compile its training.

    Parameters
    ----------
    compile : bool or str
        Whether, or the mode in which.

    Returns
    -------
    dict
    """
    if isinstance(compile, str):
        return {"compile": True, "compile__mode": compile}
    return {"compile": bool(compile)}


def device_of(device):
    """Torch device by name.

    Parameters
    ----------
    device : str
        Name; "auto" takes a CUDA device where there is one, "accelerate" that of this process.

    Returns
    -------
    str

    Raises
    ------
    ImportError
        If accelerate is asked for and not installed.
    ValueError
        If torch does not know the name, or the device is not there.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == ACCELERATE:
        return str(launched().device)
    try:
        torch.zeros(1, device=device).cpu()  # "meta" makes tensors, but they hold no numbers
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            "device must be 'auto', 'accelerate' or the name of a torch device of this machine. "
            f"Got {device!r} instead ({str(error).splitlines()[0]})"
        ) from error
    return device
