import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import SO, O, Reflection, Trivial


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_dimension_of_the_lie_algebra(n):
    assert len(SO(n).lie_algebra) == len(O(n).lie_algebra) == n * (n - 1) // 2


@pytest.mark.parametrize("group", [SO(2), SO(3), SO(4), O(2), O(3)], ids=repr)
def test_samples_preserve_lengths(group, rng):
    x = rng.standard_normal(group.dim)
    lengths = np.linalg.norm(group.sample(10, random_state=0) @ x, axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(x))


@pytest.mark.parametrize("group", [SO(2), SO(3), SO(4), O(2), O(3)], ids=repr)
def test_moments_are_those_of_the_haar_measure(group):
    n_samples, d = 40_000, group.dim
    g = group.sample(n_samples, random_state=0).reshape(n_samples, d * d)
    # Entries have mean 0 and variance 1 / d: five standard errors.
    tolerance = 5 / np.sqrt(n_samples * d)
    np.testing.assert_allclose(g.mean(axis=0), 0.0, atol=tolerance)
    if repr(group) == "SO(2)":
        # Here the diagonal entries are the same, the others opposite.
        expected = np.array([[1, 0, 0, 1], [0, 1, -1, 0], [0, -1, 1, 0], [1, 0, 0, 1]]) / 2
    else:
        expected = np.eye(d * d) / d
    np.testing.assert_allclose(g.T @ g / n_samples, expected, atol=tolerance)


def test_rotation_angles_of_space_have_the_haar_density():
    # The trace 1 + 2 cos(angle), angle with density (1 - cos) / pi: mean 0, variance 1.
    trace = np.einsum("nii->n", SO(3).sample(40_000, random_state=0))
    assert abs(trace.mean()) < 5 / 200
    assert abs(trace.var() - 1) < 0.05


def test_both_components_are_sampled_alike():
    determinants = np.linalg.det(O(3).sample(10_000, random_state=0))
    assert abs(determinants.mean()) < 5 / 100
    np.testing.assert_allclose(np.linalg.det(SO(3).sample(100, random_state=0)), 1.0)


def test_rotations_refuse_reflections():
    mirror = Reflection(3).discrete_generators
    assert O(3).contains(mirror).all()
    assert not SO(3).contains(mirror).any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_reflection_flips_its_axis(axis):
    expected = np.eye(3)
    expected[axis, axis] = -1.0
    np.testing.assert_array_equal(Reflection(3, axis).discrete_generators, [expected])


def test_small_cases():
    assert SO(1) == Trivial(1)
    assert O(1) == Reflection(1)


@pytest.mark.parametrize("cls", [SO, O, Reflection])
@pytest.mark.parametrize(
    ("n", "error"), [(0, ValueError), (-2, ValueError), (2.0, TypeError), ("2", TypeError)]
)
def test_wrong_dimension(cls, n, error):
    with pytest.raises(error, match=rf"'n' parameter of {cls.__name__} must be .* Got {n!r}"):
        cls(n)


def test_booleans_are_no_dimensions():
    with pytest.raises(TypeError, match="Got the boolean True instead"):
        SO(True)


def test_numpy_integers_are_dimensions():
    assert repr(SO(np.int64(3))) == "SO(3)"


def test_wrong_axis():
    with pytest.raises(ValueError, match="'axis' .* less than the dimension n=2. Got 2 instead"):
        Reflection(2, axis=2)
    with pytest.raises(ValueError, match="'axis' parameter of Reflection must be .* Got -1"):
        Reflection(2, axis=-1)


def test_a_group_too_large_to_store_says_so_before_it_tries():
    with pytest.raises(ProblemTooLargeError, match=r"SO\(2000\) needs 1999000 generators of 2000"):
        SO(2000)
