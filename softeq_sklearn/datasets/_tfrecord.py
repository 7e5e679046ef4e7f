"""Files of records as TensorFlow writes them (TFRecord), read without TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Iterator

from softeq_sklearn.datasets._crc32c import crc32c

_LENGTH, _CRC = 8, 4
"""Bytes of a length and of a checksum."""
_MAX_LENGTH = 1 << 26
"""Longest record that is read, in bytes; a scenario of Waymo has about 2 million."""


def _masked_crc(message: bytes) -> int:
    """Return the checksum as it is stored: turned by 15 bits, plus a constant."""
    crc = crc32c(message)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _read_checked(file, n_bytes: int, what: str) -> bytes:
    """Return the next bytes of a file after comparing them with the checksum that follows."""
    message = file.read(n_bytes)
    stored = file.read(_CRC)
    if len(message) + len(stored) < n_bytes + _CRC:
        raise ValueError(f"the file ends inside its {what}")
    if int.from_bytes(stored, "little") != _masked_crc(message):
        raise ValueError(f"its {what} does not match its checksum")
    return message


def _read_record(file, n_left: int) -> bytes:
    """Return the record at the position of a file with `n_left` bytes to come."""
    length = int.from_bytes(_read_checked(file, _LENGTH, "length"), "little")
    # Both rules come before the record is read, so a wrong length costs no memory.
    if length > n_left - _LENGTH - 2 * _CRC:
        raise ValueError(f"its length is {length} bytes, and the file ends before that")
    if length > _MAX_LENGTH:
        raise ValueError(f"its length is {length} bytes, and at most {_MAX_LENGTH} are read")
    return _read_checked(file, length, "content")


def read_records(path: str | os.PathLike) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a TFRecord file, one at a time.

    A record is a length (8 bytes, little endian), a checksum of the length (4 bytes), the content,
    and a checksum of the content (4 bytes). The checksums are CRC-32C, masked.

    Parameters
    ----------
    path : str or path-like
        A file that is not compressed.

    Yields
    ------
    offset : int
        Where the record begins in the file, in bytes.
    content : bytes

    Raises
    ------
    ValueError
        If a record is cut off, does not match its checksums or is longer than 64 MiB. The message
        has the file and the offset.
    OSError
        If the file cannot be read.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        offset = 0
        while offset < size:
            try:
                content = _read_record(file, size - offset)
            except ValueError as error:
                raise ValueError(
                    f"{os.fspath(path)!r} must be a TFRecord file without compression. Got a "
                    f"record at byte {offset} that cannot be read: {error}."
                ) from None
            yield offset, content
            offset = file.tell()
