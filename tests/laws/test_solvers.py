"""Laws of the solvers: elimination, orbits and iteration find what dense constraints say."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import reject
from hypothesis import strategies as st

from softeq_sklearn.groups import MatrixGroup, S, Z
from softeq_sklearn.projection import _limits, _solver, type_basis
from softeq_sklearn.projection._generators import generators_of
from softeq_sklearn.projection._iterative import null_space_by_iteration
from softeq_sklearn.projection._orbits import orbit_space, signed_permutations
from softeq_sklearn.representations import Scalar, Vector
from softeq_sklearn.testing import groups
from tests.laws import _reference as reference
from tests.laws._law import law
from tests.laws._strategies import any_groups


def representation(word):
    """The tensors of a word of letters 1 and -1."""
    rep = Scalar
    for letter in word:
        rep = rep * (Vector if letter == 1 else Vector.T)
    return rep


def by_elimination(word, group):
    """What is left after the diagonalisable generators, by dense linear algebra."""
    with patch.object(_solver, "signed_permutations", lambda generators: None):
        return _solver.fixed_space(word, generators_of(group)).basis()


def by_iteration(word, group):
    """The same by filtered subspace iteration, for the Lie algebra and all other generators."""
    with (
        patch.object(_limits, "MAX_EIGH_SIZE", 0),
        patch.object(_solver, "MAX_DENSE_ENTRIES", 0),
    ):
        return by_elimination(word, group)


def by_iteration_alone(word, group):
    """Iteration on the sum of squares of all dense constraints, with nothing eliminated."""
    rows = reference.constraints(representation(word), group)
    # What it finds is relative to the size of the operator: of rounding errors there is none.
    rows = np.where(np.abs(rows) < 1e-12, 0.0, rows)
    gram = rows.T @ rows
    result = null_space_by_iteration(gram.__matmul__, len(gram), max_block=len(gram))
    if not result.converged:
        raise ValueError("The iteration did not converge.")
    return result.vectors


def by_orbits(word, group):
    """From orbits of index tuples, for groups that permute axes up to signs."""
    return orbit_space(word, *signed_permutations(generators_of(group))).basis()


def check_solvers_agree(bases, expected):
    """Every basis is orthonormal and spans the image of the expected projector."""
    for name, basis in bases.items():
        n = basis.shape[1]
        np.testing.assert_allclose(basis.T @ basis, np.eye(n), atol=1e-11, err_msg=name)
        np.testing.assert_allclose(basis @ basis.T, expected, rtol=0, atol=1e-8, err_msg=name)


words = st.lists(st.sampled_from([1, -1]), max_size=4).map(tuple)


signed_permutation_groups = groups(affine=False, orthogonal=True).filter(
    lambda group: signed_permutations(generators_of(group)) is not None
)


@st.composite
def problems(draw, groups):
    """A group and a tensor type of at most 27 components."""
    group = draw(groups)
    most = {1: 4, 2: 4, 3: 3, 4: 2}[group.dim]
    return draw(words)[:most], group


def solved(word, group, *solvers):
    """Bases by name; where a solver says that its figures do not tell the rank there is no case."""
    try:
        return {solve.__name__: solve(word, group) for solve in solvers}
    except ValueError as error:
        if any(text in str(error) for text in ("is not clear", "did not converge")):
            reject()
        raise


@law(problems(any_groups(4, affine=False)))
def test_elimination_and_iteration_agree_with_dense_constraints(problem):
    bases = solved(*problem, type_basis, by_elimination, by_iteration)
    word, group = problem
    check_solvers_agree(bases, reference.projector(representation(word), group))


@law(problems(any_groups(4, affine=False)))
def test_iteration_alone_agrees_with_dense_constraints(problem):
    bases = solved(*problem, type_basis, by_iteration_alone)
    word, group = problem
    check_solvers_agree(bases, reference.projector(representation(word), group))


@law(problems(signed_permutation_groups))
def test_orbits_agree_with_dense_constraints(problem):
    bases = solved(*problem, type_basis, by_orbits, by_elimination, by_iteration)
    word, group = problem
    check_solvers_agree(bases, reference.projector(representation(word), group))


# What the check is for


def test_wrong_spaces_are_told():
    word, group = (1, 1), S(3)
    basis, expected = by_orbits(word, group), reference.projector(Vector * Vector, group)
    check_solvers_agree({"orbits": basis}, expected)
    tilted = basis.copy()
    tilted[:, 0] += 1e-6
    of_another = by_orbits(word, Z(3))
    for wrong in (tilted, basis[:, 1:], basis[:, [0, 0]], 1.001 * basis, of_another):
        with pytest.raises(AssertionError):
            check_solvers_agree({"right": basis, "wrong": wrong}, expected)


def test_signs_that_were_lost_are_told():
    group = MatrixGroup(discrete_generators=[[[0.0, -1.0], [1.0, 0.0]]])
    images, signs = signed_permutations(generators_of(group))
    expected = reference.projector(Vector * Vector, group)
    check_solvers_agree({"orbits": orbit_space((1, 1), images, signs).basis()}, expected)
    with pytest.raises(AssertionError):
        check_solvers_agree({"orbits": orbit_space((1, 1), images, abs(signs)).basis()}, expected)
