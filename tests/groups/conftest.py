"""One table of groups, crossed with every law in test_base.py."""

from dataclasses import dataclass

import numpy as np
import pytest

from softeq_sklearn.groups import (
    GL,
    O11,
    O13,
    SE,
    SL,
    SO,
    SO13,
    C,
    Cube,
    D,
    E,
    Group,
    MatrixGroup,
    O,
    Reflection,
    RubiksCube,
    S,
    Scaling,
    SO11p,
    SO13p,
    Sp,
    Translation,
    Trivial,
    Z,
    generated_by,
)

QUARTER = [[0.0, -1.0], [1.0, 0.0]]
SWAP = [[0.0, 1.0], [1.0, 0.0]]
# A shear; its larger singular value is the golden ratio.
SHEAR = [[1.0, 1.0], [0.0, 1.0]]
GOLDEN = (1 + 5**0.5) / 2
# The symmetries of a regular triangle in a skew basis: finite, not orthogonal.
SKEW_TURN = [[0.0, -1.0], [1.0, -1.0]]


@dataclass(frozen=True)
class Case:
    """What the laws need to know of a group."""

    group: Group
    order: int | None = None
    is_orthogonal: bool = True
    # Documented bound of the singular values of samples, and of their inverses.
    bound: float = 1.0
    # A larger group, which tells elements where the group itself cannot.
    judge: Group | None = None
    # Whether all matrices near an element are elements too.
    is_open: bool = False

    @property
    def contains(self):
        return (self.judge or self.group).contains

    @property
    def has_test(self):
        """Whether membership in the group, or in its judge, can be told."""
        try:
            self.contains(np.eye(self.group.dim, self.group.dim + self.group.is_affine))
        except NotImplementedError:
            return False
        return True


def orthogonal(group, order=None, judge=None):
    return Case(group, order, judge=judge)


def general(group, order=None, *, bound=np.e, judge=None, is_open=False):
    return Case(group, order, False, bound, judge, is_open)


CASES = [
    orthogonal(SO(1), 1),
    orthogonal(SO(2)),
    orthogonal(SO(3)),
    orthogonal(SO(5)),
    orthogonal(O(1), 2),
    orthogonal(O(2)),
    orthogonal(O(4)),
    orthogonal(SL(1), 1),
    general(SL(2)),
    general(SL(3)),
    general(GL(1), is_open=True),
    general(GL(3), is_open=True),
    general(Scaling(1), bound=2.0, is_open=True),
    general(Scaling(3), bound=2.0),
    general(Sp(1)),
    general(Sp(2)),
    orthogonal(Trivial(3), 1),
    orthogonal(Reflection(1), 2),
    orthogonal(Reflection(3, axis=2), 2),
    orthogonal(C(1), 1),
    orthogonal(C(2), 2),
    orthogonal(C(5), 5),
    orthogonal(C(8), 8),
    orthogonal(D(1), 2),
    orthogonal(D(3), 6),
    orthogonal(D(4), 8),
    orthogonal(S(1), 1),
    orthogonal(S(2), 2),
    orthogonal(S(5), 120),
    orthogonal(Z(1), 1),
    orthogonal(Z(2), 2),
    orthogonal(Z(6), 6),
    general(SO11p()),
    general(O11()),
    general(SO13p()),
    general(SO13()),
    general(O13()),
    orthogonal(Cube(), 24),
    orthogonal(RubiksCube(), 43252003274489856000),
    orthogonal(Translation(1)),
    orthogonal(Translation(3)),
    orthogonal(SE(1)),
    orthogonal(SE(2)),
    orthogonal(SE(3)),
    orthogonal(E(1)),
    orthogonal(E(3)),
    orthogonal(SO(2).embed(3, axes=(2, 0))),
    orthogonal(SE(2).embed(4, axes=(1, 3)).embed(5, axes=(4, 0, 1, 2))),
    general(Scaling(1).embed(2, axes=(1,)), bound=2.0),
    orthogonal(S(3).embed(5, axes=(4, 0, 2)), 6),
    orthogonal(generated_by(SO(2), Reflection(2)), judge=O(2)),
    general(generated_by(SO(3), Scaling(3)), bound=2.0, judge=GL(3)),
    orthogonal(generated_by(C(4), D(6)), 24),
    orthogonal(generated_by(Z(4), S(2).embed(4, axes=(0, 1))), 24),
    orthogonal(generated_by(SO(2), Translation(2)), judge=SE(2)),
    orthogonal(
        generated_by(SO(2).embed(3, axes=(0, 1)), SO(2).embed(3, axes=(1, 2))).embed(
            4, axes=(3, 0, 1)
        ),
        judge=O(3).embed(4, axes=(3, 0, 1)),
    ),
    orthogonal(MatrixGroup(lie_algebra=[QUARTER], name="turns"), judge=SO(2)),
    orthogonal(MatrixGroup(lie_algebra=[QUARTER], discrete_generators=[SWAP]), judge=O(2)),
    general(MatrixGroup(discrete_generators=[SHEAR]), bound=GOLDEN**4, judge=SL(2)),
    general(MatrixGroup(discrete_generators=[SKEW_TURN, SWAP]), 6, bound=3**0.5),
    orthogonal(MatrixGroup(discrete_generators=[[[0, -1, 1], [1, 0, 0]]]), 4),
    general(MatrixGroup(lie_algebra=[[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 0]]])),
]


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=[repr(case.group)[:60] for case in CASES])


@pytest.fixture
def group(case):
    return case.group


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture
def assert_uniform():
    """Check by a chi-square test that samples hit every element of a finite group alike."""
    from scipy.stats import chisquare

    from softeq_sklearn.groups._finite import enumerate_elements

    def check(group, order, n_each=200, random_state=0):
        elements = enumerate_elements(group.discrete_generators)
        samples = group.sample(n_each * order, random_state=random_state)
        distance = np.abs(samples[:, None] - elements).max(axis=(2, 3))
        assert len(elements) == order
        assert (distance.min(axis=1) < 1e-9).all()
        counts = np.bincount(distance.argmin(axis=1), minlength=order)
        assert order == 1 or chisquare(counts).pvalue > 1e-3

    return check
