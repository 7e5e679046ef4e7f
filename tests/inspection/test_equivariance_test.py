import numpy as np
import pandas as pd
import pytest
from scipy import stats

from softeq_sklearn.datasets import make_cosine_similarity, make_distances, make_inertia
from softeq_sklearn.groups import (
    SE,
    SL,
    SO,
    C,
    O,
    Reflection,
    S,
    Scaling,
    SO13p,
    Translation,
    Trivial,
)
from softeq_sklearn.inspection import EquivarianceTest, equivariance_test
from softeq_sklearn.inspection._cross_residuals import cross_residuals
from softeq_sklearn.inspection._orbit_moments import OrbitMoments, standardised
from softeq_sklearn.levels._canonical_rows import canonical_rows
from softeq_sklearn.representations import as_representation


def p_of(X, y, group, rep_in, rep_out, **options):
    options = {"n_permutations": 99, "random_state": 0} | options
    return equivariance_test(X, y, group, rep_in, rep_out, **options).p_value


def p_values(make, group, n_rows, n_sets, **arguments):
    values = []
    for seed in range(n_sets):
        data = make(n_rows, random_state=seed, **arguments)
        columns = data.rep_in, data.rep_out
        values.append(p_of(data.data, data.target, data.groups[group], *columns, random_state=seed))
    return np.array(values)


@pytest.mark.parametrize(
    ("make", "arguments", "group"),
    [
        (make_inertia, {"noise": 0.3, "noise_std": 0.2}, "O(2) xy"),
        (make_cosine_similarity, {"symmetry": "so3", "shift": 1.0}, "SO(3)"),
        (make_cosine_similarity, {"symmetry": "scale", "shift": 1.0}, "Scaling(3)"),
    ],
)
def test_size(make, arguments, group):
    """At a true level of 5 %, more than 6 of 40 rejections come once in 1000 times."""
    rejections = np.sum(p_values(make, group, 60, 40, **arguments) <= 0.05)
    assert stats.binom.sf(6, 40, 0.05) < 5e-3
    assert rejections <= 6


@pytest.mark.parametrize(
    ("make", "arguments", "group"),
    [
        (make_inertia, {"noise": 1.0}, "O(2) yz"),
        (make_cosine_similarity, {"symmetry": "so3", "noise": 1.0}, "Scaling(3)"),
        (make_distances, {"symmetry": "rotations"}, "Translation(3)"),
    ],
)
def test_power(make, arguments, group):
    assert np.all(p_values(make, group, 200, 3, **arguments) == 0.01)


ROWS = np.random.RandomState(7).standard_normal((60, 9))


@pytest.mark.parametrize(
    ("group", "rep_in"),
    [
        (SO(3), "3*Vector"),
        (O(3), "Vector + T(2) - 3*Scalar"),
        (S(3), "3*Vector"),
        (C(4).embed(3, axes=(0, 1)), "3*Vector"),
        (Scaling(3), "3*Vector"),
        (SL(3), "3*Vector"),
        (Translation(3), "3*Point"),
        (SE(3), "2*Point + Vector"),
        (SO13p(), "2*Vector + Scalar"),
    ],
)
def test_canonical_rows_are_on_the_orbits(group, rep_in):
    rep = as_representation(rep_in.replace(" - 3*Scalar", ""))
    X = np.random.RandomState(7).standard_normal((30, rep.dim(group)))
    elements, M = canonical_rows(X, group, rep, np.random.RandomState(0))
    for x, g, m in zip(X, elements, M, strict=True):
        np.testing.assert_allclose(rep.act(g, m[None])[0], x, atol=1e-8)
    assert np.all(group.contains(elements, tol=1e-6))


@pytest.mark.parametrize("group", [SO(3), Scaling(3), Translation(3)])
def test_canonical_rows_lie_closer_together(group):
    """What is left varies less than the rows do, in the directions of the group."""
    rep = as_representation("3*Point" if group.is_affine else "3*Vector")
    _, M = canonical_rows(ROWS, group, rep, np.random.RandomState(0))
    if group == Scaling(3):
        spread = [np.std(np.log(np.linalg.norm(rows, axis=1))) for rows in (ROWS, M)]
    elif group.is_affine:
        spread = [rows.reshape(-1, 3, 3).mean(1).std(axis=0).max() for rows in (ROWS, M)]
    else:
        spread = [(rows - rows.mean(axis=0)).std() for rows in (ROWS, M)]
    assert spread[1] < 0.9 * spread[0]


