import copy

import numpy as np
import pytest
import torch

from softeq_sklearn.groups import (
    GL,
    SE,
    SL,
    SO,
    MatrixGroup,
    O,
    S,
    Scaling,
    Translation,
    generated_by,
)
from softeq_sklearn.nn import (
    EquivariantNetwork,
    FeatureLayout,
    GatedNonlinearity,
    ResidualPathwayNetwork,
    RowSize,
    SoftEquivariantNetwork,
    SoftLinear,
)
from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.regularizers._forward_mode import directional_derivative
from softeq_sklearn.representations import as_representation

SMALL = {"hidden_channels": 40, "n_hidden_layers": 2}
TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
SIMILARITIES = generated_by(SO(3), Scaling(3))
SPIRAL = MatrixGroup(lie_algebra=[TURN + 0.5 * np.eye(2)])
DOUBLED_TURN = MatrixGroup(discrete_generators=[2 * TURN])

# Groups that scale, and columns in the notation of dense_reference.py.
CASES = [
    (SIMILARITIES, "V V V", "1"),
    (SIMILARITIES, "V 1 VV", "VV V 1 W"),
    (Scaling(3), "V V 1", "V 1"),
    (Scaling(2), "W W", "V 1 WW"),
    (Scaling(2), "WW W VW", "V VW"),
    (generated_by(S(3), Scaling(3)), "V W", "V 1 VW"),
    (generated_by(O(2), Scaling(2)), "VV VVV W", "V W WWW"),
    (SPIRAL, "V V 1", "1 V"),
    (DOUBLED_TURN, "V VV", "1 V"),
    (GL(1), "V W", "V 1 VV"),
    (SIMILARITIES, "P V P", "P V 1"),
    (generated_by(Scaling(2), Translation(2)), "P P W", "P V 1"),
    (generated_by(SE(3), Scaling(3)), "P P P 1", "P VV 1 W"),
]
cases = pytest.mark.parametrize(
    ("group", "rep_in", "rep_out"), CASES, ids=[f"{g!r:.40}: {a} -> {b}" for g, a, b in CASES]
)


def perturbed(network, size=0.3):
    """The same network with weights that keep no symmetry."""
    network, generator = copy.deepcopy(network), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in network.parameters():
            p += size * torch.randn(p.shape, generator=generator, dtype=p.dtype)
    return network


def rows_of(dense, rep, d, n=6):
    return np.random.RandomState(0).standard_normal((n, dense.dim(rep, d)))


@cases
def test_exact_network_is_equivariant_and_no_constant(
    group, rep_in, rep_out, dense, equivariance_gap
):
    names = dense.notation(rep_in), dense.notation(rep_out)
    network = perturbed(EquivariantNetwork(*names, group, **SMALL).double(), size=0.05)
    assert network.row_size is not None
    assert equivariance_gap(network, group, rep_in, rep_out) < 1e-10
    X = torch.from_numpy(rows_of(dense, rep_in, group.dim, 50))
    assert network(X).std(0).min() > 1e-4


@cases
def test_projection_makes_exact(group, rep_in, rep_out, dense, equivariance_gap):
    names = dense.notation(rep_in), dense.notation(rep_out)
    network = SoftEquivariantNetwork(*names, [group], **SMALL).double()
    broken = perturbed(network)
    assert equivariance_gap(broken, group, rep_in, rep_out) > 1e-2
    broken.project(group)
    assert equivariance_gap(broken, group, rep_in, rep_out) < 1e-10


@pytest.mark.parametrize("group", [SO(3), Scaling(3), SIMILARITIES], ids=repr)
def test_projection_onto_one_of_several_keeps_the_others_broken(group, equivariance_gap):
    network = SoftEquivariantNetwork("2*Vector", "Vector", [SO(3), Scaling(3)], **SMALL)
    network = perturbed(network.double())
    network.project(group)
    for other in (SO(3), Scaling(3)):
        gap = equivariance_gap(network, other, "V V", "V")
        assert gap < 1e-10 if group in (other, SIMILARITIES) else gap > 1e-2


