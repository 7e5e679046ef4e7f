"""The tasks of the paper and three real data sets, with rows to train on and to be tested on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from softeq_sklearn.datasets import (
    load_mocap,
    load_soccer,
    load_storms,
    make_cosine_similarity,
    make_distances,
    make_inertia,
    make_radius,
)
from softeq_sklearn.groups import SE, SO, Group, O, Scaling, generated_by
from softeq_sklearn.representations import Rep

# As in the paper: as many rows to choose the best epoch as to train.
N_TRAIN, N_TEST = 2000, 1000
# Every coordinate of a row outside the distribution of the training rows is moved by this.
SHIFT = 1.0


@dataclass(frozen=True)
class Data:
    """One draw of a task.

    Parameters
    ----------
    train, test, shifted : tuple of (ndarray, ndarray) or None
        Rows and targets; `shifted` lies outside the distribution of the training rows.
    validation_fraction : float
        Share of the training rows that chooses the best epoch.
    """

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    shifted: tuple[np.ndarray, np.ndarray] | None
    validation_fraction: float


@dataclass(frozen=True)
class Task:
    """What is learned, and which groups the methods are given.

    Parameters
    ----------
    draw : callable (seed) -> Data
    rep_in, rep_out : Rep
    groups : dict of str to Group
        Candidates of the soft methods.
    group : Group
        The whole symmetry that exact methods are given.
    part : Group
        The part of it that holds, or the candidate that is broken least.
    frame : Group or None
        A group with frames, for frame averaging.
    true_errors : callable () -> dict of str to float
        Error of the function behind the data for each candidate; nan where nobody knows.
    settings : str or None
        Name of the reference's settings.
    max_epochs : int
        Most epochs of a fit: many steps on few rows learn their noise.
    """

    draw: Callable[[int], Data]
    rep_in: Rep
    rep_out: Rep
    groups: dict[str, Group]
    group: Group
    part: Group
    frame: Group | None
    true_errors: Callable[[], dict[str, float]]
    settings: str | None
    max_epochs: int = 10_000


def synthetic(maker, settings, *, group, part, frame, names=None, **options):
    """A task whose function is known; training rows by seed, test rows by another."""
    example = maker(1, random_state=0, **options)
    groups = {name: example.groups[name] for name in names or example.groups}

    def rows(n, seed, **more):
        return maker(n, random_state=seed, return_X_y=True, **options, **more)

    def draw(seed):
        return Data(
            train=rows(N_TRAIN, seed),
            test=rows(N_TEST, 10_000 + seed),
            shifted=rows(N_TEST, 20_000 + seed, shift=SHIFT),
            validation_fraction=0.5,
        )

    def true_errors():
        return {name: example.true_error(group) for name, group in groups.items()}

    return Task(
        draw,
        example.rep_in,
        example.rep_out,
        groups,
        group,
        part,
        frame,
        true_errors,
        settings,
    )


def real(load, train, test, n_train, *, groups, group, part, frame):
    """A task on real data; `train` and `test` choose rows of the data set."""

    def draw(seed):
        data = load()
        chosen = np.flatnonzero(train(data))
        if n_train is not None:
            chosen = np.random.RandomState(seed).permutation(chosen)[:n_train]
        tested = np.flatnonzero(test(data))
        return Data(
            train=(data.data[chosen], data.target[chosen]),
            test=(data.data[tested], data.target[tested]),
            shifted=None,
            validation_fraction=0.1,
        )

    def true_errors():
        return dict.fromkeys(groups, float("nan"))

    example = load()
    reps = example.rep_in, example.rep_out
    return Task(draw, *reps, groups, group, part, frame, true_errors, None, max_epochs=200)


def every(n, rows):
    """Each n-th of the chosen rows: neighbouring windows say nearly the same."""
    thin = np.zeros(len(rows), dtype=bool)
    thin[np.flatnonzero(rows)[::n]] = True
    return thin


def _inertia(axis, noise, noise_std=0.0):
    planes = {0: (1, 2), 1: (0, 2), 2: (0, 1), -1: (0, 1)}
    return partial(
        synthetic,
        make_inertia,
        "inertia",
        axis=axis,
        noise=noise,
        noise_std=noise_std,
        group=O(3),
        part=O(3) if noise == 0 else O(2).embed(3, axes=planes[axis]),
        frame=O(3),
    )


def _vectors(maker, settings, symmetry):
    rotations, scalings = SO(3), Scaling(3)
    whole = generated_by(rotations, scalings)
    parts = {"so3-scale": whole, "so3": rotations, "scale": scalings, "none": rotations}
    return partial(
        synthetic,
        maker,
        settings,
        symmetry=symmetry,
        group=whole,
        part=parts[symmetry],
        frame=rotations,
    )


def _distances(symmetry, noise):
    groups = make_distances(1).groups
    name = "Translation(3)" if symmetry in ("translations", "l1") else "SO(3)"
    name = "SE(3)" if symmetry == "se3" else name
    return partial(
        synthetic,
        make_distances,
        "distances",
        names=("SO(3)", "Translation(3)"),  # as in the paper; SE(3) contains both
        symmetry=symmetry,
        noise=noise,
        group=SE(3),
        part=groups[name],
        frame=SE(3),
    )


def _storms(n_train):
    bunch = load_storms()
    groups = {name: bunch.groups[name] for name in ("SO(2)", "flip east", "flip north")}
    return real(
        load_storms,
        lambda data: data.year < 2010,
        lambda data: data.year >= 2010,
        n_train,
        groups=groups,
        group=O(2),
        part=SO(2),
        frame=SO(2),
    )


def _soccer(n_train):
    bunch = load_soccer()
    groups = {name: bunch.groups[name] for name in ("O(2)", "D(2)", "translations")}
    return real(
        load_soccer,
        lambda data: data.period == 1,
        lambda data: every(20, data.period == 2),
        n_train,
        groups=groups,
        group=bunch.groups["E(2)"],
        part=bunch.groups["O(2)"],
        frame=bunch.groups["O(2)"],
    )


def _mocap(n_train):
    load = partial(load_mocap, height=True)
    names = ("O(2) about x", "O(2) about y", "O(2) about z")
    groups = {name: load().groups[name] for name in names}
    return real(
        load,
        lambda data: data.time < 15.0,
        lambda data: data.time > 15.5,
        n_train,
        groups=groups,
        group=O(3),
        part=groups["O(2) about y"],
        frame=groups["O(2) about y"],
    )


TASKS = {
    "inertia, exact": _inertia(2, 0.0),
    "inertia, axis 2, noise 0.1": _inertia(2, 0.1),
    "inertia, axis 2, noise 0.3": _inertia(2, 0.3),
    "inertia, axis 0": _inertia(0, -1.0),
    "inertia, axis 1": _inertia(1, -1.0),
    "inertia, axis 2": _inertia(2, -1.0),
    "inertia, two axes, noise 0.3": _inertia(-1, 0.3),
    "inertia, axis 2, random noise": _inertia(2, 0.3, noise_std=0.1),
    "cosine similarity, so3-scale": _vectors(
        make_cosine_similarity, "cosine_similarity", "so3-scale"
    ),
    "cosine similarity, so3": _vectors(make_cosine_similarity, "cosine_similarity", "so3"),
    "cosine similarity, scale": _vectors(make_cosine_similarity, "cosine_similarity", "scale"),
    "cosine similarity, none": _vectors(make_cosine_similarity, "cosine_similarity", "none"),
    "distances, se3": _distances("se3", 0.0),
    "distances, rotations": _distances("rotations", 0.3),
    "distances, translations": _distances("translations", 0.3),
    "distances, ball": _distances("ball", -0.5),
    "distances, l1": _distances("l1", -1.0),
    "distances, none": _distances("none", 0.3),
    "radius, so3-scale": _vectors(make_radius, None, "so3-scale"),
    "radius, so3": _vectors(make_radius, None, "so3"),
    "radius, scale": _vectors(make_radius, None, "scale"),
    "radius, none": _vectors(make_radius, None, "none"),
    "storms, 100 windows": partial(_storms, 100),
    "storms, all windows": partial(_storms, None),
    "soccer, 100 windows": partial(_soccer, 100),
    "soccer, all windows": partial(_soccer, None),
    "mocap, 400 windows": partial(_mocap, 400),
    "mocap, all windows": partial(_mocap, None),
}
