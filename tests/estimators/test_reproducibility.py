"""Same seed, same model; nothing global is touched."""

import copy
import pickle

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback


@pytest.fixture
def set_threads():
    """Return torch.set_num_threads; the setting is put back at the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def state(model):
    return [p.detach().clone() for p in model.module_.parameters()]


def test_same_seed_same_model(make, plane):
    X, Y = plane
    first, second = make(random_state=3).fit(X, Y), make(random_state=3).fit(X, Y)
    assert_array_equal(first.predict(X), second.predict(X))
    assert all(torch.equal(p, q) for p, q in zip(state(first), state(second), strict=True))
    if hasattr(first, "levels_"):
        assert_array_equal(first.levels_.error, second.levels_.error)


def test_other_seed_other_model(make, plane):
    X, Y = plane
    first, second = (make(random_state=seed).fit(X, Y).predict(X) for seed in (0, 1))
    assert abs(first - second).max() > 1e-3


def test_seed_governs_the_start_and_the_order_of_rows(make, plane):
    X, Y = plane

    class Start(Callback):
        def on_train_begin(self, net, **kwargs):
            self.weights = state(net)

        def on_batch_begin(self, net, batch, training, **kwargs):
            self.batch = batch[0].clone()

    starts = [Start(), Start()]
    for seed, start in enumerate(starts):
        make(random_state=seed, validation_fraction=0, callbacks=[start]).fit(X, Y)
    first, second = starts
    assert not all(torch.equal(p, q) for p, q in zip(first.weights, second.weights, strict=True))
    assert not torch.equal(first.batch, second.batch)


def test_random_state_instance(make, plane):
    X, Y = plane
    expected = make(random_state=3).fit(X, Y).predict(X)
    generator = np.random.RandomState(3)
    model = make(random_state=generator)
    assert_array_equal(model.fit(X, Y).predict(X), expected)
    # It is consumed, as everywhere in scikit-learn, so that the next fit is another.
    assert not np.array_equal(model.fit(X, Y).predict(X), expected)


def test_global_generators_are_untouched(make, plane, global_generators_untouched):
    X, Y = plane
    make().fit(X, Y).partial_fit(X, Y).predict(X)


def test_global_generator_of_torch_is_not_read(make, plane):
    X, Y = plane
    predictions = []
    with torch.random.fork_rng(devices=[]):
        for seed in (0, 1):
            torch.manual_seed(seed)
            predictions.append(make().fit(X, Y).predict(X))
    assert_array_equal(*predictions)


def test_other_fits_between_change_nothing(make, plane):
    X, Y = plane
    expected = make().fit(X, Y).predict(X)
    make(hidden_channels=24, random_state=7).fit(X, Y)
    assert_array_equal(make().fit(X, Y).predict(X), expected)


def test_number_of_threads_changes_nothing(make, plane, set_threads):
    X, Y = plane
    predictions = []
    for n_threads in (1, 2):
        set_threads(n_threads)
        predictions.append(make().fit(X, Y).predict(X))
        assert torch.get_num_threads() == n_threads
    assert_array_equal(*predictions)


def test_number_of_threads_comes_back_after_an_error(make, plane, set_threads):
    class Failure(Callback):
        def on_epoch_end(self, net, **kwargs):
            assert torch.get_num_threads() == 1  # a fit this small is worth one thread
            raise RuntimeError("mid-training")

    set_threads(2)
    for method in ("fit", "partial_fit"):
        with pytest.raises(RuntimeError, match="mid-training"):
            getattr(make(callbacks=[Failure()]), method)(*plane)
        assert torch.get_num_threads() == 2


def test_clone_is_unfitted_and_fits_alike(make, plane):
    X, Y = plane
    model = make().fit(X, Y)
    twin = clone(model)
    assert not hasattr(twin, "net_")
    assert_array_equal(twin.fit(X, Y).predict(X), model.predict(X))


def test_pickle_round_trip(make, plane):
    X, Y = plane
    model = make(verbose=1).fit(X, Y)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict(X), model.predict(X))
    assert twin.history_[:, "train_loss"] == model.history_[:, "train_loss"]
    # Training goes on alike, too: the optimizer and the order of the rows come along.
    assert_array_equal(
        twin.partial_fit(X, Y).partial_fit(X, Y).predict(X),
        model.partial_fit(X, Y).partial_fit(X, Y).predict(X),
    )


def test_joblib_and_deepcopy_round_trip(make, plane, tmp_path):
    X, Y = plane
    model = make().fit(X, Y)
    joblib.dump(model, tmp_path / "model.joblib")
    for twin in (joblib.load(tmp_path / "model.joblib"), copy.deepcopy(model)):
        assert_array_equal(twin.predict(X), model.predict(X))
        if hasattr(model, "levels_"):
            assert repr(twin.levels_) == repr(model.levels_)


def test_unfitted_pickle(make):
    model = make()
    assert repr(pickle.loads(pickle.dumps(model))) == repr(model)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_the_model_keeps_no_data(make, plane, method):
    def size(n_rows):
        X, Y = (np.resize(part, (n_rows, part.shape[1])) for part in plane)
        model = make(max_epochs=1, batch_size=10_000)
        return len(pickle.dumps(getattr(model, method)(X, Y)))

    few, many = size(50), size(5000)
    assert abs(many - few) < 1000
