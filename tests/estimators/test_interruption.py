"""Control-C: what it leaves, and where."""

import signal
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback, EarlyStopping

from softeq_sklearn import SoftEquivariantClassifier
from softeq_sklearn.estimators import _imposing as imposing
from softeq_sklearn.estimators import _soft
from softeq_sklearn.exceptions import FitInterruptedWarning
from softeq_sklearn.groups import SL, SO
from softeq_sklearn.inspection import symmetry_gap, symmetry_report
from softeq_sklearn.training import PenalizedNet

INTERRUPTED = "The fit was interrupted after"


def press_at(monkeypatch, owner, name, call):
    """Press Control-C in a call of a function, counted from 1."""
    real, n_calls = getattr(owner, name), []

    def pressed(*args, **kwargs):
        n_calls.append(1)
        if len(n_calls) == call:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, pressed)
    return n_calls


@pytest.mark.parametrize("members", [1, 3])
def test_the_best_weights_so_far_are_kept(make_soft, plane, monkeypatch, members):
    """There are 5 steps an epoch: the ninth is in the second."""
    press_at(monkeypatch, PenalizedNet, "train_step_single", 9)
    model = make_soft(n_members=members, tuning="fixed")
    with pytest.warns(FitInterruptedWarning, match=f"{INTERRUPTED} 1 epochs"):
        model.fit(*plane)
    monkeypatch.undo()
    assert model.interrupted_ and len(model.history_) == 2
    assert model.strength_path_[-1].min() > 0
    assert np.isfinite(model.levels_.error).all()
    one_epoch = make_soft(n_members=members, tuning="fixed")
    press_at(monkeypatch, PenalizedNet, "train_step_single", 6)
    with pytest.warns(FitInterruptedWarning):
        one_epoch.fit(*plane)
    assert_array_equal(model.predict(plane[0]), one_epoch.predict(plane[0]))
    monkeypatch.undo()
    assert not model.fit(*plane).interrupted_ and len(model.history_) == 4


def test_raised_by_choice(make, plane, monkeypatch):
    X, Y = plane
    model = make(on_interrupt="raise").fit(X, Y)
    before = model.predict(X)
    press_at(monkeypatch, PenalizedNet, "train_step_single", 9)
    with pytest.raises(KeyboardInterrupt):
        model.fit(-X, 2 * Y)
    assert_array_equal(model.predict(X), before)


def test_before_the_first_epoch_there_is_nothing_to_keep(make, plane, monkeypatch):
    press_at(monkeypatch, PenalizedNet, "train_step_single", 2)
    model = make()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*plane)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("groups", [[SO(2)], [SO(2), SL(2)]], ids=str)
def test_trials_and_explorations_are_not_cut_short(make_soft, plane, monkeypatch, groups):
    """Half a trial would leave candidates out, or in, in silence."""
    monkeypatch.setattr(_soft, "_EXPLORED_STEPS", 1)
    n_calls = press_at(monkeypatch, PenalizedNet, "train_step_single", 11)
    model = make_soft(groups=groups)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*plane)
    assert len(n_calls) == 11 and not hasattr(model, "net_")


def test_interrupted_tests_impose_nothing(make_soft, plane, monkeypatch):
    """What was trained is kept, and nothing is imposed."""
    monkeypatch.setattr(_soft, "_EXPLORED_STEPS", 1)
    press_at(monkeypatch, imposing, "_squared_errors", 2)
    with pytest.warns(FitInterruptedWarning):
        model = make_soft(max_epochs=6).fit(*plane)
    assert model.interrupted_ and model._imposed == () and len(model.history_) == 6
    monkeypatch.undo()
    monkeypatch.setattr(_soft, "_EXPLORED_STEPS", 1)
    monkeypatch.setattr(_soft, "impose", lambda *_: ())
    whole = make_soft(max_epochs=6).fit(*plane)
    assert_array_equal(model.predict(plane[0]), whole.predict(plane[0]))


def test_levels_that_were_not_measured(make_soft, plane, monkeypatch):
    model = make_soft().fit(*plane)
    expected = model.predict(plane[0])
    press_at(monkeypatch, _soft, "measured_levels", 1)
    with pytest.warns(FitInterruptedWarning):
        model.fit(*plane)
    assert_array_equal(model.predict(plane[0]), expected)
    with pytest.raises(ValueError, match="must have levels: .* after a fit that was interrupted"):
        symmetry_report(model, *plane)


def test_an_epoch_of_partial_fit_is_whole_or_none(make, plane, monkeypatch):
    X, Y = plane
    model, twin = (make().partial_fit(X, Y) for _ in range(2))
    press_at(monkeypatch, PenalizedNet, "train_step_single", 3)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, Y)
    assert len(model.history_) == 1
    monkeypatch.undo()
    for one in (model, twin):
        one.partial_fit(X, Y)
    assert_array_equal(model.predict(X), twin.predict(X))


