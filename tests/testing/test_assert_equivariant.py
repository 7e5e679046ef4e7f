import re

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from softeq_sklearn.groups import (
    SE,
    SO,
    C,
    E,
    MatrixGroup,
    O,
    Reflection,
    S,
    Scaling,
    Translation,
    Trivial,
)
from softeq_sklearn.nn import EquivariantNetwork
from softeq_sklearn.testing import assert_equivariant

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def turned(X):
    return X[:, :2] @ TURN.T


def lengths(X):
    return np.linalg.norm(X, axis=1)


def positive_part(X):
    return np.maximum(X, 0.0)


def centroid(X):
    return (X[:, :2] + X[:, 2:]) / 2


@pytest.mark.parametrize(
    ("f", "group", "rep_in", "rep_out"),
    [
        (turned, SO(2), "Vector", "Vector"),
        (turned, C(7), "2*Vector", "Vector"),
        (turned, Scaling(2), "Vector", "Vector"),
        (lengths, O(4), "Vector", "Scalar"),
        (np.tanh, S(3), "Vector", "Vector"),
        (centroid, E(2), "2*Point", "Point"),
        (lambda X: X[:, :2] - X[:, 2:], Translation(2), "2*Point", "2*Scalar"),
        (lambda X: 0 * X, SO(3), "Vector", "Vector"),
        (np.exp, Trivial(2), "Vector", "Vector"),
    ],
)
def test_equivariant_functions_pass(f, group, rep_in, rep_out):
    assert_equivariant(f, group, rep_in, rep_out)


@pytest.mark.parametrize(
    ("f", "group", "rep_in", "rep_out"),
    [
        (turned, O(2), "Vector", "Vector"),
        (turned, Reflection(2), "Vector", "Vector"),
        (lengths, Scaling(4), "Vector", "Scalar"),
        (np.tanh, SO(3), "Vector", "Vector"),
        (centroid, SE(2), "2*Point", "Vector"),
        (lambda X: X + 1e-3, SO(3), "Vector", "Vector"),
        (lambda X: X[:, ::-1], C(3), "Vector", "Vector"),
    ],
)
# The generators alone tell, too.
@pytest.mark.parametrize("n_elements", [16, 0])
def test_others_are_noticed(f, group, rep_in, rep_out, n_elements):
    with pytest.raises(AssertionError, match="not equivariant"):
        assert_equivariant(f, group, rep_in, rep_out, n_elements=n_elements)


def test_message_names_what_failed():
    rows = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    message = (
        "The function is not equivariant under Reflection(2) from Vector to Vector: the relative "
        "error is 2, above the tolerance 1e-06, at row 2 for the element\n[[-1.  0.]\n [ 0.  1.]]"
    )
    with pytest.raises(AssertionError, match="^" + re.escape(message) + "$"):
        assert_equivariant(turned, Reflection(2), "Vector", "Vector", X=rows)


