import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from softeq_sklearn.groups import (
    SE,
    SL,
    SO,
    C,
    E,
    MatrixGroup,
    O,
    Reflection,
    S,
    Scaling,
    SO13p,
    Translation,
    generated_by,
)
from softeq_sklearn.nn import (
    Bilinear,
    EquivariantLinear,
    EquivariantNetwork,
    FeatureLayout,
    GatedNonlinearity,
    ResidualPathwayNetwork,
    SoftEquivariantNetwork,
    SoftLinear,
)
from softeq_sklearn.nn._column_layers import InputColumns, OutputColumns
from softeq_sklearn.nn._layout import input_map, output_map
from softeq_sklearn.representations import Point, Vector
from softeq_sklearn.testing import assert_equivariant, groups, representations

TOLERANCE = {torch.float64: 1e-11, torch.float32: 1e-4}
SMALL = {"hidden_channels": 40, "n_hidden_layers": 2}
# Enough for tensors of rank 2 with their duals in four dimensions, and in six.
LARGE = {"hidden_channels": 160, "n_hidden_layers": 2}
precisions = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)

PLANES = [O(2).embed(3, axes=axes) for axes in ((0, 1), (1, 2), (0, 2))]
CANDIDATES = [
    (PLANES, "1 1 V V", "VV"),
    ([SO(2), Reflection(2)], "V V", "V 1"),
    ([C(4), Scaling(2)], "1 V V", "V"),
    ([SO(3), Scaling(3)], "V V V", "1"),
    ([S(3), C(2).embed(3, axes=(0, 1))], "V V", "V VV"),
    ([SL(2), SO(2)], "V W V", "1 VW"),
    ([SO13p(), SO(3).embed(4, axes=(1, 2, 3))], "V V", "1 V"),
    ([SO(3), Translation(3)], "P P 1", "P 1 V"),
    ([E(2), Scaling(2)], "P P", "V 1 P"),
    ([SO(2)], "P V", "P 1"),
]
candidate_sets = pytest.mark.parametrize(
    ("candidates", "rep_in", "rep_out"),
    CANDIDATES,
    ids=[f"{groups!r:.50}: {rep_in} -> {rep_out}" for groups, rep_in, rep_out in CANDIDATES],
)


def layers_of(network, kind):
    return [module for module in network.modules() if isinstance(module, kind)]


def weights_of(network):
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


@precisions
def test_equivariant_network_commutes(case, dense, equivariance_gap, dtype, device):
    rep_in, rep_out = dense.notation(case.rep_in), dense.notation(case.rep_out)
    network = EquivariantNetwork(rep_in, rep_out, case.group, **SMALL).to(device)
    network = network.double() if dtype == torch.float64 else network
    gap = equivariance_gap(network, case.group, case.rep_in, case.rep_out, dtype, device)
    assert gap < TOLERANCE[dtype]


def test_equivariant_network_uses_its_input(case, dense):
    # Every column of an output that a group does not fix to a constant has to vary.
    rep_in, rep_out = dense.notation(case.rep_in), dense.notation(case.rep_out)
    network = EquivariantNetwork(rep_in, rep_out, case.group, **LARGE)
    X = torch.randn(50, dense.dim(case.rep_in, case.group.dim), generator=torch.Generator())
    assert network(X).std(0).min() > 1e-4


@precisions
@candidate_sets
def test_soft_network_starts_equivariant_under_all_candidates(
    candidates, rep_in, rep_out, dense, equivariance_gap, dtype, device
):
    network = SoftEquivariantNetwork(
        dense.notation(rep_in), dense.notation(rep_out), candidates, **SMALL
    ).to(device)
    if dtype == torch.float64:
        # The start is rounded to single precision; in double precision that rounding is what is
        # left of the equivariance error.
        network, tol = network.double(), 1e-5
    else:
        tol = TOLERANCE[dtype]
    for group in candidates:
        assert equivariance_gap(network, group, rep_in, rep_out, dtype, device) < tol


