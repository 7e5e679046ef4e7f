"""The checksum CRC-32C (Castagnoli), by array operations."""

from __future__ import annotations

from functools import cache

import numpy as np

_POLYNOMIAL = 0x82F63B78
"""The polynomial of Castagnoli, lowest power in the highest bit."""
_WIDTHS = (4096, 64)
"""Numbers of words to which a block is folded, one after the other."""
_BLOCK = 1 << 20
"""Bytes that are folded at once, so that all arrays stay in the cache of a core."""
_SHORT = 3000
"""Below this many bytes the plain loop is faster."""


def _byte_table() -> list[int]:
    """Return the register after each byte, from a register of zero."""
    table = []
    for register in range(256):
        for _ in range(8):
            register = (register >> 1) ^ (_POLYNOMIAL if register & 1 else 0)
        table.append(register)
    return table


_BYTE_TABLE = _byte_table()


def _plain(register: int, message: bytes) -> int:
    """Return the register after a message, byte by byte."""
    for byte in message:
        register = (register >> 8) ^ _BYTE_TABLE[(register ^ byte) & 0xFF]
    return register


def _linear(low: np.ndarray, high: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Return the images of words of 32 bits under the linear map with these two tables."""
    return low[words & 0xFFFF] ^ high[words >> 16]


def _tables(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a linear map as images of all low and of all high halves, from those of the bits."""
    halves = []
    for columns in (images[:16], images[16:]):
        table = np.zeros(1, dtype=np.uint32)
        for column in columns:
            table = np.concatenate([table, table ^ column])
        halves.append(table)
    return halves[0], halves[1]


@cache
def _after_zeros(n_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what a power of two of zero words does to a register, as a linear map."""
    bits = [1 << bit for bit in range(32)]
    images = np.array([_plain(bit, bytes(4)) for bit in bits], dtype=np.uint32)
    for _ in range(n_words.bit_length() - 1):
        images = _linear(*_tables(images), images)
    return _tables(images)


def _fold(words: np.ndarray, width: int) -> np.ndarray:
    """Return `width` words that leave a register of zero as the many words would.

    The register is linear in the message: a word w with n words after it adds Z^n w, where Z is the
    effect of one zero word. So a row of `width` words may be moved on to the next row, word by
    word, if Z^width is applied to it.
    """
    low, high = _after_zeros(width)
    first, *rows = words.reshape(-1, width)
    for row in rows:
        first = _linear(low, high, first) ^ row
    return first


def _folded(register: int, block: bytes | memoryview) -> int:
    """Return the register after a block of at least four bytes."""
    # Zeros in front do not change a register of zero.
    start = -len(block) % (4 * _WIDTHS[0])
    message = np.zeros(start + len(block), dtype=np.uint8)
    message[start:] = np.frombuffer(block, dtype=np.uint8)
    # The register is added to the first four bytes; from then on it is zero.
    message[start : start + 4] ^= np.frombuffer(register.to_bytes(4, "little"), dtype=np.uint8)
    words = message.view("<u4")
    for width in _WIDTHS:
        words = _fold(words, width)
    return _plain(0, words.astype("<u4").tobytes())


def crc32c(message: bytes) -> int:
    """CRC-32C of a message.

    Parameters
    ----------
    message : bytes

    Returns
    -------
    crc : int
        In [0, 2**32).

    Examples
    --------
    >>> from softeq_sklearn.datasets._crc32c import crc32c
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    register = 0xFFFFFFFF
    view = memoryview(message)
    for start in range(0, len(view), _BLOCK):
        block = view[start : start + _BLOCK]
        register = (_plain if len(block) < _SHORT else _folded)(register, block)
    return register ^ 0xFFFFFFFF
