import re
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softeq_sklearn.datasets._tf_example import fields, parse_example

INT64 = [0, 1, -1, 127, 128, 300, 2**31, 2**63 - 1, -(2**63)]
NAMES = ["strings", "floats", "integers"]


@pytest.fixture(scope="module")
def features():
    return {
        "strings": [b"", b"one", bytes(200)],
        "floats": np.array([0.0, -1.5, 3e38, np.inf, np.nan, 1e-45], dtype=np.float32),
        "integers": np.array(INT64),
    }


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        if isinstance(values, list):
            assert found[name] == values
        else:
            assert found[name].dtype == values.dtype
            np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("packed", [True, False])
def test_features_come_back(writer, features, packed):
    record = writer.example(features, packed)
    assert_same(parse_example(record, NAMES), features)
    assert_same(parse_example(record, ["floats"]), {"floats": features["floats"]})
    assert parse_example(record, ["none of them"]) == {}
    assert parse_example(b"", NAMES) == {}


@given(
    integers=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50),
    floats=st.lists(st.floats(width=32), max_size=50),
    strings=st.lists(st.binary(max_size=20), max_size=20),
    packed=st.booleans(),
)
def test_any_values_come_back(writer, integers, floats, strings, packed):
    features = {
        "strings": strings,
        "floats": np.array(floats, dtype=np.float32),
        "integers": np.array(integers, dtype=np.int64),
    }
    assert_same(parse_example(writer.example(features, packed), NAMES), features)


def entry(writer, name, *parts):
    """An Example with one map entry, of a name and a Feature in parts."""
    return writer.field(
        1, writer.field(1, writer.field(1, name) + b"".join(writer.field(2, p) for p in parts))
    )


def test_unknown_fields_are_skipped(writer, features):
    unknown = (
        writer.varint(8 * 100) + writer.varint(2**64 - 1)  # a varint
        + writer.varint(8 * 7 + 1) + bytes(8)
        + writer.varint(8 * (2**29 - 1) + 5) + bytes(4)
        + writer.field(9, b"anything")
        + writer.varint(8 * 1) + writer.varint(5)  # a known number with another wire type
    )  # fmt: skip
    floats = writer.field(2, unknown + writer.field(1, np.float32([1, 2]).tobytes()))
    named = writer.field(1, b"floats") + writer.field(2, unknown + floats)
    record = unknown + writer.field(1, unknown + writer.field(1, unknown + named) + unknown)
    assert parse_example(record, ["floats"])["floats"].tolist() == [1.0, 2.0]


def test_messages_in_parts_are_merged(writer):
    """The rules of protocol buffers for fields that come more than once."""
    one, two = np.array([1.0, 2.0], np.float32), np.array([3.0], np.float32)
    numbers = np.array([4, 5])

    def values(*parts):
        return parse_example(entry(writer, b"a", *parts), ["a"])["a"].tolist()

    assert values(writer.feature(one), writer.feature(two, packed=False)) == [1, 2, 3]
    assert values(writer.feature(one) + writer.feature(two)) == [1, 2, 3]
    # A Feature has one kind of list: the last one.
    assert values(writer.feature(one), writer.feature(numbers)) == [4, 5]
    assert values(writer.feature(one), writer.feature(numbers), writer.feature(two)) == [3]
    # Two Features messages are one; the last entry of a name counts.
    record = entry(writer, b"a", writer.feature(one)) + entry(writer, b"b", writer.feature(one))
    record += entry(writer, b"a", writer.feature(two))
    found = parse_example(record, ["a", "b"])
    assert found["a"].tolist() == [3] and found["b"].tolist() == [1, 2]


def test_a_feature_without_a_list_is_none(writer):
    assert parse_example(entry(writer, b"a"), ["a"]) == {}
    assert parse_example(entry(writer, b"a", b""), ["a"]) == {}
    assert parse_example(entry(writer, b"a", writer.field(3, b"")), ["a"])["a"].tolist() == []
    nameless = writer.field(1, writer.field(1, writer.field(2, writer.field(1, b""))))
    assert parse_example(nameless, [""]) == {"": []}