@candidate_sets
def test_soft_network_can_break_every_candidate(
    candidates, rep_in, rep_out, dense, equivariance_gap
):
    network = SoftEquivariantNetwork(
        dense.notation(rep_in), dense.notation(rep_out), candidates, **SMALL
    ).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in layers_of(network, SoftLinear):
            layer.weight += 0.3 * torch.randn(layer.weight.shape, generator=generator)
    for group in candidates:
        assert equivariance_gap(network, group, rep_in, rep_out) > 1e-2


def test_smaller_symmetry_does_not_bring_the_larger(equivariance_gap):
    network = EquivariantNetwork("2*Vector", "Vector", SO(2), **SMALL).double()
    assert equivariance_gap(network, SO(2), "V V", "V") < 1e-12
    assert equivariance_gap(network, O(2), "V V", "V") > 0.01
    assert equivariance_gap(network, Scaling(2), "V V", "V") > 0.01
    network = EquivariantNetwork("2*Point", "Point", SO(2), **SMALL).double()
    assert equivariance_gap(network, SO(2), "P P", "P") < 1e-12
    assert equivariance_gap(network, SE(2), "P P", "P") > 0.01


def check_any_network(data, max_dim, max_columns, **size):
    group = data.draw(groups(max_dim=max_dim, affine=None))
    rep_in = data.draw(representations(group, max_columns=max_columns, points=group.is_affine))
    rep_out = data.draw(representations(group, max_columns=max_columns))
    network = EquivariantNetwork(rep_in, rep_out, group, **size).double()
    assert_equivariant(network, group, rep_in, rep_out, n_rows=4, n_elements=4, tol=1e-9)
    soft = SoftEquivariantNetwork(rep_in, rep_out, [group], **size).double()
    # The soft network starts from weights rounded to single precision.
    assert_equivariant(soft, group, rep_in, rep_out, n_rows=4, n_elements=4, tol=1e-4, atol=1e-6)


@settings(max_examples=25)
@given(st.data())
def test_network_of_any_group_and_columns(data):
    check_any_network(data, max_dim=3, max_columns=9, hidden_channels=16, n_hidden_layers=1)


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_larger_network_of_any_group_and_columns(data):
    check_any_network(data, max_dim=5, max_columns=40, hidden_channels=90, n_hidden_layers=3)


def test_same_seed_same_weights(global_generators_untouched):
    def weights(seed):
        soft = SoftEquivariantNetwork("2*Vector", "Scalar", [O(3), S(3)], seed=seed, **SMALL)
        hard = EquivariantNetwork("2*Vector", "Scalar", O(3), seed=seed, **SMALL)
        return weights_of(soft), weights_of(hard)

    torch.testing.assert_close(weights(1), weights(1), rtol=0, atol=0)
    for a, b in zip(weights(1), weights(2), strict=True):
        assert not torch.equal(a, b)


def test_network_without_hidden_layers_is_the_linear_map(dense):
    # With its weights written in the user's columns: Points keep their frame out of the way.
    rep_in, rep_out = "P V 1 P", "V 1 V"
    network = SoftEquivariantNetwork(
        dense.notation(rep_in), dense.notation(rep_out), [SO(2)], n_hidden_layers=0
    ).double()
    rng = np.random.RandomState(0)
    weight, bias = rng.standard_normal((5, 7)), rng.standard_normal(5)
    dense.write_linear(network, weight, bias)
    X = rng.standard_normal((9, 7))
    np.testing.assert_allclose(
        network(torch.from_numpy(X)).detach().numpy(), X @ weight.T + bias, atol=1e-12
    )


def test_scalars_alone_make_a_multilayer_perceptron():
    network = SoftEquivariantNetwork("4*Scalar", "2*Scalar", dim=1, hidden_channels=7)
    assert not layers_of(network, Bilinear)
    assert [layer.weight.shape for layer in layers_of(network, SoftLinear)] == [
        (7, 4),
        (7, 7),
        (7, 7),
        (2, 7),
    ]
    assert network(torch.zeros(3, 4)).shape == (3, 2)


def test_number_of_blocks():
    network = SoftEquivariantNetwork("Vector", "Vector", [SO(3)], n_hidden_layers=4)
    assert len(layers_of(network, SoftLinear)) == 5
    assert len(layers_of(network, Bilinear)) == len(layers_of(network, GatedNonlinearity)) == 4


