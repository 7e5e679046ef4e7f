"""Fitted estimators are saved as plain data, and go on where they were."""

import copy
import json
import pickle
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
import torch
from numpy.testing import assert_array_equal
from safetensors.numpy import save_file
from sklearn.exceptions import NotFittedError

from softeq_sklearn import (
    EquivariantRegressor,
    FrameAveragingRegressor,
    RepresentationScaler,
    SoftEquivariantClassifier,
    SoftEquivariantRegressor,
    SymmetryLevels,
)
from softeq_sklearn.estimators import _saving, _versions
from softeq_sklearn.exceptions import InconsistentVersionWarning
from softeq_sklearn.groups import SO, MatrixGroup, Reflection, S, generated_by
from softeq_sklearn.persistence import trusted_types
from softeq_sklearn.persistence._weight_files import read_weights, write_weights
from softeq_sklearn.representations import ColumnSchema, Scalar, Vector
from softeq_sklearn.training import StrengthTuner


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_skops(model):
    return skops.io.loads(skops.io.dumps(model), trusted=trusted_types())


def through_weights(model):
    """With all parameters that no file holds."""
    given = ("groups", "group", "relax_to", "exact_group", "tuning", "strengths")
    parameters = {n: v for n, v in model.get_params(deep=False).items() if n in given}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save_weights(path)
        return type(model).from_weights(path, **parameters)


WAYS = [through_pickle, through_skops, through_weights, copy.deepcopy]


def same(first, second):
    """Whether both have the same losses and levels."""
    assert first.history_[:, "train_loss"] == second.history_[:, "train_loss"]
    if hasattr(first, "levels_"):
        assert str(first.levels_) == str(second.levels_)
        assert first.net_.penalty_.strengths == second.net_.penalty_.strengths


@pytest.mark.parametrize("way", WAYS)
def test_predictions_are_the_same_to_the_last_bit(make, plane, way):
    X, Y = plane
    model = make().fit(X, Y)
    twin = way(model)
    assert_array_equal(twin.predict(X), model.predict(X))
    same(twin, model)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "changes",
    [
        {"n_members": 3, "tuning": "explore"},
        {"tuning": StrengthTuner("ratio", per_layer=True)},
        {"exact_group": "rotations"},
        {"architecture": "emlp"},
        {"penalty": "log", "strengths": 0.01},
        {"validation_fraction": 0, "scale_columns": False},
        {"hidden_channels": "4*Scalar + 2*Vector"},
    ],
    ids=str,
)
def test_fits_of_every_kind(make_soft, plane, way, changes):
    X, Y = plane
    model = make_soft(**changes).fit(X, Y)
    twin = way(model)
    assert_array_equal(twin.predict(X), model.predict(X))
    same(twin, model)


@pytest.mark.parametrize("way", WAYS)
def test_training_goes_on_as_if_nothing_had_been(make, plane, way):
    """Between two epochs of partial_fit, and after a fit."""
    X, Y = plane
    model = make(warm_start=True).partial_fit(X, Y)
    twin = way(model)
    for each in (model, twin):
        each.partial_fit(X, Y)
    assert_array_equal(twin.predict(X), model.predict(X))
    twin = way(model.fit(X, Y))
    for each in (model, twin):
        each.fit(X, Y).partial_fit(X, Y)
    assert_array_equal(twin.predict(X), model.predict(X))
    same(twin, model)


@pytest.mark.parametrize("way", WAYS)
def test_precision_is_kept(make, plane, way):
    X, Y = plane
    model = make().fit(X, Y)
    model.module_.double()
    with torch.no_grad():
        for p in model.module_.parameters():
            p += 1e-10
    assert_array_equal(way(model).predict(X), model.predict(X))


@pytest.mark.parametrize("way", [through_pickle, copy.deepcopy])
@pytest.mark.parametrize("changes", [{"regularizer": "sampled"}, {"module": torch.nn.Linear(4, 2)}])
def test_what_has_parts_of_its_own_is_kept_by_pickles(make_soft, plane, way, changes):
    X, Y = plane
    options = {"regularizer": "sampled", "tuning": "fixed"} | changes
    model = make_soft(**options).partial_fit(X, Y)
    twin = way(model)
    for each in (model, twin):
        each.partial_fit(X, Y)
    assert_array_equal(twin.predict(X), model.predict(X))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("labels", [["left", "right"], [1, 5], [False, True]], ids=str)
