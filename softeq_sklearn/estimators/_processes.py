"""Several processes that fit one estimator together, as a launcher has started them."""

from __future__ import annotations

import threading

import torch

# The `device` of estimators that are fitted so.
ACCELERATE = "accelerate"


def launched():
    """Return what accelerate knows of this process and of others.

    Returns
    -------
    accelerate.PartialState
        Without settings of precision: an `Accelerator` of the user's own can still be made.

    Raises
    ------
    ImportError
        If accelerate is not installed.
    """
    try:
        from accelerate import PartialState
        from accelerate.utils import parse_flag_from_env
    except ImportError as error:
        raise ImportError(
            "device='accelerate' needs accelerate, which "
            "`python -m pip install 'softeq-sklearn[accelerate]'` installs."
        ) from error
    has_gpu = torch.cuda.is_available() or torch.xpu.is_available()
    return PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU") or not has_gpu)


def processes_of(device):
    """Return which process of a fit this is, of how many.

    Parameters
    ----------
    device : str
        The parameter of an estimator.

    Returns
    -------
    accelerate.PartialState or None
        None for a process that fits alone.

    Raises
    ------
    ImportError
        If accelerate is asked for and not installed.
    RuntimeError
        If several processes would fit in threads, whose exchanges would meet.
    """
    if device != ACCELERATE:
        return None
    processes = launched()
    if processes.num_processes == 1:
        return None
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(
            "device='accelerate' with several processes fits in the main thread only: leave n_jobs "
            "of searches and ensembles at None."
        )
    return processes


def of_main_process(value, processes):
    """Return a value of the main process, in all of them.

    Parameters
    ----------
    value : object
        What this process has, that can be pickled.
    processes : accelerate.PartialState or None
        None for a process that is alone.

    Returns
    -------
    object
        In the main process the value itself.
    """
    if processes is None:
        return value
    from accelerate.utils import broadcast_object_list

    sent = [value]
    broadcast_object_list(sent)
    return value if processes.is_main_process else sent[0]


def done_by_main_process(function, processes):
    """Call a function in the main process only; return what it returns, or raise, in all.

    Parameters
    ----------
    function : callable
        Without arguments.
    processes : accelerate.PartialState or None
        None for a process that is alone.

    Returns
    -------
    object
    """
    if processes is None:
        return function()
    value = error = None
    if processes.is_main_process:
        try:
            value = function()
        except Exception as caught:  # the others would wait forever
            error = caught
    value, error = of_main_process((value, error), processes)
    if error is not None:
        raise error
    return value


def check_same_fit(digest, processes):
    """Raise an error, in all processes, if one has another fit to do than the main one.

    Parameters
    ----------
    digest : str
        Of rows, targets, weights and parameters.
    processes : accelerate.PartialState
        The processes.

    Raises
    ------
    ValueError
        If digests differ.
    """
    from accelerate.utils import gather_object

    digests = gather_object([digest])
    if differing := [i for i, other in enumerate(digests) if other != digests[0]]:
        raise ValueError(
            "X, y, sample_weight and the parameters must be the same in all processes, which share "
            f"the rows of each batch by themselves. Got others in the processes {differing}."
        )
