"""Named lists of numbers or bytes as TensorFlow stores them (tf.train.Example).

The wire format of protocol buffers: a message is a sequence of fields, each a tag (number and wire
type) and a value. An Example has its Features in field 1, these have map entries of a name (1) and
a Feature (2) in field 1, and a Feature has one of three lists: bytes (1), float32 (2), int64 (3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
"""Wire types: an integer of variable length, 8 bytes, a length with as many bytes, 4 bytes."""
_FEATURES = _ENTRY = _NAME = 1
_FEATURE = 2
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = _LISTS = 1, 2, 3
"""Numbers of the fields, from the outermost message to the innermost."""
_MAX_VALUES = 1 << 20
"""Longest list that is read, so that a few bytes on the wire cannot take much memory."""


class Field(NamedTuple):
    """One field of a message: its number, its wire type and where its value is."""

    number: int
    wire_type: int
    start: int
    stop: int


def _varint(record: bytes, start: int, stop: int) -> tuple[int, int]:
    """Return the integer at `start` and the position after it."""
    value = 0
    for n_bytes, byte in enumerate(record[start : min(start + 10, stop)]):
        value |= (byte & 0x7F) << (7 * n_bytes)
        if byte < 0x80:
            if value >> 64:
                break
            return value, start + n_bytes + 1
    raise ValueError(f"the integer at byte {start} ends neither in 64 bits nor in its message")


def fields(record: bytes, start: int = 0, stop: int | None = None) -> Iterator[Field]:
    """Yield the fields of the message in ``record[start:stop]``.

    Raises
    ------
    ValueError
        If the bytes are no message, with the position in `record`. Groups, which protocol buffers
        have given up, count as such.
    """
    stop = len(record) if stop is None else stop
    while start < stop:
        tag, value = _varint(record, start, stop)
        number, wire_type = tag >> 3, tag & 7
        if not 1 <= number < 1 << 29:
            raise ValueError(f"the field at byte {start} has the number {number}")
        if wire_type == _VARINT:
            _, end = _varint(record, value, stop)
        elif wire_type == _BYTES:
            length, value = _varint(record, value, stop)
            end = value + length
        elif wire_type in (_FIXED32, _FIXED64):
            end = value + (4 if wire_type == _FIXED32 else 8)
        else:
            raise ValueError(f"the field at byte {start} has the wire type {wire_type}")
        if end > stop:
            raise ValueError(f"the field at byte {start} is longer than its message")
        yield Field(number, wire_type, value, end)
        start = end


def _messages(record: bytes, message: Field, number: int) -> Iterator[Field]:
    """Yield the fields of a message that have a number and are messages or names themselves."""
    for field in fields(record, message.start, message.stop):
        if field.number == number and field.wire_type == _BYTES:
            yield field


def _int64(packed: bytearray) -> np.ndarray:
    """Return integers of variable length that stand one after the other."""
    encoded = np.frombuffer(packed, dtype=np.uint8)
    stops = np.flatnonzero(encoded < 0x80) + 1
    starts = np.concatenate([[0], stops])[:-1]
    n_bytes = stops - starts
    if ((n_bytes > 10) | ((n_bytes == 10) & (encoded[stops - 1] > 1))).any():
        raise ValueError("it has an integer of more than 64 bits")
    values = np.zeros(len(stops), dtype=np.uint64)
    for place in range(n_bytes.max(initial=0)):
        longer = np.flatnonzero(n_bytes > place)
        seven_bits = (encoded[starts[longer] + place] & 0x7F).astype(np.uint64)
        values[longer] |= seven_bits << np.uint64(7 * place)
    return values.view(np.int64)


def _float32(packed: bytearray) -> np.ndarray:
    """Return numbers of four bytes that stand one after the other."""
    return np.frombuffer(packed, dtype="<f4").astype(np.float32)


class _List:
    """Values of one kind, collected from as many messages as they are spread over."""

    def __init__(self, kind: int):
        self.kind = kind
        self.n_values = 0
        self.strings: list[bytes] = []
        # Numbers that have a field each become packed ones when their fields are joined.
        self.packed = bytearray()

    def extend(self, record: bytes, message: Field) -> None:
        """Add the values of a BytesList, FloatList or Int64List."""
        alone = {_BYTES_LIST: _BYTES, _FLOAT_LIST: _FIXED32, _INT64_LIST: _VARINT}[self.kind]
        for field in fields(record, message.start, message.stop):
            if field.number == 1 and field.wire_type in (_BYTES, alone):
                self._append(record[field.start : field.stop], field.wire_type == alone)
                if self.n_values > _MAX_VALUES:
                    raise ValueError(f"it has more than {_MAX_VALUES} values")

    def _append(self, content: bytes, alone: bool) -> None:
        if self.kind == _BYTES_LIST:
            self.strings.append(content)
        else:
            self.packed += content
        if alone:
            self.n_values += 1
        elif self.kind == _FLOAT_LIST:
            self.n_values += len(content) // 4
            if len(content) % 4:
                raise ValueError(f"it has {len(content)} bytes of float32, no multiple of 4")
        else:
            self.n_values += np.count_nonzero(np.frombuffer(content, dtype=np.uint8) < 0x80)
            if content and content[-1] >= 0x80:
                raise ValueError("it ends inside an integer")

    def values(self) -> np.ndarray | list[bytes]:
        """Return all values."""
        if self.kind == _BYTES_LIST:
            return self.strings
        return (_float32 if self.kind == _FLOAT_LIST else _int64)(self.packed)


def _name(record: bytes, entry: Field) -> bytes:
    """Return the name of a map entry."""
    name = b""
    for field in _messages(record, entry, _NAME):
        name = record[field.start : field.stop]
    return name


def _values(record: bytes, entry: Field) -> np.ndarray | list[bytes] | None:
    """Return the values of a map entry, or None if it has none of the three lists."""
    found = None
    for feature in _messages(record, entry, _FEATURE):
        for message in fields(record, feature.start, feature.stop):
            if message.number in _LISTS and message.wire_type == _BYTES:
                # A Feature has one list: another kind replaces it, the same kind continues it.
                if found is None or found.kind != message.number:
                    found = _List(message.number)
                found.extend(record, message)
    return None if found is None else found.values()


def parse_example(record: bytes, names: Collection[str]) -> dict[str, np.ndarray | list[bytes]]:
    """Return the features of a tf.train.Example that have one of a few names.

    All other features are skipped unread, and so are unknown fields.

    Parameters
    ----------
    record : bytes
        The serialized Example.
    names : collection of str

    Returns
    -------
    features : dict
        From those names that are there to an array of shape (n_values,) of dtype float32 or int64,
        or to a list of bytes.

    Raises
    ------
    ValueError
        If the record is no Example, with the position in it in bytes.
    """
    wanted = {name.encode(): name for name in names}
    found = {}
    whole = Field(0, _BYTES, 0, len(record))
    for features in _messages(record, whole, _FEATURES):
        for entry in _messages(record, features, _ENTRY):
            name = wanted.get(_name(record, entry))
            if name is None:
                continue
            try:
                found[name] = _values(record, entry)
            except ValueError as error:
                raise ValueError(f"the feature {name!r} at byte {entry.start}: {error}") from None
    return {name: values for name, values in found.items() if values is not None}