@pytest.mark.parametrize("hidden", [24, np.int64(24), "6*Scalar + 3*Vector + T(2)"])
def test_hidden_channels(hidden, equivariance_gap):
    network = EquivariantNetwork("2*Vector", "Vector", SO(3), hidden_channels=hidden)
    assert layers_of(network, GatedNonlinearity)[0].layout.size == 24
    assert equivariance_gap(network.double(), SO(3), "V V", "V") < 1e-11


def test_hidden_representation_without_scalars(equivariance_gap):
    network = EquivariantNetwork("2*Vector", "Vector", SO(3), hidden_channels=3 * Vector)
    assert equivariance_gap(network.double(), SO(3), "V V", "V") < 1e-11


@pytest.mark.parametrize(
    ("group", "has_pointwise"), [(S(3), True), (SO(3), False), (Reflection(3), False)]
)
def test_pointwise_nonlinearity_for_permutations_only(group, has_pointwise):
    for network in (
        EquivariantNetwork("Vector", "Vector", group),
        SoftEquivariantNetwork("Vector", "Vector", [group, S(3)]),
    ):
        gates = layers_of(network, GatedNonlinearity)
        assert [gate.pointwise is not None for gate in gates] == 3 * [has_pointwise]


def test_points_of_the_output_need_points_of_the_input():
    with pytest.raises(ValueError, match="rep_out may have Points only where rep_in has some"):
        EquivariantNetwork("2*Vector", "Point", SE(2))


def test_without_groups_the_dimension_is_needed():
    with pytest.raises(TypeError, match="dim must be given where there are no groups"):
        SoftEquivariantNetwork("Vector", "Scalar")


@pytest.mark.parametrize("rep_in", ["Point.T", "2*Point >> Vector"])
def test_duals_of_points_are_covectors_or_refused(rep_in):
    try:
        network = EquivariantNetwork(rep_in, "Vector.T", SL(2), hidden_channels=24)
    except ValueError:
        return
    assert_equivariant(network.double(), SL(2), rep_in, "Vector.T", tol=1e-10)


def test_rows_do_not_mix(case, dense):
    rep_in, rep_out = dense.notation(case.rep_in), dense.notation(case.rep_out)
    network = EquivariantNetwork(rep_in, rep_out, case.group, **SMALL).double()
    X = torch.from_numpy(
        np.random.RandomState(0).standard_normal((5, dense.dim(case.rep_in, case.group.dim)))
    )
    torch.testing.assert_close(network(X)[[3, 1]], network(X[[3, 1]]))


@pytest.mark.parametrize("groups", [[], [SE(2)]])
def test_no_rows(groups):
    network = SoftEquivariantNetwork("2*Point", "Vector", groups, dim=2, **SMALL)
    assert network(torch.zeros(0, 4)).shape == (0, 2)


@pytest.mark.parametrize("group", [O(3), E(3)])
def test_network_survives_pickle_copy_and_state(group):
    def network(seed):
        return EquivariantNetwork("2*Point + Vector", "Vector", group, seed=seed, **SMALL)

    original, other = network(0), network(1)
    X = torch.randn(4, 9, generator=torch.Generator())
    assert not torch.equal(original(X), other(X))
    other.load_state_dict(original.state_dict())
    for same in (other, pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):
        assert torch.equal(original(X), same(X))


def test_network_changes_precision_there_and_back():
    network = EquivariantNetwork("2*Point + Vector", "Vector", SE(2), **SMALL)
    X = torch.randn(4, 6, generator=torch.Generator())
    y = network(X)
    torch.testing.assert_close(network.double().float()(X), y)
    assert network.double()(X.double()).dtype == torch.float64


def test_gradients_reach_every_parameter(case, dense):
    rep_in, rep_out = dense.notation(case.rep_in), dense.notation(case.rep_out)
    network = EquivariantNetwork(rep_in, rep_out, case.group, **SMALL)
    X = torch.randn(20, dense.dim(case.rep_in, case.group.dim), generator=torch.Generator())
    network(X).square().sum().backward()
    for layer in layers_of(network, torch.nn.ParameterList):
        for parameter in layer:
            assert parameter.grad is not None and parameter.grad.isfinite().all()


