"""Bases of tensor types: equal to closed forms and to an independent decomposition."""

import os
import subprocess
import sys
import time
from math import comb

import numpy as np
import pytest

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import (
    GL,
    SE,
    SL,
    SO,
    MatrixGroup,
    O,
    S,
    Scaling,
    SO13p,
    Translation,
    Trivial,
    generated_by,
)
from softeq_sklearn.projection import _tensor_operators, clear_cache, type_basis


def word_of(p, q):
    return (1,) * p + (-1,) * q


def check_type(reference, case, p, q):
    """Rank by three ways; orthonormal columns that all constraints annihilate."""
    word = word_of(p, q)
    basis = type_basis(word, case.group)
    rank = reference.svd_rank(word, case.group)
    assert basis.shape == (case.group.dim ** (p + q), rank)
    if case.rank is not None:
        assert rank == case.rank(p, q)
    np.testing.assert_allclose(basis.T @ basis, np.eye(rank), atol=1e-12)
    for constraint in reference.constraints(word, case.group):
        # The norm of a tensor power grows with the norm of the generator.
        scale = max(1.0, np.abs(constraint).max())
        assert np.abs(constraint @ basis).max(initial=0) <= 1e-11 * scale


def test_ranks_equal_closed_forms_and_svd(case, reference):
    for p, q in case.types(max_unknowns=130):
        check_type(reference, case, p, q)


@pytest.mark.slow
def test_ranks_equal_closed_forms_and_svd_up_to_2000_unknowns(case, reference):
    for p, q in case.types(max_unknowns=2000):
        if case.group.dim ** (p + q) > 130:
            check_type(reference, case, p, q)


@pytest.mark.parametrize("word", [(-1, 1), (1, -1, 1), (-1, -1, 1), (-1, 1, 1, -1)])
@pytest.mark.parametrize("group", [SO13p(), GL(3), O(3), S(3)], ids=repr)
def test_axes_in_any_order(group, word, reference):
    basis = type_basis(word, group)
    expected = reference.svd_projector(np.concatenate(list(reference.constraints(word, group))))
    np.testing.assert_allclose(basis @ basis.T, expected, atol=1e-11)


def test_scalars_are_fixed_by_every_group(case):
    np.testing.assert_array_equal(type_basis((), case.group), [[1.0]])


def test_result_is_read_only_float64(case):
    basis = type_basis((1, -1), case.group)
    assert basis.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        basis[...] = 0.0


def test_size_of_generators_does_not_matter():
    expected = type_basis((1, 1, -1, -1), SO13p())
    for factor in (1e-8, 1e8):
        group = MatrixGroup(lie_algebra=factor * SO13p().lie_algebra)
        basis = type_basis((1, 1, -1, -1), group)
        np.testing.assert_allclose(basis @ basis.T, expected @ expected.T, atol=1e-12)


def test_choice_of_generators_does_not_matter(rng):
    for group in (SO(3), SO13p(), GL(2)):
        mixing = rng.standard_normal((len(group.lie_algebra),) * 2)
        mixed = MatrixGroup(lie_algebra=np.tensordot(mixing, group.lie_algebra, 1))
        for word in ((1, -1), (1, 1, -1, -1)):
            basis, expected = type_basis(word, mixed), type_basis(word, group)
            np.testing.assert_allclose(basis @ basis.T, expected @ expected.T, atol=1e-11)


def test_a_wrong_sign_of_the_dual_is_seen(monkeypatch, empty_cache, reference):
    monkeypatch.setattr(
        _tensor_operators.Constraint,
        "operators",
        lambda self: {1: self.matrix, -1: self.matrix.T},
    )
    basis = type_basis((1, -1), SO13p())
    assert max(np.abs(C @ basis).max() for C in reference.constraints((1, -1), SO13p())) > 0.1


# Dual Points


@pytest.mark.parametrize(
    "group, rank",
    [
        (SE(2), 0),
        (Translation(2), 0),
        # Shifts along x leave the coefficients of y free.
        (Translation(1).embed(2, axes=(0,)), 2),
        (generated_by(Translation(1).embed(3, axes=(2,)), SO(2).embed(3, axes=(0, 1))), 2),
        (SO(2), 2),
        (S(2), 2),
    ],
    ids=repr,
)
def test_dual_points_cancel_translations(group, rank, reference):
    d = group.dim
    rows = [np.zeros((0, d * d)), *reference.constraints((1, -1), group)]
    for generators in (group.lie_algebra, group.discrete_generators):
        if group.is_affine:
            rows += [np.kron(np.eye(d), g[:, d]) for g in generators]
    expected = reference.svd_projector(np.concatenate(rows))
    basis = type_basis((1, 0), group)
    np.testing.assert_allclose(basis @ basis.T, expected, atol=1e-12)
    assert basis.shape[1] == rank


