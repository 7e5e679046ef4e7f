import numpy as np
import pytest

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import make_distances
from softeq_sklearn.groups import SE, SO, Translation
from softeq_sklearn.representations import Point

SYMMETRIES = ["se3", "rotations", "translations", "none", "ball", "l1"]


def distance_of_one_row(row, n_points, symmetry, noise):
    """The definition, point by point."""
    points = [row[3 * i : 3 * i + 3] for i in range(n_points)]
    squares = l1 = mean = 0.0
    for i in range(n_points):
        step = points[i] - points[(i + 1) % n_points]
        squares += step @ step
        mean += np.sqrt(step @ step) / n_points
        l1 += (3 if i == n_points - 1 else 1) * sum(abs(c) for c in step)
    radii = sum(x @ x for x in points)
    return {
        "se3": squares,
        "rotations": squares - noise * radii,
        "translations": squares - noise * l1,
        "none": squares - noise * (radii + l1),
        "ball": mean - noise * np.sqrt(points[0] @ points[0]),
        "l1": mean - noise * abs(points[0][0] - points[1][0]),
    }[symmetry]


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@pytest.mark.parametrize("noise", [0.0, 0.3, -1.0])
@pytest.mark.parametrize("n_points", [2, 3, 4])
def test_targets_are_the_definition(symmetry, noise, n_points):
    distances = make_distances(
        20, n_points=n_points, symmetry=symmetry, noise=noise, random_state=0
    )
    expected = [distance_of_one_row(row, n_points, symmetry, noise) for row in distances.data]
    np.testing.assert_allclose(distances.target, expected, rtol=1e-12, atol=1e-12)


def test_representations_and_groups():
    distances = make_distances(3, n_points=4)
    assert distances.rep_in == 4 * Point
    assert distances.groups == {
        "SO(3)": SO(3),
        "Translation(3)": Translation(3),
        "SE(3)": SE(3),
    }


@pytest.mark.parametrize("shift", [0.0, 2.0])
@pytest.mark.parametrize("noise", [0.3, -0.5])
@pytest.mark.parametrize(
    "symmetry, exact",
    [
        ("se3", {"SO(3)", "Translation(3)", "SE(3)"}),
        ("rotations", {"SO(3)"}),
        ("translations", {"Translation(3)"}),
        ("none", set()),
        ("ball", {"SO(3)"}),
        ("l1", {"Translation(3)"}),
    ],
)
def test_exact_and_broken_symmetries(symmetry, exact, noise, shift):
    distances = make_distances(1, symmetry=symmetry, noise=noise, shift=shift)
    for name, group in distances.groups.items():
        error = distances.true_error(group, n_elements=100)
        assert error < 1e-12 if name in exact else 0.005 < error <= 1.0


def test_the_candidates_can_be_fitted_together():
    distances = make_distances(40, symmetry="ball", random_state=0)
    model = SoftEquivariantRegressor(
        groups=distances.groups,
        rep_in=distances.rep_in,
        rep_out=distances.rep_out,
        hidden_channels=8,
        max_epochs=1,
        random_state=0,
    ).fit(distances.data, distances.target)
    assert model.predict(distances.data).shape == distances.target.shape
    assert len(model.levels_) == 3
