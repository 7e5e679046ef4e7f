import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from softeq_sklearn.groups import O, Reflection
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.training import PenalizedNet, StrengthTuner
from softeq_sklearn.training._ratio_rule import ratio_strengths

positive = st.floats(1e-6, 1e3)
names = st.lists(st.sampled_from("abcd"), min_size=1, unique=True)


class Recorder:
    """Stands for a net whose penalties after each epoch are given."""

    def __init__(self, penalties, strengths):
        self.remaining = list(penalties)
        self.strengths = dict(strengths)
        self.changes = []

    def values(self, module):
        self.seen = module
        return self.remaining[self.epoch]

    def set_strengths(self, strengths):
        self.changes.append(getattr(self, "epoch", -1) + 1)
        self.strengths = dict(strengths)


def net_of(recorder, max_epochs):
    """A net of one weight that remembers its steps."""
    module = torch.nn.Linear(1, 1)
    optimizer = torch.optim.Adam(module.parameters())
    return SimpleNamespace(
        max_epochs=max_epochs,
        penalty_=recorder,
        module_=module,
        optimizer_=optimizer,
    )


def run(tuner, penalties, strengths):
    """Train through the epochs whose penalties are given; return what was recorded."""
    recorder = Recorder(penalties, strengths)
    net = net_of(recorder, len(penalties))
    tuner.on_train_begin(net)
    for recorder.epoch in range(len(penalties)):
        tuner.on_epoch_end(net)
    return recorder


@given(st.data(), names, st.floats(0, 4))
def test_ratio_formula(data, names, power):
    strengths = {name: data.draw(positive) for name in names}
    seen = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, positive)), min_size=1))
    lowest = {name: min(values[name] for values in seen) for name in names}
    smallest = min(lowest.values())
    tuned = ratio_strengths(strengths, seen, power)
    for name in names:
        expected = strengths[name] * (smallest / lowest[name]) ** power
        assert tuned[name] == pytest.approx(expected, rel=1e-9)
        assert tuned[name] <= strengths[name]
    # The symmetry that holds best keeps its strength.
    best = min(lowest, key=lowest.get)
    assert tuned[best] == strengths[best]


def test_ratio_does_not_know_the_unit_of_the_penalties():
    strengths, seen = {"a": 2.0, "b": 2.0}, [{"a": 0.1, "b": 0.3}]
    larger = [{name: 1000 * value for name, value in seen[0].items()}]
    assert ratio_strengths(strengths, seen, 2) == pytest.approx(
        ratio_strengths(strengths, larger, 2)
    )
    assert ratio_strengths(strengths, seen, 2) == pytest.approx({"a": 2.0, "b": 2.0 / 9})


def test_penalties_of_zero():
    tuned = ratio_strengths({"a": 1.0, "b": 1.0}, [{"a": 0.0, "b": 0.0}], 2)
    assert tuned == {"a": 1.0, "b": 1.0}
    # A group without constraints has no penalty, and says nothing of the others.
    penalties = [{"a": 0.0, "b": 0.5, "c": 1.0}]
    tuned = ratio_strengths({"a": 1.0, "b": 1.0, "c": 1.0}, penalties, 2)
    assert tuned == {"a": 1.0, "b": 1.0, "c": 0.25}


def test_a_strength_of_zero_compares_with_no_other():
    tuned = ratio_strengths({"a": 0.0, "b": 1.0, "c": 1.0}, [{"a": 1e-9, "b": 0.5, "c": 1.0}], 2)
    assert tuned == {"a": 0.0, "b": 1.0, "c": 0.25}


@pytest.mark.parametrize(
    ("start", "max_epochs", "first", "when"),
    [(0.25, 40, 5, 10), (0.5, 10, 3, 5), (0.25, 8, 1, 2), (0.25, 1, 1, 1), (0.9, 10, 5, 9)],
)
def test_strengths_are_set_once_from_the_second_half_before(start, max_epochs, first, when):
    # Penalties fall until `when` and on; each one names its epoch.
    penalties = [{"a": 1.0, "b": 1.0 + 1 / epoch} for epoch in range(1, max_epochs + 1)]
    tuner = StrengthTuner("ratio", start=start, power=2)
    recorder = run(tuner, penalties, {"a": 6.0, "b": 6.0})
    assert recorder.changes == [when]
    assert tuner.penalties_ == penalties[first - 1 : when]
    assert recorder.strengths["a"] == 6.0
    assert recorder.strengths["b"] == pytest.approx(6.0 / (1 + 1 / when) ** 2)


def test_first_epochs_do_not_count():
    # A network starts where all penalties are zero.
    penalties = [{"a": 1e-20, "b": 1e-20}] * 3 + [{"a": 1.0, "b": 2.0}] * 17
    recorder = run(StrengthTuner("ratio", start=0.5, power=1), penalties, {"a": 1.0, "b": 1.0})
    assert recorder.strengths == {"a": 1.0, "b": 0.5}


