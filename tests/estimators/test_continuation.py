"""Training that goes on: warm_start and partial_fit."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback

from softeq_sklearn.groups import SO, O, Reflection, Scaling

# Columns that are scalars are enough for what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:The groups .* move no column")


class Start(Callback):
    """Keep the weights with which each training starts, and the rates of its steps."""

    def __init__(self):
        self.weights, self.rates = [], []

    def on_train_begin(self, net, **kwargs):
        self.weights.append({k: v.clone() for k, v in net.module_.state_dict().items()})
        self.rates.append([])

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.rates[-1].append(net.optimizer_.param_groups[0]["lr"])


def same(weights, module):
    return all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())


def test_warm_start_goes_on_from_the_last_weights(make, plane):
    X, Y = plane
    start = Start()
    model = make(warm_start=True, callbacks=[start]).fit(X, Y)
    last = {k: v.clone() for k, v in model.module_.state_dict().items()}
    model.fit(X, Y)
    assert not same(start.weights[1], model.module_)
    assert all(torch.equal(start.weights[1][name], value) for name, value in last.items())
    assert model.history_[:, "epoch"] == list(range(1, 9))
    assert model.history_[-1, "train_loss"] < model.history_[3, "train_loss"]


def test_warm_start_of_a_first_fit_is_a_fit(make, plane):
    X, Y = plane
    assert_array_equal(make(warm_start=True).fit(X, Y).predict(X), make().fit(X, Y).predict(X))


def test_without_warm_start_fit_starts_anew(make, plane):
    X, Y = plane
    model = make().fit(X, Y)
    expected = model.predict(X)
    assert_array_equal(model.fit(X, Y).predict(X), expected)


def test_warm_start_keeps_the_scaling(make, plane):
    X, Y = plane
    model = make(warm_start=True).fit(X, Y)
    factor = model._scale_in.factor
    model.fit(10 * X, 10 * Y)
    assert model._scale_in.factor is factor


def test_warm_start_may_train_longer_and_at_another_rate(make, plane):
    X, Y = plane
    model = make(warm_start=True).fit(X, Y)
    model.set_params(max_epochs=2, learning_rate=0.002, batch_size=40, validation_fraction=0)
    assert len(model.fit(X, Y).history_) == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_channels": 17},
        {"n_hidden_layers": 2},
        {"rep_in": "Vector + 2*Scalar"},
        {"rep_out": "2*Scalar"},
    ],
    ids=lambda changes: next(iter(changes)),
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_structure_cannot_change_on_the_way(make, plane, method, changes, recorder):
    X, Y = plane
    model = make(warm_start=True).fit(X, Y)
    before = model.predict(X)
    ((name, value),) = changes.items()
    model.set_params(callbacks=[recorder], **changes)
    with pytest.raises(ValueError, match=f"of the first fit. Got {name}=.* after ") as info:
        getattr(model, method)(X, Y)
    assert str(value).strip("'") in str(info.value)
    assert recorder.n_trainings == 0
    assert_array_equal(model.predict(X), before)
    model.set_params(warm_start=False).fit(X, Y)


def test_the_group_cannot_change_on_the_way(make_exact, plane):
    model = make_exact(warm_start=True).fit(*plane)
    with pytest.raises(ValueError, match=r"groups=.*O\(2\).* after .*SO\(2\)"):
        model.set_params(group=O(2)).fit(*plane)


@pytest.mark.parametrize("groups", [{"reflection": Reflection(2)}, [O(2), Reflection(2)], ()])
def test_groups_cannot_change_on_the_way(make_soft, plane, groups):
    model = make_soft(warm_start=True).fit(*plane)
    with pytest.raises(ValueError, match="first fit. Got groups="):
        model.set_params(groups=groups).fit(*plane)


def test_groups_cannot_begin_to_count_on_the_way(make_soft, plane):
    """With a scaling that counts, V and its dual are different types: another network."""
    groups = {"rotations": O(2), "scalings": Scaling(2)}
    model = make_soft(
        groups=groups, strengths={"rotations": 1, "scalings": 0}, warm_start=True
    ).fit(*plane)
    with pytest.raises(ValueError, match="groups with a strength"):
        model.set_params(strengths=1.0).fit(*plane)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_columns_cannot_change_on_the_way(make, plane, method):
    X, Y = plane
    model = make(warm_start=True, rep_in=None, rep_out=None).fit(X, Y)
    with pytest.raises(ValueError, match="X has 3 features, but .* is expecting 4"):
        getattr(model, method)(X[:, :3], Y)
    with pytest.raises(ValueError, match=r"rep_out=Scalar after 2\*Scalar"):
        getattr(model, method)(X, Y[:, 0])


def test_warm_start_after_an_error_goes_on_from_the_last_good_weights(make, plane):
    X, Y = plane
    start = Start()
    model = make(warm_start=True).fit(X, Y)
    last = {k: v.clone() for k, v in model.module_.state_dict().items()}
    with pytest.raises(ValueError, match="learning_rate"):
        model.set_params(learning_rate=1e30).fit(X, Y)
    model.set_params(learning_rate=0.01, callbacks=[start]).fit(X, Y)
    assert all(torch.equal(start.weights[0][name], value) for name, value in last.items())


def test_strengths_are_tuned_anew_by_a_warm_start(make_soft, plane):
    X, Y = plane
    model = make_soft(warm_start=True, tuning="ratio").fit(X, Y)
    first = model.strengths_
    assert first.max() == 1.0
    assert model.fit(X, Y).strengths_.max() == 1.0


def test_partial_fit_is_one_epoch(make, plane):
    X, Y = plane
    start = Start()
    model = make(callbacks=[start], learning_rate=0.02)
    assert model.partial_fit(X, Y) is model
    assert model.history_[:, "epoch"] == [1]
    model.partial_fit(X[:40], Y[:40])
    assert model.history_[:, "epoch"] == [1, 2]
    assert start.rates == [[0.02] * 5, [0.02] * 3]  # all rows in batches of 16, at one rate
    assert model.predict(X).shape == Y.shape


def test_partial_fit_learns(make, plane):
    X, Y = plane
    model = make()
    for _ in range(20):
        model.partial_fit(X, Y)
    losses = model.history_[:, "train_loss"]
    assert losses[-1] < 0.7 * losses[0]


def test_partial_fit_keeps_the_optimizer(make, plane):
    X, Y = plane
    model = make().partial_fit(X, Y)
    net, steps = model.net_, []
    for _ in range(2):
        steps.append(next(iter(model.net_.optimizer_.state.values()))["step"].item())
        model.partial_fit(X, Y)
    assert model.net_ is net
    assert steps == [5, 10]


def test_partial_fit_takes_changed_settings_of_the_training(make, plane):
    X, Y = plane
    start = Start()
    model = make(callbacks=[start]).partial_fit(X, Y)
    model.set_params(learning_rate=0.003, batch_size=40, weight_decay=0.5).partial_fit(X, Y)
    assert start.rates == [[0.01] * 5, [0.003] * 2]
    group = model.net_.optimizer_.param_groups[-1]  # all but those with a decay of their own
    assert group["weight_decay"] == 0.5
    assert next(iter(model.net_.optimizer_.state.values()))["step"] == 7  # and keeps its moments


def test_partial_fit_goes_on_in_another_order(make, plane):
    """Each call draws a new order of the rows, from the same seed."""
    X, Y = plane
    orders = []

    class Order(Callback):
        def on_batch_begin(self, net, batch=None, **kwargs):
            orders.append(batch[0].clone())

    model = make(callbacks=[Order()], batch_size=100)
    for _ in range(2):
        model.partial_fit(X, Y)
    assert not torch.equal(*orders)
    twin = make(batch_size=100).partial_fit(X, Y).partial_fit(X, Y)
    assert_array_equal(twin.predict(X), model.predict(X))


@pytest.mark.parametrize("max_epochs", [1, 4])
@pytest.mark.parametrize("validation_fraction", [0.0, 0.2])
def test_partial_fit_after_fit(make, plane, max_epochs, validation_fraction):
    X, Y = plane
    start = Start()
    arguments = dict(max_epochs=max_epochs, validation_fraction=validation_fraction)
    model = make(callbacks=[start], **arguments).fit(X, Y)
    last = {k: v.clone() for k, v in model.module_.state_dict().items()}
    for _ in range(2):
        model.partial_fit(X, Y)
    assert len(model.history_) == max_epochs + 2
    assert all(torch.equal(start.weights[1][name], value) for name, value in last.items())
    assert set(start.rates[1]) == set(start.rates[2]) == {0.01}
    assert not same(start.weights[2], model.module_)


def test_partial_fit_leaves_the_strengths(make_soft, plane):
    X, Y = plane
    model = make_soft(tuning="ratio", max_epochs=8).fit(X, Y)
    tuned = model.strengths_.copy()
    assert tuned[0] < 1
    assert_array_equal(model.partial_fit(X, Y).strengths_, tuned)
    assert_array_equal(model.partial_fit(X, Y).levels_.strength, tuned)
    assert_array_equal(make_soft(strengths=0.5).partial_fit(X, Y).strengths_, [0.5, 0.5])


def test_partial_fit_keeps_the_first_scaling(make, plane):
    X, Y = plane
    model = make().partial_fit(X, Y)
    factor = model._scale_in.factor
    model.partial_fit(100 * X, 100 * Y)
    assert model._scale_in.factor is factor


def test_fit_after_partial_fit_starts_anew(make, plane):
    X, Y = plane
    model = make().partial_fit(X, Y).fit(X, Y)
    assert_array_equal(model.predict(X), make().fit(X, Y).predict(X))
    assert len(model.history_) == 4


def test_partial_fit_reports_levels(make_soft, plane):
    model = make_soft().partial_fit(*plane)
    assert model.levels_.name.tolist() == ["rotations", "reflection"]
    assert ((model.levels_.error >= 0) & (model.levels_.error <= 1)).all()


def test_partial_fit_of_a_one_dimensional_target(make, table):
    X, y = table
    model = make(rep_in=None, rep_out=None).partial_fit(X, y).partial_fit(X[:10], y[:10])
    assert model.predict(X).shape == (60,)
    assert np.isfinite(model.predict(X)).all()


class Failing(Callback):
    """Fail in the middle of a training, as a full disk would."""

    def on_epoch_end(self, net, **kwargs):
        raise OSError("no space left on device")


def test_a_fit_that_fails_leaves_the_old_one(make, plane):
    X, Y = plane
    model = make(warm_start=True).fit(X, Y)
    expected, history = model.predict(X), list(model.history_)
    for changes in ({"warm_start": False}, {"warm_start": True}):
        model.set_params(**changes, callbacks=[Failing()])
        with pytest.raises(OSError, match="no space"):
            model.fit(1000 * X, 1000 * Y)
        assert_array_equal(model.predict(X), expected)
        assert list(model.history_) == history


def test_a_refused_warm_start_changes_nothing(make_soft, plane):
    X, Y = plane
    model = make_soft(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="groups"):
        model.set_params(groups={"other": Reflection(2)}).fit(X, Y)
    assert model.project_to("rotations", X=X).levels_.error[0] < 1e-5


def test_a_warm_start_looks_at_where_its_rows_are(make_soft, plane):
    X, Y = plane
    model = make_soft(warm_start=True, n_members=2).partial_fit(X[:1], Y[:1])
    model.fit(X, Y)
    assert not any("no data" in reason for reason in model.levels_.reason)


@pytest.mark.parametrize("architecture", ["factored", "emlp"])
def test_another_seed_goes_on_with_the_same_function(make, plane, architecture):
    """Nothing of the function is drawn anew: the first loss is the last one."""
    X, Y = plane
    whole = {"batch_size": 1000, "validation_fraction": 0, "warm_start": True}
    model = make(architecture=architecture, random_state=np.random.RandomState(0), **whole)
    model.fit(X, Y).set_params(learning_rate=1e-9, max_epochs=1)
    losses = [model.fit(X, Y).history_[-1, "train_loss"] for _ in range(2)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_what_was_found_out_about_other_rows_counts_no_more(make_soft, plane):
    """Rotations are broken first; then they hold."""
    X = np.random.RandomState(1).standard_normal((200, 4))
    kept = X[:, :2] * (X[:, 2:] ** 2).sum(axis=1, keepdims=True)
    options = {"n_members": 3, "tuning": "explore", "max_epochs": 30, "warm_start": True}
    model = make_soft(groups={"rotations": SO(2)}, **options).fit(X, kept * [1, 4])
    assert model.levels_.verdict.tolist() == ["broken"]
    explored = model._exploration
    model.fit(X, kept * [1, 4])
    assert model._exploration is explored
    model.partial_fit(X, kept)
    assert model.levels_.verdict.tolist() == ["cannot tell"]
    assert model._exploration is None and model._imposed == ()
    for _ in range(3):
        model.fit(X, kept)
    assert model.levels_.verdict.tolist() != ["broken"]


def test_rows_of_each_call_say_where_data_are(make_soft, plane):
    X, Y = plane
    flat = X * [1, 0, 1, 0]
    model = make_soft(groups={"rotations": SO(2)}).partial_fit(flat, Y)
    assert "where there are no data" in model.levels_.reason[0]
    assert model.partial_fit(X, Y).levels_.reason[0] == ""
    assert model.partial_fit(X[:1], Y[:1]).levels_.reason[0] == ""  # one row says little
