import numpy as np
import pytest

from softeq_sklearn.datasets import make_cosine_similarity
from softeq_sklearn.groups import SO, Scaling
from softeq_sklearn.representations import Vector


def similarity_of_one_row(row, n_points, symmetry, noise):
    """The definition, vector by vector."""
    vectors = [row[3 * i : 3 * i + 3] for i in range(n_points)]
    lengths = [np.sqrt(x @ x) for x in vectors]
    value = 0.0
    for i in range(n_points):
        j = (i + 1) % n_points
        value += vectors[i] @ vectors[j] / (lengths[i] * lengths[j]) / n_points
    radius = sum(lengths) / n_points
    first = sum(abs(c) for x in vectors[: n_points // 2] for c in x)
    second = sum(abs(c) for x in vectors[n_points // 2 :] for c in x)
    return {
        "so3-scale": value,
        "so3": value - noise * radius,
        "scale": value - noise * first / second,
        "none": value - noise * radius + noise * first / second,
    }[symmetry]


@pytest.mark.parametrize("symmetry", ["so3-scale", "so3", "scale", "none"])
@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0, -0.5])
@pytest.mark.parametrize("n_points", [2, 3, 4])
def test_targets_are_the_definition(symmetry, noise, n_points):
    similarity = make_cosine_similarity(
        20, n_points=n_points, symmetry=symmetry, noise=noise, random_state=0
    )
    expected = [similarity_of_one_row(row, n_points, symmetry, noise) for row in similarity.data]
    np.testing.assert_allclose(similarity.target, expected, rtol=1e-12, atol=1e-12)


def test_representations_and_groups():
    similarity = make_cosine_similarity(3, n_points=4)
    assert similarity.rep_in == 4 * Vector
    assert similarity.groups == {"SO(3)": SO(3), "Scaling(3)": Scaling(3)}


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
    similarity = make_cosine_similarity(1, symmetry=symmetry, noise=noise, shift=shift)
    for name, group in similarity.groups.items():
        error = similarity.true_error(group, n_elements=100)
        assert error < 1e-12 if name in exact else 0.005 < error <= 1.0


def test_zero_vectors_have_cosine_zero_and_ratio_zero():
    similarity = make_cosine_similarity(1, symmetry="so3-scale")
    rows = np.array([[0.0, 0, 0, 1, 2, 3, 2, 4, 6], [0.0] * 9])
    # One of the three pairs is parallel; the others have the zero vector.
    np.testing.assert_allclose(similarity.function(rows), [1 / 3, 0.0])
    ratio = make_cosine_similarity(1, symmetry="scale", noise=-1.0).function
    np.testing.assert_allclose(ratio([[1.0, 2, 3] + [0] * 6]), 0.0)


def test_similarities_of_parallel_and_opposite_vectors():
    function = make_cosine_similarity(1, n_points=2).function
    x = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(function([[*x, *(3 * x)], [*x, *(-x)]]), [1.0, -1.0])
