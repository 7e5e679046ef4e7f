import numpy as np
import pytest

from softeq_sklearn.datasets import make_radius
from softeq_sklearn.groups import SO, Scaling
from softeq_sklearn.representations import Vector


def product_of_one_row(row, n_points, symmetry, noise):
    """The definition, vector by vector."""
    vectors = [row[3 * i : 3 * i + 3] for i in range(n_points)]
    radii = [np.sqrt(x @ x) for x in vectors]
    total = sum(abs(c) for c in row)
    value = 1.0
    for x, radius in zip(vectors, radii, strict=True):
        share = (x[0] + x[1] + x[2]) / total
        broken = {"so3-scale": 0.0, "so3": radius, "scale": share, "none": radius + share}
        value *= radius / sum(radii) - noise * broken[symmetry]
    return value


@pytest.mark.parametrize("symmetry", ["so3-scale", "so3", "scale", "none"])
@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0, -0.5])
@pytest.mark.parametrize("n_points", [2, 3, 4])
def test_targets_are_the_definition(symmetry, noise, n_points):
    radius = make_radius(20, n_points=n_points, symmetry=symmetry, noise=noise, random_state=0)
    expected = [product_of_one_row(row, n_points, symmetry, noise) for row in radius.data]
    np.testing.assert_allclose(radius.target, expected, rtol=1e-12, atol=1e-12)


def test_representations_and_groups():
    radius = make_radius(3, n_points=4)
    assert radius.rep_in == 4 * Vector
    assert radius.groups == {"SO(3)": SO(3), "Scaling(3)": Scaling(3)}


@pytest.mark.parametrize("noise, shift", [(0.1, 0.0), (1.0, 0.0), (1.0, 2.0)])
@pytest.mark.parametrize(
    "symmetry, exact",
    [
        ("so3-scale", {"SO(3)", "Scaling(3)"}),
        ("so3", {"SO(3)"}),
        ("scale", {"Scaling(3)"}),
        ("none", set()),
    ],
)
def test_exact_and_broken_symmetries(symmetry, exact, noise, shift):
    radius = make_radius(1, symmetry=symmetry, noise=noise, shift=shift)
    for name, group in radius.groups.items():
        error = radius.true_error(group, n_elements=100)
        assert error < 1e-12 if name in exact else 0.005 < error <= 1.0


def test_equal_radii_have_the_largest_product():
    y = make_radius(1000, random_state=0).target
    assert (y > 0).all() and (y < 1 / 27).all()
    np.testing.assert_allclose(make_radius(1).function(np.eye(3).reshape(1, 9)), 1 / 27)


def test_targets_with_broken_rotations_are_bounded():
    # No share exceeds 1, so no factor exceeds 1 + noise.
    assert np.abs(make_radius(20000, symmetry="scale", noise=1.0).target).max() <= 2.0**3


def test_shares_of_zero_vectors_are_zero():
    for symmetry in ("so3-scale", "so3", "scale", "none"):
        np.testing.assert_array_equal(make_radius(1, symmetry=symmetry).function([[0.0] * 9]), 0.0)
