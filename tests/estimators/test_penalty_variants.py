"""Variants for comparisons: distances of the weights, tuners, hidden layers, scaling, clipping."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback, GradientNormClipping

from softeq_sklearn import EquivariantRegressor, SoftEquivariantRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.groups import SO, Reflection
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import MatrixBilinear, SoftLinear
from softeq_sklearn.regularizers import DistancePenalty, ProjectionPenalty
from softeq_sklearn.training import StrengthTuner

distances = pytest.mark.parametrize("penalty", ["log", "cosine"])
# Strengths at which each distance matters: the logarithm is steep near the subspace.
STRENGTHS = {"squared": 10.0, "log": 1.0, "cosine": 10.0}


class Watcher(Callback):
    """Keep the strengths after each epoch, the penalties seen, and the rows trained on."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.strengths, self.penalties, self.inputs, self.targets = [], [], X, y

    def on_epoch_end(self, net, **kwargs):
        self.strengths.append(dict(net.penalty_.strengths))
        self.penalties.append(net.penalty_.values(net.module_))


@pytest.fixture
def watcher():
    return Watcher()


# Distances --------------------------------------------------------------------------------


@distances
def test_growing_strength_shrinks_the_error(make_soft, plane, penalty):
    X, Y = plane
    few, many = (
        make_soft(penalty=penalty, strengths=strength, tuning="fixed", max_epochs=15)
        .fit(X, Y)
        .levels_
        for strength in (1e-4, STRENGTHS[penalty])
    )
    # The data keep the reflection and break the rotations.
    assert many.error[0] < 0.5 * few.error[0]
    assert (many.error < few.error).all() and (many.penalty < few.penalty).all()


@pytest.mark.parametrize("penalty", ["squared", "log", "cosine"])
def test_penalty_is_in_the_loss(make_soft, plane, penalty):
    # With tiny steps the loss is that of the start, which is orthogonal whatever the strengths.
    changes = dict(
        architecture="emlp",
        scale_columns=False,
        learning_rate=1e-12,
        max_epochs=1,
        penalty=penalty,
        tuning="fixed",
    )
    strengths = {"rotations": 2.0, "reflection": 0.5}
    plain, model = (make_soft(strengths=s, **changes).fit(*plane) for s in (0.0, strengths))
    values = model.net_.penalty_.values(model.module_)
    expected = sum(strengths[name] * value for name, value in values.items())
    losses = [m.history_[0, "train_loss"] for m in (model, plain)]
    assert losses[0] - losses[1] == pytest.approx(expected, rel=1e-3)
    assert min(values.values()) > 0.01
    # Losses on held-out rows have no penalty.
    held_out = [m.history_[0, "valid_loss"] for m in (model, plain)]
    assert held_out[0] == pytest.approx(held_out[1], rel=1e-5)


@distances
def test_half_the_squared_distance_is_reported(make_soft, plane, penalty):
    model = make_soft(penalty=penalty).fit(*plane)
    inside = model.net_.penalty_
    assert type(inside) is DistancePenalty and inside.distance == penalty
    squared = ProjectionPenalty(model.module_, model.groups, 1.0).values(model.module_)
    assert_allclose(model.levels_.penalty, list(squared.values()))
    assert set(squared.values()).isdisjoint(inside.values(model.module_).values())


@pytest.mark.parametrize("penalty", ["squared", "log", "cosine"])
def test_levels_find_the_axis_of_the_data(penalty):
    data = make_inertia(300, noise=-1.0, axis=2, random_state=0)
    model = SoftEquivariantRegressor(
        data.groups,
        data.rep_in,
        data.rep_out,
        penalty=penalty,
        strengths=0.1 * STRENGTHS[penalty],
        hidden_channels=48,
        n_hidden_layers=2,
        max_epochs=50,
        random_state=0,
    ).fit(data.data, data.target)
    assert model.levels_.name[0] == "O(2) xy"
    assert np.argmin(model.levels_.error) == np.argmax(model.levels_.strength) == 0


def test_distances_differ(make_soft, plane):
    X, Y = plane
    predictions = [
        make_soft(penalty=penalty, tuning="fixed").fit(X, Y).predict(X)
        for penalty in ("squared", "log", "cosine")
    ]
    for i in range(3):
        assert np.abs(predictions[i] - predictions[i - 1]).max() > 1e-4
    assert_array_equal(predictions[0], make_soft(tuning="fixed").fit(X, Y).predict(X))


@distances
@pytest.mark.parametrize("regularizer", ["sampled", "lie"])
def test_distances_are_of_weights(make_soft, plane, recorder, penalty, regularizer):
    model = make_soft(penalty=penalty, regularizer=regularizer, callbacks=[recorder])
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=f"must be 'squared' .* Got penalty='{penalty}', reg"):
            getattr(model, method)(*plane)
    assert recorder.n_trainings == 0


