"""What happens during a fit: held-out rows, best weights, rates, callbacks, interruptions."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback, EpochScoring

from softeq_sklearn.training import StrengthTuner


class Watcher(Callback):
    """Keep the rows trained on and held out, the rate after each epoch, the weights at each end."""

    def on_train_begin(self, net, **kwargs):
        self.rates, self.weights = [], []

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.train, self.valid = dataset_train, dataset_valid

    def on_batch_begin(self, net, training=False, **kwargs):
        if training:
            self.rates.append(net.optimizer_.param_groups[0]["lr"])

    def on_epoch_end(self, net, **kwargs):
        self.weights.append({k: v.clone() for k, v in net.module_.state_dict().items()})


@pytest.fixture
def watcher():
    return Watcher()


def best_epoch(model, n_epochs=None):
    """Index of the lowest validation loss; soft models look only once tuned."""
    losses = model.history_[:n_epochs, "valid_loss"]
    first = StrengthTuner("ratio").epoch(model.max_epochs) if hasattr(model, "tuning") else 0
    return first + int(np.argmin(losses[first:]))


@pytest.fixture
def noise():
    """A target that cannot be learnt, so that the validation loss soon rises."""
    rng = np.random.RandomState(0)
    return rng.standard_normal((60, 4)), rng.standard_normal((60, 2))


@pytest.mark.parametrize("n_rows", [1, 7, 80])
@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.3, 0.99])
def test_rows_are_split(make, plane, watcher, n_rows, fraction):
    X, Y = (part[:n_rows] for part in plane)
    model = make(validation_fraction=fraction, max_epochs=1, callbacks=[watcher]).fit(X, Y)
    n_valid = int(fraction * n_rows)
    inputs, targets = watcher.train.X, watcher.train.y
    assert len(inputs) == n_rows - n_valid
    if n_valid:
        assert len(watcher.valid.X) == n_valid
        inputs = torch.cat([inputs, watcher.valid.X])
        targets = torch.cat([targets, watcher.valid.y])
    else:
        assert watcher.valid is None
    rows = np.column_stack([inputs, targets])
    expected = np.column_stack([model._scale_in.transform(X), model._scale_out.transform(Y)])
    order, expected_order = np.argsort(rows[:, 0]), np.argsort(expected[:, 0])
    assert_allclose(rows[order], expected[expected_order], rtol=1e-6, atol=1e-6)


def test_held_out_rows_are_drawn_at_random(make, plane, watcher):
    X, Y = plane
    X = np.column_stack([np.arange(80.0), X[:, 1:]])
    held_out = []
    for seed in (0, 1):
        model = make(
            rep_in="Scalar + Scalar + Vector", random_state=seed, max_epochs=1, callbacks=[watcher]
        ).fit(X, Y)
        valid = model._scale_in.inverse_transform(watcher.valid.X.numpy().astype(float))
        held_out.append(np.round(valid[:, 0]).tolist())
    assert held_out[0] != held_out[1]
    assert np.ptp(held_out[0]) > 20  # neither the first nor the last rows


def test_best_weights_are_restored(make, noise, watcher):
    X, Y = noise
    model = make(
        validation_fraction=0.3, max_epochs=30, learning_rate=0.05, callbacks=[watcher]
    ).fit(X, Y)
    best = best_epoch(model)
    assert best < 29, "the last weights are the best: nothing is tested"
    for name, value in model.module_.state_dict().items():
        assert torch.equal(value, watcher.weights[best][name])
    with torch.no_grad():
        loss = ((model.module_(watcher.valid.X) - watcher.valid.y) ** 2).mean()
    assert float(loss) == pytest.approx(model.history_[best, "valid_loss"], rel=1e-5)


class Spoil(Callback):
    """Make the weights worse from the second epoch on, so that the first is the best."""

    def on_epoch_begin(self, net, **kwargs):
        for p in net.module_.parameters() if len(net.history) > 1 else ():
            p.data += 1.0


@pytest.mark.parametrize("tuning", ["ratio", "fixed"])
def test_weights_from_before_the_tuning_are_not_kept(make_soft, plane, watcher, tuning):
    """They were never trained with the strengths that are reported beside them."""
    model = make_soft(
        validation_fraction=0.3, max_epochs=8, callbacks=[watcher, Spoil()], tuning=tuning
    ).fit(*plane)
    assert np.argmin(model.history_[:, "valid_loss"]) == 0
    kept = [
        torch.equal(value, watcher.weights[0][name])
        for name, value in model.module_.state_dict().items()
    ]
    assert all(kept) == (tuning == "fixed")


def test_without_held_out_rows_the_last_weights_stay(make, noise, watcher):
    X, Y = noise
    model = make(validation_fraction=0, max_epochs=5, callbacks=[watcher]).fit(X, Y)
    for name, value in model.module_.state_dict().items():
        assert torch.equal(value, watcher.weights[-1][name])


def test_losses_are_those_of_targets_with_unit_variance(make, plane):
    X, Y = plane
    model = make(max_epochs=1, learning_rate=1e-9).fit(X, 1000 * Y)
    assert 0.3 < model.history_[0, "valid_loss"] < 3


def test_early_stopping(make, noise):
    X, Y = noise
    arguments = dict(validation_fraction=0.3, max_epochs=100, learning_rate=0.05)
    model = make(early_stopping=True, **arguments).fit(X, Y)
    # A fifth of max_epochs without improvement.
    assert len(model.history_) == best_epoch(model) + 1 + 20


def test_early_stopping_waits_ten_epochs(make, noise):
    X, Y = noise
    arguments = dict(validation_fraction=0.3, max_epochs=30, learning_rate=0.1)
    model = make(early_stopping=True, **arguments).fit(X, Y)
    assert len(model.history_) == best_epoch(model) + 1 + 10 < 30


def test_no_early_stopping_unless_asked(make, noise):
    X, Y = noise
    arguments = dict(validation_fraction=0.3, max_epochs=40, learning_rate=0.1)
    assert len(make(**arguments).fit(X, Y).history_) == 40


def test_learning_rate_falls_to_zero_along_a_cosine(make, plane, watcher):
    X, Y = plane
    make(learning_rate=0.02, validation_fraction=0, callbacks=[watcher]).fit(X, Y)
    n_steps = 4 * 5  # epochs times batches
    expected = 0.01 * (1 + np.cos(np.pi * np.arange(n_steps) / n_steps))
    assert_allclose(watcher.rates, expected, rtol=1e-6, atol=1e-12)


def test_batch_size(make, plane):
    X, Y = plane
    model = make(batch_size=30, validation_fraction=0, max_epochs=1).fit(X, Y)
    sizes = [batch["train_batch_size"] for batch in model.history_[-1]["batches"]]
    assert sizes == [30, 30, 20]


def test_history(make, plane):
    X, Y = plane
    history = make().fit(X, Y).history_
    assert history[:, "epoch"] == [1, 2, 3, 4]
    for name in ("train_loss", "valid_loss"):
        assert np.isfinite(history[:, name]).all()
    assert "valid_loss" not in make(validation_fraction=0).fit(X, Y).history_[-1]


@pytest.mark.parametrize("container", [list, tuple])
def test_callbacks_are_passed_through(make, plane, recorder, container):
    X, Y = plane
    scoring = EpochScoring("neg_mean_squared_error", name="own_score", on_train=True)
    callbacks = container([recorder, ("named", scoring)])
    model = make(callbacks=callbacks).fit(X, Y)
    assert recorder.n_trainings == 1
    assert len(model.history_[:, "own_score"]) == 4
    assert model.callbacks is callbacks


def test_a_class_of_callbacks(make, plane):
    seen = []

    class Seen(Callback):
        def on_train_end(self, net, **kwargs):
            seen.append(net)

    model = make(callbacks=[Seen]).fit(*plane)
    assert seen == [model.net_]


def test_callbacks_change_nothing_else(make, plane, recorder):
    X, Y = plane
    expected = make().fit(X, Y).predict(X)
    assert_array_equal(make(callbacks=[recorder]).fit(X, Y).predict(X), expected)


def test_silent_by_default(make, plane, capfd):
    make().fit(*plane).predict(plane[0])
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_verbose_shows_one_line(make, plane, capfd):
    X, Y = plane
    make(verbose=1).fit(X, Y)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "4/4" in captured.err and "valid_loss" in captured.err
    assert captured.err.count("\n") <= 1


def test_verbose_changes_nothing(make, plane):
    X, Y = plane
    assert_array_equal(make(verbose=1).fit(X, Y).predict(X), make(verbose=0).fit(X, Y).predict(X))


class Interrupt(Callback):
    """Stand for a user who presses Control-C at one place of training."""

    def __init__(self, hook, epoch):
        self.hook = hook
        self.epoch = epoch

    def _maybe(self, hook, net):
        if hook == self.hook and len(net.history) == self.epoch:
            raise KeyboardInterrupt

    def on_batch_begin(self, net, **kwargs):
        self._maybe("on_batch_begin", net)

    def on_batch_end(self, net, **kwargs):
        self._maybe("on_batch_end", net)

    def on_epoch_end(self, net, **kwargs):
        self._maybe("on_epoch_end", net)


@pytest.mark.parametrize("epoch", [1, 3])
@pytest.mark.parametrize("hook", ["on_batch_begin", "on_batch_end", "on_epoch_end"])
@pytest.mark.parametrize("verbose", [0, 1])
def test_interrupted_training_leaves_a_usable_model(make, plane, hook, epoch, verbose):
    X, Y = plane
    model = make(callbacks=[Interrupt(hook, epoch)], verbose=verbose).fit(X, Y)
    assert len(model.history_) == epoch
    assert np.isfinite(model.predict(X)).all()
    if hasattr(model, "strengths"):
        assert model.levels_.name.tolist() == ["rotations", "reflection"]
        assert np.isfinite(model.levels_.error).all()
    # The rows are forgotten and the next fit is whole.
    assert model.net_.train_split is None
    assert len(model.set_params(callbacks=None).fit(X, Y).history_) == 4


def test_interrupted_training_restores_the_best_weights(make, noise, watcher):
    X, Y = noise
    model = make(
        validation_fraction=0.3,
        max_epochs=60,
        learning_rate=0.1,
        callbacks=[watcher, Interrupt("on_batch_end", 40)],
    ).fit(X, Y)
    best = best_epoch(model, 39)
    assert best < 38
    for name, value in model.module_.state_dict().items():
        assert torch.equal(value, watcher.weights[best][name])
