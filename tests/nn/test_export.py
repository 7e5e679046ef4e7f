"""Networks exported as programs of torch, saved and loaded again, compute the same."""

import io

import numpy as np
import pytest
import torch

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SE, SO, O, S, Scaling
from softeq_sklearn.nn import (
    EquivariantNetwork,
    ResidualPathwayNetwork,
    SoftEquivariantNetwork,
    stack_members,
)

SMALL = {"hidden_channels": 16, "n_hidden_layers": 1, "seed": 0}


def soft(rep_in, rep_out, groups, **options):
    return SoftEquivariantNetwork(rep_in, rep_out, groups, **SMALL, **options)


NETWORKS = {
    "vectors": lambda: soft("2*Vector", "Vector", [O(3)]),
    "scalars": lambda: soft("4*Scalar", "Scalar", [SO(3)]),
    "no groups": lambda: soft("4*Scalar", "2*Scalar", [], dim=3),
    "tensors": lambda: soft("Scalar + 2*Vector", "T(2)", [O(2).embed(3, axes=(0, 1))]),
    "points": lambda: soft("3*Point", "Point + Vector", [SE(2)]),
    "points in": lambda: soft("3*Point", "Scalar", [SE(2)]),
    "scalings": lambda: soft("2*Vector", "Vector", [SO(3), Scaling(3)]),
    "permutations": lambda: soft("2*Vector", "Vector", [S(4)]),
    "emlp": lambda: soft("2*Vector", "Vector", [O(3)], architecture="emlp"),
    "exact": lambda: EquivariantNetwork("2*Vector", "Vector", O(3), **SMALL),
    "residual": lambda: ResidualPathwayNetwork("2*Vector", "Vector", O(3), **SMALL),
    "members": lambda: stack_members([soft("2*Vector", "Vector", [O(3)]) for _ in range(3)]),
}


def check_round_trip(network, n_columns):
    network = network.eval()
    X = torch.randn(7, n_columns, generator=torch.Generator().manual_seed(0))
    rows = {0: torch.export.Dim("rows")}
    file = io.BytesIO()
    torch.export.save(
        torch.export.export(network, (X[:3],), dynamic_shapes=(rows,), strict=False), file
    )
    file.seek(0)
    loaded = torch.export.load(file).module()
    with torch.no_grad():
        for some in X, X[:1]:
            torch.testing.assert_close(loaded(some), network(some))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name):
    network = NETWORKS[name]()
    n_columns = {"scalars": 4, "no groups": 4, "tensors": 7, "permutations": 8}
    check_round_trip(network, n_columns.get(name, 6))


@pytest.mark.parametrize("options", [{}, {"n_members": 2}, {"exact_group": "SO(2)"}])
def test_fitted_modules(options):
    X = np.random.RandomState(0).standard_normal((60, 4))
    groups = {"SO(2)": SO(2), "Scaling(2)": Scaling(2)}
    model = SoftEquivariantRegressor(
        groups, "2*Vector", "Vector", hidden_channels=16, max_epochs=2, random_state=0, **options
    )
    check_round_trip(model.fit(X, X[:, :2]).module_, 4)
