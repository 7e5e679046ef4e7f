"""About which point a group acts."""

import numpy as np
import pytest

from softeq_sklearn.groups import (
    GL,
    SE,
    E,
    MatrixGroup,
    O,
    Scaling,
    Translation,
    generated_by,
)
from softeq_sklearn.groups._centre import centre_of, check_centre

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
ABOUT_Z = np.pad(TURN, (0, 1))
FLIP = np.diag([1.0, -1.0])


def flow(A, move):
    return MatrixGroup([np.column_stack([A, move])])


def step(h, move):
    return MatrixGroup(discrete_generators=[np.column_stack([h, move])])


def about(*centre):
    return flow(TURN, -TURN @ centre)


ABOUT_ORIGIN = {
    "lattice": step(np.eye(2), [2.0, 1.0]),
    "oblique lattice": generated_by(step(np.eye(2), [2.0, 1.0]), step(np.eye(2), [0.0, 1e-3])),
    "screw": flow(ABOUT_Z, [0.0, 0.0, 0.3]),
    "glide": step(FLIP, [0.5, 0.0]),
    "rigid motions": SE(3),
    "isometries": E(2),
    "embedded": SE(2).embed(3, axes=(0, 2)),
    "translations": Translation(3),
    "similarities": generated_by(SE(2), Scaling(2)),
    "affine maps": generated_by(GL(2), Translation(2)),
    "linear": O(3),
    "turns about two points": generated_by(about(3.0, 1.0), about(3.0, 2.0)),
    "turns about a point, and translations": generated_by(about(3.0, 1.0), Translation(2)),
    "half turns about two points of a line": generated_by(
        step(-np.eye(2), [2.0, 0.0]), step(-np.eye(2), [6.0, 0.0])
    ),
}


@pytest.mark.parametrize("name", ABOUT_ORIGIN)
def test_groups_that_act_about_the_origin(name):
    assert centre_of(ABOUT_ORIGIN[name]) is None
    check_centre(ABOUT_ORIGIN[name])


ABOUT_OTHERS = {
    "turns": (about(3.0, 1.0), [3, 1]),
    "quarter turn": (step(TURN, [4.0, -2.0]), [3, 1]),
    "scalings": (flow(np.eye(2), [-3.0, -1.0]), [3, 1]),
    "squeezes": (flow(FLIP, [-3.0, 1.0]), [3, 1]),
    "mirror": (step(FLIP, [0.0, 2.0]), [0, 1]),
    "screw": (flow(ABOUT_Z, [1.0, -3.0, 0.3]), [3, 1, 0]),
    "glide": (step(FLIP, [0.5, 2.0]), [0, 1]),
    "turns, and steps along the axis": (
        generated_by(flow(ABOUT_Z, [1.0, -3.0, 0.0]), Translation(1).embed(3, axes=(2,))),
        [3, 1, 0],
    ),
    "turns and scalings": (generated_by(about(3.0, 1.0), flow(np.eye(2), [-3.0, -1.0])), [3, 1]),
    "mirror of a point beside a lattice": (
        generated_by(step(np.diag([-1.0, -1.0]), [0.0, 2.0]), step(np.eye(2), [1.0, 0.0])),
        [0, 1],
    ),
}


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("name", ABOUT_OTHERS)
def test_groups_that_act_about_another_centre(name, size, unit):
    group, centre = ABOUT_OTHERS[name]
    lie, discrete = size * group.lie_algebra, group.discrete_generators.copy()
    lie[:, :, -1] *= unit
    discrete[:, :, -1] *= unit
    group = MatrixGroup(lie, discrete)
    np.testing.assert_allclose(centre_of(group), unit * np.array(centre), atol=1e-9 * unit)


def test_a_refusal_names_the_centre_and_what_to_do():
    with pytest.raises(ValueError, match=r"about \[3.0, 1.0\]. Subtract this centre .* name='c'"):
        check_centre(MatrixGroup(about(3.0, 1.0).lie_algebra, name="c"))