@pytest.mark.parametrize(
    "wire, message",
    [
        ("", None),
        ("80", "integer at byte 0 ends neither"),
        ("ffffffffffffffffff01", "number 2305843009213693951"),
        ("ffffffffffffffffff02", "integer at byte 0 ends neither in 64 bits nor in its message"),
        ("ffffffffffffffffffff01", "integer at byte 0 ends neither in 64 bits nor in its message"),
        ("0000", "field at byte 0 has the number 0"),
        ("808080801000", "has the number 536870912"),
        ("08", "integer at byte 1 ends neither"),
        ("0a", "integer at byte 1 ends neither"),
        ("0a01", "field at byte 0 is longer than its message"),
        ("1001 0affffffffffffffff7f", "field at byte 2 is longer than its message"),
        ("09 00000000000000", "field at byte 0 is longer"),
        ("0d 000000", "field at byte 0 is longer"),
        ("0b 0c", "field at byte 0 has the wire type 3"),
        ("0c", "wire type 4"),
        ("0e", "wire type 6"),
        ("0f", "wire type 7"),
    ],
)
def test_malformed_bytes(wire, message):
    record = bytes.fromhex(wire)
    if message is None:
        assert list(fields(record)) == []
        return
    with pytest.raises(ValueError, match=message):
        list(fields(record))
    with pytest.raises(ValueError, match=message):
        parse_example(record, NAMES)


@pytest.mark.parametrize(
    "number, content, message",
    [
        (2, bytes(6), "6 bytes of float32, no multiple of 4"),
        (3, b"\x01\x80", "ends inside an integer"),
        (3, b"\xff" * 10 + b"\x01", "more than 64 bits"),
        (3, b"\x05" + b"\xff" * 9 + b"\x02", "more than 64 bits"),
        (3, bytes(2**20 + 1), "more than 1048576 values"),
        (2, bytes(4 * 2**20 + 4), "more than 1048576 values"),
    ],
)
def test_malformed_lists(writer, number, content, message):
    record = entry(writer, b"a", writer.field(number, writer.field(1, content)))
    with pytest.raises(ValueError, match=f"feature 'a' at byte .*{message}"):
        parse_example(record, ["a"])
    assert parse_example(record, ["b"]) == {}


def test_every_truncation(writer, features):
    record = writer.example(features)
    for length in range(1, len(record)):
        with pytest.raises(ValueError, match="byte"):
            parse_example(record[:length], NAMES)


def only_our_errors(record):
    try:
        found = parse_example(record, NAMES)
    except ValueError as error:
        assert re.search(r"byte \d+", str(error)), error
        assert type(error) is ValueError
    else:
        assert set(found) <= set(NAMES)


@given(record=st.binary(max_size=300))
def test_any_bytes(record):
    only_our_errors(record)


@given(data=st.data())
def test_damaged_examples(writer, features, data):
    """Bytes changed, cut out or put in, so that most of the structure is left."""
    record = bytearray(writer.example(features, packed=data.draw(st.booleans())))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(record) - 1))
        length = data.draw(st.integers(0, 3))
        record[place : place + length] = data.draw(st.binary(max_size=4))
    only_our_errors(bytes(record))


@given(data=st.data())
def test_damaged_lists(writer, data):
    """Damage inside of a list, with all lengths around it right."""
    number = data.draw(st.integers(0, 4))
    content = data.draw(st.binary(max_size=40))
    packed = writer.field(1, content) if data.draw(st.booleans()) else content
    only_our_errors(entry(writer, b"integers", writer.field(number, packed)))


@pytest.mark.parametrize(
    "content",
    [
        bytes([10, 0]) * 20_000,  # empty entries, or whatever has number 1 at that depth
        bytes([18, 0]) * 20_000,
        bytes([26, 0]) * 20_000,
        bytes([8, 0]) * 20_000,
        b"\x80" * 40_000,
        b"\x0a\xff\xff\xff\x7f" * 8_000,
    ],
)
@pytest.mark.parametrize("depth", range(5))
def test_time_and_memory_are_bounded(writer, content, depth):
    for around in [
        [],
        [lambda inner: inner],
        [lambda inner: writer.field(1, b"integers") + inner],
        [lambda inner: writer.field(1, b"integers") + writer.field(2, inner)],
        [
            lambda inner: writer.field(1, b"integers") + writer.field(2, inner),
            lambda inner: writer.field(3, inner),
        ],
    ][depth][::-1]:
        content = around(content)
    for _ in range(min(depth, 2)):
        content = writer.field(1, content)
    tracemalloc.start()
    start = time.process_time()
    try:
        only_our_errors(content)
        assert time.process_time() - start < 5
        assert tracemalloc.get_traced_memory()[1] < 100 * len(content)
    finally:
        tracemalloc.stop()


def test_deep_nesting_is_no_recursion(writer):
    record = b"\x01"
    for _ in range(3000):
        record = writer.field(1, record)
    only_our_errors(record)
