import time

import numpy as np
import pytest

from softeq_sklearn.datasets import _crc32c
from softeq_sklearn.datasets._crc32c import crc32c


@pytest.mark.parametrize(
    "message, expected",
    [
        (b"", 0x00000000),
        (b"a", 0xC1D04330),
        (b"123456789", 0xE3069283),
        # The vectors of RFC 3720 (iSCSI), appendix B.4.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_known_values(message, expected):
    assert crc32c(message) == expected


# Around the limits of the plain loop, of a row of words and of a block.
LENGTHS = [1, 3, 4, 5, 2999, 3000, 3001, 16383, 16384, 16385, 16388, 100_003]
LENGTHS += [(1 << 20) + more for more in (-1, 0, 1, 4, 3000)]


@pytest.mark.parametrize("length", LENGTHS)
def test_arrays_agree_with_the_loop(length):
    message = np.random.RandomState(length).bytes(length)
    assert crc32c(message) == _crc32c._plain(0xFFFFFFFF, message) ^ 0xFFFFFFFF


def test_loop_agrees_with_division(writer):
    for length in range(20):
        message = np.random.RandomState(length).bytes(length)
        assert crc32c(message) == writer.crc32c(message)


def test_message_in_front_counts():
    """Zeros before or after a message change its checksum, although they are no bits."""
    message = np.random.RandomState(0).bytes(5000)
    assert len({crc32c(m) for m in (message, bytes(4) + message, message + bytes(4))}) == 3


def test_every_bit_counts():
    message = bytearray(np.random.RandomState(0).bytes(5000))
    expected = crc32c(message)
    for bit in range(0, 8 * len(message), 997):
        message[bit // 8] ^= 1 << bit % 8
        assert crc32c(message) != expected
        message[bit // 8] ^= 1 << bit % 8


def test_is_fast():
    """The files have hundreds of megabytes; a loop over bytes does about 10 MB/s."""
    message = bytes(4 << 20)
    crc32c(message)
    times = []
    for _ in range(3):
        start = time.process_time()
        crc32c(message)
        times.append(time.process_time() - start)
    assert min(times) < 0.1
