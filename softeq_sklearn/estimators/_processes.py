"""Several processes that fit one estimator together, as accelerate has started them."""

from __future__ import annotations

import hashlib

import numpy as np

# The `device` of estimators that are fitted so.
ACCELERATE = "accelerate"

# How processes may belong together: each has the whole network.
_KINDS = {"NO", "MULTI_CPU", "MULTI_GPU", "MULTI_NPU", "MULTI_MLU", "MULTI_MUSA", "MULTI_XPU"}


def accelerator_of(device):
    """Return what reaches the other processes of a fit.

    Parameters
    ----------
    device : str
        The parameter of an estimator.

    Returns
    -------
    accelerate.Accelerator or None
        None for any `device` but "accelerate": the process is alone.

    Raises
    ------
    ImportError
        If accelerate is not installed.
    ValueError
        If it is configured to split networks.
    """
    if device != ACCELERATE:
        return None
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise ImportError(
            "device='accelerate' needs accelerate, which "
            "`python -m pip install 'softeq-sklearn[accelerate]'` installs."
        ) from error
    accelerator = Accelerator()
    kind = accelerator.distributed_type.value
    if kind not in _KINDS:
        raise ValueError(
            "device='accelerate' gives each process the whole network: configure accelerate for "
            f"several processors or GPUs. Got {kind}."
        )
    return accelerator


def of_main_process(value, accelerator):
    """Return a value of the main process, in all of them.

    Parameters
    ----------
    value : object
        What this process has, that can be pickled.
    accelerator : accelerate.Accelerator or None
        None for a process that is alone.

    Returns
    -------
    object
        In the main process the value itself.
    """
    if accelerator is None:
        return value
    from accelerate.utils import broadcast_object_list

    sent = [value]
    broadcast_object_list(sent)
    return value if accelerator.is_main_process else sent[0]


def check_same_rows(arrays, accelerator):
    """Raise an error, in all processes, if one has other rows than the main one.

    Parameters
    ----------
    arrays : list of ndarray or None
        Rows, targets and weights.
    accelerator : accelerate.Accelerator or None
        None for a process that is alone.

    Raises
    ------
    ValueError
        If rows, targets or weights differ.
    """
    if accelerator is None:
        return
    from accelerate.utils import gather_object

    digest = hashlib.sha256()
    for array in arrays:
        digest.update(b"none" if array is None else np.ascontiguousarray(array))
    digests = gather_object([digest.hexdigest()])
    if differing := [i for i, other in enumerate(digests) if other != digests[0]]:
        raise ValueError(
            "X, y and sample_weight must be the same in all processes, which share the rows of "
            f"each batch by themselves. Got others in the processes {differing}."
        )
