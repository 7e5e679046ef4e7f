import numpy as np
import pytest
from scipy.stats import kstest, wilcoxon

from softeq_sklearn.groups import SE, SO, O, Translation, inverse
from softeq_sklearn.levels import BROKEN_SCORE, breaking_score, symmetric_part
from softeq_sklearn.representations import Point, Scalar, T, Vector


def test_score_is_that_of_scipy():
    rng = np.random.RandomState(0)
    residuals, asymmetric = rng.standard_normal((2, 300, 4))
    products = (residuals * asymmetric).sum(axis=1)
    ours = breaking_score(residuals, asymmetric)
    theirs = wilcoxon(products, method="asymptotic", alternative="greater").zstatistic
    assert ours == pytest.approx(theirs)
    assert breaking_score(residuals, np.zeros_like(residuals)) == 0
    assert breaking_score(-residuals, asymmetric) == pytest.approx(-ours)


def test_score_is_standard_normal_if_the_symmetry_holds():
    """Residuals with an equivariant part, which is orthogonal to what breaks the symmetry."""
    scores = []
    for seed in range(200):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((300, 2))
        residuals = (
            np.linalg.norm(X, axis=1, keepdims=True) ** 2 - 2 + rng.standard_normal((300, 1))
        )
        scores.append(breaking_score(residuals, X[:, :1] * (1 + X[:, 1:] ** 2)))
    assert kstest(scores, "norm").pvalue > 0.01


def test_score_finds_what_is_broken():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((1000, 2))
    broken = 0.3 * X[:, :1] + rng.standard_normal((1000, 1))
    assert breaking_score(broken, X[:, :1]) > BROKEN_SCORE
    assert breaking_score(-broken, X[:, :1]) < -BROKEN_SCORE


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
    arguments = group, rep_in, rep_out
    part = symmetric_part(lambda X: function(X)[None], X, *arguments, random_state=0)
    np.testing.assert_allclose(part[0], function(X), atol=1e-10)


def test_symmetric_part_is_a_mean_over_elements():
    """Against the definition, row by row, with the same elements."""
    X = np.random.RandomState(0).standard_normal((5, 2))
    group, n = Translation(2), 3
    part = symmetric_part(
        lambda X: (X**2)[None], X, group, Point, Point, n_elements=n, random_state=1
    )
    elements = group.sample(n * len(X), 1).reshape(n, len(X), 2, 3)
    for i, x in enumerate(X):
        moved = [Point.act(g, x[None]) ** 2 for g in elements[:, i]]
        back = [Point.act(inverse(g), m) for g, m in zip(elements[:, i], moved, strict=True)]
        np.testing.assert_allclose(part[0, i], np.mean(back, axis=0)[0])
