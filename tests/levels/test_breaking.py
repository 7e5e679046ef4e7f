import numpy as np
import pytest
from scipy.stats import kstest, wilcoxon

from softeq_sklearn.groups import SE, SL, SO, O, Scaling, Translation, inverse
from softeq_sklearn.levels import (
    BROKEN_SCORE,
    Orbits,
    asymmetric_products,
    breaking_score,
    orbit_score,
    values_on_orbits,
)
from softeq_sklearn.representations import Point, Scalar, T, Vector
from softeq_sklearn.representations._row_action import act_on_each_row


def symmetric_part(*arguments, **options):
    return values_on_orbits(*arguments, **options).mean(axis=0)


def test_score_is_that_of_scipy():
    products = np.random.RandomState(0).standard_normal(300)
    theirs = wilcoxon(products, method="approx", alternative="greater").zstatistic
    assert breaking_score(products) == pytest.approx(theirs / np.sqrt(2))
    assert breaking_score(np.zeros(5)) == 0
    assert breaking_score(-products) == pytest.approx(-breaking_score(products))


def test_score_is_standard_normal_if_the_symmetry_holds():
    """Rows predicted by others: products of two rows agree, so that their sum varies twice."""
    scores = []
    for seed in range(200):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((300, 6))
        residuals = (X**2).sum(axis=1) - 6 + rng.standard_normal(300)
        # A kernel smoother with odd kernel; the row itself is left out.
        kernel = X @ X.T
        np.fill_diagonal(kernel, 0.0)
        scores.append(breaking_score(residuals * (kernel @ residuals)))
    assert kstest(scores, "norm").pvalue > 0.01
    assert 0.85 < np.std(scores) < 1.15


def test_score_finds_what_is_broken():
    rng = np.random.RandomState(0)
    x = rng.standard_normal(1000)
    broken = 0.3 * x + rng.standard_normal(1000)
    assert breaking_score(broken * x) > BROKEN_SCORE
    assert breaking_score(-broken * x) < -BROKEN_SCORE


def classes_and_values(seed, n_rows=500, n_elements=8):
    """Classes of a circle, and a function that is far too sure where it sees the other one."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n_rows, 2))
    probability = np.exp(-2 * (X**2).sum(axis=1))
    y = (rng.uniform(size=n_rows) < probability).astype(float)

    def function(X):
        sure = np.exp(-2 * (X**2).sum(axis=1) + 3 * np.sin(5 * np.arctan2(X[:, 1], X[:, 0])))
        return np.minimum(sure, 1.0)[None, :, None]

    orbits = Orbits(X, SO(2), Vector, random_state=seed)
    draws = [
        values_on_orbits(function, X, orbits.elements(n_elements), Vector, Scalar)[:, 0]
        for _ in "ab"
    ]
    return y[:, None], function(X)[0], draws


def test_orbit_score_is_standard_normal_for_classes():
    """Up to the factor for rows that tell of each other; products of classes are skewed."""
    scores, of_products = [], []
    for seed in range(200):
        y, values, draws = classes_and_values(seed)
        parts = [draw.mean(axis=0) for draw in draws]
        scores.append(np.sqrt(2) * orbit_score(y - parts[0], values, draws[1]))
        of_products.append(breaking_score(asymmetric_products(y, values, *parts)))
    assert kstest(scores, "norm").pvalue > 0.001
    assert abs(np.mean(scores)) < 0.25 and 0.85 < np.std(scores) < 1.15
    assert np.mean(of_products) > 0.5


def test_orbit_score_finds_what_is_broken():
    y, values, draws = classes_and_values(0)
    broken = (np.random.RandomState(1).uniform(size=len(y)) < values[:, 0]).astype(float)[:, None]
    assert orbit_score(broken - draws[0].mean(axis=0), values, draws[1]) > BROKEN_SCORE
    assert orbit_score(-(broken - draws[0].mean(axis=0)), values, draws[1]) < -BROKEN_SCORE


def test_orbit_score_of_nothing():
    """A function that keeps the symmetry, or nothing to agree with."""
    y, values, draws = classes_and_values(0)
    assert orbit_score(y, values, np.stack([values] * 4)) == 0
    assert orbit_score(0 * y, values, draws[1]) == 0


# Powers of two, near 1e-170 and 1e170: digits stay the same.
unit_of_values = pytest.mark.parametrize("unit", [2.0**-565, 1.0, 2.0**565])


@unit_of_values
def test_scores_have_no_units(unit):
    y, values, draws = classes_and_values(0)
    parts = [draw.mean(axis=0) for draw in draws]
    arrays = [y, values, *parts]
    products = asymmetric_products(*arrays)
    scaled = asymmetric_products(*(unit * some for some in arrays))
    assert breaking_score(scaled) == breaking_score(products) != 0
    expected = orbit_score(y - parts[0], values, draws[1])
    assert orbit_score(unit * (y - parts[0]), unit * values, unit * draws[1]) == expected != 0


def test_products_are_in_the_units_of_the_targets():
    arrays = np.random.RandomState(0).standard_normal((4, 20, 2))
    expected = asymmetric_products(*arrays)
    np.testing.assert_allclose(asymmetric_products(*(1e50 * arrays)), 1e100 * expected)


def test_products_have_mean_zero_if_the_symmetry_holds():
    """However few elements the symmetric part is a mean of; one part in both factors is biased."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((20_000, 2))
    targets = np.linalg.norm(X, axis=1, keepdims=True)
    function = lambda X: (X[:, :1] + np.sin(2 * X[:, 1:]))[None]  # noqa: E731
    orbits = Orbits(X, SO(2), Vector, random_state=1)
    parts = [symmetric_part(function, X, orbits.elements(2), Vector, Scalar)[0] for _ in "ab"]
    products = asymmetric_products(targets, function(X)[0], *parts)
    biased = asymmetric_products(targets, function(X)[0], parts[0], parts[0])
    error = np.std(products) / np.sqrt(len(X))
    assert abs(products.mean()) < 4 * error < 0.2 * biased.mean()


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(
    "group, rep",
    [(Translation(2), 2 * Point), (SE(2), 2 * Point + Vector), (Scaling(2), 2 * Vector)],
)
def test_moved_rows_have_the_law_of_the_rows_in_any_units(group, rep, unit):
    offset = 3.0 if group.is_affine else 0.0  # which only Points may have
    X = np.random.RandomState(0).standard_normal((1000, rep.dim(2)))
    X[:, :4] += offset
    X *= unit
    orbits = Orbits(X, group, rep, random_state=0)
    assert orbits.keeps_the_law
    for elements in orbits.elements(2):
        moved = act_on_each_row(rep, elements, X)
        assert (np.abs(moved - X).max(axis=1) > 0.01 * unit).mean() > 0.9
        sizes = np.linalg.norm(moved, axis=1), np.linalg.norm(X, axis=1)
        for share in (0.1, 0.5, 0.9):
            moved_size, size = (np.quantile(some, share) for some in sizes)
            assert moved_size == pytest.approx(size, rel=0.2)