def test_projection_onto_other_groups_is_refused():
    network = SoftEquivariantNetwork("2*Vector", "Vector", [SO(3), Scaling(3)], **SMALL)
    assert network.stores_types_of(O(3))
    assert not network.stores_types_of(SL(3))
    with pytest.raises(ValueError, match=r"group must be conformal .* Got SL\(3\)"):
        network.project(SL(3))
    permuting = SoftEquivariantNetwork("2*Vector", "Vector", [S(3), Scaling(3)], **SMALL)
    permuting.project(generated_by(S(3), Scaling(3)))
    with pytest.raises(ValueError, match="group must permute coordinates"):
        permuting.project(SIMILARITIES)


def test_residual_network_starts_equivariant_and_may_read_the_size(equivariance_gap):
    network = ResidualPathwayNetwork("2*Vector", "Vector", SIMILARITIES, **SMALL).double()
    assert equivariance_gap(network, SIMILARITIES, "V V", "V") < 1e-6
    assert equivariance_gap(perturbed(network), Scaling(3), "V V", "V") > 1e-2
    relaxed = ResidualPathwayNetwork("2*Vector", "Vector", SIMILARITIES, SO(3), **SMALL)
    relaxed = perturbed(relaxed.double(), size=0.1)
    assert equivariance_gap(relaxed, SO(3), "V V", "V") < 1e-10
    assert equivariance_gap(relaxed, Scaling(3), "V V", "V") > 1e-3


@pytest.mark.parametrize(
    ("groups", "rep_in", "architecture"),
    [
        ([SO(2)], "Vector", "factored"),
        ([SO(2), Scaling(2), SL(2)], "Vector", "factored"),
        ([SO(2), Scaling(2)], "Vector", "emlp"),
        ([SO(2), Scaling(2)], "2*Scalar + T(1, 1)", "factored"),
        ([Translation(2), Scaling(2)], "Point", "factored"),
        ([], "2*Vector", "factored"),
    ],
)
def test_where_nothing_is_divided(groups, rep_in, architecture):
    network = SoftEquivariantNetwork(
        rep_in, "Scalar", groups, dim=2, architecture=architecture, **SMALL
    )
    assert network.row_size is None
    assert not any(layer.layout_in.unit_size for layer in network.layers if _is_linear(layer))


def _is_linear(layer):
    return isinstance(layer, SoftLinear)


def test_layers_see_orthogonal_groups():
    network = SoftEquivariantNetwork("Vector + Vector.T", "Vector", [S(3), Scaling(3)], **SMALL)
    assert network.orthogonal
    gates = [layer for layer in network.layers if isinstance(layer, GatedNonlinearity)]
    assert all(gate.pointwise is not None for gate in gates)
    first = network.layers[0].layout_in
    assert first.types == ((5,), (1,)) and first.channels == (1, 2)


def test_penalties_are_the_dense_ones_and_the_whole_weight_of_the_size(dense):
    groups = {"turns": SO(3), "scaling": Scaling(3), "both": SIMILARITIES}
    network = SoftEquivariantNetwork("Scalar + 2*Vector", "Vector", [SO(3), Scaling(3)], **SMALL)
    network = perturbed(network.double())
    expected = dict.fromkeys(groups, 0.0)
    for layer in filter(_is_linear, network.layers):
        weight, bias = (p.detach().numpy() for p in (layer.weight, layer.bias))
        layout = layer.layout_in
        is_size = np.zeros(layout.size, bool)
        if (5,) in layout.types:  # where one more scalar would stand
            is_size[layout.slice_of((5,))] = True
            channels = dict(zip(layout.types, layout.channels, strict=True))
            del channels[(5,)]
            layout = FeatureLayout.from_channels(3, channels).with_scalars(1)
        out = layer.layout_out
        expected["turns"] += dense.penalty(SO(3), layout, out, weight, bias)
        size = 0.5 * np.sum(weight[:, is_size] ** 2)
        expected["scaling"] += size
        rest = np.where(is_size, 0.0, weight)
        expected["both"] += size + dense.penalty(SO(3), layout, out, rest, bias)
    penalty = ProjectionPenalty(network, groups, 0.0)
    assert penalty.values(network) == pytest.approx(expected, rel=1e-10)
    assert penalty.n_constraints["scaling"] == network.layers[0].layout_out.size


# The size itself


@pytest.mark.parametrize("n", [3, 9, 100])
def test_what_the_layers_read_has_unit_variance_for_normal_rows(n):
    size = RowSize(np.ones(n), np.ones(n, bool), np.zeros(1), position=0)
    x = np.random.RandomState(0).standard_normal((n, 20000))
    units, _ = size.divide(torch.from_numpy(x))
    assert units[0].std() == pytest.approx(1, rel=0.2)


