"""The settings of the paper, as parameters of our estimators."""

import copy
import inspect

import numpy as np
import pytest

from softeq_sklearn import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
    reference_settings,
)
from softeq_sklearn.datasets import make_cosine_similarity, make_distances, make_inertia
from softeq_sklearn.groups import O
from softeq_sklearn.nn import (
    FreeGatedNonlinearity,
    GatedNonlinearity,
    MatrixBilinear,
    SoftLinear,
    hidden_layout,
)
from softeq_sklearn.representations import Vector, as_representation
from softeq_sklearn.training import StrengthTuner


def motion(n_samples, random_state):
    """Six positions, and six that go on along a straight line; the vertical axis differs."""
    rng = np.random.RandomState(random_state)
    start, step = rng.standard_normal((2, n_samples, 1, 3)) * [1, 1, 0.1]
    track = (start + step * np.arange(12)[:, None]).reshape(n_samples, 36)
    groups = {name: O(2).embed(3, axes) for name, axes in (("z", (0, 1)), ("x", (1, 2)))}
    return track[:, :18], track[:, 18:], 6 * Vector, 6 * Vector, groups


def synthetic(make):
    def rows(n_samples, random_state):
        data = make(n_samples, random_state=random_state)
        return data.data, data.target, data.rep_in, data.rep_out, data.groups

    return rows


# Rows of each task, whether all candidates are orthogonal, features and gates of a hidden layer.
TASKS = {
    "inertia": (synthetic(make_inertia), True, 216, 26),
    "cosine_similarity": (synthetic(make_cosine_similarity), False, 216, 26),
    "distances": (synthetic(make_distances), True, 216, 26),
    "motion": (motion, True, 648, 78),
}
tasks = pytest.mark.parametrize("task", TASKS)


@tasks
@pytest.mark.parametrize("validation_fraction", [None, 0.0])
def test_a_short_fit_runs(task, validation_fraction):
    make_rows, orthogonal, n_features, n_gates = TASKS[task]
    X, y, rep_in, rep_out, groups = make_rows(16, 0)
    settings = reference_settings(task) | {"max_epochs": 2}
    if validation_fraction is not None:
        settings["validation_fraction"] = validation_fraction
    model = SoftEquivariantRegressor(groups, rep_in, rep_out, random_state=0, **settings).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    assert model.levels_.name.tolist() == list(groups)
    kinds = [type(layer) for layer in model.module_.layers]
    assert kinds == 3 * [SoftLinear, MatrixBilinear, FreeGatedNonlinearity] + [SoftLinear]
    gates = [layer for layer in model.module_.layers if isinstance(layer, GatedNonlinearity)]
    assert {(gate.layout.size, gate.n_gates) for gate in gates} == {(n_features, n_gates)}
    assert model.module_.orthogonal == orthogonal
    # The columns are seen as they are.
    assert not model._scale_in.offset.any() and (model._scale_out.factor == 1).all()


@tasks
def test_width_is_that_of_the_reference(task):
    _, orthogonal, n_features, n_gates = TASKS[task]
    rep = as_representation(reference_settings(task)["hidden_channels"])
    layout = hidden_layout(rep, [], 3, orthogonal=orthogonal)
    assert (layout.size, layout.channels_of(())) == (n_features, n_features // 4)
    assert sum(layout.channels[1:]) == n_gates
    # Each rank has a quarter of the features.
    by_rank = np.zeros(4)
    for word, size in zip(layout.types, layout.sizes, strict=True):
        by_rank[len(word)] += size
    assert by_rank.tolist() == 4 * [n_features // 4]


@tasks
def test_numbers_of_the_paper(task):
    """Epochs, start of the strengths, power, batch, rate, decay and strength."""
    numbers = {
        "inertia": (8000, 2000, 2, 500, 1e-3, 2e-4, 100),
        "cosine_similarity": (2000, 500, 2, 200, 1e-3, 2e-5, 0.01),
        "distances": (10000, 2500, 2, 200, 2e-4, 2e-5, 0.01),
        "motion": (500, 100, 5, 128, 2e-4, 0, 0.3),
    }
    model = SoftEquivariantRegressor(**reference_settings(task))
    is_tuner = isinstance(model.tuning, StrengthTuner)
    tuner = model.tuning if is_tuner else StrengthTuner(model.tuning)
    found = (
        model.max_epochs,
        tuner.epoch(model.max_epochs),
        tuner.power,
        model.batch_size,
        model.learning_rate,
        model.weight_decay,
        model.strengths,
    )
    assert found == numbers[task]
    assert tuner.method == "ratio"
    assert (model.n_hidden_layers, model.architecture) == (3, "emlp")
    assert (model.validation_fraction, model.max_gradient_norm) == (0.5, None)


@tasks
@pytest.mark.parametrize("estimator", [EquivariantRegressor, ResidualPathwayRegressor])
def test_other_regressors_take_the_rest(task, estimator):
    settings = reference_settings(task)
    own = {name: settings.pop(name, None) for name in ("strengths", "tuning")}
    assert own["strengths"] is not None
    assert set(settings) <= set(inspect.signature(estimator).parameters)
    make_rows, *_ = TASKS[task]
    X, y, rep_in, rep_out, groups = make_rows(8, 0)
    group = next(iter(groups.values()))
    settings |= {"max_epochs": 1, "n_hidden_layers": 1}
    model = estimator(group, rep_in, rep_out, random_state=0, **settings).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("task", ["Inertia", "", None, "se3"])
def test_unknown_task(task):
    with pytest.raises(ValueError, match="task must be one of .*'inertia'.* Got " + repr(task)):
        reference_settings(task)


@tasks
def test_settings_may_be_changed(task):
    def written(settings):
        """Settings with the parameters of the tuner in its place."""
        return {name: getattr(value, "__dict__", value) for name, value in settings.items()}

    expected = copy.deepcopy(written(reference_settings(task)))
    settings = reference_settings(task)
    if isinstance(settings["tuning"], StrengthTuner):
        settings["tuning"].power = 17.0
    settings.update(dict.fromkeys(settings), another=1)
    assert written(reference_settings(task)) == expected
