"""The hidden layers of the reference, in all three networks."""

import numpy as np
import pytest
import torch

from softeq_sklearn.groups import GL, SE, SL, SO, C, E, O, Reflection, S, Scaling, Translation, Z
from softeq_sklearn.nn import (
    Bilinear,
    EquivariantNetwork,
    FreeGatedNonlinearity,
    GatedNonlinearity,
    MatrixBilinear,
    ResidualPathwayNetwork,
    SoftEquivariantNetwork,
    SoftLinear,
)
from softeq_sklearn.nn._architecture import ARCHITECTURES, architecture_of

SMALL = {"hidden_channels": 40, "n_hidden_layers": 2}
PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]
architectures = pytest.mark.parametrize("architecture", ["factored", "emlp"])


def layers_of(network, kind):
    return [module for module in network.modules() if isinstance(module, kind)]


def shake(network, size=0.3, seed=0):
    """Move all weights away from the start."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in network.parameters():
            p += size * torch.randn(p.shape, generator=generator, dtype=p.dtype)
    return network


def outputs(network, n_columns, seed=0):
    X = np.random.RandomState(seed).standard_normal((6, n_columns))
    with torch.no_grad():
        return network(torch.from_numpy(X)).numpy()


@pytest.mark.parametrize(("dtype", "tol"), [(torch.float64, 1e-11), (torch.float32, 1e-4)])
def test_exact_network_commutes(case, dense, equivariance_gap, device, dtype, tol):
    columns = dense.notation(case.rep_in), dense.notation(case.rep_out)
    network = EquivariantNetwork(*columns, case.group, architecture="emlp", **SMALL)
    network = network.to(device, dtype)
    gap = equivariance_gap(network, case.group, case.rep_in, case.rep_out, dtype, device)
    assert gap < tol


def test_free_pathway_breaks_the_symmetry(equivariance_gap):
    network = ResidualPathwayNetwork("2*Vector", "Vector", SO(3), architecture="emlp", **SMALL)
    assert equivariance_gap(shake(network.double()), SO(3), "V V", "V") > 1e-2


@pytest.mark.parametrize(
    ("make", "nonlinearity"),
    [
        (lambda **kind: SoftEquivariantNetwork("Vector", "Vector", [SO(3)], **kind), None),
        (lambda **kind: ResidualPathwayNetwork("Vector", "Vector", SO(3), **kind), None),
        (lambda **kind: EquivariantNetwork("Vector", "Vector", SO(3), **kind), GatedNonlinearity),
        (
            lambda **kind: ResidualPathwayNetwork("Vector", "Vector", O(3), SO(3), **kind),
            GatedNonlinearity,
        ),
        # The pointwise term, with which permutations commute, is ours alone.
        (lambda **kind: EquivariantNetwork("Vector", "Vector", S(3), **kind), GatedNonlinearity),
    ],
    ids=["soft", "residual", "exact", "mixed", "permutations"],
)
def test_layers_of_the_reference(make, nonlinearity):
    for architecture, bilinear in (("factored", Bilinear), ("emlp", MatrixBilinear)):
        network = make(architecture=architecture, **SMALL)
        assert [type(layer) for layer in layers_of(network, (Bilinear, MatrixBilinear))] == [
            bilinear,
            bilinear,
        ]
        free = architecture == "emlp" and nonlinearity is None
        gates = layers_of(network, GatedNonlinearity)
        assert [type(gate) is FreeGatedNonlinearity for gate in gates] == [free, free]
    assert all(gate.pointwise is None for gate in gates)


def test_start_is_orthogonal_whatever_the_groups(equivariance_gap):
    network = SoftEquivariantNetwork("2*Vector", "Vector", PLANES, architecture="emlp", **SMALL)
    for layer in layers_of(network, SoftLinear):
        values = torch.linalg.svdvals(layer.weight.detach())
        torch.testing.assert_close(values, torch.ones(len(values)), rtol=1e-5, atol=1e-5)
    assert equivariance_gap(network.double(), PLANES[0], "V V", "V") > 1e-2


def test_nearest_equivariant_weights_of_the_same_start(equivariance_gap):
    # The exact network starts from the projection of the soft one's weights, like ours.
    soft, exact = (
        make("2*Vector", "Vector", group, architecture="emlp", seed=3, **SMALL).double()
        for make, group in ((SoftEquivariantNetwork, [SO(3)]), (EquivariantNetwork, SO(3)))
    )
    soft.project(SO(3))
    np.testing.assert_allclose(outputs(soft, 6), outputs(exact, 6), rtol=1e-4, atol=1e-5)


@architectures
def test_same_seed_same_weights(architecture, global_generators_untouched):
    first, again, other = (
        outputs(
            SoftEquivariantNetwork(
                "2*Vector", "Vector", [SO(2)], architecture=architecture, seed=seed, **SMALL
            ).double(),
            4,
        )
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_plain_is_the_default():
    default, named = (
        SoftEquivariantNetwork("2*Vector", "Vector", [SO(2)], **kind, **SMALL).double()
        for kind in ({}, {"architecture": "factored"})
    )
    np.testing.assert_array_equal(outputs(default, 4), outputs(named, 4))


@pytest.mark.parametrize("name", ["EMLP", "", None])
def test_unknown_architecture(name):
    with pytest.raises(ValueError, match=r"one of \['factored', 'emlp'\]. Got " + repr(name)):
        architecture_of(name)
    with pytest.raises(ValueError, match="architecture must be one of"):
        SoftEquivariantNetwork("Vector", "Vector", [SO(2)], architecture=name)


def test_architectures_by_name():
    assert list(ARCHITECTURES) == ["factored", "emlp"]
    assert all(architecture_of(name) is kind for name, kind in ARCHITECTURES.items())


# Candidates, another group to project onto, and columns.
PROJECTIONS = [
    (PLANES, PLANES[1], "1 V V", "VV"),
    (PLANES, SO(3), "V V", "V 1"),  # no candidate, from here on
    ([SO(2)], Reflection(2), "V V", "V VV"),
    ([C(4)], O(2), "1 V", "V 1"),
    ([SO(3)], S(3), "V V", "V"),
    ([SO(2), Scaling(2)], Scaling(2), "V W", "VW V"),
    ([Scaling(2), SL(2)], GL(2), "V W", "VW 1"),
    ([Scaling(2), SO(2)], SO(2), "V W", "V 1"),
    ([SL(2), SO(2)], SL(2), "V W V", "1 V W"),
    ([Translation(2)], SE(2), "P P 1", "V P 1"),
    ([SO(2)], E(2), "P P V", "P V"),
    ([S(3)], Z(3), "V 1", "V VV"),
    ((), SO(2), "V V", "V 1"),
]
projections = pytest.mark.parametrize(
    ("candidates", "group", "rep_in", "rep_out"),
    PROJECTIONS,
    ids=[f"{a!r:.30} to {g!r}: {rep_in} -> {rep_out}" for a, g, rep_in, rep_out in PROJECTIONS],
)


def soft_network(dense, candidates, group, rep_in, rep_out, architecture="factored"):
    columns = dense.notation(rep_in), dense.notation(rep_out)
    return SoftEquivariantNetwork(
        *columns, candidates, dim=group.dim, architecture=architecture, **SMALL
    ).double()


@architectures
@projections
def test_projected_network_is_exactly_equivariant(
    dense, equivariance_gap, candidates, group, rep_in, rep_out, architecture
):
    network = soft_network(dense, candidates, group, rep_in, rep_out, architecture)
    assert equivariance_gap(shake(network), group, rep_in, rep_out) > 1e-2
    network.project(group)
    assert equivariance_gap(network, group, rep_in, rep_out) < 1e-11
    # It did not become trivially so.
    assert outputs(network, dense.dim(rep_in, group.dim)).std(0).max() > 1e-5


@architectures
@projections
def test_softness_one_changes_nothing(dense, candidates, group, rep_in, rep_out, architecture):
    network = soft_network(dense, candidates, group, rep_in, rep_out, architecture)
    n_columns = dense.dim(rep_in, group.dim)
    before = outputs(shake(network), n_columns)
    network.project(group, 1.0)
    np.testing.assert_allclose(outputs(network, n_columns), before, rtol=1e-9, atol=1e-11)


@architectures
def test_every_weight_goes_towards_the_nearest_equivariant_one(dense, architecture):
    networks = [
        shake(
            SoftEquivariantNetwork(
                "2*Vector",
                "Vector",
                [SO(2)],
                hidden_channels="2*Scalar + 2*Vector",
                architecture=architecture,
            ).double()
        )
        for _ in range(3)
    ]
    for network, softness in zip(networks, (0.0, 0.3, 1.0), strict=True):
        network.project(SO(2), softness)
    for inside, between, start in zip(*(n.parameters() for n in networks), strict=True):
        torch.testing.assert_close(between, inside + 0.3 * (start - inside))
    for layer, start in zip(*(layers_of(n, SoftLinear) for n in networks[::2]), strict=True):
        weights = (p.detach().numpy() for p in start.parameters())
        nearest = dense.project(SO(2), layer.layout_in, layer.layout_out, *weights)
        for p, expected in zip(layer.parameters(), nearest, strict=True):
            np.testing.assert_allclose(p.detach(), expected, atol=1e-12)


def test_less_softness_is_closer_to_the_symmetry(dense, equivariance_gap):
    gaps = []
    for softness in (1.0, 0.3, 0.1, 0.01, 0.0):
        network = shake(soft_network(dense, PLANES, SO(3), "V V", "V 1"), 0.1)
        network.project(SO(3), softness)
        gaps.append(equivariance_gap(network, SO(3), "V V", "V 1"))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 10 * gaps[-2] > 1e5 * gaps[-1]


def test_network_of_single_precision(equivariance_gap):
    network = shake(SoftEquivariantNetwork("2*Vector", "Vector", [SO(3)], **SMALL))
    network.project(SO(3))
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    # What is left is the rounding of the weights.
    assert equivariance_gap(network.double(), SO(3), "V V", "V") < 1e-5


@pytest.mark.parametrize(
    ("candidates", "group", "message"),
    [
        ([SO(2)], Scaling(2), r"must be orthogonal .* Got Scaling\(2\)"),
        ([SO(2)], SL(2), r"must be orthogonal .* Got SL\(2\)"),
        ((), GL(2), r"must be orthogonal .* Got GL\(2\)"),
        ([S(2)], SO(2), r"must permute coordinates .* Got SO\(2\)"),
        ([S(2), Z(2)], Scaling(2), r"must permute coordinates .* Got Scaling\(2\)"),
        ([SO(2)], SO(3), r"dimension 2. Got SO\(3\)"),
        ([Scaling(2), SO(2)], SL(2), r"must be conformal .* Got SL\(2\)"),
        ([Scaling(2)], SO(1), r"dimension 2. Got SO\(1\)"),
    ],
)
def test_groups_that_the_network_cannot_keep(dense, candidates, group, message):
    network = SoftEquivariantNetwork("2*Vector", "Vector", candidates, dim=2, **SMALL).double()
    before = outputs(shake(network), 4)
    with pytest.raises(ValueError, match=message):
        network.project(group)
    np.testing.assert_array_equal(outputs(network, 4), before)


def test_networks_that_are_exact_already_cannot_be_projected():
    assert not hasattr(EquivariantNetwork("Vector", "Vector", SO(2)), "project")