def test_classifiers(plane, way, labels):
    X, Y = plane
    y = np.array(labels)[(Y[:, 0] > 0).astype(int)]
    small = {"hidden_channels": 8, "max_epochs": 2, "random_state": 0, "n_members": 2}
    classifier = SoftEquivariantClassifier([SO(2)], "2*Vector", **small).fit(X, y)
    twin = way(classifier)
    assert_array_equal(twin.predict_proba(X), classifier.predict_proba(X))
    assert_array_equal(twin.predict(X), classifier.predict(X))
    assert twin.classes_.dtype == classifier.classes_.dtype


@pytest.mark.parametrize("way", [through_pickle, through_skops, copy.deepcopy])
def test_other_estimators(plane, way):
    X, Y = plane
    scaler = RepresentationScaler("2*Vector").fit(X)
    assert_array_equal(way(scaler).transform(X), scaler.transform(X))
    small = {"hidden_channels": 8, "max_epochs": 2, "random_state": 0}
    levels = SymmetryLevels(SoftEquivariantRegressor([SO(2)], "2*Vector", "Vector", **small))
    levels.fit(X, Y)
    assert_array_equal(way(levels).transform(X[:5]), levels.transform(X[:5]))
    frames = FrameAveragingRegressor(None, SO(2), "2*Vector", "Vector").fit(X, Y)
    if way is not through_skops:  # a tree is trusted by those who know scikit-learn's file
        assert_array_equal(way(frames).predict(X), frames.predict(X))


@pytest.mark.parametrize(
    "group",
    [
        SO(2),
        SO(2).embed(3, axes=(0, 2)),
        generated_by(SO(2), Reflection(2)),
        MatrixGroup([[[0, 1], [0, 0]]], name="shear"),
        S(4),
    ],
    ids=str,
)
def test_groups(group):
    assert through_skops(group) == group


def test_schemas(plane):
    X, Y = plane
    schema = ColumnSchema({("a", "b"): Vector, ("c", "d"): Vector}, {("a", "b"): "km"})
    assert through_skops(schema) == schema
    model = SoftEquivariantRegressor((), schema, max_epochs=1, hidden_channels=8)
    model.fit(pd.DataFrame(X, columns=list("abcd")), Y)
    assert through_skops(model).rep_in == schema


def test_all_types_in_a_file_are_trusted(make_soft, plane):
    model = make_soft(n_members=2, tuning="explore").fit(*plane)
    unknown = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    assert set(unknown) <= set(trusted_types())


def test_types_of_others_are_not_trusted(make_soft, plane):
    """A module of the user's own, or a group of theirs."""

    class Mine(SO):
        pass

    assert not [name for name in trusted_types() if "Mine" in name or "torch" in name]
    file = skops.io.dumps(make_soft(groups={"mine": Mine(2)}).fit(*plane))
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException, match="Mine"):
        skops.io.loads(file, trusted=trusted_types())


@pytest.mark.parametrize("way", WAYS)
def test_frames(way):
    table = pd.DataFrame(np.random.RandomState(0).randn(40, 3), columns=["x", "y", "u"])
    inputs, outputs = (
        ColumnSchema({("x", "y"): Vector}, {("x", "y"): "m"}),
        ColumnSchema({"u": Scalar}),
    )
    small = {"hidden_channels": 8, "max_epochs": 2, "random_state": 0}
    model = SoftEquivariantRegressor([SO(2)], inputs, outputs, **small).fit(table, table)
    twin = way(model)
    assert_array_equal(twin.predict(table[["y", "x"]]), model.predict(table))
    assert_array_equal(twin.feature_names_in_, ["x", "y"])
    assert twin.score(table, table) == model.score(table, table)


@pytest.fixture
def weights(make_soft, plane, tmp_path):
    path = tmp_path / "model.safetensors"
    make_soft(random_state=np.random.RandomState(0)).fit(*plane).save_weights(path)
    return path


GROUPS = {"rotations": SO(2), "reflection": Reflection(2)}


