"""A user's own torch module in the place of the network."""

from __future__ import annotations

import copy

import torch

from softeq_sklearn.estimators._global_generator import global_generator


def make_module(module, n_in, n_out, seed):
    """Make, or copy, and check a module that maps rows to rows.

    Parameters
    ----------
    module : torch.nn.Module or callable
        A module, which is copied with its weights, or what makes one from the numbers of columns
        in and out, such as a class.
    n_in, n_out : int
        Numbers of columns.
    seed : int
        Seed of torch's random numbers while the module is made; the global generator is put back.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    TypeError
        If no module comes out.
    ValueError
        If it has nothing to train, or does not map rows of `n_in` columns to rows of `n_out`
        columns, in either precision.
    """
    with global_generator(seed):
        if isinstance(module, torch.nn.Module):
            made = copy.deepcopy(module)
        else:
            made = module(n_in, n_out)
        if not isinstance(made, torch.nn.Module):
            raise TypeError(
                "module must be a torch module, or make one from the numbers of columns in and "
                f"out. Got {made!r} from {module!r}."
            )
        if not any(p.requires_grad for p in made.parameters()):
            raise ValueError(f"module must have parameters to train. Got none in {made!r}.")
        made.float()  # the precision of training, in place, whatever its own was
        for twin in (copy.deepcopy(made).eval(), copy.deepcopy(made).eval().double()):
            _check_rows(twin, n_in, n_out)
    return made


def _check_rows(module, n_in, n_out):
    """Try two rows: training uses float32, predicting float64."""
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    rule = f"module must map rows of {n_in} columns in {dtype} to rows of {n_out} columns"
    try:
        with torch.no_grad():
            out = module(torch.zeros(2, n_in, dtype=dtype))
    except (RuntimeError, TypeError, IndexError) as error:
        raise ValueError(f"{rule}. Got an error instead: {error}") from error
    if not isinstance(out, torch.Tensor) or out.shape != (2, n_out):
        got = f"shape {tuple(out.shape)}" if isinstance(out, torch.Tensor) else repr(out)
        raise ValueError(f"{rule}. Got {got} for two rows.")
