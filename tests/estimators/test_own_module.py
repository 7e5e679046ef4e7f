"""A user's own torch module in the place of our network."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import nn

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SE, SO, Reflection, Scaling, Translation, exponential
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.nn import FeatureLayout, GatedNonlinearity, SoftLinear
from softeq_sklearn.training import StrengthTuner

# A fit with these takes a few tenths of a second.
SMALL = dict(max_epochs=40, batch_size=32, random_state=0)
function_penalties = pytest.mark.parametrize("regularizer", ["sampled", "lie"])


class MLP(nn.Sequential):
    """A plain multilayer perceptron."""

    def __init__(self, n_in, n_out, width=32):
        super().__init__(
            nn.Linear(n_in, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
            nn.Linear(width, n_out),
        )  # fmt: skip


def wide(n_in, n_out):
    """A function that makes a module."""
    return MLP(n_in, n_out, width=48)


class SoftModule(nn.Module):
    """Our layers in a torch user's module: a Vector in, a Scalar out."""

    def __init__(self, n_in, n_out):
        super().__init__()
        hidden = FeatureLayout(2, ((), (1,)), (8, 4))
        self.first = SoftLinear(FeatureLayout(2, ((1,),), (n_in // 2,)), hidden.with_scalars(4))
        self.gate = GatedNonlinearity(hidden)
        self.last = SoftLinear(hidden, FeatureLayout(2, ((1,),), (n_out // 2,)))
        for layer in (self.first, self.last):
            nn.init.normal_(layer.weight, std=0.3)

    def forward(self, x):
        return self.last(self.gate(self.first(x.T.contiguous()))).T


@pytest.fixture
def invariant():
    """A vector in the plane, and a function of its length that one reflection keeps as well."""
    X = np.random.RandomState(0).standard_normal((120, 2))
    return X, np.sin(2 * np.hypot(*X.T))


def fit(X, y, groups, **changes):
    arguments = SMALL | {"rep_in": "Vector", "module": MLP, "regularizer": "sampled"}
    return SoftEquivariantRegressor(groups, **(arguments | changes)).fit(X, y)


def error_of(model, X, group, rep_in="Vector", rep_out="Scalar"):
    return equivariance_error(model, X, group, rep_in, rep_out, n_elements=16, random_state=0)


def weights_of(module):
    return torch.cat([p.detach().reshape(-1) for p in module.parameters()])


# Training ---------------------------------------------------------------------------------


@function_penalties
def test_penalty_makes_a_plain_module_almost_equivariant(regularizer):
    """Few rows with noise, which a module without a symmetry follows."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 2))
    y = (X**2).sum(axis=1) + rng.standard_normal(80)
    fresh = rng.standard_normal((400, 2))
    plain = fit(X, y, (), max_epochs=80)
    model = fit(X, y, [SO(2)], regularizer=regularizer, strengths=30.0, max_epochs=80)
    assert error_of(model, X, SO(2)) < 0.3 * error_of(plain, X, SO(2))
    scores = [m.score(fresh, (fresh**2).sum(axis=1)) for m in (model, plain)]
    assert scores[0] > scores[1]


def test_sampled_elements_reach_where_no_row_is():
    """Trained on vectors that point east, it knows those that point anywhere."""
    X = np.random.RandomState(0).standard_normal((120, 2))
    east = np.column_stack([np.hypot(*X.T), 0.1 * X[:, 1]])
    y = (X**2).sum(axis=1)
    changes = dict(max_epochs=60, scale_columns=False)
    plain, model = fit(east, y, (), **changes), fit(east, y, [SO(2)], strengths=0.1, **changes)
    assert error_of(model, X, SO(2)) < 0.3 * error_of(plain, X, SO(2))
    assert model.score(X, y) > 0.7 > 0.3 > plain.score(X, y)


@function_penalties
def test_growing_strength_shrinks_penalty_and_error(invariant, regularizer):
    X, y = invariant
    levels = [
        fit(X, y, [SO(2)], regularizer=regularizer, strengths=strength).levels_
        for strength in (1e-3, 0.1, 10.0)
    ]
    for column in ("penalty", "error"):
        numbers = [getattr(level, column)[0] for level in levels]
        assert numbers == sorted(numbers, reverse=True)
        assert numbers[-1] < 0.5 * numbers[0]


@function_penalties
def test_the_broken_group_loses_its_strength(invariant, regularizer):
    X, _ = invariant
    groups = {"broken": Reflection(2, axis=0), "kept": Reflection(2, axis=1)}
    y = X[:, 0] + X[:, 1] ** 2
    model = fit(X, y, groups, regularizer=regularizer)
    broken, kept = model.strengths_
    assert kept == 1.0 and broken < 0.05
    assert model.levels_.error[0] > 5 * model.levels_.error[1]
    assert model.score(X, y) > 0.9
    fixed = fit(X, y, groups, regularizer=regularizer, tuning="fixed")
    assert_array_equal(fixed.strengths_, [1.0, 1.0])
    assert fixed.score(X, y) < model.score(X, y)


@function_penalties
def test_points(regularizer):
    rng = np.random.RandomState(0)
    X = 3 + rng.standard_normal((120, 4))
    y = np.hypot(*(X[:, :2] - X[:, 2:]).T)

    def error(model):
        return error_of(model, X, SE(2), "2*Point")

    changes = {"rep_in": "2*Point", "regularizer": regularizer, "max_epochs": 60}
    assert error(fit(X, y, [SE(2)], strengths=10.0, **changes)) < 0.6 * error(fit(X, y, ()))
    both = {"rotations": SE(2), "translations": Translation(2)}
    y = X[:, 0] - 3 * X[:, 2]  # no function of the distance, and not of differences
    levels = fit(X, X[:, 0] - X[:, 2], both, strengths=0.1, **changes).levels_
    assert levels.error[0] > 2 * levels.error[1]


@function_penalties
def test_penalties_are_those_of_the_fitted_function(invariant, regularizer):
    X, y = invariant
    groups = {"rotations": SO(2), "reflection": Reflection(2), "idle": SO(2)}
    strengths = {"rotations": 0.5, "reflection": 2.0, "idle": 0.0}
    model = fit(X, y, groups, regularizer=regularizer, strengths=strengths, tuning="fixed")
    values = model.net_.penalty_.values(model.module_)
    assert list(values) == ["rotations", "reflection"]
    assert_array_equal(model.levels_.penalty[:2], list(values.values()))
    assert (model.levels_.penalty[:2] > 0).all()
    assert_array_equal(model.strengths_, [0.5, 2.0, 0.0])
    # Without a strength nothing was sampled; the error is reported all the same.
    assert np.isnan(model.levels_.penalty[2]) and model.levels_.error[2] > 0


@pytest.mark.parametrize(
    "group, rep_in, rep_out",
    [(SE(2), "P P", "V"), (SE(2), "P P", "P 1"), (SO(2), "V V", "V 1"), (Scaling(2), "P V", "1")],
)
def test_lie_penalty_is_that_of_the_function_in_the_users_units(dense, group, rep_in, rep_out):
    """Points are moved and scaled inside, by which translations become others."""
    rng = np.random.RandomState(0)
    n_in, n_out = dense.dim(rep_in, 2), dense.dim(rep_out, 2)
    X = 7 + 5 * rng.standard_normal((60, n_in))
    Y = 3 * X @ rng.standard_normal((n_in, n_out)) + 10
    columns = dict(rep_in=dense.notation(rep_in), rep_out=dense.notation(rep_out))
    model = fit(X, Y, [group], regularizer="lie", max_epochs=3, **columns)
    rows = model._scale_in.inverse_transform(model.net_.penalty_.rows.double().numpy())

    def difference(A, t):
        """f(g x) - g f(x) for g = exp(t A), of scaled outputs."""
        g = exponential(t * A)
        here, there = (
            model.predict(part).reshape(len(rows), n_out)
            for part in (rows, dense.act(rep_in, g, rows))
        )
        return (there - dense.act(rep_out, g, here)) / model._scale_out.factor

    t = 1e-4
    slopes = [(difference(A, t) - difference(A, -t)) / (2 * t) for A in group.lie_algebra]
    assert model.levels_.penalty[0] == pytest.approx(np.mean(np.square(slopes)), rel=1e-3)


@pytest.mark.parametrize("regularizer", ["projection", "sampled", "lie"])
@pytest.mark.parametrize("groups, strengths", [((), 1.0), ([SO(2)], 0.0)])
def test_without_a_strength_the_module_is_trained_plainly(
    invariant, regularizer, groups, strengths
):
    X, y = invariant
    model = fit(X, y, groups, strengths=strengths, regularizer=regularizer, max_epochs=3)
    plain = fit(X, y, (), regularizer="projection", max_epochs=3, scale_columns=True)
    assert model.levels_.name.tolist() == [repr(group) for group in groups]
    assert np.isnan(model.levels_.penalty).all()
    if not groups:
        assert_array_equal(model.predict(X), plain.predict(X))


@pytest.mark.parametrize("penalty", ["squared", "log", "cosine"])
def test_module_of_soft_layers_with_penalties_of_its_weights(plane, dense, penalty):
    X, Y = plane
    changes = dict(
        module=SoftModule, regularizer="projection", penalty=penalty, rep_in="2*Vector",
        rep_out="Vector", scale_columns=False, tuning="fixed",
    )  # fmt: skip
    free, model = (fit(X, Y, [SO(2)], strengths=s, **changes) for s in (1e-6, 10.0))
    assert model.levels_.penalty[0] < 0.5 * free.levels_.penalty[0]
    # Whatever the distance in the loss, what is reported is half its square.
    expected = sum(
        dense.penalty(
            SO(2),
            layer.layout_in,
            layer.layout_out,
            layer.weight.detach().double().numpy(),
            layer.bias.detach().double().numpy(),
        )
        for layer in (free.module_.first, free.module_.last)
    )
    assert free.levels_.penalty[0] == pytest.approx(expected, rel=1e-5)


# What a module may be ---------------------------------------------------------------------


def test_instance_is_copied_and_not_trained(invariant):
    X, y = invariant
    module = MLP(2, 1)
    before = weights_of(module)
    model = fit(X, y, [SO(2)], module=module, max_epochs=2)
    assert torch.equal(weights_of(module), before)
    assert model.module is module and model.module_ is not module
    assert not torch.equal(weights_of(model.module_), before)
    # Training starts from its weights: with tiny steps it stays there.
    still = fit(X, y, [SO(2)], module=module, max_epochs=1, learning_rate=1e-9)
    torch.testing.assert_close(weights_of(still.module_), before, rtol=0, atol=1e-6)


def test_instance_of_double_precision_is_trained_in_single(invariant):
    X, y = invariant
    module = MLP(2, 1).double()
    model = fit(X, y, [SO(2)], module=module, max_epochs=2)
    assert {p.dtype for p in model.module_.parameters()} == {torch.float32}
    assert {p.dtype for p in module.parameters()} == {torch.float64}


def test_instance_has_the_weights_and_the_seed_does_not(invariant):
    X, y = invariant
    module = MLP(2, 1)
    changes = dict(module=module, max_epochs=1, learning_rate=1e-9)
    first, second = (fit(X, y, [SO(2)], random_state=s, **changes).module_ for s in (0, 1))
    torch.testing.assert_close(weights_of(first), weights_of(second), rtol=0, atol=1e-6)


@pytest.mark.parametrize("module", [MLP, wide, lambda n_in, n_out: nn.Linear(n_in, n_out)])
def test_made_modules_follow_the_seed(invariant, module, global_generators_untouched):
    X, y = invariant
    first, again, other = (
        fit(X, y, [SO(2)], module=module, max_epochs=2, random_state=s).predict(X)
        for s in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_global_generator_of_torch_is_not_read(invariant):
    X, y = invariant
    predictions = []
    with torch.random.fork_rng(devices=[]):
        for seed in (0, 1):
            torch.manual_seed(seed)
            predictions.append(fit(X, y, [SO(2)], max_epochs=2).predict(X))
    assert_array_equal(*predictions)


def test_numbers_of_columns_are_passed(plane):
    X, Y = plane
    sizes = []

    def module(n_in, n_out):
        sizes.append((n_in, n_out))
        return MLP(n_in, n_out)

    model = fit(X, Y, [SO(2)], module=module, rep_in="2*Vector", rep_out="Vector", max_epochs=1)
    assert set(sizes) == {(4, 2)}
    assert model.predict(X).shape == (80, 2)
    assert [p.shape for p in model.module_.parameters()][0] == (32, 4)


def test_predictions_are_those_of_the_module_in_the_users_units(invariant):
    X, y = (10 * part + 5 for part in invariant)
    model = fit(X, y, ())
    scaled = torch.from_numpy(model._scale_in.transform(X))
    with torch.no_grad():
        outputs = copy.deepcopy(model.module_).double()(scaled).numpy()
    expected = model._scale_out.inverse_transform(outputs).ravel()
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12)
    assert model.score(X, y) > 0.5


class WithModes(nn.Module):
    """A module that behaves otherwise in training: batch normalisation, without dropout."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_in, 8), nn.BatchNorm1d(8), nn.Linear(8, n_out))

    def forward(self, x):
        return self.layers(x)


def test_rows_do_not_mix_in_predictions(invariant):
    X, y = invariant
    model = fit(X, y, [SO(2)], module=WithModes, max_epochs=2)
    np.testing.assert_allclose(model.predict(X)[[3, 1]], model.predict(X[[3, 1]]), rtol=1e-12)


# scikit-learn -----------------------------------------------------------------------------


@function_penalties
def test_pickle_and_copy(invariant, regularizer):
    X, y = invariant
    model = fit(X, y, [SO(2)], regularizer=regularizer, max_epochs=2)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_array_equal(twin.predict(X), model.predict(X))
        assert_array_equal(twin.partial_fit(X, y).predict(X), model_after(model, X, y))


def model_after(model, X, y):
    """Predictions of a copy after one more epoch."""
    return copy.deepcopy(model).partial_fit(X, y).predict(X)


@pytest.mark.parametrize("module", [MLP, wide, MLP(2, 1)], ids=["class", "function", "instance"])
def test_clone_fits_alike(invariant, module):
    X, y = invariant
    model = fit(X, y, [SO(2)], module=module, max_epochs=2)
    twin = clone(model)
    assert not hasattr(twin, "net_")
    assert_array_equal(twin.fit(X, y).predict(X), model.predict(X))


def test_grid_search_over_modules(invariant):
    X, y = invariant
    small, large = nn.Linear(2, 1), MLP(2, 1)
    search = GridSearchCV(
        SoftEquivariantRegressor([SO(2)], "Vector", regularizer="sampled", **SMALL),
        {"module": [small, large, wide]},
        cv=2,
        error_score="raise",
    ).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert scores[1:].min() > scores[0]
    assert isinstance(search.best_estimator_.module_, MLP)


def test_training_goes_on_with_the_same_module(invariant):
    X, y = invariant
    model = fit(X, y, [SO(2)], max_epochs=2, warm_start=True)
    losses = model.history_[:, "train_loss"]
    model.fit(X, y).partial_fit(X, y)
    assert len(model.history_) == 5
    assert model.history_[-1, "train_loss"] < losses[0]
    with pytest.raises(ValueError, match="hidden layers of the first fit. Got module="):
        model.set_params(module=wide).partial_fit(X, y)


@function_penalties
def test_the_model_keeps_few_rows(regularizer):
    def size(n_rows):
        X = np.random.RandomState(0).standard_normal((n_rows, 2))
        model = fit(X, X[:, 0], [SO(2)], regularizer=regularizer, max_epochs=1, batch_size=5000)
        return len(pickle.dumps(model))

    assert abs(size(5000) - size(400)) < 1000


@function_penalties
def test_on_a_device(invariant, regularizer, device):
    X, y = invariant
    model = fit(X, y, [SO(2)], regularizer=regularizer, device=device, max_epochs=2)
    assert {p.device.type for p in model.module_.parameters()} == {device}
    assert np.isfinite(model.levels_.penalty).all()


def test_strengths_are_set_at_the_end_of_the_first_quarter(invariant):
    X, y = invariant
    seen = []

    class Watched(MLP):
        def forward(self, x):
            seen.append(len(x))
            return super().forward(x)

    groups = {"rotations": SO(2), "reflection": Reflection(2)}
    model = fit(X, X[:, 0], groups, module=Watched, max_epochs=8)
    assert model.strengths_.min() < 1
    assert StrengthTuner("ratio").epoch(8) == 2 < len(model.history_)
    assert len(set(seen)) > 2  # rows of a batch, and those together with the transformed ones


# Refusals ---------------------------------------------------------------------------------


class Broken(nn.Module):
    """A module whose forward raises an error."""

    def __init__(self, error):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.error = error

    def forward(self, x):
        raise self.error


class SinglePrecision(nn.Linear):
    """A module that works in single precision only."""

    def forward(self, x):
        return super().forward(x.float())


@pytest.mark.parametrize(
    "module, error, message",
    [
        (nn.Linear(2, 3), ValueError, r"rows of 2 columns .* to rows of 1 .* Got shape \(2, 3\)"),
        (nn.Linear(3, 1), ValueError, "rows of 2 columns .* Got an error instead: mat1 and mat2"),
        (nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)), ValueError, r"Got shape \(2,\) for two"),
        (lambda n_in, n_out: MLP(n_in, n_out + 1), ValueError, r"Got shape \(2, 2\) for two rows"),
        (lambda n_in, n_out: nn.LSTM(n_in, n_out), ValueError, r"rows of 1 columns. Got \("),
        (lambda n_in, n_out: None, TypeError, "module must be a torch module, or .* Got None"),
        (lambda n_in, n_out: MLP, TypeError, "numbers of columns in and out. Got <class"),
        (lambda n_in: MLP(n_in, 1), TypeError, "takes 1 positional argument but 2 were given"),
        (Broken(RuntimeError("out of order")), ValueError, "Got an error instead: out of order"),
        (Broken(TypeError("out of order")), ValueError, "Got an error instead: out of order"),
        (Broken(ArithmeticError("out of order")), ArithmeticError, "out of order"),
        ("MLP", ValueError, "'module' parameter .* Got 'MLP'"),
        (3, ValueError, "'module' parameter .* Got 3"),
    ],
)
def test_modules_that_do_not_fit(invariant, recorder, module, error, message):
    X, y = invariant
    for method in ("fit", "partial_fit"):
        model = SoftEquivariantRegressor(
            [SO(2)], "Vector", module=module, regularizer="sampled", callbacks=[recorder], **SMALL
        )
        with pytest.raises(error, match=message):
            getattr(model, method)(X, y)
        assert not hasattr(model, "net_")
    assert recorder.n_trainings == 0


def test_modules_of_one_precision(invariant, recorder):
    X, y = invariant
    with pytest.raises(ValueError, match="torch.float64 to rows of 1 columns. Got an error"):
        fit(X, y, (), module=SinglePrecision, callbacks=[recorder])
    assert recorder.n_trainings == 0


@pytest.mark.parametrize("penalty", ["squared", "log", "cosine"])
def test_penalties_of_weights_need_soft_layers(invariant, recorder, penalty):
    X, y = invariant
    message = "regularizer must be 'sampled' or 'lie' .* Got 'projection' and module=<class .*MLP"
    with pytest.raises(ValueError, match=message):
        fit(X, y, [SO(2)], regularizer="projection", penalty=penalty, callbacks=[recorder])
    assert recorder.n_trainings == 0


@pytest.mark.parametrize("value", ["function", "Lie", "", None, MLP])
def test_unknown_regularizer(invariant, value):
    X, y = invariant
    with pytest.raises(ValueError, match="'regularizer' parameter .*'sampled'"):
        fit(X, y, [SO(2)], regularizer=value)


def with_dropout(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, 16), nn.SiLU(), nn.Dropout(0.3), nn.Linear(16, n_out))


@function_penalties
def test_dropout_is_governed_by_random_state(invariant, regularizer):
    X, y = invariant
    first, second = (
        fit(X, y, [SO(2)], regularizer=regularizer, module=with_dropout) for _ in range(2)
    )
    assert_array_equal(first.predict(X), second.predict(X))
    state = torch.random.get_rng_state()
    fit(X, y, [SO(2)], regularizer=regularizer, module=with_dropout)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("module", [nn.Identity(), nn.Linear(2, 1).requires_grad_(False)])
def test_a_module_without_anything_to_train_is_refused(invariant, module):
    X, y = invariant
    with pytest.raises(ValueError, match="module must have parameters to train"):
        fit(X, y, (), module=module)
