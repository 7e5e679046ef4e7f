import numpy as np

from softeq_sklearn.datasets._synthetic import SyntheticTask
from softeq_sklearn.groups import SO, O
from softeq_sklearn.representations import Scalar, Vector


def normal(n_samples, random_state):
    return random_state.standard_normal((n_samples, 4))


def determinant(X):
    """Keeps its value under turns, changes its sign under reflections."""
    return X[:, 0] * X[:, 3] - X[:, 1] * X[:, 2]


def test_true_error(global_generators_untouched):
    task = SyntheticTask(normal, determinant, 2 * Vector, Scalar)
    assert task.true_error(SO(2)) < 1e-12
    np.testing.assert_allclose(task.true_error(O(2)), 0.5, atol=0.1)
    assert task.true_error(O(2)) == task.true_error(O(2))
    assert task.true_error(O(2), random_state=1) != task.true_error(O(2), random_state=2)
