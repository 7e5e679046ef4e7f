"""One table of groups and representations, crossed with every law of the networks."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from softeq_sklearn.groups import (
    GL,
    O11,
    O13,
    SE,
    SL,
    SO,
    C,
    Cube,
    D,
    E,
    Group,
    MatrixGroup,
    O,
    Reflection,
    S,
    Scaling,
    SO13p,
    Sp,
    Translation,
    Trivial,
    Z,
    generated_by,
)

TURN_Z = SO(2).embed(3, axes=(0, 1))
SHEAR = [[[0.0, 1.0], [0.0, 0.0]]]


@dataclass(frozen=True)
class Case:
    """A group and how it acts on input and output, in the notation of dense_reference.py."""

    group: Group
    rep_in: str
    rep_out: str


CASES = [
    Case(SO(2), "1 V V", "VV V"),
    Case(SO(2), "V 1 V VV 1", "V 1 VV V"),
    Case(SO(3), "V V V", "1 V"),
    Case(O(3), "1 1 V V", "VV"),
    Case(O(2), "V VVV", "V 1"),
    Case(O(1), "V V", "V 1"),
    Case(TURN_Z, "1 V V", "V VV"),
    Case(generated_by(TURN_Z, Reflection(3, axis=2)), "V V", "1 VV V"),
    Case(generated_by(SO(2), Scaling(2)), "V W", "VW V"),
    Case(C(4), "V V", "VV 1"),
    Case(D(3), "1 V", "V VV"),
    Case(S(3), "V 1", "V VV 1"),
    Case(Z(4), "V V", "V 1"),
    Case(Cube(), "V", "V 1"),
    Case(Reflection(3, axis=1), "V 1", "V VV"),
    Case(Trivial(2), "V 1", "V 1"),
    Case(SO13p(), "V W V", "1 VW W"),
    Case(O13(), "W V", "WV V"),
    Case(O11(), "V V", "VV W"),
    Case(SL(2), "V V W", "1 V W"),
    Case(SL(2), "WV V VW", "VW WV W"),
    Case(GL(2), "V W VW", "VW 1 V"),
    Case(Scaling(3), "V V 1", "V 1"),
    Case(Scaling(1), "V W", "V 1 VV"),
    Case(Sp(2), "V V", "1 V"),
    Case(MatrixGroup(lie_algebra=SHEAR), "V W", "V VV"),
    Case(SE(2), "P P 1", "V 1"),
    Case(SE(2), "P 1 P P V", "P V P"),
    Case(E(3), "P P V", "P V 1"),
    Case(Translation(2), "P P", "1 P"),
    Case(Translation(1), "P 1", "P"),
    Case(SO(3), "P V P", "P V 1"),
    Case(SL(2), "P W P", "P W 1"),
    Case(generated_by(Scaling(2), Translation(2)), "P P W", "P V 1"),
    Case(Translation(2).embed(3, axes=(0, 2)), "P P", "P V"),
]


def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        names = [f"{c.group!r:.40}: {c.rep_in} -> {c.rep_out}" for c in CASES]
        metafunc.parametrize("case", CASES, ids=names)


@pytest.fixture(scope="session")
def equivariance_gap(dense):
    """Largest |f(g x) - g f(x)| over random rows and elements, relative to the largest output."""

    def gap(function, group, rep_in, rep_out, dtype=torch.float64, device="cpu"):
        rng = np.random.RandomState(0)
        X = rng.standard_normal((6, dense.dim(rep_in, group.dim)))

        def f(rows):
            with torch.no_grad():
                return function(torch.from_numpy(rows).to(device, dtype)).cpu().double().numpy()

        distance, size = 0.0, 0.0
        for g in [*group.sample(4, rng), *group.discrete_generators[:4]]:
            transformed, expected = f(dense.act(rep_in, g, X)), dense.act(rep_out, g, f(X))
            distance = max(distance, np.abs(transformed - expected).max())
            size = max(size, np.abs(expected).max())
        return distance / size if size else distance

    return gap