def test_elements_are_independent_of_canonical_rows_under_an_invariant_law():
    """What the exactness of the level stands on: gamma is Haar whatever M is."""
    group, rep = SO(2), as_representation("2*Vector")
    X = np.random.RandomState(0).standard_normal((4000, 4)) * np.array([1, 1, 3, 3])
    elements, M = canonical_rows(X, group, rep, np.random.RandomState(0))
    angle = np.arctan2(elements[:, 1, 0], elements[:, 0, 0])
    for part in (M[:, 0] > np.median(M[:, 0]), np.hypot(M[:, 2], M[:, 3]) > 3):
        for rows in (part, ~part):
            assert stats.kstest(angle[rows] / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3


def test_residuals_are_those_of_leaving_rows_out():
    """Against kernel ridge regressions that are fitted without the row."""
    rng = np.random.RandomState(0)
    M = rng.standard_normal((25, 2))
    Z = np.sin(M) + 0.1 * rng.standard_normal((25, 2))
    residuals, smoothed = cross_residuals(M, Z, np.random.RandomState(1))
    S = (M - M.mean(axis=0)) / M.std(axis=0)
    squared = ((S[:, None] - S[None]) ** 2).sum(axis=2)
    inner = 1 + S @ S.T / 2
    kernels = [inner**2 + 1, inner**3 + 1, np.exp(-squared / np.median(squared)) + 1]
    candidates = []
    for kernel in kernels:
        for ridge in 10.0 ** np.arange(-7, 3) * np.linalg.eigvalsh(kernel).mean():
            left_out = np.empty_like(Z)
            for i in range(25):
                rest = np.delete(np.arange(25), i)
                system = kernel[np.ix_(rest, rest)] + ridge * np.eye(24)
                left_out[i] = Z[i] - kernel[i, rest] @ np.linalg.solve(system, Z[rest])
            candidates.append((np.sum(left_out**2), left_out, kernel))
    _, expected, kernel = min(candidates, key=lambda item: item[0])
    np.testing.assert_allclose(residuals, expected, atol=1e-6)
    values = np.linalg.eigvalsh(kernel)
    ridges = np.geomspace(1e-9, 1e6, 20001)
    freedom = [np.sum(values / (values + ridge)) for ridge in ridges]
    ridge = ridges[np.argmin(np.abs(np.array(freedom) - 5))]
    smoother = np.linalg.solve(kernel + ridge * np.eye(25), kernel)
    np.testing.assert_allclose(smoothed, expected - smoother @ expected, atol=1e-3)


def test_many_rows_are_smoothed_in_parts():
    M = np.random.RandomState(0).standard_normal((1100, 2))
    Z = M[:, :1] ** 2
    residuals, smoothed = cross_residuals(M, Z, np.random.RandomState(0))
    assert np.abs(residuals).max() < 1e-2
    assert smoothed.shape == Z.shape


def test_moments_are_those_of_the_rows_as_they_came():
    """In the data's own order the moved rows are the rows, and moments are sums over rows."""
    group, rep_in, rep_out = SO(3), as_representation("3*Vector"), as_representation("Vector")
    rng = np.random.RandomState(0)
    elements, M = canonical_rows(ROWS, group, rep_in, rng)
    residuals, fitted = rng.standard_normal((60, 3)), rng.standard_normal((60, 3))
    moments = OrbitMoments(elements, M, fitted, residuals, rep_in, rep_out, rng)
    values = moments(np.arange(60))
    lab = np.einsum("nij,nj->ni", elements, residuals)
    entries = standardised(elements.reshape(60, 9))
    total = np.zeros((3, 9))
    by_entries = np.zeros((3, 9))
    for i in range(60):
        total += np.outer(lab[i], ROWS[i])
        by_entries += np.outer(residuals[i], entries[i])
    assert values[3] == pytest.approx(np.sum(total**2))
    assert values[0] == pytest.approx(np.sum(by_entries**2))
    order = rng.permutation(60)
    assert moments(order)[3] != pytest.approx(values[3])


def test_translations_do_not_move_residuals():
    group, rep = Translation(2), as_representation("2*Point")
    X = np.random.RandomState(0).standard_normal((40, 4)) + 1
    y = X + 0.1 * np.random.RandomState(1).standard_normal((40, 4))
    assert p_of(X, y, group, rep, rep) > 0.05
    assert p_of(X, X**2, group, rep, rep) == 0.01


def test_symmetry_without_columns_that_move():
    """Scalars in, a vector out: its mean must be one that the group leaves alone."""
    rng = np.random.RandomState(0)
    X, y = rng.standard_normal((100, 2)), rng.standard_normal((100, 2))
    assert p_of(X, y, SO(2), "2*Scalar", "Vector") > 0.05
    assert p_of(X, y + [1, 0], SO(2), "2*Scalar", "Vector") == 0.01


def test_reflection():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((100, 2))
    noise = 0.3 * rng.standard_normal(100)
    assert p_of(X, X[:, 1] + noise, Reflection(2), "Vector", "Scalar") > 0.05
    assert p_of(X, X[:, 0] + noise, Reflection(2), "Vector", "Scalar") == 0.01


@pytest.mark.parametrize("y", [np.zeros(60), np.ones(60), np.arange(60.0)])
def test_nothing_to_move_has_p_value_one(y):
    result = equivariance_test(ROWS, y, Trivial(3), "3*Vector", "Scalar", random_state=0)
    assert result == EquivarianceTest(0.0, 1.0, 199)


def test_units_seed_and_containers():
    y = ROWS[:, :3] + ROWS[:, 3:6] ** 2
    arguments = SO(3), "3*Vector", "Vector"
    first = p_of(ROWS, y, *arguments, n_permutations=39)
    assert first == p_of(pd.DataFrame(ROWS), pd.DataFrame(y), *arguments, n_permutations=39)
    assert first == p_of(1024 * ROWS, 4096 * y, *arguments, n_permutations=39)


def test_p_values_are_ranks():
    y = np.random.RandomState(0).standard_normal(60)
    result = equivariance_test(
        ROWS, y, SO(3), "3*Vector", "Scalar", n_permutations=19, random_state=0
    )
    assert result.n_permutations == 19
    assert 20 * result.p_value == pytest.approx(round(20 * result.p_value))
    assert 1 / 20 <= result.p_value <= 1


def test_a_group_that_does_not_commute():
    """Elements put on the targets instead of taken off would break this symmetry."""
    y = ROWS[:, :3] + 0.1 * np.random.RandomState(1).standard_normal((60, 3))
    assert p_of(ROWS, y, SO(3), "3*Vector", "Vector") > 0.05
    assert p_of(ROWS, y * [1.0, 1.0, 0.5], SO(3), "3*Vector", "Vector") == 0.01


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"group": "SO(3)"}, TypeError, "group must be a Group. Got 'SO\\(3\\)'"),
        ({"rep_in": "2*Vector"}, ValueError, "rep_in must have one column for each column of X"),
        ({"rep_out": "Vector"}, ValueError, "rep_out must have one column for each column of y"),
        ({"X": ROWS[:10], "y": np.zeros(10)}, ValueError, "minimum of 20"),
        ({"X": np.where(ROWS > 2, np.nan, ROWS)}, ValueError, "NaN"),
        ({"n_permutations": 0}, ValueError, "n_permutations"),
    ],
)
def test_errors(changes, error, message):
    arguments = {"X": ROWS, "y": ROWS[:, 0], "group": SO(3)}
    arguments |= {"rep_in": "3*Vector", "rep_out": "Scalar"} | changes
    with pytest.raises(error, match=message):
        equivariance_test(**arguments)


@pytest.mark.parametrize("group", [S(3), Reflection(3)])
def test_rows_of_few_values(group):
    """One-hot rows, and signs: most pairs of canonical rows, or all, are equal."""
    rng = np.random.RandomState(0)
    X = np.eye(3)[rng.randint(3, size=40)] if group == S(3) else rng.choice([-1.0, 1.0], (40, 3))
    noise = 0.1 * rng.standard_normal(40)
    options = {"n_permutations": np.int64(99), "random_state": 0}
    assert 0 < equivariance_test(X, noise, group, "Vector", "Scalar", **options).p_value <= 1