# Determinism and cost


SCRIPT = """
import hashlib
from softeq_sklearn.groups import *
from softeq_sklearn.projection import type_basis
cases = [((1, 1, -1, -1), SO13p()), ((1,) * 6, O(3)), ((1, 1), D(5)), ((1, 1, 1), S(4))]
digests = [hashlib.sha256(type_basis(*case).tobytes()).hexdigest() for case in {order}]
print(sorted(digests))
"""


def test_same_floats_whatever_the_hash_seed_call_order_and_threads():
    def digests(order, number):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONHASHSEED": number,
            "OMP_NUM_THREADS": number,
            "OPENBLAS_NUM_THREADS": number,
        }
        command = [sys.executable, "-c", SCRIPT.format(order=order)]
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert not result.stderr
        return result.stdout

    assert digests("cases", "1") == digests("cases[::-1]", "2")


def test_hidden_types_of_the_rotation_group_take_no_time(empty_cache):
    type_basis((1, 1), SO(2))
    clear_cache()
    start = time.perf_counter()
    for p in range(4):
        for q in range(4):
            type_basis(word_of(p, q), O(3))
    assert time.perf_counter() - start < 0.3


# Errors


@pytest.mark.parametrize(
    "word", [(2,), (6,), (0, 1), "V", (1, 0, 0), (3, 1), (1, 5), (5, 3), (4, 4)]
)
def test_bad_words(word):
    with pytest.raises(ValueError, match="'word' must consist of the letters 1 .*Got"):
        type_basis(word, SO(3))


@pytest.mark.parametrize("group, order", [(O(3), 40), (S(20), 60), (SO(2), 26), (O(5), 11)])
def test_too_many_unknowns_are_refused_at_once(group, order):
    start = time.perf_counter()
    with pytest.raises(ProblemTooLargeError, match=f"{group.dim**order} unknowns, too many"):
        type_basis((1,) * order, group)
    assert time.perf_counter() - start < 0.1


def test_long_shears_have_the_rank_of_short_ones_or_are_refused():
    def rank(order, size):
        shear = MatrixGroup(discrete_generators=[[[1.0, size], [0.0, 1.0]]])
        return type_basis((1,) * order, shear).shape[1]

    for order in range(1, 7):
        assert rank(order, 1.0) == comb(order, order // 2)
        if order <= 3:
            assert rank(order, 100.0) == rank(order, 1.0)
        else:
            with pytest.raises(ValueError, match="stretches tensors .* by up to 1.0e.*at most 1e"):
                rank(order, 100.0)


def test_an_unclear_rank_is_an_error_not_a_guess():
    turn = lambda angle: [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]  # noqa: E731
    for generator in (turn(3e-8), [[1.0, 3e-8], [0.0, 1.0]]):
        with pytest.raises(ValueError, match="rank of the tensor type .* is not clear"):
            type_basis((1,), MatrixGroup(discrete_generators=[generator]))


@pytest.mark.parametrize("word", [(), (1,), (1, 1), (1, 1, 1), (1, 0), (0,)])
@pytest.mark.parametrize(
    ("group", "part"),
    [
        (generated_by(SO(3), Scaling(3)), SO(3)),
        (Scaling(2), Trivial(2)),
        (generated_by(Scaling(2), Translation(2)), Translation(2)),
        (SO(3), SO(3)),
    ],
    ids=repr,
)
def test_features_of_unit_size_are_moved_by_the_orthogonal_part(word, group, part):
    ours = tuple({1: 3, 0: 4}[letter] for letter in word)
    np.testing.assert_array_equal(type_basis(ours, group), type_basis(word, part))
    if 0 in word:
        return
    # No linear map of log n is equivariant where the group adds to it; else it is a scalar.
    read = type_basis((*ours, 5), group)
    if group.is_orthogonal:
        np.testing.assert_array_equal(read, type_basis(word, part))
    else:
        assert read.shape == (group.dim ** len(word), 0)


@pytest.mark.parametrize("word", [(3,), (4,), (5,), (3, 5)])
def test_features_of_unit_size_need_a_conformal_group(word):
    with pytest.raises(ValueError, match="Only a conformal group"):
        type_basis(word, SL(2))