def test_parameters_of_a_weight_file(weights, make_soft):
    """Numbers and texts are in it, and may be given anew; groups are not."""
    model = SoftEquivariantRegressor.from_weights(weights, groups=GROUPS, learning_rate=0.5)
    assert model.get_params()["hidden_channels"] == 16
    assert model.learning_rate == 0.5 and model.rep_in == "2*Vector"
    assert model.random_state is None and model.callbacks is None


def test_numbers_of_numpy_are_in_a_weight_file(make_soft, plane, tmp_path):
    """As a search over arrays finds them."""
    numbers = {"batch_size": np.int64(8), "learning_rate": np.float32(0.01)}
    numbers |= {"random_state": np.int64(3), "scale_columns": np.bool_(True)}
    model = make_soft(**numbers).fit(*plane)
    model.save_weights(tmp_path / "model")
    twin = SoftEquivariantRegressor.from_weights(tmp_path / "model", groups=model.groups)
    assert twin.get_params()["batch_size"] == 8 and twin.random_state == 3
    assert_array_equal(twin.predict(plane[0]), model.predict(plane[0]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, r"groups must be given as in the constructor, since no file holds them. Got \[\]"),
        ({"groups": {"rotations": SO(2)}}, "must be those of the file. Got groups: .*Reflection"),
        ({"groups": GROUPS | {"reflection": Reflection(2, axis=1)}}, "must be those of the file"),
        (
            {"groups": dict(reversed(GROUPS.items()))},
            "order of the file, 'rotations', 'reflection'. Got 'reflection', 'rotations'",
        ),
        ({"groups": GROUPS, "hidden_channels": 8}, "Got hidden_channels: 8 for a file with 16"),
        ({"groups": GROUPS, "n_members": 2}, "n_members: 2 for a file with 1"),
        ({"groups": GROUPS, "learning_rate": -1}, "'learning_rate' parameter"),
    ],
)
def test_parameters_that_do_not_go_with_the_file(weights, parameters, message):
    with pytest.raises(ValueError, match=message):
        SoftEquivariantRegressor.from_weights(weights, **parameters)


def test_weights_of_another_class(weights):
    with pytest.raises(ValueError, match="file of a EquivariantRegressor. Got one of a SoftEq"):
        EquivariantRegressor.from_weights(weights, group=SO(2))


