"""Parameters that are set after a fit are those of the next one: what was fitted stays."""

import copy
import functools
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, O, Reflection
from softeq_sklearn.inspection import discover
from softeq_sklearn.training import StrengthTuner

SHARED = {
    "n_hidden_layers": 2,
    "hidden_channels": 32,
    "architecture": "emlp",
    "scale_columns": False,
    "rep_in": "4*Scalar",
    "rep_out": None,
    "learning_rate": -1,
    "weight_decay": None,
    "max_gradient_norm": "none",
    "batch_size": 0,
}
OWN = {
    "make_soft": {
        "groups": [O(2)],
        "n_members": 3,
        "exact_group": "rotations",
        "module": torch.nn.Linear,
        "regularizer": "sampled",
        "penalty": "log",
        "tuning": "evidence",
        "strengths": {"rotations": 3},
    },
    "make_exact": {"group": Reflection(2)},
    "make_residual": {"group": O(2), "relax_to": SO(2), "residual_strength": 7.0},
}
CHANGES = [(make, name) for make, own in OWN.items() for name in {**SHARED, **own}]


def through_a_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copied", [through_a_pickle, copy.deepcopy])
@pytest.mark.parametrize(("make", "name"), CHANGES)
def test_copies_predict_as_was_fitted(make, name, copied, plane, request):
    model, value = request.getfixturevalue(make)().fit(*plane), {**SHARED, **OWN[make]}[name]
    expected = model.predict(plane[0])
    twin = copied(model.set_params(**{name: value}))
    assert_array_equal(twin.predict(plane[0]), expected)
    assert repr(twin.get_params()[name]) == repr(value)


@pytest.mark.parametrize("name", ["n_hidden_layers", "architecture", "regularizer", "module"])
def test_the_fitted_model_is_projected(make_soft, plane, name):
    model = make_soft().fit(*plane)
    expected = model.project_to("rotations", X=plane[0])
    model.set_params(**{name: (SHARED | OWN["make_soft"])[name]})
    projected = model.project_to("rotations", X=plane[0])
    assert_array_equal(projected.predict(plane[0]), expected.predict(plane[0]))
    assert_array_equal(projected.levels_.error, expected.levels_.error)


def test_the_fitted_model_is_saved(make_soft, plane, tmp_path):
    model = make_soft().fit(*plane).set_params(n_hidden_layers=2, weight_decay=0.5)
    model.save_weights(tmp_path / "model")
    twin = SoftEquivariantRegressor.from_weights(tmp_path / "model", groups=model.groups)
    assert_array_equal(twin.predict(plane[0]), model.predict(plane[0]))
    assert twin.n_hidden_layers == 1 and twin.weight_decay == 1e-5


def test_verdicts_are_those_of_the_fit(make_soft, plane):
    single, several = make_soft().fit(*plane), make_soft(n_members=2).fit(*plane)
    with pytest.raises(ValueError, match="discover needs verdicts"):
        discover(single.set_params(n_members=10))
    discover(several.set_params(n_members=1))


def test_projecting_twice_draws_the_same(make_soft, plane):
    state = np.random.RandomState(3)
    model = make_soft(random_state=state).fit(*plane)
    before = state.get_state(legacy=False)["state"]["pos"]
    first, second = (model.project_to("rotations", X=plane[0]).levels_.error for _ in range(2))
    assert_array_equal(first, second)
    assert state.get_state(legacy=False)["state"]["pos"] == before


STEADY = {"strengths": 5.0, "max_gradient_norm": 1e-9, "regularizer": "sampled", "penalty": "log"}


@pytest.mark.parametrize("change", [{name: value} for name, value in STEADY.items()])
def test_what_training_goes_on_with_cannot_change(make_soft, plane, change):
    model = make_soft().partial_fit(*plane)
    before = model.predict(plane[0])
    (name,) = change
    with pytest.raises(ValueError, match=f"{name} must be that of the fit .* warm_start=True"):
        model.set_params(**change).partial_fit(*plane)
    assert_array_equal(model.predict(plane[0]), before)
    model.set_params(**make_soft().get_params(deep=False)).partial_fit(*plane)
    assert len(model.history_) == 2


def files_of_killed_fits(make, plane, folder, settings):
    """Names of the checkpoints of fits that end before they are done."""
    names = []
    for setting in settings:
        model = make(checkpoint=folder, max_epochs=2, **setting)
        with pytest.raises(ZeroDivisionError):
            model.set_params(callbacks=[_Failing]).fit(*plane)
        names.append({path.name for path in folder.iterdir()} - set().union(*names))
    return names


class _Failing(Callback):
    """A callback that fails after something was kept."""

    def on_train_end(self, net, **kwargs):
        raise ZeroDivisionError


def test_checkpoints_are_named_after_all_that_counts(make_soft, plane, tmp_path, monkeypatch):
    monkeypatch.setattr("softeq_sklearn.estimators._checkpoint._PAUSE", 0.0)

    def tuner(bounds):
        return {"tuning": StrengthTuner("ratio", bounds=bounds)}

    layers = torch.nn.Linear(4, 5), torch.nn.Linear(5, 2)
    own = {"groups": ()}
    settings = [
        tuner((1e-4, 10.0)),
        tuner((2.0, 100.0)),
        own | {"module": torch.nn.Sequential(layers[0], torch.nn.SiLU(), layers[1])},
        own | {"module": torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1])},
        own | {"module": functools.partial(torch.nn.Linear, bias=False)},
        own | {"module": functools.partial(torch.nn.Linear, bias=True)},
    ]
    names = files_of_killed_fits(make_soft, plane, tmp_path, settings)
    assert all(len(new) == 1 for new in names)
    again = functools.partial(torch.nn.Linear, bias=False)
    assert files_of_killed_fits(make_soft, plane, tmp_path, [own | {"module": again}]) == [
        {path.name for path in tmp_path.iterdir()}
    ]
    assert len(list(tmp_path.iterdir())) == len(settings)


def test_checkpoints_need_names(make_soft, plane, tmp_path):
    class Made:
        def __call__(self, n_in, n_out):
            return torch.nn.Linear(n_in, n_out)

    with pytest.raises(ValueError, match="checkpoint needs parameters that have the same name"):
        make_soft(groups=(), module=Made(), checkpoint=tmp_path).fit(*plane)


def test_parameters_changed_in_place_are_not_those_of_the_fit(make_soft, plane):
    strengths, tuner = {"rotations": 1.0, "reflection": 2.0}, StrengthTuner("ratio", power=2.0)
    model = make_soft(strengths=strengths, tuning=tuner).fit(*plane)
    model.set_params(tuning__power=5.0)
    strengths["rotations"] = 50.0
    assert model._fit_parameters["tuning"].power == 2.0
    with pytest.raises(ValueError, match="strengths must be that of the fit"):
        model.partial_fit(*plane)
