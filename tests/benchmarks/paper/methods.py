"""The methods of the paper, each with the same number of gradient steps."""

from __future__ import annotations

import numpy as np
from torch import nn

from softeq_sklearn import (
    AugmentedRegressor,
    EquivariantRegressor,
    FrameAveragingRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
    reference_settings,
)


def plain(task, **fit):
    """A multilayer perceptron."""
    return SoftEquivariantRegressor(**fit)


def exact(task, **fit):
    """EMLP with the whole symmetry."""
    return EquivariantRegressor(task.group, task.rep_in, task.rep_out, **fit)


def exact_part(task, **fit):
    """EMLP with the part of the symmetry that holds, told by us."""
    return EquivariantRegressor(task.part, task.rep_in, task.rep_out, **fit)


def residual(task, **fit):
    """Residual pathways beside the whole symmetry (RPP)."""
    return ResidualPathwayRegressor(task.group, task.rep_in, task.rep_out, **fit)


def residual_part(task, **fit):
    """Residual pathways that keep the part of the symmetry that holds (MixedRPP)."""
    return ResidualPathwayRegressor(
        task.group, task.rep_in, task.rep_out, relax_to=task.part, **fit
    )


def soft(task, **fit):
    """Ours, with default settings but for those given."""
    return SoftEquivariantRegressor(task.groups, task.rep_in, task.rep_out, **fit)


def soft_ratio(task, **fit):
    """Ours, with the paper's rule for the strengths."""
    return soft(task, tuning="ratio", **fit)


def soft_log(task, **fit):
    """Ours, with the logarithm of the distance as penalty."""
    return soft(task, penalty="log", strengths=0.01, **fit)


def soft_cosine(task, **fit):
    """Ours, with one minus the cosine as penalty."""
    return soft(task, penalty="cosine", **fit)


def residual_weak(task, **fit):
    """Residual pathways with a prior a hundred times weaker."""
    return residual(task, residual_strength=0.01, **fit)


def reference(task, **fit):
    """The same estimator with the paper's architecture and settings."""
    fit = {**reference_settings(task.settings), **fit}
    return SoftEquivariantRegressor(task.groups, task.rep_in, task.rep_out, **fit)


def perceptron(n_in, n_out):
    """A perceptron of torch, for penalties that ask nothing of the network."""
    widths = [n_in, 128, 128, 128]
    hidden = [
        layer
        for before, after in zip(widths, widths[1:], strict=False)
        for layer in (nn.Linear(before, after), nn.SiLU())
    ]
    return nn.Sequential(*hidden, nn.Linear(widths[-1], n_out))


def sampled(task, **fit):
    """A perceptron with the penalty of sampled elements (REMUL)."""
    return SoftEquivariantRegressor(
        task.groups,
        task.rep_in,
        task.rep_out,
        module=perceptron,
        regularizer="sampled",
        **fit,
    )


def lie(task, **fit):
    """A perceptron with the penalty of the Lie derivative."""
    return SoftEquivariantRegressor(
        task.groups,
        task.rep_in,
        task.rep_out,
        module=perceptron,
        regularizer="lie",
        **fit,
    )


def frame_averaging(task, **fit):
    """Frame averaging of a perceptron, trained on one random frame element of each row."""
    return FrameAveragingRegressor(
        SoftEquivariantRegressor(**fit),
        task.frame,
        task.rep_in,
        task.rep_out,
        n_elements=1,
        random_state=fit["random_state"],
    )


def augmented(task, **fit):
    """A perceptron trained on rows moved by elements of the whole symmetry."""
    return AugmentedRegressor(
        SoftEquivariantRegressor(**fit),
        task.group,
        task.rep_in,
        task.rep_out,
        n_elements=4,
        random_state=fit["random_state"],
    )


METHODS = {
    "plain": plain,
    "exact": exact,
    "exact, true part": exact_part,
    "residual": residual,
    "residual, true part": residual_part,
    "frame averaging": frame_averaging,
    "augmented": augmented,
    "sampled penalty": sampled,
    "Lie penalty": lie,
    "residual, weak prior": residual_weak,
    "soft": soft,
    "soft, ratio": soft_ratio,
    "soft, log": soft_log,
    "soft, cosine": soft_cosine,
    "reference": reference,
}


def batch_size_of(name, task, n_rows):
    """Rows of a step, as the estimator will take them."""
    if name == "reference":
        return reference_settings(task.settings)["batch_size"]
    return int(np.clip(n_rows // 10, 32, 500))