@given(st.integers(1, 3), st.booleans(), st.data())
def test_input_columns_are_an_isometry_that_output_columns_invert(d, orthogonal, data):
    rep = data.draw(representations(d))
    entry = InputColumns(input_map(rep, d, orthogonal))
    back = OutputColumns(output_map(rep, d, orthogonal))
    X = torch.from_numpy(np.random.RandomState(0).standard_normal((4, rep.dim(d))))
    features, centre = entry(X)
    assert features.shape == (rep.dim(d), 4)
    assert centre is None
    assert torch.equal(back(features, centre), X)


@given(st.integers(1, 3), st.booleans(), st.data())
def test_points_become_their_mean_and_differences(d, orthogonal, data):
    n_more = data.draw(st.integers(1, 3))
    rep = data.draw(representations(d, points=True)) + n_more * Point
    columns = input_map(rep, d, orthogonal)
    entry = InputColumns(columns)
    n_points = len(columns.point_slots)
    X = np.random.RandomState(0).standard_normal((4, rep.dim(d)))
    t = np.arange(1.0, d + 1)
    here, centre = entry(torch.from_numpy(X))
    there, moved = entry(torch.from_numpy(rep.act(np.column_stack([np.eye(d), t]), X)))
    expected = np.zeros((rep.dim(d), 4))
    # Of k Points a translation by t moves one feature vector, their mean times sqrt(k).
    expected[columns.layout.slice_of((2,))] = np.sqrt(n_points) * t[:, None]
    np.testing.assert_allclose((there - here).numpy(), expected, atol=1e-12)
    np.testing.assert_allclose((moved - centre).numpy(), np.tile(t[:, None], 4), atol=1e-12)
    np.testing.assert_allclose(here.square().sum(0), (X**2).sum(1))
    points = X[:, [block.index for block in rep.blocks(d) if block.word == (2,)][0][0]]
    np.testing.assert_allclose(centre, points.mean(1).T)


TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
ABOUT_A_POINT = MatrixGroup([np.column_stack([TURN, [1.0, -3.0]])], name="about a point")
REFUSED = r"about \[3.0, 1.0\]. Subtract this centre from the Points .* name='about a point'"


@pytest.mark.parametrize("architecture", ["factored", "emlp"])
def test_groups_about_another_centre_than_the_origin_are_refused_for_points(architecture):
    """W x + b would have to couple W and b: x - c is equivariant, W x alone is not."""
    for make in (
        lambda *reps: EquivariantNetwork(*reps, ABOUT_A_POINT, architecture=architecture),
        lambda *reps: ResidualPathwayNetwork(*reps, ABOUT_A_POINT, architecture=architecture),
        lambda *reps: SoftEquivariantNetwork(
            *reps, [SO(2), ABOUT_A_POINT], architecture=architecture
        ),
    ):
        with pytest.raises(ValueError, match=REFUSED):
            make("Point", "Scalar")
        make("Vector", "Scalar")  # which no translation moves


def test_soft_networks_are_not_projected_onto_groups_about_another_centre():
    network = SoftEquivariantNetwork("2*Point", "Vector", [SE(2)])
    with pytest.raises(ValueError, match=REFUSED):
        network.project(ABOUT_A_POINT)
    points = FeatureLayout(2, ((2,),), (1,))
    with pytest.raises(ValueError, match=REFUSED):
        SoftLinear(points, points).project(ABOUT_A_POINT, orthogonal=True)
    with pytest.raises(ValueError, match=REFUSED):
        EquivariantLinear(points, points, ABOUT_A_POINT, orthogonal=True)


@pytest.mark.parametrize(
    "group",
    [
        MatrixGroup(discrete_generators=[[[1, 0, 2], [0, 1, 1]]], name="lattice"),
        generated_by(ABOUT_A_POINT, Translation(2)),
        generated_by(SE(2), Scaling(2)),
        E(2),
    ],
    ids=repr,
)
def test_groups_that_act_about_the_origin_are_not_refused(group):
    EquivariantNetwork("2*Point", "Point + Scalar", group)