def test_translations_exchange_the_means_of_points():
    X = 5.0 + 0.1 * np.random.RandomState(0).standard_normal((500, 4))
    moved = act_on_each_row(
        2 * Point, Orbits(X, Translation(2), 2 * Point, random_state=0).elements(1)[0], X
    )
    means = [rows.reshape(-1, 2, 2).mean(axis=1) for rows in (moved, X)]
    np.testing.assert_allclose(means[0].mean(axis=0), means[1].mean(axis=0), atol=0.02)
    np.testing.assert_allclose(means[0].std(axis=0), means[1].std(axis=0), rtol=0.3)


def test_groups_without_an_anchor_are_sampled():
    X = np.random.RandomState(0).standard_normal((50, 4))
    orbits = Orbits(X, SL(2), 2 * Vector, random_state=0)
    assert not orbits.keeps_the_law
    expected = SL(2).sample(3 * 50, 0).reshape(3, 50, 2, 2)
    np.testing.assert_array_equal(orbits.elements(3), expected)


def test_under_scalings_values_are_compared_at_the_anchor():
    """Large values would outweigh others: the identity is equivariant, and would look broken."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((4000, 2))
    orbits = Orbits(X, Scaling(2), Vector, random_state=1)
    function = lambda X: (-X * np.exp(-np.linalg.norm(X, axis=1, keepdims=True)))[None]  # noqa: E731
    parts = [symmetric_part(function, X, orbits.elements(), Vector, Vector)[0] for _ in "ab"]
    arrays = X, function(X)[0], *parts
    at_anchor = asymmetric_products(*(orbits.at_anchor(a, Vector) for a in arrays))
    assert (
        abs(breaking_score(at_anchor)) < BROKEN_SCORE < breaking_score(asymmetric_products(*arrays))
    )


@pytest.mark.parametrize(
    "group, rep_in, rep_out, function",
    [
        (O(3), 2 * Vector, Scalar, lambda X: (X[:, :3] * X[:, 3:]).sum(axis=1, keepdims=True)),
        (SO(3), Vector, T(2), lambda X: np.einsum("ni,nj->nij", X, X).reshape(len(X), 9)),
        (SE(2), 2 * Point, Point, lambda X: 0.5 * (X[:, :2] + X[:, 2:])),
    ],
)
def test_symmetric_part_of_an_equivariant_function(group, rep_in, rep_out, function):
    X = np.random.RandomState(0).standard_normal((20, rep_in.dim(group.dim)))
    elements = Orbits(X, group, rep_in, random_state=0).elements()
    part = symmetric_part(lambda X: function(X)[None], X, elements, rep_in, rep_out)
    np.testing.assert_allclose(part[0], function(X), atol=1e-10)


def test_symmetric_part_is_a_mean_over_elements():
    """Against the definition, row by row, with the same elements."""
    X = np.random.RandomState(0).standard_normal((5, 2))
    elements = Orbits(X, Translation(2), Point, random_state=1).elements(3)
    square = lambda X: (X**2)[None]  # noqa: E731
    part = symmetric_part(square, X, elements, Point, Point)
    differences = symmetric_part(square, X, elements, Point, Point, of_differences=True)
    for i, x in enumerate(X):
        moved = [Point.act(g, x[None]) ** 2 for g in elements[:, i]]
        back = [Point.act(inverse(g), m) for g, m in zip(elements[:, i], moved, strict=True)]
        np.testing.assert_allclose(part[0, i], np.mean(back, axis=0)[0])
        np.testing.assert_allclose(differences[0, i], np.mean(moved, axis=0)[0])
