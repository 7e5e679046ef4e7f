"""The two kinds of hidden layers: ours, and those of EMLP for comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from softeq_sklearn.groups import Group
from softeq_sklearn.nn._bilinear import Bilinear
from softeq_sklearn.nn._gated import FreeGatedNonlinearity, GatedNonlinearity
from softeq_sklearn.nn._initialisation import equivariant_start, orthogonal_start
from softeq_sklearn.nn._layout import FeatureLayout
from softeq_sklearn.nn._linear import SoftLinear
from softeq_sklearn.nn._matrix_bilinear import MatrixBilinear


@dataclass(frozen=True)
class Architecture:
    """What the layers between the linear ones are, and how the linear ones start.

    Parameters
    ----------
    bilinear : callable
        Makes the bilinear layer from a layout.
    nonlinearity : callable
        Makes the nonlinearity from a layout, for a network whose layers may break symmetries.
    exact_nonlinearity : callable
        The same for a network that is exactly equivariant.
    permutation_nonlinearity : callable
        The same where every group permutes coordinates.
    start : callable
        Fills a linear layer, given the candidate groups and a generator.
    divides_by_size : bool
        Whether row sizes are taken out of the features where groups scale them.
    """

    bilinear: Callable[..., nn.Module]
    nonlinearity: Callable[[FeatureLayout], nn.Module]
    exact_nonlinearity: Callable[[FeatureLayout], nn.Module]
    permutation_nonlinearity: Callable[[FeatureLayout], nn.Module]
    start: Callable[[SoftLinear, Sequence[Group], torch.Generator], None]
    divides_by_size: bool


ARCHITECTURES = {
    "factored": Architecture(
        bilinear=Bilinear,
        nonlinearity=GatedNonlinearity,
        exact_nonlinearity=GatedNonlinearity,
        permutation_nonlinearity=partial(GatedNonlinearity, pointwise=1.0),
        start=equivariant_start,
        divides_by_size=True,
    ),
    "emlp": Architecture(
        bilinear=MatrixBilinear,
        nonlinearity=FreeGatedNonlinearity,
        exact_nonlinearity=GatedNonlinearity,
        permutation_nonlinearity=GatedNonlinearity,
        start=orthogonal_start,
        divides_by_size=False,
    ),
}


def architecture_of(name: str) -> Architecture:
    """Look an architecture up.

    Parameters
    ----------
    name : {"factored", "emlp"}
        Its name.

    Returns
    -------
    Architecture

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture must be one of {list(ARCHITECTURES)}. Got {name!r}.")
    return ARCHITECTURES[name]