@pytest.mark.parametrize("content", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{}      "])
def test_files_that_are_no_weights(tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"must be a file of save_weights. Got .*other"):
        SoftEquivariantRegressor.from_weights(path, groups=GROUPS)


def test_no_kind_of_value_runs_code(weights):
    """Only records of a list are made; other kinds are refused."""
    for strange in ({"record": ["Path", {"dict": []}]}, {"object": "os.system"}):
        arrays = {}
        about = json.dumps({"dict": [["class", strange]]})
        save_file(arrays, weights, metadata={"softeq_sklearn": about})
        with pytest.raises(ValueError, match="must be a file of save_weights"):
            SoftEquivariantRegressor.from_weights(weights, groups=GROUPS)


def generator(**changes):
    """A generator in a state that a file names."""
    state = {"key": {"array": "key"}, "pos": 624} | changes
    pairs = {"bit_generator": "MT19937", "state": {"dict": [[k, v] for k, v in state.items()]}}
    return {"random state": {"dict": [[k, v] for k, v in pairs.items()]}}


HOSTILE = {
    "a generator that reads foreign memory": generator(pos=2**30),
    "a generator without a key": generator(key=[1, 2]),
    "gigabytes of spaces": {"texts": [["a" * 60_000] + [""] * 60_000, False]},
    "texts that are none": {"texts": [[1, 2], True]},
    "an array many times": {"list": [{"array": "key"}] * 3},
    "an array that is not there": {"array": "missing"},
    "no values by name": 5,
    "parts that are missing": {"dict": [["class", "SoftEquivariantRegressor"]]},
    "two kinds at once": {"list": [], "tuple": []},
    "a record without its parts": {"record": ["Levels", {"dict": []}]},
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files(tmp_path, content):
    arrays = {"key": np.arange(624, dtype=np.uint32)}
    save_file(arrays, tmp_path / "file", metadata={"softeq_sklearn": json.dumps(content)})
    with pytest.raises(ValueError, match="path must be a file of save_weights"):
        SoftEquivariantRegressor.from_weights(tmp_path / "file", groups=GROUPS)


def test_a_deep_file(tmp_path):
    text = '{"list": [' * 20_000 + "]}" * 20_000
    save_file({}, tmp_path / "file", metadata={"softeq_sklearn": text})
    with pytest.raises(
        ValueError, match="must be a file of save_weights.*(RecursionError|SafetensorError)"
    ):
        SoftEquivariantRegressor.from_weights(tmp_path / "file", groups=GROUPS)


@pytest.mark.parametrize("name", ["predict", "_report", "not a name"])
def test_attributes_that_no_fit_has(weights, tmp_path, name):
    content = read_weights(weights)
    content["fitted"][name] = 1
    write_weights(tmp_path / "file", content)
    with pytest.raises(ValueError, match="Got an attribute"):
        SoftEquivariantRegressor.from_weights(tmp_path / "file", groups=GROUPS)


@pytest.mark.parametrize("part", ["net_", "_scale_in", "_left_out"])
def test_fits_without_a_part(weights, tmp_path, part):
    content = read_weights(weights)
    del content["fitted"][part]
    write_weights(tmp_path / "file", content)
    with pytest.raises(ValueError, match="as it was written. Got KeyError"):
        SoftEquivariantRegressor.from_weights(tmp_path / "file", groups=GROUPS)


def test_weights_of_another_version_warn(weights, monkeypatch):
    monkeypatch.setattr(_versions, "__version__", "9.9")
    with pytest.warns(InconsistentVersionWarning, match="saved with softeq_sklearn 0.* with 9.9"):
        SoftEquivariantRegressor.from_weights(weights, groups=GROUPS)


@pytest.mark.parametrize("changes", [{"regularizer": "sampled"}, {"module": torch.nn.Linear(4, 2)}])
def test_weights_that_cannot_be_saved(make_soft, plane, tmp_path, changes):
    model = make_soft(**{"regularizer": "sampled", "tuning": "fixed"} | changes)
    with pytest.raises(NotFittedError):
        model.save_weights(tmp_path / "file")
    with pytest.raises(ValueError, match="save_weights needs a network of ours and regularizer="):
        model.fit(*plane).save_weights(tmp_path / "file")


def test_weights_in_a_folder_that_is_not_there(make, plane, tmp_path):
    with pytest.raises(FileNotFoundError, match="path must be in a folder that exists. Got '.*new"):
        make().fit(*plane).save_weights(tmp_path / "new" / "weights.safetensors")


def test_no_torch_in_a_pickle(make, plane):
    """Weights are arrays: they need no device, and are small."""
    assert b"torch" not in pickle.dumps(make().fit(*plane))


def test_another_process(make_soft, plane, tmp_path):
    X, Y = plane
    model = make_soft().fit(X, Y)
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "rows.npy", X)
    code = (
        "import joblib, numpy as np; model = joblib.load('model.joblib');"
        "np.save('predicted.npy', model.predict(np.load('rows.npy')))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "predicted.npy"), model.predict(X), rtol=1e-12)


@pytest.mark.parametrize("fitted", [True, False])
def test_another_version_warns(make, plane, monkeypatch, fitted):
    model = make()
    if fitted:
        model.fit(*plane)
    monkeypatch.setattr(_saving, "__version__", "0.0.9")
    saved = pickle.dumps(model)
    monkeypatch.undo()
    name = type(model).__name__
    with pytest.warns(InconsistentVersionWarning, match=f"{name} was saved with .* 0.0.9 and is"):
        twin = pickle.loads(saved)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        through_pickle(twin)


def test_a_device_that_is_not_there(make, plane, monkeypatch):
    """What was trained on one comes back to the CPU."""
    X, Y = plane
    model = make().fit(X, Y)
    expected = model.predict(X)
    model.set_params(device="cuda:77")
    with pytest.warns(UserWarning, match="loaded to the CPU: device must be 'auto'"):
        twin = through_pickle(model)
    assert twin.device == "cuda:77"
    assert_array_equal(twin.predict(X), expected)
