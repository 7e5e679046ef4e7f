"""Networks side by side give what each of them gives alone."""

import pytest
import torch

from softeq_sklearn.groups import SE, SO, O, S, generated_by
from softeq_sklearn.nn import (
    EquivariantNetwork,
    ResidualPathwayNetwork,
    SoftEquivariantNetwork,
    stack_members,
)

SMALL = {"hidden_channels": 24, "n_hidden_layers": 2}
TASKS = {
    "orthogonal": ("Scalar + 2*Vector + T(2)", "T(2) + Scalar", SO(3)),
    "other": ("Scalar + Vector + Vector.T", "T(1, 1)", generated_by(SO(3), S(3))),
    "permutations": ("2*Vector", "Vector", S(4)),
    "points": ("2*Point + Vector", "Point + Scalar", SE(2)),
}


def _soft(rep_in, rep_out, group, seed):
    return SoftEquivariantNetwork(rep_in, rep_out, [group], seed=seed, **SMALL)


def _exact(rep_in, rep_out, group, seed):
    return EquivariantNetwork(rep_in, rep_out, group, seed=seed, **SMALL)


def _residual(rep_in, rep_out, group, seed):
    return ResidualPathwayNetwork(rep_in, rep_out, group, seed=seed, **SMALL)


def _networks(make, task, k=3):
    networks = [make(*TASKS[task], seed).double() for seed in range(k)]
    generator = torch.Generator().manual_seed(0)
    for network in networks:  # away from the shared subspace, where all parts matter
        with torch.no_grad():
            for p in network.parameters():
                p += 0.1 * torch.randn(p.shape, generator=generator, dtype=p.dtype)
    return networks


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("make", [_soft, _exact, _residual])
def test_members_give_what_they_give_alone(make, task):
    networks = _networks(make, task)
    stacked = stack_members(networks)
    n_in = TASKS[task][0]
    X = torch.randn(3, 7, networks[0].entry.columns.numel(), dtype=torch.float64)
    shared = torch.stack([network(X[0]) for network in networks])
    own = torch.stack([network(rows) for network, rows in zip(networks, X, strict=True)])
    assert n_in and not torch.allclose(shared, own)
    torch.testing.assert_close(stacked(X[0]), shared, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(stacked(X), own, rtol=1e-12, atol=1e-12)


def test_gradients_of_members_do_not_mix():
    networks = _networks(_soft, "orthogonal")
    stacked = stack_members(networks)
    X = torch.randn(5, networks[0].entry.columns.numel(), dtype=torch.float64)
    stacked(X).square().mean((1, 2)).sum().backward()
    networks[1](X).square().mean().backward()
    for (name, alone), (_, together) in zip(
        networks[1].named_parameters(), stacked.named_parameters(), strict=True
    ):
        torch.testing.assert_close(together.grad[1], alone.grad, rtol=1e-10, atol=1e-12, msg=name)


def test_members_are_projected_one_by_one():
    networks = _networks(_soft, "orthogonal")
    stacked = stack_members(networks)
    group = O(3)
    stacked.project(group, 0.5)
    for network in networks:
        network.project(group, 0.5)
    X = torch.randn(5, networks[0].entry.columns.numel(), dtype=torch.float64)
    expected = torch.stack([network(X) for network in networks])
    torch.testing.assert_close(stacked(X), expected, rtol=1e-10, atol=1e-10)


def test_the_networks_are_not_changed():
    networks = _networks(_soft, "orthogonal")
    stacked = stack_members(networks)
    with torch.no_grad():
        for p in stacked.parameters():
            p.zero_()
    assert all(p.abs().sum() > 0 for p in networks[0].parameters())


def test_networks_of_two_structures_are_refused():
    networks = [_soft(*TASKS["orthogonal"], 0), _soft(*TASKS["permutations"], 0)]
    with pytest.raises(ValueError, match="same names and shapes"):
        stack_members(networks)
    with pytest.raises(ValueError, match="at least one"):
        stack_members([])
