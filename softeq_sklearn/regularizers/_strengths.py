"""The strength of each group's penalty, by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TypeAlias

import numpy as np

from softeq_sklearn.groups import Group

# One number, or one for each layer; and the same as users give them.
Strength: TypeAlias = float | tuple[float, ...]
GivenStrength: TypeAlias = float | Sequence[float] | np.ndarray


def named_strengths(
    strengths: float | Mapping[str, GivenStrength],
    groups: Mapping[str, Group],
    n_layers: int | None = None,
) -> dict[str, Strength]:
    """Start of the strength of each group.

    Parameters
    ----------
    strengths : float or mapping of str to float or sequence of float
        One number for all groups, or for each by its name one number, or one for each layer.
    groups : mapping of str to Group
        The named groups.
    n_layers : int or None, default=None
        Number of layers that may have strengths of their own; with None none may.

    Returns
    -------
    dict of str to float or tuple of float
        Strengths by name, in the order of the groups.

    Raises
    ------
    ValueError
        If a strength is negative or not finite, is missing, or has no group, or there are not as
        many as layers.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO, O
    >>> from softeq_sklearn.regularizers import named_strengths
    >>> named_strengths(0.5, {"SO(2)": SO(2), "O(2)": O(2)})
    {'SO(2)': 0.5, 'O(2)': 0.5}
    >>> named_strengths({"SO(2)": [1, 0.5]}, {"SO(2)": SO(2)}, n_layers=2)
    {'SO(2)': (1.0, 0.5)}
    """
    if isinstance(strengths, Mapping):
        unknown = [name for name in strengths if name not in groups]
        missing = [name for name in groups if name not in strengths]
        if unknown or missing:
            got = f"unknown names {unknown}" if unknown else ""
            got += " and " * bool(unknown and missing) + f"no strength for {missing}" * bool(
                missing
            )
            raise ValueError(f"strengths must name exactly the groups {list(groups)}. Got {got}.")
        named = {name: strengths[name] for name in groups}
    else:
        named = dict.fromkeys(groups, strengths)
    return {name: _checked(name, value, n_layers) for name, value in named.items()}


def _checked(name: str, value: GivenStrength, n_layers: int | None) -> Strength:
    if n_layers is not None and isinstance(value, (list, tuple, np.ndarray)):
        if len(value) != n_layers:
            raise ValueError(
                f"strengths must be one number, or one for each of {n_layers} layers. "
                f"Got {value!r} for {name!r}."
            )
        return tuple(_number(name, own) for own in value)
    return _number(name, value)


def _number(name: str, value: GivenStrength) -> float:
    if not isinstance(value, Real) or not 0 <= float(value) < float("inf"):
        raise ValueError(
            f"strengths must be finite numbers and at least 0. Got {value!r} for {name!r}."
        )
    return float(value)


def mean_strength(strength: Strength) -> float:
    """One number for a strength: the geometric mean of those of the layers.

    Parameters
    ----------
    strength : float or tuple of float
        Strength of a group, or one for each layer.

    Returns
    -------
    float

    Examples
    --------
    >>> mean_strength(0.5), mean_strength((1.0, 4.0)), mean_strength((0.0, 1.0))
    (0.5, 2.0, 0.0)
    """
    if not isinstance(strength, tuple):
        return strength
    if not all(strength):
        return 0.0
    return math.exp(math.fsum(math.log(value) for value in strength) / len(strength))