def test_size_in_closed_form():
    weights = np.array([0, 1, 1, 2, 2, 2, 2, -1])
    size = RowSize(weights, np.ones(8, bool), np.zeros(1), position=1)
    x = np.random.RandomState(0).standard_normal((8, 5))
    log_size, has_size = size(torch.from_numpy(x))
    squared = (2 * np.mean(x[1:3] ** 2, 0) + 4 * np.sqrt(np.mean(x[3:7] ** 2, 0))) / 6
    np.testing.assert_allclose(log_size[0].numpy(), np.log(squared) / 2, rtol=1e-12)
    assert has_size.all()
    units, _ = size.divide(torch.from_numpy(x))
    np.testing.assert_allclose(units[1].numpy(), np.sqrt(2 * 7) * log_size[0].numpy())
    powers = np.sqrt(squared) ** weights[:, None]
    np.testing.assert_allclose(np.delete(units.numpy(), 1, axis=0), x / powers, rtol=1e-12)
    outputs = size.multiply(torch.ones(1, 5, dtype=torch.float64), (log_size, has_size))
    assert torch.equal(outputs, torch.ones(1, 5, dtype=torch.float64))


def test_rows_without_positive_weights_are_measured_by_the_negative_ones():
    size = RowSize(np.array([1, -1]), np.ones(2, bool), np.array([0, 1, -1]), position=0)
    x = torch.tensor([[0.0, 2.0, 0.0], [4.0, 4.0, 0.0]], dtype=torch.float64)
    log_size, has_size = size(x)
    np.testing.assert_allclose(log_size.exp()[0].numpy(), [0.25, 2.0, 1.0])
    assert has_size.tolist() == [[True, True, False]]
    outputs = size.multiply(torch.ones(3, 3, dtype=torch.float64), (log_size, has_size))
    np.testing.assert_allclose(outputs.numpy(), [[1, 1, 1], [0.25, 2, 0], [4, 0.5, 0]])


def test_zero_rows_have_outputs_that_no_element_moves():
    network = EquivariantNetwork("2*Vector", "Scalar + Vector + T(2)", SIMILARITIES, **SMALL)
    network = perturbed(network.double(), size=0.1)
    y = network(torch.zeros(1, 6, dtype=torch.float64))[0]
    assert y[0] != 0
    assert not y[1:].any()


def test_features_that_do_not_count():
    counted = np.array([False, True])
    size = RowSize(np.ones(2), counted, np.zeros(1), position=0)
    np.testing.assert_allclose(size(torch.tensor([[9.0], [2.0]]))[0].exp(), [[2.0]])
    with pytest.raises(ValueError, match="A feature that counts must have a weight other than 0"):
        RowSize(np.array([1, 0]), counted, np.zeros(1), position=0)


def test_gradients_are_finite_where_rows_are_zero():
    network = SoftEquivariantNetwork(
        "Vector + T(2) + Vector.T", "Vector + T(2)", [SO(2), Scaling(2)], **SMALL
    ).double()
    X = torch.randn(4, 8, generator=torch.Generator(), dtype=torch.float64)
    X[0], X[1, :2], X[2, 2:6], X[3, :6] = 0, 0, 0, 0
    X.requires_grad_()
    network(X).square().sum().backward()
    assert X.grad.isfinite().all()
    values, slope = directional_derivative(network, X.detach(), torch.ones_like(X))
    torch.testing.assert_close(values, network(X))
    assert slope.isfinite().all()


@pytest.mark.parametrize("rep_in", ["2*Vector + Scalar", "2*Point + Vector.T"])
def test_members_are_divided_each_by_its_own(rep_in):
    network = SoftEquivariantNetwork(rep_in, "T(2)", [SO(2), Scaling(2)], **SMALL).double()
    n_in = network.layers[0].layout_in.size - 1
    X = torch.randn(3, 7, n_in, generator=torch.Generator(), dtype=torch.float64)
    features, centre = network.entry(X)
    units, size = network.row_size.divide(features)
    outputs = torch.randn(3, 4, 7, generator=torch.Generator(), dtype=torch.float64)
    restored = network.exit(network.row_size.multiply(outputs, size), centre)
    assert units.shape == (3, n_in + 1, 7) and restored.shape == (3, 7, 4)
    for member in range(3):
        alone, mean = network.entry(X[member])
        alone, its_size = network.row_size.divide(alone)
        torch.testing.assert_close(units[member], alone)
        expected = network.exit(network.row_size.multiply(outputs[member], its_size), mean)
        torch.testing.assert_close(restored[member], expected)