def test_an_interrupted_epoch_draws_its_elements_anew(make_soft, plane, monkeypatch):
    options = {"regularizer": "sampled", "tuning": "fixed", "strengths": 10.0}
    model, twin = (make_soft(**options).partial_fit(*plane) for _ in range(2))
    press_at(monkeypatch, PenalizedNet, "train_step_single", 3)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(*plane)
    monkeypatch.undo()
    for one in (model, twin):
        one.partial_fit(*plane)
    assert_array_equal(model.predict(plane[0]), twin.predict(plane[0]))


def test_comparisons_have_no_fits_that_were_cut_short(make_soft, plane, monkeypatch):
    press_at(monkeypatch, PenalizedNet, "train_step_single", 9)
    with pytest.raises(KeyboardInterrupt):
        symmetry_gap(make_soft(), *plane, "rotations", cv=2)


def test_callbacks_that_stop_are_no_interruption(make, plane, recwarn):
    stop = EarlyStopping(patience=1, threshold=10.0, threshold_mode="abs", sink=lambda _: None)
    model = make(callbacks=[stop]).fit(*plane)
    assert len(model.history_) < 4 and not model.interrupted_
    assert not [w for w in recwarn if w.category is FitInterruptedWarning]


@pytest.mark.parametrize("members", [1, 2])
def test_early_stopping_is_no_interruption(make_soft, members):
    rng = np.random.RandomState(0)  # nothing can be learnt
    noise = rng.standard_normal((60, 4)), rng.standard_normal((60, 2))
    model = make_soft(
        early_stopping=True, max_epochs=100, learning_rate=0.1, n_members=members
    ).fit(*noise)
    assert len(model.history_) < 100 and not model.interrupted_
    assert model.strength_path_[-1].min() > 0  # also of the epoch that was the last


def test_classifiers(plane, monkeypatch):
    X, Y = plane
    press_at(monkeypatch, PenalizedNet, "train_step_single", 9)
    model = SoftEquivariantClassifier(
        [SO(2)], "2*Vector", hidden_channels=8, batch_size=16, tuning="fixed"
    )
    with pytest.warns(FitInterruptedWarning):
        model.fit(X, Y[:, 0] > 0)
    assert model.predict(X).dtype == bool


class Pressing(Callback):
    """Somebody presses Control-C while this callback works, at the end of an epoch."""

    def __init__(self, press, epoch=2):
        self.press, self.epoch = press, epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            self.press()


def test_pressed_while_a_callback_of_the_user_works(make, plane, tmp_path, control_c):
    """skorch takes KeyboardInterrupt out of a callback for its wish to end the training."""
    X, Y = plane
    usual = signal.getsignal(signal.SIGINT)
    model = make(callbacks=[Pressing(control_c)], checkpoint=tmp_path)
    with pytest.warns(FitInterruptedWarning, match=f"{INTERRUPTED} 2 epochs"):
        model.fit(X, Y)
    assert model.interrupted_ and len(list(tmp_path.iterdir())) == 1
    model = make(callbacks=[Pressing(control_c)], on_interrupt="raise")
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert not hasattr(model, "net_")
    assert signal.getsignal(signal.SIGINT) is usual


def test_epochs_of_an_interrupted_warm_fit_are_its_own(make, plane, control_c):
    model = make(warm_start=True, callbacks=[Pressing(control_c, epoch=4 + 2)]).fit(*plane)
    with pytest.warns(FitInterruptedWarning, match=f"{INTERRUPTED} 2 epochs"):
        model.fit(*plane)


def test_a_handler_of_the_user_is_called(make, plane, control_c):
    """And what it does counts: here it lets the training go on."""
    pressed, watched = [], []

    class Looking(Callback):
        def on_epoch_end(self, net, **kwargs):
            watched.append(net._control_c.pressed)

    usual = signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    try:
        model = make(callbacks=[Pressing(control_c), Looking()]).fit(*plane)
    finally:
        signal.signal(signal.SIGINT, usual)
    assert watched == 4 * [False]  # the press was in another callback
    assert pressed == [1] and not model.interrupted_ and len(model.history_) == 4


def test_fits_in_threads_leave_signals_alone(make, plane):
    handlers = []

    class Looking(Callback):
        def on_epoch_end(self, net, **kwargs):
            handlers.append(signal.getsignal(signal.SIGINT))

    usual = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: make(callbacks=[Looking()]).fit(*plane))
    thread.start()
    thread.join()
    assert handlers == 4 * [usual]


def test_a_handler_that_a_callback_sets_stays(make_soft, plane, control_c):
    class Setting(Callback):
        def on_train_begin(self, net, **kwargs):
            signal.signal(signal.SIGINT, own)

    def own(number, frame):
        pass

    make_soft(callbacks=[Setting()]).fit(*plane)
    assert signal.getsignal(signal.SIGINT) is own
