"""The scaling of columns: unit size, and no symmetry lost or won."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from softeq_sklearn import EquivariantRegressor, SoftEquivariantRegressor
from softeq_sklearn.groups import O13, SE, SL, SO, C, E, MatrixGroup, O, S, Scaling, Translation
from softeq_sklearn.preprocessing._column_scaling import fit_scaling
from softeq_sklearn.representations import as_representation

LATTICE = MatrixGroup(discrete_generators=[[[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]], name="lattice")

GROUPS = [
    [],
    [SO(2)],
    [Scaling(2)],
    [SO(2).embed(3, axes=(0, 1))],
    [O(2).embed(3, axes=(0, 1)), O(2).embed(3, axes=(1, 2))],
    [SL(2), C(4)],
    [S(3)],
    [S(3), SO(3)],
    [O13()],
    [SE(2)],
    [E(3), Translation(3)],
    [SE(2), SO(2)],
    [SE(2).embed(3, axes=(0, 1))],
    [Translation(2), Scaling(2)],
    [LATTICE],
]


def columns(rep, dim, seed=0):
    """Rows whose columns have means and sizes of their own."""
    rng = np.random.RandomState(seed)
    n = rep.dim(dim)
    return rng.standard_normal((50, n)) * rng.uniform(0.1, 10, n) + rng.uniform(-100, 100, n)


@pytest.mark.parametrize(
    "text", ["Scalar + 2*Vector", "T(2) + Vector.T", "T(1, 1)", "2*Point + Vector"]
)
@pytest.mark.parametrize("groups", GROUPS, ids=str)
def test_scaling_maps_every_action_to_itself(groups, text):
    """Scaled, each element acts as some element of its group (the same one, but for Points)."""
    dim = groups[0].dim if groups else 3
    rep = as_representation(text)
    X = columns(rep, dim)
    scaling = fit_scaling(X, rep, dim, groups)
    for group in groups:
        for g in group.sample(3, 0):
            scaled, moved = scaling.transform(X), scaling.transform(rep.act(g, X))
            if scaling.points is not None:
                # Written for the new origin c and the new unit s, x -> A x + t is
                # x -> A x + (t + A c - c) / s.
                c, s = scaling.points
                shift = g[:, dim] if g.shape[1] > dim else np.zeros(dim)
                shift = (shift + g[:, :dim] @ c - c) / s
                g = np.column_stack([g[:, :dim], shift])
            assert_allclose(rep.act(g, scaled), moved, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("groups", GROUPS, ids=str)
def test_a_moved_origin_keeps_every_group(groups):
    """An element written for the new origin is one of the group: a translation of it in between."""
    dim = groups[0].dim if groups else 2
    rep = as_representation("2*Point")
    (offset, _) = fit_scaling(columns(rep, dim), rep, dim, groups).points
    for group in groups:
        kept = offset  # but for what the group can move by itself
        if group.is_affine and len(group.lie_algebra):
            pure = group.lie_algebra[np.abs(group.lie_algebra[:, :, :dim]).max(axis=(1, 2)) == 0]
            moves = pure[:, :, dim].T
            kept = offset - moves @ np.linalg.lstsq(moves, offset, rcond=None)[0]
        for g in group.sample(3, 0):
            assert_allclose(g[:, :dim] @ kept, kept, atol=1e-8 * (1 + abs(offset).max()))


@pytest.mark.parametrize(
    "groups, free",
    [
        ([], [1, 1]),
        ([SE(2)], [1, 1]),
        ([Translation(2), SE(2)], [1, 1]),
        ([SO(2)], [0, 0]),
        ([SE(2), SO(2)], [0, 0]),
        ([Scaling(2), Translation(2)], [0, 0]),
        ([LATTICE], [1, 1]),
        ([SO(2).embed(3, axes=(0, 1))], [0, 0, 1]),
        ([SE(2).embed(3, axes=(1, 2))], [1, 1, 1]),
        ([E(3), O(2).embed(3, axes=(0, 2))], [0, 1, 0]),
        ([SO(3)], [0, 0, 0]),
    ],
    ids=str,
)
def test_origin_of_points_moves_where_no_group_notices(groups, free):
    dim, free = len(free), np.array(free, dtype=bool)
    rep = as_representation("3*Point + Scalar")
    X = columns(rep, dim)
    offset, factor = fit_scaling(X, rep, dim, groups).points
    centre = X[:, :-1].reshape(50, 3, dim).mean(axis=(0, 1))
    assert_allclose(offset, np.where(free, centre, 0), atol=1e-9)
    distance = X[:, :-1].reshape(-1, dim) - offset
    unit = 1 if LATTICE in groups else np.sqrt(np.mean(distance**2))
    assert factor == pytest.approx(unit)


TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
CENTRE = np.array([10.0, 20.0])
ABOUT_CENTRE = [MatrixGroup(lie_algebra=[size * np.c_[TURN, -TURN @ CENTRE]]) for size in (1, 1e-6)]
GLIDE = MatrixGroup(discrete_generators=[[[1.0, 0.0, 0.5], [0.0, -1.0, 0.0]]])
SCREW = MatrixGroup(lie_algebra=[[[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0.3]]])


@pytest.mark.parametrize("group", [*ABOUT_CENTRE, LATTICE, GLIDE, SCREW], ids=str)
def test_points_keep_the_unit_that_their_group_has(group):
    """Scaled, its elements would be no elements of it: turns about c would be some about c / s."""
    rep = as_representation("2*Point + Vector")
    X = columns(rep, group.dim)
    scaling = fit_scaling(X, rep, group.dim, [group])
    assert scaling.points[1] == 1
    moved = scaling.points[0]
    for g in group.sample(5, 0):
        scaled = scaling.transform(rep.act(g, X))[:, : 2 * group.dim]
        shift = g[:, :-1] @ moved - moved
        assert_allclose(shift, 0, atol=1e-9)  # the origin moves where the group does not notice
        assert_allclose(scaled, rep.act(g, scaling.transform(X))[:, : 2 * group.dim], atol=1e-8)


@pytest.mark.parametrize("step", [1e-12, 1e-3, 1e12])
def test_points_keep_the_unit_of_a_lattice_however_small(step):
    lattice = MatrixGroup(discrete_generators=[[[1.0, 0.0, step], [0.0, 1.0, 0.0]]])
    rep = as_representation("2*Point")
    assert fit_scaling(step * columns(rep, 2), rep, 2, [lattice]).points[1] == 1


@pytest.mark.parametrize("group", [SE(2), E(3), Translation(3), SE(2).embed(3, axes=(0, 1))])
def test_points_are_scaled_where_no_group_has_a_unit(group):
    rep = as_representation("3*Point")
    assert fit_scaling(columns(rep, group.dim), rep, group.dim, [group]).points[1] != 1


def test_scaled_columns_have_unit_size():
    rep = as_representation("Scalar + 2*Vector + T(2)")
    X = columns(rep, 2)
    scaled = fit_scaling(X, rep, 2, [O(2)]).transform(X)
    for part in ([0], [1, 2], [3, 4], [5, 6, 7, 8]):
        assert np.mean(scaled[:, part] ** 2) == pytest.approx(1)
    assert scaled[:, 0].mean() == pytest.approx(0, abs=1e-12)  # a scalar loses its whole mean
    assert abs(scaled[:, 1:3].mean(axis=0)).max() > 0.1  # a vector none of it
    trace = scaled[:, 5] + scaled[:, 8]
    assert trace.mean() == pytest.approx(0, abs=1e-12)  # a tensor the part that O(2) leaves fixed


def test_without_groups_every_mean_goes():
    rep = as_representation("Scalar + 2*Vector + Point")
    X = columns(rep, 2)
    assert_allclose(fit_scaling(X, rep, 2, []).transform(X).mean(axis=0), 0, atol=1e-12)


def test_a_mean_along_the_axis_goes():
    X = columns(as_representation("Vector"), 3)
    rep = as_representation("Vector")
    offset = fit_scaling(X, rep, 3, [SO(2).embed(3, axes=(0, 1))]).offset
    assert_allclose(offset, [0, 0, X[:, 2].mean()], atol=1e-9)


@pytest.mark.parametrize("groups", GROUPS, ids=str)
def test_inverse(groups):
    dim = groups[0].dim if groups else 3
    rep = as_representation("Vector + Scalar + 2*Point + T(2)")
    X = columns(rep, dim)
    scaling = fit_scaling(X, rep, dim, groups)
    assert_allclose(scaling.inverse_transform(scaling.transform(X)), X, rtol=1e-12)


@pytest.mark.parametrize("value", [0.0, 1e6, 1e-6, -3.3])
def test_a_constant_column_is_not_blown_up(value):
    rep = as_representation("2*Scalar")
    X = np.column_stack([np.full(50, value), np.arange(50.0)])
    scaling = fit_scaling(X, rep, 1, [])
    assert scaling.factor[0] == 1
    assert abs(scaling.transform(X)[:, 0]).max() < 1e-9


def test_points_of_the_output_share_the_scaling_of_the_input():
    X = columns(as_representation("2*Point"), 2)
    first = fit_scaling(X, as_representation("2*Point"), 2, [SE(2)])
    rep = as_representation("Scalar + Point")
    second = fit_scaling(columns(rep, 2, seed=1), rep, 2, [SE(2)], first.points)
    assert_array_equal(second.offset[1:], first.points[0])
    assert_array_equal(second.factor[1:], first.points[1])


@pytest.mark.parametrize("distance", [10.0, 1e3, 1e6])
@pytest.mark.parametrize("soft", [False, True])
def test_points_far_from_the_origin_are_learnt_as_those_near_it(soft, distance):
    """As map coordinates in metres: single precision has no digits for them to spare."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 4))
    Y = X[:, :2] + 0.5 * (X[:, 2:] - X[:, :2]) * np.hypot(X[:, 0], X[:, 1])[:, None]
    arguments = dict(rep_in="2*Point", rep_out="Point", hidden_channels=16, n_hidden_layers=1)
    arguments |= dict(max_epochs=3, random_state=0)
    model = SoftEquivariantRegressor([SE(2)]) if soft else EquivariantRegressor(SE(2))
    near = clone(model).set_params(**arguments).fit(X, Y)
    far = clone(model).set_params(**arguments).fit(X + distance, Y + distance)
    assert_allclose(far.predict(X + distance) - distance, near.predict(X), atol=1e-4)


@pytest.mark.parametrize("text", ["Scalar + 2*Vector", "2*Point + Scalar"])
@pytest.mark.parametrize("groups", [[], [SO(2)], [Translation(2), SO(2)]], ids=str)
def test_weights_are_repetitions(text, groups):
    rep, dim = as_representation(text), 2
    X = columns(rep, dim)
    counts = np.random.RandomState(1).randint(1, 5, len(X))
    weighted = fit_scaling(X, rep, dim, groups, weights=0.3 * counts)
    repeated = fit_scaling(np.repeat(X, counts, axis=0), rep, dim, groups)
    assert_allclose(weighted.offset, repeated.offset, rtol=1e-12)
    assert_allclose(weighted.factor, repeated.factor, rtol=1e-12)
    assert np.abs(weighted.factor - fit_scaling(X, rep, dim, groups).factor).max() > 1e-3
