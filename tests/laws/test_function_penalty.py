"""Laws of penalties of a function: the formula of each, its gradient, zero where it is exact."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from softeq_sklearn.groups import Group, O, Scaling
from softeq_sklearn.nn import EquivariantNetwork, SoftEquivariantNetwork
from softeq_sklearn.regularizers import LiePenalty, SampledPenalty, group_actions
from softeq_sklearn.representations import Rep, Vector
from softeq_sklearn.testing import representations
from tests.laws import _reference as reference
from tests.laws._law import law
from tests.laws._networks import shake
from tests.laws._strategies import acts_about_origin, any_groups, columns, seeds
from tests.laws.test_penalty import Wrong, check_gradient_is_the_slope, value_of


@dataclass
class Function:
    """A network as a function of rows, with a group, at some rows."""

    network: nn.Module
    group: Group
    rep_in: Rep
    rep_out: Rep
    X: np.ndarray
    exact: bool

    def __call__(self, X):
        like = next(self.network.parameters())
        with torch.no_grad():
            return self.network(torch.from_numpy(X).to(like)).cpu().double().numpy()

    def penalty(self, kind):
        """Penalty at strength 1, of one element where elements are sampled."""
        actions = {"G": group_actions(self.group, self.rep_in, self.rep_out, 1, random_state=0)}
        make = LiePenalty if kind == "lie" else SampledPenalty
        return make(actions, 1.0, rows=torch.from_numpy(self.X))

    def expected(self, kind):
        """The penalty by its formula, with dense matrices and differences of the function."""
        if kind == "sampled":
            (g,) = self.group.sample(1, 0)
            return np.mean(self._step(g) ** 2)
        slopes = [self._slope(A) ** 2 for A in self.group.lie_algebra]
        steps = [self._step(h) ** 2 for h in self.group.discrete_generators]
        return sum(np.mean(part) for part in (slopes, steps) if part)

    def _step(self, g):
        """f(g x) - g f(x)."""
        moved = reference.act(self.rep_in, g, self.X)
        return self(moved) - reference.act(self.rep_out, g, self(self.X))

    def _slope(self, A):
        """The derivative of f along the motion of x, less the motion of f(x)."""
        (M_in, t_in), (M_out, t_out) = (
            reference.of_algebra(rep, A) for rep in (self.rep_in, self.rep_out)
        )
        h, velocity = 1e-5, self.X @ M_in.T + t_in
        difference = self(self.X + h * velocity) - self(self.X - h * velocity)
        return difference / (2 * h) - (self(self.X) @ M_out.T + t_out)


def check_function_penalty(penalty, network, expected, exact, size=1.0):
    """The mean square of what the formula says, and zero for an equivariant network.

    Differences are known to 1e-8 of the largest number that the network returns.
    """
    value, zero = value_of(penalty, network), 1e-16 * max(1.0, size) ** 2
    assert value == pytest.approx(expected, rel=1e-6, abs=zero)
    assert not exact or value < zero


@st.composite
def functions(draw):
    """A small network that keeps a group, or one that need not."""
    group = draw(any_groups(2).filter(acts_about_origin))
    rep_in = draw(columns(group, 5))
    rep_out = draw(representations(group, max_columns=4))
    seed, exact = draw(seeds), draw(st.booleans())
    settings = {"hidden_channels": 6, "n_hidden_layers": 1, "seed": seed % 1000}
    if exact:
        network = EquivariantNetwork(rep_in, rep_out, group, **settings)
    else:
        network = SoftEquivariantNetwork(rep_in, rep_out, [group], **settings)
    shake(network.double(), seed)
    X = np.random.default_rng(seed + 1).standard_normal((4, rep_in.dim(group)))
    return Function(network, group, rep_in, rep_out, X, exact)


kinds_of_functions = st.sampled_from(["sampled", "lie"])


@law(functions(), kinds_of_functions)
def test_function_penalties_are_their_formulas(device, function, kind):
    function.network.to(device)
    penalty, size = function.penalty(kind).to(device), np.abs(function(function.X)).max()
    check_function_penalty(penalty, function.network, function.expected(kind), function.exact, size)


@law(functions(), kinds_of_functions, seeds)
def test_gradient_of_function_penalties_is_the_slope(device, function, kind, seed):
    function.network.to(device)
    check_gradient_is_the_slope(function.penalty(kind).to(device), function.network, seed)


# What the check is for


@pytest.mark.parametrize("kind", ["sampled", "lie"])
def test_wrong_penalties_of_functions_are_told(kind):
    exact = EquivariantNetwork("2*Vector", "Vector", O(2), hidden_channels=6, n_hidden_layers=1)
    shake(exact.double(), 0)
    X = np.random.default_rng(0).standard_normal((4, 4))
    kept = Function(exact, O(2), Vector + Vector, Vector, X, True)
    penalty, value = kept.penalty(kind), kept.expected(kind)
    check_function_penalty(penalty, exact, value, True)
    broken = Function(exact, Scaling(2), Vector + Vector, Vector, X, False)
    check_function_penalty(broken.penalty(kind), exact, broken.expected(kind), False)
    for wrong, expected in (
        (broken.penalty(kind), value),  # of a group that the network does not keep
        (Wrong(broken.penalty(kind), lambda value, module: 0 * value), broken.expected(kind)),
        (Wrong(broken.penalty(kind), lambda value, module: 1.001 * value), broken.expected(kind)),
    ):
        with pytest.raises(AssertionError):
            check_function_penalty(wrong, exact, expected, expected is value)
