import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from softeq_sklearn.groups import (
    GL,
    SE,
    SO,
    C,
    E,
    MatrixGroup,
    O,
    Reflection,
    S,
    Translation,
    generated_by,
)
from softeq_sklearn.meta._frames import Frames, _family, _rounded, _runs
from softeq_sklearn.representations import Point, Scalar, T, Vector


@pytest.mark.parametrize(
    "group, family, axes",
    [
        (O(3), O, (0, 1, 2)),
        (SO(2).embed(3, axes=(2, 0)), SO, (2, 0)),
        (generated_by(SO(2), Reflection(2)), O, (0, 1)),
        (generated_by(SO(3), Translation(3)), SE, (0, 1, 2)),
        (MatrixGroup([[[0, -1], [1, 0]]]).embed(3, axes=(0, 2)), SO, (0, 2)),
        (E(2).embed(3, axes=(1, 2)).embed(4, axes=(3, 2, 1)), E, (2, 1)),
        (S(20), S, tuple(range(20))),
        (Translation(2), Translation, (0, 1)),
    ],
    ids=str,
)
def test_groups_are_recognised_by_their_generators(group, family, axes):
    assert _family(group) == (family, axes)


@pytest.mark.parametrize("group", [GL(2), C(4), Reflection(3), SO(3).embed(4, axes=(0, 1, 2))])
def test_other_groups_are_refused(group):
    if group.dim == 4:  # embedded groups are not others
        assert _family(group)[0] is SO
        return
    with pytest.raises(ValueError, match=r"group must be O\(n\), .* Got .*SymmetrizedRegressor"):
        Frames(group, Vector, Scalar)


@pytest.mark.parametrize(
    "group, rep_in, rep_out, message",
    [
        (O(2), 3 * Scalar, Vector, r"rep_in must have Vectors, .* Got rep_in=3\*Scalar"),
        (Translation(2), Vector, Scalar, "rep_in must have Points: .* Got rep_in=Vector"),
        (E(2), Vector, Point, "rep_in must have Points if rep_out has: .* rep_out=Point"),
    ],
    ids=str,
)
def test_columns_without_a_frame_are_refused(group, rep_in, rep_out, message):
    with pytest.raises(ValueError, match=message):
        Frames(group, rep_in, rep_out)


@pytest.mark.parametrize(
    "group, rep",
    [
        (O(3), 2 * Vector + Scalar + T(2)),
        (SE(2), 3 * Point + Vector),
        (S(3), 2 * Vector),
        (Translation(2), 2 * Point + Vector),
        (SO(2).embed(3, axes=(1, 2)), T(2) + Vector),
    ],
    ids=str,
)
def test_elements_take_frame_coordinates_to_the_rows(group, rep):
    X = np.random.RandomState(0).standard_normal((20, rep.dim(group)))
    frames = Frames(group, rep, rep).fit(X, None)
    placed = frames.place(X)
    assert_allclose(frames.outputs(placed.inputs, placed), X, atol=1e-8)
    assert_allclose(frames.targets(X, placed), placed.inputs, atol=1e-8)
    elements = placed.elements if group.is_affine else placed.elements[:, :, :-1]
    assert group.contains(elements).all()


def test_frame_coordinates_are_the_same_to_the_last_digit():
    """Up to flips; also at lengths that are powers of two, where rounding could jump."""
    rep = 2 * Vector
    X = np.rint(np.random.RandomState(0).standard_normal((200, 6)))
    frames = Frames(O(3), rep, Scalar).fit(X, None)
    for g in O(3).sample(5, random_state=1):
        turned = frames.place(rep.act(g, X)).inputs
        assert_array_equal(np.abs(turned), np.abs(frames.place(X).inputs))


def test_rounding():
    rows = np.array([[1.0 + 1e-14, 1e-15, 3.0 + 1e-14], [0.0, 0.0, 0.0]])
    rounded = _rounded(Vector + Scalar, 2, rows)
    assert_array_equal(rounded, [[1.0, 0.0, 3.0 + 1e-14], [0, 0, 0]])
    X = np.random.RandomState(0).standard_normal((50, 2))
    assert_allclose(_rounded(Vector, 2, X), X, atol=1e-9)
    assert_allclose(_rounded(Vector, 2, 1e-30 * X), 1e-30 * X, atol=1e-39)


def test_points_that_coincide_are_at_the_centroid():
    X = np.tile([0.1, 1000.7], (1, 3))
    placed = Frames(SE(2), 3 * Point, Scalar).fit(X, None).place(X)
    assert (placed.inputs == 0).all() and placed.ties.all()
    assert_allclose(placed.elements[0, :, -1], [0.1, 1000.7])


def test_embedded_translations_move_only_their_axes():
    X = np.random.RandomState(0).standard_normal((5, 6))
    frames = Frames(Translation(1).embed(3, axes=(1,)), 2 * Point, Point).fit(X, None)
    inputs = frames.place(X).inputs.reshape(5, 2, 3)
    assert_allclose(inputs[:, :, 1].mean(axis=1), 0, atol=1e-9)
    assert_allclose(inputs[:, :, [0, 2]], X.reshape(5, 2, 3)[:, :, [0, 2]], atol=1e-9)


def test_runs():
    assert _runs(np.array([], dtype=bool)) == []
    assert _runs([False, False]) == []
    assert _runs([True, True]) == [[0, 1, 2]]
    assert _runs([True, False, True]) == [[0, 1], [2, 3]]
