"""Synthetic targets whose true error under every candidate group is known, and the grid of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from softeq_sklearn.datasets import make_cosine_similarity, make_distances, make_inertia
from softeq_sklearn.groups import GL, SL, SO11p
from softeq_sklearn.levels import Orbits, estimate_level, values_on_orbits

FAMILIES = ("inertia", "cosine similarity", "distances")
NOISES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
TARGET_NOISES = (0.0, 0.1, 0.3)
# Noises of the tasks whose targets are noisy, too: to save time, not all.
_NOISES_BESIDE = (0.0, 0.1, 1.0)
# Noise of the tasks with misspecified candidates.
_STRONG = 0.3
PLENTY, FEWER, FEW = 1000, (100, 300), (20, 50)
MANY = 3000
N_TEST = 1000
# A true error below this is rounding of float64: the symmetry is exact.
ROUNDING = 1e-9
# Rows of which a true error is the mean, each moved by as many elements of its own: a mean over
# elements that rows share is as exact as the number of elements allows, which was 5 % once.
TRUTH_ROWS, _TRUTH_ELEMENTS = 10_000, 32
# Rows and elements from which the size of the part is estimated that breaks a symmetry.
_PART_ROWS, _PART_ELEMENTS = 2000, 16

# What cycles with the seed: the broken axis (the tasks are the same up to the names of the
# coordinates), or what is kept. Without noise the two kinds of distances differ in the function.
_AXES = (0, 1, 2)
_KINDS = {
    "cosine similarity": ("so3", "scale", "none"),
    "distances": ("rotations", "translations", "none", "ball", "l1"),
}
_EXACT_KINDS = {"cosine similarity": ("so3-scale",), "distances": ("se3", "ball")}
# With inputs in a plane or on a ray a broken rotation in the plane could still be seen. These kinds
# break nothing there, so that "cannot tell" is the only right answer.
_FLAT_KINDS = {0.0: ("so3-scale",), 0.3: ("so3",)}
_FLAT_NOISES = {"inertia": (0.0, 0.3), "cosine similarity": (0.0, 0.3), "distances": (0.0,)}
# Groups that move rows with z = 0, and rows along z, out of the data.
_UNSEEN = {
    "inertia": ("O(2) yz", "O(2) xz"),
    "cosine similarity": ("SO(3)",),
    "distances": ("SO(3)", "Translation(3)"),
}
# SE(3), which the data set names too, contains these two.
_DISTANCE_GROUPS = ("SO(3)", "Translation(3)")
# Candidates of which no target has anything.
MISSPECIFIED = {"SL(3)": SL(3), "GL(3)": GL(3), "SO11p xy": SO11p().embed(3, axes=(0, 1))}


@dataclass(frozen=True)
class Cell:
    """A place of the grid, the same for all seeds.

    Parameters
    ----------
    family : {"inertia", "cosine similarity", "distances"}
    noise : float
        How much of the term that breaks symmetries is in the target.
    target_noise : float
        Random noise of the targets, see `Task.rows`.
    n_rows : int
        Rows given to `fit`.
    inputs : {"space", "plane", "ray"}
        Whether vectors and points fill space, have z = 0, or lie on the ray x = y = 0, z > 0.
    candidates : {"usual", "misspecified"}
        Whether `MISSPECIFIED` groups are among the candidates, too.
    """

    family: str
    noise: float
    target_noise: float
    n_rows: int
    inputs: str = "space"
    candidates: str = "usual"


@dataclass(frozen=True)
class Task:
    """What a seed makes of a cell.

    Parameters
    ----------
    cell : Cell
    seed : int
    """

    cell: Cell
    seed: int

    @property
    def axis(self):
        """The broken axis of the inertia tensor; None for other families."""
        return _AXES[self.seed % 3] if self.cell.family == "inertia" else None

    @property
    def kind(self):
        """What the function keeps, as the data sets name it."""
        cell = self.cell
        if cell.family == "inertia":
            return f"axis {self.axis}"
        if cell.inputs != "space" and cell.family == "cosine similarity":
            kinds = _FLAT_KINDS[cell.noise]
        elif cell.noise:
            kinds = _KINDS[cell.family]
        else:
            kinds = _EXACT_KINDS[cell.family]
        return kinds[self.seed % len(kinds)]

    @property
    def name(self):
        """What the true errors depend on, as a tuple."""
        return self.cell.family, self.kind, self.cell.noise, self.cell.inputs

    def bunch(self, n_rows, random_state, noise_std=0.0):
        """The data set of the family, with inputs that fill space."""
        options = {"noise": self.cell.noise, "random_state": random_state}
        if self.cell.family == "inertia":
            return make_inertia(n_rows, axis=self.axis, noise_std=noise_std, **options)
        make = {"cosine similarity": make_cosine_similarity, "distances": make_distances}
        return make[self.cell.family](n_rows, symmetry=self.kind, **options)

    def rows(self):
        """Rows and targets to fit.

        Inertia tensors have noise in the broken column, with standard deviation `target_noise`
        times the column without it; other targets have normal noise, with standard deviation
        `target_noise` times their own.

        Returns
        -------
        X : ndarray of shape (n_rows, n_features)
        y : ndarray of shape (n_rows, n_outputs) or (n_rows,)
        """
        cell = self.cell
        bunch = self.bunch(cell.n_rows, self.seed, noise_std=cell.target_noise)
        if cell.inputs != "space":
            X = self.placed(bunch.data)
            return X, bunch.function(X)
        y = bunch.target
        if cell.target_noise and cell.family != "inertia":
            normal = np.random.RandomState(30_000 + self.seed).standard_normal(y.shape)
            y = y + cell.target_noise * y.std() * normal
        return bunch.data, y

    def test_rows(self):
        """Fresh rows and the values of the function, without target noise; shapes as in `rows`."""
        bunch = self.bunch(N_TEST, 10_000 + self.seed)
        X = self.placed(bunch.data)
        return X, bunch.function(X)

    def placed(self, X):
        """Rows with their vectors moved into the plane, or onto the ray, of the cell."""
        n_scalars = X.shape[1] // 4 if self.cell.family == "inertia" else 0
        X = X.copy()
        vectors = X[:, n_scalars:].reshape(len(X), -1, 3)
        if self.cell.inputs == "plane":
            vectors[:, :, 2] = 0.0
        elif self.cell.inputs == "ray":
            vectors[:, :, :2] = 0.0
            vectors[:, :, 2] = np.abs(vectors[:, :, 2])
        return np.hstack([X[:, :n_scalars], vectors.reshape(len(X), -1)])

    def groups(self):
        """The candidates, by name."""
        groups = self.bunch(1, 0).groups
        names = _DISTANCE_GROUPS if self.cell.family == "distances" else groups
        more = MISSPECIFIED if self.cell.candidates == "misspecified" else {}
        return {name: groups[name] for name in names} | more

    def true_errors(self, n_rows=TRUTH_ROWS):
        """Error of the function itself under each candidate, by name; 0 for rounding."""
        bunch = self.bunch(n_rows, 20_000)
        rows = self.placed(bunch.data)
        errors = {}
        for name, group in self.groups().items():
            estimate = estimate_level(
                lambda X: bunch.function(X).reshape(1, len(X), -1),
                rows,
                group,
                bunch.rep_in,
                bunch.rep_out,
                n_elements=_TRUTH_ELEMENTS,
                random_state=0,
            )
            errors[name] = estimate.error if estimate.error > ROUNDING else 0.0
        return errors

    def best_score(self, name):
        """Mean score of the best test there is for a group that the function breaks.

        Nothing sees more than the likelihood ratio of a test that knows the function f, its mean
        over orbits f_G, and the standard deviation s of the noise. For n rows its score has the
        variance 1 and the mean

            sqrt(n) rms(f - f_G) / s,

        which is 0 if the symmetry holds. A test that has to learn the function has less. Infinite
        without target noise, and for inertia tensors, whose other columns have none.
        """
        cell = self.cell
        if not cell.target_noise or cell.family == "inertia":
            return np.inf
        return float(np.sqrt(cell.n_rows)) / cell.target_noise * self._asymmetric_part(name)

    def _asymmetric_part(self, name):
        """Root mean square of what breaks a symmetry, over the targets' standard deviation."""
        bunch = self.bunch(_PART_ROWS, 20_000)
        rows, group = self.placed(bunch.data), self.groups()[name]
        values = values_on_orbits(
            lambda X: bunch.function(X).reshape(1, len(X), -1),
            rows,
            Orbits(rows, group, bunch.rep_in, 0).elements(_PART_ELEMENTS),
            bunch.rep_in,
            bunch.rep_out,
        )
        variance = values.var(axis=0, ddof=1).sum(axis=-1).mean()
        return float(np.sqrt(variance / bunch.function(rows).var(axis=0).sum()))

    def is_identifiable(self, name):
        """Whether the rows can answer for a group: they do not where it moves them elsewhere.

        Rows so few that nothing can be learned (`FEW`) answer for no group.
        """
        if self.cell.n_rows in FEW:
            return False
        return self.cell.inputs == "space" or name not in _UNSEEN[self.cell.family]


