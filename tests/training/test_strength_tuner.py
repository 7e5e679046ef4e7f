import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from softeq_sklearn.groups import O, Reflection
from softeq_sklearn.levels import LevelEstimate
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.training import PenalizedNet, StrengthTuner
from softeq_sklearn.training._ratio_rule import ratio_strengths

positive = st.floats(1e-6, 1e3)
names = st.lists(st.sampled_from("abcd"), min_size=1, unique=True)


class Recorder:
    """Stands for a net whose penalties after each epoch are given."""

    def __init__(self, penalties, strengths, n_constraints=None):
        self.n_constraints = n_constraints or dict.fromkeys(strengths, 1)
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
        levels=lambda module: recorder.levels.pop(0),
        module_=module,
        optimizer_=optimizer,
    )


def estimates(errors, spreads=None):
    """Levels of a single network, or of four members with a spread."""
    if spreads is None:
        return {name: LevelEstimate(e, np.nan, np.nan, 0.0) for name, e in errors.items()}
    return {
        name: LevelEstimate(e, spreads[name], 0.0, 0.0, n_members=4) for name, e in errors.items()
    }


def run(tuner, penalties, strengths, errors=None, n_constraints=None):
    """Train through the epochs whose penalties are given; return what was recorded."""
    recorder = Recorder(penalties, strengths, n_constraints)
    recorder.levels = [estimates(errors or {})]
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


def test_explore_begins_with_weak_strengths():
    tuner = StrengthTuner("explore", start=0.5, power=1, exploration=0.1)
    recorder = Recorder([{"a": 1.0, "b": 1.0}], {"a": 5.0, "b": 0.0})
    tuner.on_train_begin(net_of(recorder, 8))
    assert recorder.strengths == {"a": 0.5, "b": 0.0}


@pytest.mark.parametrize("method, anew", [("explore", True), ("ratio", False)])
def test_training_begins_anew_after_the_exploration(method, anew):
    recorder = Recorder([{"a": 1.0, "b": 2.0}] * 8, {"a": 1.0, "b": 1.0})
    recorder.levels = [estimates({"a": 0.1, "b": 0.2})]
    net = net_of(recorder, 8)
    start = net.module_.weight.item()
    tuner = StrengthTuner(method, start=0.5)
    tuner.on_train_begin(net)
    for recorder.epoch in range(8):
        net.module_(torch.ones(4, 1)).sum().backward()
        net.optimizer_.step()
        stepped = net.module_.weight.item()
        tuner.on_epoch_end(net)
        again = anew and recorder.epoch == 3
        assert (net.module_.weight.item() == start) == again
        assert (net.module_.weight.item() == stepped) == (not again)
        assert bool(net.optimizer_.state) == (not again)


def test_one_epoch_is_too_short_to_explore():
    penalties, errors = [{"a": 1.0, "b": 2.0}], {"a": 0.1, "b": 0.2}
    recorder = run(StrengthTuner(), penalties, {"a": 1.0, "b": 1.0}, errors)
    assert recorder.changes == [1]


def test_explore_takes_the_smaller_of_two_ratios():
    tuner = StrengthTuner("explore", start=0.5, power=1.5, exploration=0.01)
    errors = {"a": 0.1, "b": 0.2, "c": 0.9, "d": 0.1}
    penalties = [{"a": 1.0, "b": 1.0, "c": 1.0, "d": 4.0}] * 8
    n_constraints = {"a": 10, "b": 10, "c": 10, "d": 20}
    recorder = run(tuner, penalties, dict.fromkeys("abcd", 3.0), errors, n_constraints)
    assert recorder.changes == [0, 4]
    assert [level.error for level in tuner.levels_[0].values()] == list(errors.values())
    assert tuner.penalties_ == penalties[:1]
    # For b the errors decide, for d the penalties per constraint; the ratio for c is 9, which to
    # the third is 729, less than the exploration has tried.
    expected = {"a": 3.0, "b": 3.0 / 2**3, "c": 3.0 * 0.01, "d": 3.0 / 2**1.5}
    assert recorder.strengths == pytest.approx(expected)


def test_explore_measures_the_mean_of_the_weights():
    """Over the second half of the exploration."""
    recorder = Recorder([{"a": 1.0, "b": 1.0}] * 9, {"a": 1.0, "b": 1.0})
    net, seen = net_of(recorder, 8), []
    net.levels = lambda module: seen.append(module.weight.item()) or estimates({"a": 0.1, "b": 0.2})
    tuner = StrengthTuner("explore", start=0.75)
    tuner.on_train_begin(net)
    for recorder.epoch in range(1, 9):
        with torch.no_grad():
            net.module_.weight.fill_(2.0**recorder.epoch)
        tuner.on_epoch_end(net)
    assert seen == [(8 + 16 + 32 + 64) / 4] == [recorder.seen.weight.item()]


def reviewed(levels, max_epochs=10, **options):
    """Train members whose levels are given, for each time that they are asked for."""
    recorder = Recorder([dict.fromkeys(levels[0], 1.0)] * max_epochs, {"a": 2.0, "b": 2.0})
    recorder.levels = list(levels)
    net, weights = net_of(recorder, max_epochs), []
    levels_of = net.levels
    net.levels = lambda module: weights.append(module.weight.item()) or levels_of(module)
    tuner = StrengthTuner("explore", **({"start": 0.3, "exploration": 0.1} | options))
    tuner.on_train_begin(net)
    for recorder.epoch in range(max_epochs):
        with torch.no_grad():
            net.module_.weight.fill_(2.0 ** (recorder.epoch + 1))
        tuner.on_epoch_end(net)
    return tuner, recorder, weights


