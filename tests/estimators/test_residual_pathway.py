"""The residual pathway regressor: between the exact and the plain network, as its prior says."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from softeq_sklearn import EquivariantRegressor, ResidualPathwayRegressor, SoftEquivariantRegressor
from softeq_sklearn.groups import SE, SO, C, O, Reflection, S, Scaling, Translation, Trivial, Z
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import as_representation

SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=4, batch_size=16, random_state=0)
COLUMNS = dict(rep_in="2*Vector", rep_out="Vector")


def make(group, relax_to=None, **changes):
    return ResidualPathwayRegressor(group, relax_to=relax_to, **(SMALL | COLUMNS | changes))


def error_of(model, X, group, rep_in="2*Vector", rep_out="Vector"):
    return equivariance_error(model, X, group, rep_in, rep_out, n_elements=8, random_state=0)


@pytest.fixture
def turned():
    """Two vectors in the plane and a target that all rotations keep."""
    X = np.random.RandomState(0).standard_normal((80, 4))
    return X, X[:, :2] - 0.5 * X[:, [3, 2]] * [1, -1]


@pytest.mark.parametrize("architecture", ["factored", "emlp"])
@pytest.mark.parametrize("reps", [(None, None), ("2*Vector", "Vector")])
def test_without_a_group_it_is_the_plain_network(plane, reps, architecture):
    X, Y = plane
    arguments = SMALL | dict(rep_in=reps[0], rep_out=reps[1], architecture=architecture)
    model = ResidualPathwayRegressor(None, **arguments).fit(X, Y)
    plain = SoftEquivariantRegressor((), **arguments).fit(X, Y)
    assert_array_equal(model.predict(X), plain.predict(X))
    assert type(model.module_) is type(plain.module_)


def test_growing_prior_shrinks_the_error(plane):
    X, Y = plane
    models = [make(SO(2), residual_strength=s, max_epochs=30).fit(X, Y) for s in (0.0, 1.0, 100.0)]
    errors = [error_of(model, X, SO(2)) for model in models]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.05 * errors[0]
    # The target breaks the symmetry: only a weak prior lets the model fit it.
    scores = [model.score(X, Y) for model in models]
    assert scores[0] > 0.9 > scores[-1]


def test_strong_prior_is_the_exact_model(plane):
    X, Y = plane
    model = make(SO(2), residual_strength=1e4, max_epochs=30, learning_rate=1e-3).fit(X, Y)
    exact = EquivariantRegressor(
        SO(2), **(SMALL | COLUMNS | dict(max_epochs=30, learning_rate=1e-3))
    ).fit(X, Y)
    assert error_of(model, X, SO(2)) < 0.02
    distance = np.abs(model.predict(X) - exact.predict(X)).max()
    assert distance < 0.1 * np.ptp(exact.predict(X))


def test_a_target_with_the_symmetry_is_found_by_both_pathways(turned):
    X, Y = turned
    models = [make(SO(2), residual_strength=s, max_epochs=30).fit(X, Y) for s in (1e-5, 10.0)]
    assert min(model.score(X, Y) for model in models) > 0.95
    # What the prior forbids is not needed.
    assert error_of(models[1], X, SO(2)) < 0.05


MIXED = [
    (O(3), SO(3), "2*Vector", "Vector"),
    (O(3), O(2).embed(3, axes=(0, 1)), "2*Vector", "T(2)"),
    (SO(2), C(4), "2*Vector", "Vector + Scalar"),
    (O(2), Reflection(2), "Scalar + Vector", "Vector"),
    (S(4), Z(4), "Vector", "Vector + Scalar"),
    (Scaling(2), Trivial(2), "Vector + Vector.T", "Vector"),
    (SE(2), Translation(2), "3*Point", "Point + Scalar"),
    (SE(2), SO(2), "3*Point", "Vector"),
]


@pytest.mark.parametrize("group, part, rep_in, rep_out", MIXED, ids=str)
def test_residual_keeps_the_group_it_relaxes_to(group, part, rep_in, rep_out):
    rng = np.random.RandomState(0)
    n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
    X = 3 * rng.standard_normal((60, n_in)) + np.arange(5, 5 + n_in)
    Y = X @ rng.standard_normal((n_in, n_out)) + 5 * np.sin(X[:, :1]) + 7
    model = make(group, part, rep_in=rep_in, rep_out=rep_out, residual_strength=0.0).fit(X, Y)
    assert error_of(model, X, part, rep_in, rep_out) < 1e-12
    free = make(group, rep_in=rep_in, rep_out=rep_out, residual_strength=0.0).fit(X, Y)
    assert error_of(free, X, group, rep_in, rep_out) > 1e-4
    if part != Trivial(2):
        assert error_of(free, X, part, rep_in, rep_out) > 1e-4


def test_residual_breaks_the_larger_group():
    X = np.random.RandomState(0).standard_normal((80, 6))
    Y = X[:, :3] * [1, 1, 3]
    axis = O(2).embed(3, axes=(0, 1))
    model = make(O(3), axis, rep_out="Vector", residual_strength=0.0, max_epochs=30).fit(X, Y)
    assert error_of(model, X, axis) < 1e-12
    assert error_of(model, X, O(3)) > 0.1
    exact = EquivariantRegressor(O(3), **(SMALL | COLUMNS | {"max_epochs": 30})).fit(X, Y)
    assert model.score(X, Y) > 0.9 > exact.score(X, Y)


def decays(model):
    """Weight decay of each parameter, by name."""
    names = {id(p): name for name, p in model.module_.named_parameters()}
    return {
        names[id(p)]: group["weight_decay"]
        for group in model.net_.optimizer_.param_groups
        for p in group["params"]
    }


def expected_decays(model, residual, rest):
    """What each parameter should have: residuals, the free term of the nonlinearity, others."""
    expected = {}
    for name, _ in model.module_.named_parameters():
        parts = name.split(".")
        expected[name] = residual if "residual" in parts else 2.0 if "free" in parts else rest
    return expected


@pytest.mark.parametrize("architecture", ["factored", "emlp"])
@pytest.mark.parametrize("relax_to", [None, C(4)])
def test_prior_is_the_weight_decay_of_the_residual_only(plane, relax_to, architecture):
    model = make(
        SO(2), relax_to, residual_strength=0.7, weight_decay=0.003, architecture=architecture
    )
    for method in ("fit", "partial_fit", "partial_fit"):
        getattr(model, method)(*plane)
        found = decays(model)
        assert found == expected_decays(model, 0.7, 0.003)
        assert {0.7, 0.003} <= set(found.values())
    assert (2.0 in found.values()) == (architecture == "emlp" and relax_to is None)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_changed_strengths_count_when_training_goes_on(plane, method):
    model = make(SO(2), residual_strength=0.7, weight_decay=0.003, warm_start=True)
    getattr(model, method)(*plane)
    model.set_params(residual_strength=5.0, weight_decay=0.01)
    getattr(model, method)(*plane)
    assert decays(model) == expected_decays(model, 5.0, 0.01)


def test_prior_shrinks_the_residual_and_nothing_else(plane):
    """Where the loss is flat, decay alone moves the weights."""
    X, _ = plane
    arguments = dict(weight_decay=0.0, max_epochs=40, validation_fraction=0)
    model = make(SO(2), residual_strength=1.0, **arguments).fit(X, np.zeros((80, 2)))
    free = make(SO(2), residual_strength=0.0, **arguments).fit(X, np.zeros((80, 2)))

    def norm(model, residual):
        parameters = model.module_.named_parameters()
        return sum(
            p.square().sum().item() for n, p in parameters if (".residual." in n) == residual
        )

    assert norm(model, True) < 0.5 * norm(free, True)
    assert norm(model, False) > 0.8 * norm(free, False)


def test_same_seed_same_model(plane, global_generators_untouched):
    X, Y = plane
    first, again, other = (
        make(SO(2), C(4), random_state=seed).fit(X, Y).predict(X) for seed in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_clone_and_copy(plane):
    X, Y = plane
    model = make(SO(2), C(4), residual_strength=0.5).fit(X, Y)
    twin = clone(model)
    assert twin.relax_to == C(4) and twin.residual_strength == 0.5
    assert not hasattr(twin, "net_")
    for same in (twin.fit(X, Y), copy.deepcopy(model)):
        assert_array_equal(same.predict(X), model.predict(X))


def test_relaxing_to_the_group_itself_is_exact(plane):
    X, Y = plane
    model = make(SO(2), SO(2), residual_strength=0.0).fit(X, Y)
    assert error_of(model, X, SO(2)) < 1e-12


@pytest.mark.parametrize(
    "changes, error, message",
    [
        (dict(group=None, relax_to=SO(2)), ValueError, r"relax_to needs a group .* Got SO\(2\)"),
        (dict(relax_to=SO(3)), ValueError, "same dimension.*'SO.2.': 2, 'SO.3.': 3"),
        (dict(group=SO(3)), ValueError, r"rep_in=2\*Vector \(6 columns\) for X with 4"),
        (dict(relax_to="SO(2)"), ValueError, "'relax_to' parameter .* Got 'SO"),
        (dict(relax_to=[C(4)]), ValueError, "'relax_to' parameter .*Group"),
        (dict(group=SO), ValueError, "'group' parameter .*Group"),
        (dict(residual_strength=-1e-9), ValueError, "'residual_strength' parameter .* Got -1e-09"),
        (dict(residual_strength=np.inf), ValueError, "'residual_strength' parameter .* Got inf"),
        (dict(residual_strength=None), ValueError, "'residual_strength' parameter .* Got None"),
        (dict(architecture="rpp"), ValueError, "'architecture' parameter .* Got 'rpp'"),
        (dict(rep_out="Point"), ValueError, "rep_out may have Points only"),
    ],
)
def test_bad_input(plane, recorder, changes, error, message):
    for method in ("fit", "partial_fit"):
        model = make(SO(2), callbacks=[recorder]).set_params(**changes)
        with pytest.raises(error, match=message):
            getattr(model, method)(*plane)
        assert not hasattr(model, "net_")
    assert recorder.n_trainings == 0


def test_structure_of_the_first_fit(plane):
    X, Y = plane
    model = make(SO(2), C(4)).fit(X, Y)
    before = model.predict(X)
    for changes in (dict(relax_to=None), dict(group=O(2)), dict(architecture="emlp")):
        with pytest.raises(ValueError, match="groups, representations and hidden layers"):
            copy.deepcopy(model).set_params(**changes).partial_fit(X, Y)
    assert_allclose(model.predict(X), before)