def parts():
    """The grid, as a dict from the name of a part to its cells, the most useful part first."""

    def grid(rows, target_noises=(0.0,), noises=NOISES):
        return [
            Cell(family, noise, target_noise, n_rows)
            for n_rows in rows
            for target_noise in target_noises
            for noise in noises
            for family in FAMILIES
        ]

    flat = [
        Cell(family, noise, 0.0, PLENTY, inputs)
        for inputs in ("plane", "ray")
        for family in FAMILIES
        for noise in _FLAT_NOISES[family]
    ]
    misspecified = [
        Cell(family, _STRONG, 0.0, PLENTY, candidates="misspecified") for family in FAMILIES
    ]
    return {
        "rows-1000": grid((PLENTY,)),
        "misspecified": misspecified,
        **{f"rows-{n}": grid((n,)) for n in FEWER},
        "unidentifiable": grid(FEW, noises=(0.0, 0.3)) + flat,
        "target-noise": grid((PLENTY,), TARGET_NOISES[1:], _NOISES_BESIDE),
        f"rows-{MANY}": grid((MANY,)),
    }


def quick_cells():
    """A few tiny cells, one of them unidentifiable."""
    return [
        Cell("inertia", 1.0, 0.0, 60),
        Cell("distances", 0.0, 0.0, 60),
        Cell("cosine similarity", 0.3, 0.0, 60, "plane"),
    ]
