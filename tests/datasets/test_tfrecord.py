import re
import struct
import tracemalloc

import numpy as np
import pytest

from softeq_sklearn.datasets import _tfrecord
from softeq_sklearn.datasets._tfrecord import read_records


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some.tfrecord"


def contents(path):
    return [content for _, content in read_records(path)]


@pytest.mark.parametrize("form", [lambda path: path, str])
def test_records_come_back(writer, path, form):
    written = [b"", b"one", bytes(100), np.random.RandomState(0).bytes(3001)]
    path.write_bytes(b"".join(map(writer.record, written)))
    records = list(read_records(form(path)))
    assert [content for _, content in records] == written
    assert [offset for offset, _ in records] == [0, 16, 16 + 19, 16 + 19 + 116]


def test_masked_checksum_of_files_in_use():
    """Files of events of TensorBoard begin with a record of 24 bytes, and so with these bytes."""
    header = bytes.fromhex("1800000000000000 a37f4b22")
    assert _tfrecord._masked_crc(header[:8]) == int.from_bytes(header[8:], "little")


def test_empty_file_has_no_records(path):
    path.write_bytes(b"")
    assert contents(path) == []


def test_truncated_anywhere(writer, path):
    """Only between two records may a file end."""
    first, second = writer.record(b"first"), writer.record(b"second one")
    whole = first + second
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        if length == len(first):
            assert contents(path) == [b"first"]
            continue
        offset = 0 if length < len(first) else len(first)
        with pytest.raises(ValueError, match=f"{re.escape(repr(str(path)))}.* byte {offset} .*end"):
            contents(path)


def test_records_before_the_damage_are_read(writer, path):
    path.write_bytes(writer.record(b"first") + writer.record(b"second")[:-1])
    records = read_records(path)
    assert next(records) == (0, b"first")
    with pytest.raises(ValueError, match="byte 21 "):
        next(records)


def test_any_flipped_bit(writer, path):
    first, second = writer.record(b"first"), writer.record(b"second one")
    for bit in range(8 * len(second)):
        damaged = bytearray(second)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(first + damaged)
        part = "length" if bit // 8 < 12 else "content"
        with pytest.raises(
            ValueError, match=f"some.tfrecord.* byte {len(first)} .*{part} does not match"
        ):
            contents(path)


@pytest.mark.parametrize("length", [6, 1000, 2**26, 2**40, 2**63, 2**64 - 1])
def test_length_beyond_the_end(writer, path, length):
    """The length and its checksum agree, so only the size of the file can tell."""
    header = struct.pack("<Q", length)
    path.write_bytes(header + writer.masked(header) + b"short" + bytes(4))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"byte 0 .*length is {length} bytes, and the file"):
            contents(path)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_length_beyond_the_longest(writer, path):
    header = struct.pack("<Q", 1 << 27)
    with path.open("wb") as file:
        file.write(header + writer.masked(header))
        file.truncate((1 << 27) + 16)
    with pytest.raises(ValueError, match="134217728 bytes, and at most 67108864"):
        contents(path)


def test_one_record_at_a_time(writer, path):
    one = writer.record(bytes(100_000))
    path.write_bytes(20 * one)
    tracemalloc.start()
    try:
        assert sum(len(content) for _, content in read_records(path)) == 2_000_000
        assert tracemalloc.get_traced_memory()[1] < 1_500_000
    finally:
        tracemalloc.stop()


def test_other_files(path):
    path.write_bytes(b"\x1f\x8b\x08\x00 a file that gzip has packed")
    with pytest.raises(ValueError, match="must be a TFRecord file without compression"):
        contents(path)
    with pytest.raises(FileNotFoundError):
        contents(path.with_name("missing"))
    with pytest.raises(OSError):
        contents(path.parent)
