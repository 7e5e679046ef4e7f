"""A writer of TFRecord files in the format of the Waymo Open Motion Dataset.

It shares no code with the package, and is slow and plain where the reader is fast.
"""

import struct

import numpy as np

STEPS = {"past": 10, "current": 1, "future": 80}


def crc32c(message):
    """Divide bit by bit."""
    register = 0xFFFFFFFF
    for byte in message:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 * (register & 1))
    return register ^ 0xFFFFFFFF


def masked(message):
    crc = crc32c(message)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % 2**32)


def record(content):
    length = struct.pack("<Q", len(content))
    return length + masked(length) + content + masked(content)


def varint(value):
    value %= 2**64
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value % 0x80 + 0x80)
        value //= 0x80
    return bytes(encoded) + bytes([value])


def field(number, content):
    """A field with a message, a name or a packed list."""
    return varint(8 * number + 2) + varint(len(content)) + content


def bytes_list(values):
    return field(1, b"".join(field(1, value) for value in values))


def float_list(values, packed=True):
    values = [struct.pack("<f", value) for value in values]
    if packed:
        return field(2, field(1, b"".join(values)))
    return field(2, b"".join(b"\x0d" + value for value in values))


def int64_list(values, packed=True):
    values = [varint(int(value)) for value in values]
    if packed:
        return field(3, field(1, b"".join(values)))
    return field(3, b"".join(b"\x08" + value for value in values))


def feature(values, packed=True):
    """A Feature of the kind that the values ask for."""
    if isinstance(values, list):
        return bytes_list(values)
    write = float_list if values.dtype.kind == "f" else int64_list
    return write(values.ravel().tolist(), packed)


def example(features, packed=True):
    entries = [
        field(1, field(1, name.encode()) + field(2, feature(values, packed)))
        for name, values in features.items()
    ]
    return field(1, b"".join(entries))


def scenario(positions, *, valid=None, agent=None, agent_type=None, name=b"made up", n_padded=0):
    """Features of one scenario.

    Positions have the shape (n_agents, 91, 3); agents of -1 follow until there are `n_padded`.
    """
    n_agents = len(positions)
    padding = [(0, max(0, n_padded - n_agents))]

    def padded(values):
        values = np.asarray(values)
        width = padding + [(0, 0)] * (values.ndim - 1)
        return np.pad(values, width, constant_values=-1)

    positions = padded(np.asarray(positions, dtype=np.float32))
    valid = padded(np.ones((n_agents, 91), dtype=np.int64) if valid is None else valid)
    agent = np.arange(n_agents) if agent is None else agent
    agent_type = np.ones(n_agents) if agent_type is None else agent_type
    features = {
        "roadgraph_samples/xyz": np.zeros(30, dtype=np.float32),
        "scenario/id": [name],
        "state/id": padded(agent).astype(np.float32),
        "state/type": padded(agent_type).astype(np.float32),
    }
    start = 0
    for moment, n_steps in STEPS.items():
        steps = slice(start, start + n_steps)
        start += n_steps
        features[f"state/{moment}/valid"] = valid[:, steps]
        for axis, letter in enumerate("xyz"):
            features[f"state/{moment}/{letter}"] = positions[:, steps, axis]
    return features


def made_up_motion():
    """The content of the file made_up_motion.tfrecord, with numbers that float32 has exactly."""
    step = np.arange(91)
    curve = step * (step + 16) / 256
    first = [
        np.stack([100 + step / 4, 40 - step / 8, 12 + step / 64], axis=1),
        np.stack([96 + curve / 4, 32 + curve / 2, 12.5 + curve / 16], axis=1),
        np.stack([80 + step, 48 + 0 * step, 12 + step / 64], axis=1),  # too far
    ]
    second = [
        np.stack([-20 - step / 8, 64 - step / 4 + curve / 4, 8 - step / 32], axis=1),
        np.stack([-16 + step / 8, 60 + step / 8, 8 + 0 * step], axis=1),  # flat
        np.stack([-12 + step / 8, 72 - step / 8, 8 + step / 32], axis=1),  # not always seen
    ]
    valid = np.ones((3, 91), dtype=np.int64)
    valid[2, 20] = 0
    scenarios = [
        scenario(first, agent=[7, 8, 9], agent_type=[1, 2, 1], name=b"made-up-1"),
        scenario(second, valid=valid, agent=[3, 4, 5], agent_type=[3, 1, 2], name=b"made-up-2"),
    ]
    return b"".join(record(example(features)) for features in scenarios)
