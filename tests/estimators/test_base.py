"""What fit and predict promise, for both regressors."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from skorch.callbacks import Callback

# Columns that are scalars are enough for what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:The groups .* move no column")


def test_fit_returns_self_and_sets_attributes(make, plane):
    X, Y = plane
    model = make()
    assert model.fit(X, Y) is model
    assert model.n_features_in_ == 4
    assert not hasattr(model, "feature_names_in_")
    assert model.module_ is model.net_.module_
    assert model.history_ is model.net_.history


def test_predict_before_fit(make, plane):
    with pytest.raises(NotFittedError):
        make().predict(plane[0])


def test_unfitted_after_an_error_in_training(make, plane):
    class Failure(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("mid-training")

    model = make(callbacks=[Failure()])
    with pytest.raises(RuntimeError, match="mid-training"):
        model.fit(*plane)
    with pytest.raises(NotFittedError):
        model.predict(plane[0])


def test_training_learns(make_soft, plane):
    X, Y = plane
    model = make_soft(max_epochs=60, validation_fraction=0).fit(X[:60], Y[:60])
    assert r2_score(Y[60:], model.predict(X[60:])) > 0.95
    assert model.score(X[60:], Y[60:]) == r2_score(Y[60:], model.predict(X[60:]))


@pytest.mark.parametrize(
    "shape, expected", [((60,), (60,)), ((60, 1), (60, 1)), ((60, 2), (60, 2))]
)
def test_shape_of_y(make, table, shape, expected):
    X, y = table
    Y = np.resize(np.column_stack([y, y**2]) if shape[-1:] == (2,) else y, shape)
    model = make(rep_in=None, rep_out=None).fit(X, Y)
    assert model.predict(X).shape == expected
    assert model.predict(X[:1]).shape == (1, *expected[1:])


def test_outputs_keep_their_order(make, table):
    X, y = table
    Y = np.column_stack([y, 100 * X[:, 2], -5 + 0 * y])
    arguments = dict(rep_in=None, rep_out=None, max_epochs=60, validation_fraction=0)
    model = make(**arguments, learning_rate=0.02).fit(X, Y)
    prediction = model.predict(X)
    assert r2_score(Y[:, :2], prediction[:, :2], multioutput="raw_values").min() > 0.8
    assert_allclose(prediction[:, 2], -5, atol=0.3)


def test_one_dimension_is_one_column(make, table):
    X, y = table
    flat = make(rep_in=None, rep_out=None).fit(X, y)
    column = make(rep_in=None, rep_out=None).fit(X, y[:, None])
    assert_array_equal(flat.predict(X)[:, None], column.predict(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_dtype_in_float64_out(make, plane, dtype):
    X, Y = (np.round(4 * part) for part in plane)
    expected = make().fit(X, Y).predict(X)
    model = make().fit(X.astype(dtype), Y.astype(dtype))
    assert model.predict(X.astype(dtype)).dtype == np.float64
    assert_array_equal(model.predict(X.astype(dtype)), expected)


def test_lists_and_fortran_order(make, plane):
    X, Y = plane
    expected = make().fit(X, Y).predict(X)
    assert_array_equal(make().fit(X.tolist(), Y.tolist()).predict(X.tolist()), expected)
    model = make().fit(np.asfortranarray(X), np.asfortranarray(Y))
    assert_array_equal(model.predict(np.asfortranarray(X)), expected)


def test_a_prediction_does_not_depend_on_the_rows_beside_it(make, plane, monkeypatch):
    X, Y = plane
    model = make().fit(X, Y)
    expected = model.predict(X)
    assert_allclose([model.predict(row[None])[0] for row in X], expected, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr("softeq_sklearn.estimators._fitted_function.PREDICT_ROWS", 7)
    assert_allclose(model.predict(X), expected, rtol=1e-12, atol=1e-12)


def test_predictions_are_those_of_the_net_in_the_users_units(make, plane):
    X, Y = plane
    model = make().fit(X, Y)
    scaled = model._scale_in.transform(X).astype(np.float32)
    expected = model._scale_out.inverse_transform(model.net_.predict(scaled).astype(float))
    assert_allclose(model.predict(X), expected, rtol=1e-3, atol=1e-4)


def test_predict_leaves_the_net_as_it_is(make, plane):
    X, Y = plane
    model = make().fit(X, Y)
    before = pickle.dumps(model.module_)
    model.predict(X)
    assert {p.dtype for p in model.module_.parameters()} == {torch.float32}
    assert pickle.dumps(model.module_) == before


def test_data_and_parameters_are_not_changed(make, plane):
    X, Y = (part.copy() for part in plane)
    model = make()
    before = copy.deepcopy(model.get_params())
    model.fit(X, Y).predict(X)
    assert model.get_params() == before
    assert_array_equal(X, plane[0])
    assert_array_equal(Y, plane[1])


def test_refit_forgets_the_first_fit(make, plane, table):
    X, Y = plane
    expected = make().fit(X, Y).predict(X)
    model = make().fit(10 * X + 3, Y - 7).fit(X, Y)
    assert_array_equal(model.predict(X), expected)
    assert len(model.history_) == 4
    model.set_params(rep_in=None, rep_out=None).fit(*table)
    assert model.n_features_in_ == 3
    assert model.predict(table[0]).shape == (60,)


@pytest.mark.parametrize("factor_in, factor_out", [(2.0**20, 2.0**-20), (2.0**-20, 2.0**20)])
def test_units_change_nothing_but_units(make, plane, factor_in, factor_out):
    X, Y = plane
    X, Y = X + [1, 0, 0, 2], Y + [0, 5]
    model = make().fit(X, Y)
    # By powers of two, so that there is not even a rounding error.
    other = make().fit(factor_in * X, factor_out * Y)
    assert_array_equal(other.predict(factor_in * X), factor_out * model.predict(X))


@pytest.mark.parametrize("factor_in, factor_out", [(1e6, 1e-6), (1e-6, 1e6)])
def test_units_by_powers_of_ten(make, plane, factor_in, factor_out):
    X, Y = plane
    model = make().fit(X, Y)
    other = make().fit(factor_in * X, factor_out * Y)
    assert_allclose(other.predict(factor_in * X) / factor_out, model.predict(X), atol=1e-3)


@pytest.mark.parametrize("factor", [2.0**20, 2.0**-20])
def test_units_of_points(make, plane, factor):
    X, Y = plane
    arguments = dict(rep_in="2*Point", rep_out="Point")
    model = make(**arguments).fit(X, Y)
    other = make(**arguments).fit(factor * X, factor * Y)
    assert_array_equal(other.predict(factor * X), factor * model.predict(X))


def test_vectors_of_different_size_count_alike(make, plane):
    X, Y = plane
    stretch = np.array([1024.0, 1024.0, 1 / 1024, 1 / 1024])
    assert_array_equal(make().fit(stretch * X, Y).predict(stretch * X), make().fit(X, Y).predict(X))


def test_a_constant_target(make, table):
    X, _ = table
    prediction = make(rep_in=None, rep_out=None, max_epochs=30).fit(X, np.full(60, 7.0)).predict(X)
    assert_allclose(prediction, 7, atol=0.2)


def test_a_constant_column(make, table):
    X, y = table
    X = np.column_stack([X, np.full(60, 1e6)])
    model = make(rep_in=None, rep_out=None, max_epochs=30).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("n_hidden_layers", [0, 1, 2])
def test_hidden_layers(make, plane, n_hidden_layers):
    X, Y = plane
    model = make(n_hidden_layers=n_hidden_layers).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    if n_hidden_layers == 0:  # what is left is one affine map
        a, b, c = model.predict(X[:3])
        middle = model.predict([X[:3].mean(axis=0)])[0]
        assert_allclose(middle, (a + b + c) / 3, rtol=1e-10)


@pytest.mark.parametrize("hidden", [1, np.int64(16), "4*Scalar + 3*Vector", "T(3)"])
def test_hidden_channels(make, plane, hidden):
    X, Y = plane
    assert np.isfinite(make(hidden_channels=hidden).fit(X, Y).predict(X)).all()


def test_integers_of_numpy(make, plane):
    X, Y = plane
    arguments = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=4, batch_size=16)
    as_numpy = {name: np.int64(value) for name, value in arguments.items()}
    expected = make(**arguments).fit(X, Y).predict(X)
    assert_array_equal(make(**as_numpy).fit(X, Y).predict(X), expected)


def test_width_is_a_sum_of_tensors(make_soft, plane):
    from softeq_sklearn.representations import Scalar, Vector

    X, Y = plane
    first = make_soft(hidden_channels=4 * Scalar + 3 * Vector).fit(X, Y)
    second = make_soft(hidden_channels="4*Scalar + 3*Vector").fit(X, Y)
    assert_array_equal(first.predict(X), second.predict(X))
    wide = make_soft(hidden_channels=64).fit(X, Y)
    assert wide.module_.width > first.module_.width


def test_weight_decay_shrinks_the_weights(make, plane):
    def size(weight_decay):
        model = make(weight_decay=weight_decay, validation_fraction=0, max_epochs=20).fit(*plane)
        return sum(float((p.detach() ** 2).sum()) for p in model.module_.parameters())

    assert size(1.0) < 0.5 * size(0.0)


@pytest.mark.parametrize("n_rows", [1, 2, 5])
@pytest.mark.parametrize("validation_fraction", [0.0, 0.1, 0.5])
def test_tiny_data(make, plane, n_rows, validation_fraction):
    X, Y = (part[:n_rows] for part in plane)
    model = make(validation_fraction=validation_fraction, batch_size="auto").fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize(
    "n_rows, n_steps", [(10, 1), (33, 2), (320, 10), (1000, 10), (5000, 10), (10_000, 20)]
)
def test_automatic_batches(make, table, recorder, n_rows, n_steps):
    X, y = (np.resize(part, (n_rows, *part.shape[1:])) for part in table)
    arguments = dict(rep_in=None, rep_out=None, validation_fraction=0, max_epochs=1)
    model = make(batch_size="auto", callbacks=[recorder], **arguments).fit(X, y)
    assert len(model.history_[-1]["batches"]) == n_steps


def test_a_loss_that_is_no_number(make, plane):
    model = make(learning_rate=1e30, max_epochs=20)
    with pytest.raises(ValueError, match=r"learning_rate .* loss of epoch .* Got .*1e\+30"):
        model.fit(*plane)


def test_device(make, plane, device):
    X, Y = plane
    model = make(device=device).fit(X, Y)
    assert {p.device.type for p in model.module_.parameters()} == {device}
    prediction = model.predict(X)
    assert isinstance(prediction, np.ndarray) and prediction.dtype == np.float64
    assert_allclose(prediction, make(device="cpu").fit(X, Y).predict(X), atol=1e-3)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), prediction)


def test_automatic_device(make, plane):
    model = make().fit(*plane)
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert {p.device.type for p in model.module_.parameters()} == {expected}