@pytest.mark.parametrize("regularizer", ["sampled", "lie"])
def test_penalties_of_the_function_with_our_network(make_soft, plane, regularizer):
    X, Y = plane
    errors = [
        make_soft(regularizer=regularizer, strengths=s, tuning="fixed", max_epochs=15)
        .fit(X, Y)
        .levels_.error
        for s in (1e-3, 10.0)
    ]
    assert (errors[1] < 0.5 * errors[0]).all()


# Tuners -----------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("power", [0.0, 1.0, 5.0])
def test_tuner_says_when_and_with_which_power(make_soft, plane, watcher, start, power):
    tuner = StrengthTuner("ratio", start=start, power=power)
    model = make_soft(tuning=tuner, max_epochs=8, callbacks=[watcher]).fit(*plane)
    when = round(8 * start)
    equal = {"rotations": 1.0, "reflection": 1.0}
    # The user's callbacks come after the tuner: the epoch at whose end it sets is the first other.
    assert watcher.strengths[: when - 1] == (when - 1) * [equal]
    assert all(strengths == watcher.strengths[-1] for strengths in watcher.strengths[when - 1 :])
    seen = watcher.penalties[(when + 1) // 2 - 1 : when]
    lowest = {name: min(penalties[name] for penalties in seen) for name in equal}
    smallest = min(lowest.values())
    expected = [(lowest[name] / smallest) ** -power for name in equal]
    assert_allclose(model.strengths_, expected, rtol=1e-9)
    assert (model.strengths_.min() < 1) == (power > 0)


def test_tuner_is_not_changed_by_a_fit(make_soft, plane):
    X, Y = plane
    tuner = StrengthTuner(start=0.5, power=3.0)
    before = dict(vars(tuner))
    model = make_soft(tuning=tuner).fit(X, Y)
    expected = model.predict(X)
    assert vars(tuner) == before
    assert model.tuning is tuner
    for twin in (model, clone(model), copy.deepcopy(model)):
        assert_array_equal(twin.fit(X, Y).predict(X), expected)


def test_the_default_tuner(make_soft, plane):
    X, Y = plane
    predictions = [
        make_soft(tuning=tuning).fit(X, Y).predict(X) for tuning in ("ratio", StrengthTuner())
    ]
    assert_array_equal(*predictions)
    other = make_soft(tuning=StrengthTuner(power=6.0)).fit(X, Y).predict(X)
    assert np.abs(other - predictions[0]).max() > 1e-4


def test_a_tuner_that_leaves_strengths_fixed(make_soft, plane):
    X, Y = plane
    models = [make_soft(tuning=tuning).fit(X, Y) for tuning in ("fixed", StrengthTuner("fixed"))]
    assert_array_equal(models[0].predict(X), models[1].predict(X))
    assert_array_equal(models[1].strengths_, [1.0, 1.0])


@pytest.mark.parametrize("start", [0.25, 0.75])
def test_weights_from_before_the_tuning_are_not_kept(make_soft, plane, start):
    """They were never trained with the strengths that are reported beside them."""

    class Best(Callback):
        def on_train_begin(self, net, **kwargs):
            self.weights = []

        def on_epoch_begin(self, net, **kwargs):
            for p in net.module_.parameters() if len(net.history) > 1 else ():
                p.data += 1.0  # the first epoch stays the best

        def on_epoch_end(self, net, **kwargs):
            self.weights.append([p.detach().clone() for p in net.module_.parameters()])

    best = Best()
    model = make_soft(
        tuning=StrengthTuner(start=start), max_epochs=8, callbacks=[best], validation_fraction=0.3
    ).fit(*plane)
    last = list(model.module_.parameters())
    kept = [all(map(torch.equal, weights, last)) for weights in best.weights]
    assert kept.index(True) >= round(8 * start)


@pytest.mark.parametrize(
    "tuner, message",
    [
        (StrengthTuner("bayes"), "method must be one of .* Got 'bayes'"),
        (StrengthTuner(power=-1.0), "power must be at least 0. Got -1.0"),
        (StrengthTuner(start=0.0), r"start must be in the open interval \(0, 1\). Got 0.0"),
        (StrengthTuner, "'tuning' parameter"),
    ],
)
def test_tuners_that_cannot_be(make_soft, plane, tuner, message):
    with pytest.raises(ValueError, match=message):
        make_soft(tuning=tuner).fit(*plane)


# Hidden layers, scaling, clipping ---------------------------------------------------------


def test_architecture_of_the_reference(make_soft, plane):
    X, Y = plane
    model = make_soft(architecture="emlp", max_epochs=15).fit(X, Y)
    assert any(isinstance(layer, MatrixBilinear) for layer in model.module_.layers)
    assert model.score(X, Y) > 0.5
    assert model.levels_.error[0] > model.levels_.error[1]


def test_start_of_the_reference_is_orthogonal(make, plane):
    X, Y = plane
    model = make(architecture="emlp", learning_rate=1e-12, max_epochs=1).fit(X, Y)
    for layer in model.module_.layers:
        if isinstance(layer, SoftLinear):
            values = torch.linalg.svdvals(layer.weight.detach())
            assert_allclose(values, 1, atol=1e-4)
    error = equivariance_error(model, X, SO(2), "2*Vector", "Vector", random_state=0)
    exact = isinstance(model, EquivariantRegressor)
    assert (error < 1e-12) == exact


def test_decay_of_the_free_term(make_soft, plane):
    """The free term decays as in the reference, whatever the decay of the other parameters is."""
    model = make_soft(architecture="emlp", weight_decay=0.03)
    for method in ("fit", "partial_fit", "partial_fit"):
        getattr(model, method)(*plane)
        names = {id(p): name for name, p in model.module_.named_parameters()}
        decays = {
            names[id(p)]: group["weight_decay"]
            for group in model.net_.optimizer_.param_groups
            for p in group["params"]
        }
        assert len(decays) == len(names)
        for name, decay in decays.items():
            assert decay == (2.0 if name.endswith(".free") else 0.03)
        assert 2.0 in decays.values()


@pytest.mark.parametrize("architecture", ["EMLP", "", None, "mlp"])
def test_unknown_architecture(make, plane, architecture):
    with pytest.raises(ValueError, match="'architecture' parameter .* Got " + repr(architecture)):
        make(architecture=architecture).fit(*plane)


def test_without_scaling_the_module_sees_the_columns(make, plane, recorder):
    X, Y = (5 + 3 * part for part in plane)
    model = make(scale_columns=False, validation_fraction=0, callbacks=[recorder]).fit(X, Y)
    assert_array_equal(recorder.inputs, X.astype(np.float32))
    assert_array_equal(recorder.targets, Y.astype(np.float32))
    with torch.no_grad():
        outputs = copy.deepcopy(model.module_).double()(torch.from_numpy(X))
    assert_array_equal(model.predict(X), outputs)
    # By default it does not.
    make(validation_fraction=0, callbacks=[recorder]).fit(X, Y)
    assert np.abs(recorder.inputs.numpy() - X).max() > 1


def test_losses_are_in_the_units_of_y_without_scaling(make, plane):
    X, Y = plane
    arguments = dict(scale_columns=False, max_epochs=1, learning_rate=1e-9)
    small, large = (
        make(**arguments).fit(X, factor * Y).history_[0, "valid_loss"] for factor in (1, 1000)
    )
    assert large > 1e4 * small


class Norms(Callback):
    """Largest norm of the gradient after each step."""

    def on_train_begin(self, net, **kwargs):
        self.norms = []

    def on_grad_computed(self, net, named_parameters, **kwargs):
        gradients = [p.grad for _, p in named_parameters if p.grad is not None]
        self.norms.append(torch.linalg.vector_norm(torch.cat([g.ravel() for g in gradients])))


def test_gradients_are_cut(make, plane):
    X, Y = plane
    Y = 100 * Y
    norms = {}
    for limit in (None, 0.3, 0.01):
        watcher = Norms()
        arguments = dict(max_gradient_norm=limit, scale_columns=False, callbacks=[watcher])
        model = make(**arguments).fit(X, Y)
        norms[limit] = max(watcher.norms)
        clipping = [c for _, c in model.net_.callbacks_ if isinstance(c, GradientNormClipping)]
        assert len(clipping) == (limit is not None)
    # The user's callbacks come after the clipping.
    assert norms[None] > 1
    assert norms[0.3] == pytest.approx(0.3, rel=1e-3)
    assert norms[0.01] == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan, "auto"])
def test_norms_that_cannot_be(make, plane, value):
    with pytest.raises(ValueError, match="'max_gradient_norm' parameter"):
        make(max_gradient_norm=value).fit(*plane)


def test_variants_go_together(make_soft, plane):
    X, Y = plane
    groups = {"rotations": SO(2), "reflection": Reflection(2)}
    model = make_soft(
        groups=groups,
        architecture="emlp",
        penalty="cosine",
        scale_columns=False,
        max_gradient_norm=None,
        tuning=StrengthTuner("ratio", start=0.5, power=1.0),
    )
    expected = model.fit(X, Y).predict(X)
    assert_array_equal(clone(model).fit(X, Y).predict(X), expected)
    assert np.isfinite(model.levels_.error).all()