def test_default_start_is_that_of_the_method():
    assert StrengthTuner("ratio").epoch(8000) == 2000  # as in the paper
    assert StrengthTuner().epoch(200) == 50
    assert StrengthTuner("evidence").epoch(200) == 30
    assert StrengthTuner().epoch(1) == StrengthTuner(start=0.5).epoch(2) == 1


def test_fixed_leaves_everything_alone():
    tuner = StrengthTuner("fixed")
    recorder = run(tuner, [{"a": 1.0, "b": 2.0}] * 8, {"a": 1.0, "b": 1.0})
    assert recorder.changes == []
    assert recorder.strengths == {"a": 1.0, "b": 1.0}


def test_each_training_starts_anew():
    tuner = StrengthTuner("ratio", start=0.5, power=1)
    run(tuner, [{"a": 1e-6, "b": 1.0}] * 4, {"a": 1.0, "b": 1.0})
    recorder = run(tuner, [{"a": 1.0, "b": 1.0}] * 4, {"a": 1.0, "b": 1.0})
    assert recorder.changes == [2]
    assert recorder.strengths == {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "bayes"}, "method must be one of .* Got 'bayes'"),
        ({"method": "explore"}, "method must be one of .* Got 'explore'"),
        ({"start": 0}, r"start must be in .* \(0, 1\).* Got 0"),
        ({"start": 1.0}, r"start must be in .* Got 1.0"),
        ({"start": -0.1}, "Got -0.1"),
        ({"power": -1}, "power must be at least 0. Got -1"),
        ({"power": math.nan}, "power must be at least 0. Got nan"),
        ({"exploration": 0.0}, r"exploration must be in .* \(0, 1\].* Got 0.0"),
        ({"exploration": 1.5}, "Got 1.5"),
        ({"rate": 0.0}, r"rate must be in .* \(0, 1\].* Got 0.0"),
        ({"slack": -1e-3}, "slack must be at least 0. Got -0.001"),
        ({"price": 0}, "price must be finite and more than 0. Got 0"),
        ({"price": math.inf}, "price must be finite and more than 0. Got inf"),
        ({"per_layer": 1}, "per_layer must be a bool. Got 1"),
        ({"again": "yes"}, "again must be a bool. Got 'yes'"),
        ({"bounds": (0.0, 1.0)}, r"bounds must be two .* Got \(0.0, 1.0\)"),
        ({"bounds": (2.0, 1.0)}, r"bounds must be two .* Got \(2.0, 1.0\)"),
        ({"bounds": (1.0, math.inf)}, r"bounds must be finite. Got \(1.0, inf\)"),
        ({"bounds": 1.0}, "bounds must be two numbers .* Got 1.0"),
    ],
)
def test_bad_parameters_are_refused_before_training(parameters, message):
    with pytest.raises(ValueError, match=message):
        StrengthTuner(**parameters).on_train_begin(None)


def test_parameters_are_kept_as_given():
    tuner = StrengthTuner("fixed", start=0.1, power=3, exploration=0.5)
    assert tuner.get_params() == {
        "method": "fixed",
        "start": 0.1,
        "power": 3,
        "exploration": 0.5,
        "per_layer": False,
        "again": True,
        "rate": 0.3,
        "bounds": (1e-4, 10.0),
        "slack": 1e-3,
        "price": 10.0,
    }
    assert clone(tuner, safe=False).get_params() == tuner.get_params()


def test_broken_symmetry_loses_its_strength(device):
    groups = {"rotations": O(2), "reflection": Reflection(2)}
    tuner = StrengthTuner("ratio", start=0.5, power=2)
    rng = np.random.RandomState(0)
    X = rng.standard_normal((100, 4)).astype(np.float32)
    # The second axis is stretched: a reflection of the first one holds, rotations do not.
    Y = X[:, :2] + X[:, 2:] * np.array([1, 3], dtype=np.float32)
    torch.manual_seed(0)
    net = PenalizedNet(
        SoftEquivariantNetwork,
        torch.nn.MSELoss,
        groups=groups,
        strengths=dict.fromkeys(groups, 0.1),
        module__rep_in="2*Vector",
        module__rep_out="Vector",
        module__groups=list(groups.values()),
        module__hidden_channels=24,
        module__n_hidden_layers=1,
        optimizer=torch.optim.Adam,
        lr=0.01,
        batch_size=25,
        max_epochs=20,
        train_split=None,
        callbacks=[tuner],
        device=device,
        verbose=0,
    ).fit(X, Y)
    seen = net.callbacks[0].penalties_ or tuner.penalties_
    assert len(seen) == 6
    assert net.penalty_.strengths == ratio_strengths(dict.fromkeys(groups, 0.1), seen, 2)
    assert net.penalty_.strengths["rotations"] < 0.5 * net.penalty_.strengths["reflection"]
