"""What is fuzzed: for each target how inputs are made, and what reads them."""

from __future__ import annotations

import atexit
import copy
import json
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.datasets import read_waymo_motion
from softeq_sklearn.datasets._tf_example import parse_example
from softeq_sklearn.datasets._tfrecord import _masked_crc, read_records
from softeq_sklearn.groups import SO, Reflection
from softeq_sklearn.persistence._checkpoint_file import read_checkpoint, write_checkpoint
from softeq_sklearn.persistence._plain_values import encoded
from softeq_sklearn.persistence._weight_files import read_weights
from softeq_sklearn.representations import parse_representation

_MOTION = Path(__file__).parents[2] / "softeq_sklearn/datasets/data/made_up_motion.tfrecord"
_GROUPS = {"rotations": SO(2), "reflection": Reflection(2)}


@cache
def _folder():
    """A folder for as long as the process."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


def changed_bytes(content, rng):
    """A copy with one to four changes: a bit, a byte, a piece lost, doubled, moved or cut off."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        if not content:
            break
        at, size = rng.randint(len(content)), int(2 ** rng.uniform(0, 8))
        piece = content[at : at + size]
        kind = rng.randint(6)
        if kind == 0:
            content[at] ^= 1 << rng.randint(8)
        elif kind == 1:
            content[at] = rng.choice([0, 1, 127, 128, 255])
        elif kind == 2:
            del content[at : at + size]
        elif kind == 3:
            content[at:at] = piece
        elif kind == 4:
            to = rng.randint(len(content))
            content[to : to + len(piece)] = piece
        else:
            del content[at:]
    return bytes(content)


# Texts ------------------------------------------------------------------------------------------

_WORDS = ["Scalar", "Vector", "Point", "T(2)", "T(1, 1)", "T(p=2)", "T(0,q=1)", "T", "V", "é", "_"]
_SIGNS = ["+", "*", ">>", ".T", ".", "(", ")", ",", "=", "-", " ", "\n", "\0"]
_NUMBERS = ["0", "1", "2", "7", "40", "1000", "999999999999999999", "1" * 19, "00", "-1"]


def texts():
    """Representations as text: sums and products that are nested, and soups of words."""

    def expression(rng, depth):
        kind = rng.randint(7) if depth else 0
        if kind <= 1:
            return str(rng.choice(_WORDS[:6]))
        left, right = expression(rng, depth - 1), expression(rng, depth - 1)
        if kind == 2:
            return f"{rng.choice(_NUMBERS[:7])}*({left})"
        if kind == 3:
            return f"({left})" + ".T" * rng.randint(1, 20)
        sign = (" + ", "*", " >> ")[kind - 4]
        return f"({left}{sign}{right})"

    def make(rng):
        if rng.randint(2):
            return expression(rng, rng.randint(1, 9))
        return "".join(rng.choice(_WORDS + _SIGNS + _NUMBERS, size=rng.randint(1, 60)))

    def read(text):
        rep = parse_representation(text)
        assert parse_representation(repr(rep)) == rep
        rep.dim(3), hash(rep), rep == parse_representation(text)

    return make, read


# Records of TensorFlow --------------------------------------------------------------------------


def records():
    """Files of records, changed anywhere."""
    return _motion_files(changed_bytes)


def sealed_records():
    """Files whose records were changed and then got the right checksums."""

    def change(content, rng):
        parts = []
        for _, record in read_records(_MOTION):
            record = changed_bytes(record, rng) if rng.randint(2) else record
            length = len(record).to_bytes(8, "little")
            parts += [length, _masked_crc(length).to_bytes(4, "little")]
            parts += [record, _masked_crc(record).to_bytes(4, "little")]
        return b"".join(parts)

    return _motion_files(change)


def _motion_files(change):
    content, path = _MOTION.read_bytes(), _folder() / "motion"

    def read(given):
        path.write_bytes(given)
        read_waymo_motion(path)

    return lambda rng: change(content, rng), read


def examples():
    """Single records."""
    all_records = [record for _, record in read_records(_MOTION)]
    names = ["state/past/x", "state/id", "scenario/id"]

    def make(rng):
        return changed_bytes(all_records[rng.randint(len(all_records))], rng)

    return make, lambda record: parse_example(record, names)


# Files of weights, and checkpoints --------------------------------------------------------------


def weights():
    """Files of weights, changed anywhere."""
    path = _saved()
    content = path.read_bytes()
    return lambda rng: changed_bytes(content, rng), _weight_reader(path)


def weight_values():
    """Files of weights that are whole, whose values were changed."""
    path = _saved()
    content = read_weights(path)

    def make(rng):
        arrays = {}
        about = encoded(content, arrays)
        for _ in range(rng.randint(1, 4)):
            about = _changed_value(about, rng)
        if rng.randint(2):
            name = str(rng.choice(sorted(arrays)))
            arrays[name] = _changed_array(arrays[name], rng)
        return save(arrays, metadata={"softeq_sklearn": json.dumps(about)})

    return make, _weight_reader(path)


def checkpoints():
    """Files of a fit that was killed, changed anywhere."""
    path = _folder() / "fit.npz"
    values = {"seeds": np.arange(7), "train": {"state": {"weights": {"w": np.ones((40, 40))}}}}
    write_checkpoint(path, values)
    content = path.read_bytes()

    def read(given):
        path.write_bytes(given)
        found = read_checkpoint(path)
        assert set(found) == set(values)  # what is read is whole
        np.testing.assert_array_equal(found["seeds"], values["seeds"])

    return lambda rng: changed_bytes(content, rng), read


def _saved():
    X = np.random.RandomState(0).standard_normal((40, 4))
    model = SoftEquivariantRegressor(
        _GROUPS, "2*Vector", "Vector", hidden_channels=8, max_epochs=1, random_state=0
    ).partial_fit(X, X[:, :2])
    path = _folder() / "model"
    model.save_weights(path)
    return path


def _weight_reader(path):
    X = np.random.RandomState(1).standard_normal((5, 4))

    def read(given):
        path.write_bytes(given)
        SoftEquivariantRegressor.from_weights(path, groups=_GROUPS).predict(X)

    return read


_VALUES = [None, True, 0, -1, 2**40, 1e300, float("nan"), "", "a" * 100, [], {}, {"list": []}]
_VALUES += [{"array": "array 0"}, {"texts": [["a"], True]}, {"record": ["Levels", {"dict": []}]}]


def _changed_value(value, rng):
    """A copy of a JSON value with something else in a place somewhere."""
    value = copy.deepcopy(value)
    parent, key, here = None, None, value
    while isinstance(here, (dict, list)) and len(here) and rng.randint(12):
        keys = list(here) if isinstance(here, dict) else range(len(here))
        parent, key = here, keys[rng.randint(len(keys))]
        here = parent[key]
    new = _VALUES[rng.randint(len(_VALUES))]
    if parent is None:
        return new
    parent[key] = copy.deepcopy(new)
    return value


def _changed_array(array, rng):
    kind = rng.randint(4)
    if kind == 0:
        return array.reshape(-1)[: array.size // 2]
    if kind == 1:
        return array.astype(rng.choice(["float64", "int8", "uint8"]))
    if kind == 2:
        return np.zeros((0, 3))
    return array[None] if array.ndim else array


TARGETS = {
    function.__name__: function
    for function in [texts, records, sealed_records, examples, weights, weight_values, checkpoints]
}
