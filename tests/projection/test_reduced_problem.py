"""The iterative path gives the same space as the dense one."""

import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import SO, MatrixGroup, O, SO13p, Sp
from softeq_sklearn.projection import _limits, _reduced_problem, _solver, clear_cache, type_basis
from softeq_sklearn.projection._generators import generators_of
from softeq_sklearn.projection._iterative import IterationResult
from softeq_sklearn.projection._tensor_operators import constraints_of
from softeq_sklearn.projection._weights import eigenframe_of

GOLDEN = (1 + 5**0.5) / 2


def turn(axis, angle):
    axis = np.array(axis) / np.linalg.norm(axis)
    K = np.cross(np.eye(3), -axis)
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K


ICOSAHEDRON = MatrixGroup(
    discrete_generators=[turn([0, 1, GOLDEN], 2 * np.pi / 5), turn([1, 1, 1], 2 * np.pi / 3)],
    name="icosahedron",
)


def test_the_icosahedron_has_sixty_rotations():
    assert ICOSAHEDRON.order == 60


@pytest.mark.parametrize("group", [SO(3), O(3), SO13p(), Sp(2), ICOSAHEDRON], ids=repr)
@pytest.mark.parametrize("word", [(1, 1), (1, -1), (1, 1, -1, -1)])
def test_gram_matrices_are_those_of_the_constraints(group, word):
    constraints = constraints_of(generators_of(group))
    frame = eigenframe_of(constraints, group.dim)
    problem = _reduced_problem.ReducedProblem.of(word, frame)
    tensors = frame.to_tensors(word, problem.positions, problem.real_basis.T.tocsr())

    def gram(chosen):
        images = [c.apply(word, tensors) for c in frame.remaining if c.is_lie == chosen]
        return sum((image @ image.T for image in images), np.zeros((len(tensors),) * 2))

    np.testing.assert_allclose(problem._lie_gram().toarray(), gram(True), atol=1e-12)
    identity = np.eye(len(tensors))
    operators = [problem._gram_operator(c) for c in problem.discrete]
    applied = sum((apply(identity) for apply in operators), np.zeros_like(identity))
    np.testing.assert_allclose(applied, gram(False), atol=1e-12)


@pytest.mark.parametrize(
    "group, word",
    [(SO(3), (1,) * 6), (O(3), (1,) * 6), (SO13p(), (1, 1, -1, -1)), (Sp(2), (1,) * 4)],
    ids=repr,
)
def test_lie_algebra_by_iteration(group, word, monkeypatch, empty_cache):
    dense = type_basis(word, group)
    monkeypatch.setattr(_limits, "MAX_EIGH_SIZE", 0)
    iterated = solve_again(word, group)
    assert iterated.shape == dense.shape
    np.testing.assert_allclose(iterated @ iterated.T, dense @ dense.T, atol=1e-11)


@pytest.mark.parametrize("word", [(1,) * 4, (1,) * 6])
def test_discrete_generators_by_iteration(word, monkeypatch, empty_cache):
    dense = type_basis(word, ICOSAHEDRON)
    # Too small for the tensors that the rotation by 72 degrees fixes, large enough for the result.
    monkeypatch.setattr(_solver, "MAX_DENSE_ENTRIES", dense.size)
    iterated = solve_again(word, ICOSAHEDRON)
    assert iterated.shape == dense.shape
    np.testing.assert_allclose(iterated @ iterated.T, dense @ dense.T, atol=1e-11)


def solve_again(word, group):
    clear_cache()
    return type_basis(word, group)


def test_no_silent_failure(monkeypatch, empty_cache):
    monkeypatch.setattr(_limits, "MAX_EIGH_SIZE", 0)
    monkeypatch.setattr(
        _reduced_problem,
        "null_space_by_iteration",
        lambda apply, size, max_block: IterationResult(np.zeros((size, 2)), False, 100, 1e-5),
    )
    with pytest.raises(ValueError, match="19 unknowns, did not converge within 100 steps: 2 null"):
        type_basis((1,) * 4, SO(3))


def test_too_large_for_every_solver(monkeypatch, empty_cache):
    monkeypatch.setattr(_limits, "MAX_ITERATIVE_SIZE", 10)
    with pytest.raises(ProblemTooLargeError, match="leaves 19 unknowns .* at most 10 can be"):
        type_basis((1,) * 4, SO(3))


def test_too_many_entries_of_the_constraints(monkeypatch, empty_cache):
    # A column for each of 19 unknowns, with an entry for each of 4 axes and 3 directions.
    monkeypatch.setattr(_limits, "MAX_DENSE_ENTRIES", 19 * 4 * 3 - 1)
    with pytest.raises(ProblemTooLargeError, match="leaves 19 unknowns"):
        type_basis((1,) * 4, SO(3))


def test_too_many_fixed_tensors(monkeypatch, empty_cache):
    monkeypatch.setattr(_limits, "MAX_DENSE_ENTRIES", 1000)
    with pytest.raises(ProblemTooLargeError, match=r"shape \(1024, 252\) .* at most 1000"):
        type_basis((1,) * 10, SO(2))