# Sizes whose squares are no numbers of float32, where the features are


@pytest.mark.parametrize(
    ("rep_in", "rep_out", "sizes"),
    [
        ("2*Vector", "Vector", [1e-35, 1e-23, 1e-15, 1e15, 1e20, 1e30]),
        ("2*Vector.T + Scalar", "Vector.T + Scalar", [1e-30, 1e-20, 1e20, 1e30]),
        ("2*Vector + T(2)", "Vector", [1e-17, 1e-12, 1e12, 1e18]),
        ("Vector + Vector.T", "Vector", [1e-18, 1e18]),
        ("2*Point", "Point", [1e-30, 1e30]),
    ],
)
@pytest.mark.parametrize("groups", [SIMILARITIES, generated_by(SE(3), Scaling(3))], ids=repr)
def test_rows_of_any_size_in_single_precision(rep_in, rep_out, sizes, groups):
    network = perturbed(EquivariantNetwork(rep_in, rep_out, groups, **SMALL), size=0.05)
    rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
    X = torch.from_numpy(np.random.RandomState(0).standard_normal((5, rep_in.dim(3)))).float()

    def values_and_gradients(X):
        X.requires_grad_()
        values = network(X)
        return values.detach(), torch.autograd.grad(values[:, 0].sum(), X)[0]

    values, gradients = values_and_gradients(X)

    def powers(rep, size):
        return torch.from_numpy(rep.act(size * np.eye(3), np.ones((1, rep.dim(3)))))

    for size in sizes:
        scaled = X.detach().double() * powers(rep_in, size)
        found, slopes = values_and_gradients(scaled.float())
        found = found.double() / powers(rep_out, size)
        torch.testing.assert_close(found.float(), values, rtol=1e-3, atol=1e-4)
        assert slopes.isfinite().all()
        if rep_in == rep_out or rep_in == 2 * rep_out:  # of one weight: slopes have no units
            torch.testing.assert_close(slopes, gradients, rtol=1e-3, atol=1e-3)


def test_size_is_that_of_double_precision():
    """Also where one weight has a size out of the range and the others have a usual one, or 0."""
    weights, rng = np.array([1, 1, 2, 2, 4, -1]), np.random.RandomState(0)
    size = RowSize(weights, np.ones(6, bool), np.zeros(1), position=0)
    x = rng.standard_normal((6, 200)) * 10.0 ** rng.randint(-35, 35, (6, 200))
    x[rng.uniform(size=x.shape) < 0.3] = 0
    x = torch.from_numpy(x).float()
    log_size, has_size = size(x.double())
    found, found_size = size(x)
    assert torch.equal(found_size, has_size)
    torch.testing.assert_close(found.double(), log_size, rtol=1e-5, atol=1e-5)


def test_gradients_are_finite_beside_tiny_features():
    """A tensor of size 0 in a row whose size is tiny: what divides it is infinite in float32."""
    size = RowSize(np.array([1, 2]), np.ones(2, bool), np.zeros(1), position=0)
    x = torch.tensor([[1e-30, 1e-42, 0.0], [0.0, 0.0, 0.0]], requires_grad=True)
    units, _ = size.divide(x)
    units.sum().backward()
    assert units.isfinite().all()
    assert units[1:, 0].tolist() == pytest.approx([np.sqrt(2), 0], rel=1e-4)
    assert x.grad.isfinite().all()


def test_what_does_not_count_may_be_of_any_size():
    size = RowSize(np.array([1, 1, 0]), np.array([True, False, False]), np.zeros(1), position=0)
    x = torch.tensor([[2.0], [1e30], [1e30]])
    units, (log_size, _) = size.divide(x)
    torch.testing.assert_close(log_size.exp(), torch.tensor([[2.0]]))
    torch.testing.assert_close(units[1:], torch.tensor([[1.0], [5e29], [1e30]]), rtol=1e-4, atol=0)
