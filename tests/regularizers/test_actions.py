from types import SimpleNamespace

import numpy as np
import pytest
import torch

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import SE, SL, SO, C, O, Translation, exponential
from softeq_sklearn.regularizers import group_actions
from softeq_sklearn.regularizers._actions import check_actions
from softeq_sklearn.representations import as_representation

CASES = [
    (O(3), "2*Vector + Scalar", "T(2)"),
    (SL(2), "Vector + Vector.T", "T(1, 1) + Scalar"),
    (SE(3), "2*Point + Vector", "Point + Scalar"),
    (SE(2), "Vector", "Scalar"),  # affine, but nothing that it moves
    (C(4), "Vector", "Vector"),
]


def scaling(rep, group, seed):
    rng = np.random.RandomState(seed)
    n = as_representation(rep).dim(group)
    return SimpleNamespace(offset=rng.standard_normal(n), factor=rng.uniform(0.1, 10, n))


def scaled(X, scale):
    return (X - scale.offset) / scale.factor


def apply(maps, X):
    return maps(torch.from_numpy(X)).numpy()


@pytest.fixture(params=CASES, ids=str)
def case(request):
    group, *reps = request.param
    scales = [scaling(rep, group, seed) for seed, rep in enumerate(reps)]
    actions = group_actions(group, *reps, 5, 0, *scales)
    sides = [
        (as_representation(rep), scale, *(getattr(actions, f"{kind}_{side}") for kind in KINDS))
        for rep, scale, side in zip(reps, scales, ("in", "out"), strict=True)
    ]
    return group, sides


KINDS = ("elements", "lie", "discrete")


def rows(rep, group, n=7):
    return np.random.RandomState(3).standard_normal((n, rep.dim(group)))


def test_elements_act_in_the_units_of_the_user(case):
    group, sides = case
    for rep, scale, elements, _, discrete in sides:
        X = rows(rep, group)
        for maps, given in (
            (elements, group.sample(5, 0)),
            (discrete, group.discrete_generators),
        ):
            assert len(maps) == len(given)
            expected = [scaled(rep.act(g, X), scale) for g in given]
            if len(given):
                np.testing.assert_allclose(apply(maps, scaled(X, scale)), expected, atol=1e-9)


def test_lie_algebra_is_the_velocity_of_its_elements(case):
    group, sides = case
    for rep, scale, _, lie, _ in sides:
        X, t = rows(rep, group), 1e-5
        assert len(lie) == len(group.lie_algebra)
        velocities = apply(lie, scaled(X, scale))
        for A, velocity in zip(group.lie_algebra, velocities, strict=True):
            ends = [scaled(rep.act(exponential(s * A), X), scale) for s in (t, -t)]
            np.testing.assert_allclose(velocity, (ends[0] - ends[1]) / (2 * t), atol=1e-6)


def test_without_scaling():
    group, rep = SE(3), as_representation("2*Point")
    actions = group_actions(group, rep, "Scalar", 4, random_state=1)
    X = rows(rep, group)
    expected = [rep.act(g, X) for g in group.sample(4, 1)]
    np.testing.assert_allclose(apply(actions.elements_in, X), expected, atol=1e-12)
    ones = torch.ones(4, 1, 1, dtype=torch.float64)
    torch.testing.assert_close(actions.elements_out.matrix, ones)


def test_maps_go_with_their_own_stack():
    actions = group_actions(SO(3), "Vector", "Vector", 4, 0)
    X = torch.from_numpy(np.random.RandomState(0).standard_normal((4, 6, 3)))
    each = torch.stack([m(x)[0] for m, x in zip(_single(actions.elements_in), X, strict=True)])
    torch.testing.assert_close(actions.elements_in(X), each)
    few = actions.with_elements(torch.tensor([2, 0]))
    assert len(few.elements_in) == len(few.elements_out) == 2
    torch.testing.assert_close(few.elements_in(X[:2])[0], actions.elements_in[2:3](X[0])[0])
    assert len(few.lie_in) == 3


def _single(maps):
    return [maps[i : i + 1] for i in range(len(maps))]


def test_to_changes_every_map(device):
    actions = group_actions(O(2), "Vector", "Scalar", 3, 0).to(device, torch.float32)
    for kind in KINDS:
        for side in ("in", "out"):
            maps = getattr(actions, f"{kind}_{side}")
            assert maps.matrix.dtype == maps.shift.dtype == torch.float32
            assert maps.matrix.device.type == maps.shift.device.type == device
    assert actions.group == O(2)


def test_repeatable(global_generators_untouched):
    one, two, other = (group_actions(SO(3), "Vector", "Scalar", 3, seed) for seed in (0, 0, 1))
    assert torch.equal(one.elements_in.matrix, two.elements_in.matrix)
    assert not torch.equal(one.elements_in.matrix, other.elements_in.matrix)


@pytest.mark.parametrize(
    ("offset", "factor", "match"),
    [
        ([0.0], [1.0, 1.0, 1.0], "scale_in.offset must be finite, one .* the 3 columns. Got"),
        ([0.0] * 3, [1.0, np.inf, 1.0], "scale_in.factor must be finite"),
        ([0.0] * 3, [1.0, 0.0, 1.0], "scale_in.factor must not be 0. Got"),
    ],
)
def test_bad_scalings(offset, factor, match):
    scale = SimpleNamespace(offset=offset, factor=factor)
    with pytest.raises(ValueError, match=match):
        group_actions(SO(3), "Vector", "Scalar", 1, 0, scale_in=scale)


def test_bad_arguments():
    with pytest.raises(TypeError, match="'group' must be a Group. Got 'SO"):
        group_actions("SO(3)", "Vector", "Scalar", 1)
    with pytest.raises(ValueError, match="'n_elements' parameter of group_actions must"):
        group_actions(SO(3), "Vector", "Scalar", 0)
    # The elements, a turn, and the reflection.
    with pytest.raises(ProblemTooLargeError, match="10002 maps of 300 columns in and 1 out"):
        group_actions(O(2), "150*Vector", "Scalar", 10**4)


def test_check_actions():
    vector, pair = (group_actions(SO(2), rep, "Scalar", 1, 0) for rep in ("Vector", "2*Vector"))
    check_actions({"a": vector, "b": group_actions(Translation(2), "Point", "Scalar", 2, 0)})
    with pytest.raises(ValueError, match=r"same numbers of columns .*\{'a': \(2, 1\), 'b': \(4, 1"):
        check_actions({"a": vector, "b": pair})
    with pytest.raises(TypeError, match="made by group_actions. Got SO\\(2\\) for 'a'"):
        check_actions({"a": SO(2)})
    for nothing in ({}, [vector]):
        with pytest.raises(ValueError, match="actions must be a mapping of names"):
            check_actions(nothing)