def test_tolerance_is_a_relative_error():
    def nearly(X):
        return X + [1e-4, 0.0]

    rows = np.array([[3.0, 4.0], [0.0, 0.1]])
    # 2e-4 is the distance, 5 the largest norm.
    for tol in (3.9e-5, 1e-6, None):
        with pytest.raises(AssertionError):
            assert_equivariant(nearly, Reflection(2), "Vector", "Vector", X=rows, tol=tol)
    assert_equivariant(nearly, Reflection(2), "Vector", "Vector", X=rows, tol=4.1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_output_that_is_no_number_is_not_equivariant(bad):
    def broken(X):
        return np.where(X > 1, bad, X)

    with pytest.raises(AssertionError, match="relative error is nan"):
        assert_equivariant(broken, SO(3), "Vector", "Vector")


def test_one_element_without_a_number_is_enough():
    n_calls = 0

    def breaks_later(X):
        nonlocal n_calls
        n_calls += 1
        return np.full_like(X, np.nan) if n_calls == 4 else X

    with pytest.raises(AssertionError, match="relative error is nan"):
        assert_equivariant(breaks_later, SO(3), "Vector", "Vector")


def test_function_that_changes_between_calls_is_noticed():
    rng = np.random.RandomState(0)
    for n_elements in (0, 3):
        with pytest.raises(AssertionError):
            assert_equivariant(
                lambda X: X + rng.standard_normal(X.shape),
                Trivial(2),
                "Vector",
                "Vector",
                n_elements=n_elements,
            )


def test_error_is_relative_to_the_larger_side():
    # f(h x) is zero, h f(x) is not: an error of 1 whatever the unit.
    for unit in (1e-9, 1.0, 1e9):
        rows = np.array([[unit, 0.0]])
        with pytest.raises(AssertionError, match="relative error is 1, "):
            assert_equivariant(positive_part, Reflection(2), "Vector", "Vector", X=rows, tol=0.5)


def test_rounding_of_a_zero_function_passes():
    def dust(X):
        return 1e-16 * np.abs(X)

    assert_equivariant(dust, SO(3), "Vector", "Vector")
    with pytest.raises(AssertionError):
        assert_equivariant(dust, SO(3), "Vector", "Vector", atol=0)
    # A small unit is no rounding.
    with pytest.raises(AssertionError):
        assert_equivariant(lambda X: 1e6 * dust(X), SO(3), "Vector", "Vector")


def test_tolerance_follows_the_precision_of_a_module():
    class Nearly(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.size = torch.nn.Parameter(torch.tensor(1e-5))

        def forward(self, x):
            return x + self.size * x.abs()

    assert_equivariant(Nearly(), SO(3), "Vector", "Vector")
    with pytest.raises(AssertionError, match="above the tolerance 1e-06"):
        assert_equivariant(Nearly().double(), SO(3), "Vector", "Vector")


def test_modules_keep_their_precision(device):
    network = EquivariantNetwork("2*Vector", "Vector", SO(3), hidden_channels=16).to(device)
    assert_equivariant(network, SO(3), "2*Vector", "Vector")
    with pytest.raises(AssertionError):
        assert_equivariant(network, SO(3), "2*Vector", "Vector", tol=1e-12, atol=0)
    assert_equivariant(network.double(), SO(3), "2*Vector", "Vector", tol=1e-12, atol=0)
    with pytest.raises(AssertionError):
        assert_equivariant(torch.nn.Linear(6, 3).to(device), SO(3), "2*Vector", "Vector")
    assert_equivariant(torch.nn.Identity(), SO(3), "Vector", "Vector", tol=1e-12)


def test_estimators():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((50, 4))
    model = LinearRegression(fit_intercept=False).fit(X, turned(X))
    assert_equivariant(model, SO(2), "2*Vector", "Vector")
    model.fit(X, np.abs(X[:, :2]))
    with pytest.raises(AssertionError):
        assert_equivariant(model, SO(2), "2*Vector", "Vector")


def test_generators_of_any_size():
    for size in (1e-9, 1e9):
        group = MatrixGroup(lie_algebra=size * TURN[None], name="turns")
        assert_equivariant(turned, group, "Vector", "Vector")
        with pytest.raises(AssertionError):
            assert_equivariant(np.tanh, group, "Vector", "Vector")
        scalings = MatrixGroup(lie_algebra=size * np.eye(2)[None], name="scalings")
        assert_equivariant(turned, scalings, "Vector", "Vector")


def test_rows_and_elements_follow_the_random_state(global_generators_untouched):
    seen = []

    def f(X):
        seen.append(X.copy())
        return X

    for random_state in (0, 0, 1):
        assert_equivariant(f, SO(3), "Vector", "Vector", n_rows=5, random_state=random_state)
    n = len(seen) // 3
    # The rows, then the identity, each generator and each element on all of them.
    assert n == 1 + 1 + 3 + 16
    assert all(rows.shape == (5, 3) for rows in seen)
    first, again, other = seen[:n], seen[n : 2 * n], seen[2 * n :]
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[0], other[0])


def test_columns_have_to_fit():
    with pytest.raises(ValueError, match=r"'f' must return .* \(16, 3\).*Got shape \(16, 2\)"):
        assert_equivariant(turned, SO(3), "Vector", "Vector")
    with pytest.raises(ValueError, match=r"Got shape \(16,\)"):
        assert_equivariant(lengths, SO(3), "Vector", "Vector")
    with pytest.raises(ValueError, match="'X' must have shape"):
        assert_equivariant(turned, SO(2), "Vector", "Vector", X=np.ones((4, 3)))


@pytest.mark.parametrize("f", [None, 3, LinearRegression])
def test_what_is_no_function_is_refused(f):
    with pytest.raises(TypeError, match="'f' must be a callable"):
        assert_equivariant(f, SO(2), "Vector", "Vector")