def test_what_all_members_break_is_weakened_at_the_review():
    noise = estimates({"a": 0.01, "b": 0.01}, {"a": 0.04, "b": 0.04})
    shown = estimates({"a": 0.02, "b": 0.04}, {"a": 0.04, "b": 0.04})
    tuner, recorder, weights = reviewed([noise, shown], power=1)
    # A spread of 0.04 explains a square of 0.75 * 0.04^2: all of that of a, 3/4 of that of b.
    assert recorder.changes == [0, 3, 6]
    assert recorder.strengths == pytest.approx({"a": 2.0, "b": 1.5})
    assert tuner.levels_ == [noise, shown]
    # The mean of the weights over the epochs 2 and 3, and, after the review at 6, over 5 and 6.
    assert weights == [(4 + 8) / 2, (32 + 64) / 2]
    with_power, recorder, _ = reviewed([noise, shown], power=2)
    assert recorder.strengths["b"] == pytest.approx(2 * 0.75**2)
    assert with_power.review_after(10) == 6


def test_no_review_strengthens():
    """What the exploration has weakened stays so, and nothing is weaker than it was then."""
    unlike = estimates({"a": 0.01, "b": 0.02}, {"a": 0.01, "b": 0.04})
    shown = estimates({"a": 0.4, "b": 0.01}, {"a": 0.04, "b": 0.04})
    _, recorder, _ = reviewed([unlike, shown], power=1)
    assert recorder.strengths == pytest.approx({"a": 2.0 * 0.1, "b": 2.0 / 4})


def test_where_there_is_no_review():
    noise = estimates({"a": 0.01, "b": 0.01}, {"a": 0.04, "b": 0.04})
    for tuner, recorder, _ in (
        reviewed([estimates({"a": 0.01, "b": 0.01})]),  # a single network has no spread
        reviewed([noise], review=0.2),  # before strengths are set
    ):
        assert recorder.changes == [0, 3] and len(tuner.levels_) == 1
    assert StrengthTuner("ratio").review_after(100) == 0


def test_rounding_compares_with_nothing():
    """A group that every network keeps has an error of some 1e-16."""
    levels = estimates({"a": 1e-16, "b": 0.1})
    penalties, strengths = [{"a": 1.0, "b": 1.0}] * 8, {"a": 1.0, "b": 1.0}
    recorder = Recorder(penalties, strengths)
    recorder.levels = [levels]
    tuner, net = StrengthTuner("explore", start=0.5), net_of(recorder, 8)
    tuner.on_train_begin(net)
    for recorder.epoch in range(8):
        tuner.on_epoch_end(net)
    assert recorder.strengths == {"a": 1.0, "b": 1.0}


def test_explore_needs_to_be_told_of_levels():
    net = net_of(Recorder([], {"a": 1.0}), 8)
    net.levels = None
    with pytest.raises(ValueError, match="levels must tell the errors that 'explore' compares"):
        StrengthTuner("explore").on_train_begin(net)
    StrengthTuner("ratio").on_train_begin(net)


def test_default_start_is_that_of_the_method():
    assert StrengthTuner("ratio").epoch(8000) == 2000  # as in the paper
    assert StrengthTuner().epoch(200) == 30
    assert StrengthTuner().epoch(1) == StrengthTuner(start=0.5).epoch(2) == 1


def test_a_group_that_acts_on_nothing_is_left_out():
    errors, penalties = {"a": 0.0, "b": 0.2, "c": 0.4}, [{"a": 0.0, "b": 2.0, "c": 2.0}] * 8
    n_constraints = {"a": 0, "b": 7, "c": 7}
    strengths = run(
        StrengthTuner(), penalties, dict.fromkeys("abc", 1.0), errors, n_constraints
    ).strengths
    assert strengths == pytest.approx({"a": 1.0, "b": 1.0, "c": 1 / 16})


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
        ({"start": 0}, r"start must be in .* \(0, 1\).* Got 0"),
        ({"start": 1.0}, r"start must be in .* Got 1.0"),
        ({"start": -0.1}, "Got -0.1"),
        ({"review": 1}, r"review must be in .* \(0, 1\).* Got 1"),
        ({"review": None}, r"review must be in .* Got None"),
        ({"power": -1}, "power must be at least 0. Got -1"),
        ({"power": math.nan}, "power must be at least 0. Got nan"),
        ({"exploration": 0.0}, r"exploration must be in .* \(0, 1\].* Got 0.0"),
        ({"exploration": 1.5}, "Got 1.5"),
        ({"rate": 0.0}, r"rate must be in .* \(0, 1\].* Got 0.0"),
        ({"slack": -1e-3}, "slack must be at least 0. Got -0.001"),
        ({"price": 0}, "price must be finite and more than 0. Got 0"),
        ({"price": math.inf}, "price must be finite and more than 0. Got inf"),
        ({"per_layer": True}, "per_layer must be False for 'explore'.* Got True"),
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
        "review": 0.6,
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
