"""Trajectories in files of the Waymo Open Motion Dataset, and which of them make a row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from softeq_sklearn.datasets._tf_example import fields, parse_example
from softeq_sklearn.datasets._tfrecord import read_records

_MOMENTS = {"past": 10, "current": 1, "future": 80}
"""Steps of the three parts of a trajectory, each of 0.1 s."""
_N_VALID, _EVERY = 24, 2
"""Steps that must be valid, from the first on, and which of them are positions of a row."""
_CURRENT = _MOMENTS["past"]
"""Step of the current position, the last of the past."""
_MIN_CLIMB, _MAX_MOVE = 0.05, 5.0
"""Bounds of the movement over the past in metres: of z from below, of x and y from above."""
_MAX_NAME = 100
"""Bytes of the longest name of a scenario; the names in use are hexadecimal and have 16."""
_TRACK_FEATURES = [f"state/{moment}/{name}" for moment in _MOMENTS for name in ("valid", *"xyz")]
_AGENT_FEATURES = ["state/id", "state/type"]

TIMES = [(step - _CURRENT) / 10 for step in range(0, _N_VALID, _EVERY)]
"""Times of the positions of a row, in seconds from the current time."""
N_PAST = TIMES.index(0.0) + 1
"""How many of them are in the past, the current one included."""


class Tracks(NamedTuple):
    """Trajectories with 24 valid steps: positions of shape (n, 12, 3) in metres, and whose."""

    positions: np.ndarray
    scenario: np.ndarray
    agent: np.ndarray
    agent_type: np.ndarray


def _check_kind(record: bytes) -> None:
    """Raise an error for a record in the other format of the data set."""
    # In a Scenario, field 2 has the tracks and field 5 the name; an Example has field 1 only.
    if {2, 5} <= {field.number for field in fields(record)}:
        raise ValueError(
            "it is a Scenario message: pass the files of the folder 'tf_example' "
            "instead of those of 'scenario'"
        )


def _check_features(example: dict) -> int:
    """Return the number of agents, padding included, or raise an error."""
    for name in (*_TRACK_FEATURES, *_AGENT_FEATURES):
        if not isinstance(example.get(name), np.ndarray):
            hint = ", as in the testing split, which hides it" if "/future/" in name else ""
            raise ValueError(f"it has no numbers named {name!r}{hint}")
    n_agents = len(example["state/type"])
    for name in (*_TRACK_FEATURES, *_AGENT_FEATURES):
        expected = n_agents * _MOMENTS.get(name.split("/")[1], 1)
        if len(example[name]) != expected:
            raise ValueError(
                f"{name!r} must have {expected} values for {n_agents} agents. "
                f"Got {len(example[name])} instead"
            )
    return n_agents


def _integers(example: dict, name: str, rows: np.ndarray) -> np.ndarray:
    """Return some values of a feature, which may be stored as floats, as integers."""
    values = example[name][rows]
    if not (np.abs(values) < 2**53).all():
        raise ValueError(f"{name!r} must have integers for agents that are valid")
    return values.astype(np.int64)


def _scenario_name(example: dict, default: str) -> str:
    """Return the name of a scenario, or a default for files that have none."""
    names = example.get("scenario/id")
    if not isinstance(names, list) or not names:
        return default
    if len(names[0]) > _MAX_NAME:
        raise ValueError(
            f"'scenario/id' must have at most {_MAX_NAME} bytes. Got {len(names[0])} instead"
        )
    return names[0].decode(errors="replace")


def _scenario_tracks(record: bytes, default_name: str) -> Tracks:
    """Return the trajectories of a record that are valid at all steps of a row."""
    _check_kind(record)
    example = parse_example(record, [*_TRACK_FEATURES, *_AGENT_FEATURES, "scenario/id"])
    n_agents = _check_features(example)
    valid, x, y, z = (
        np.hstack(
            [
                example[f"state/{moment}/{name}"].reshape(n_agents, n_steps)
                for moment, n_steps in _MOMENTS.items()
            ]
        )[:, :_N_VALID]
        for name in ("valid", *"xyz")
    )
    # Padding has -1.
    rows = np.flatnonzero((valid == 1).all(axis=1))
    positions = np.stack([x, y, z], axis=-1)[rows, ::_EVERY].astype(np.float64)
    if not np.isfinite(positions).all():
        raise ValueError("its positions must be finite numbers where they are valid")
    return Tracks(
        positions,
        np.full(len(rows), _scenario_name(example, default_name)),
        _integers(example, "state/id", rows),
        _integers(example, "state/type", rows),
    )


def _read_scenarios(path: str | os.PathLike) -> Iterator[Tracks]:
    """Yield the trajectories of each scenario of a file."""
    for offset, record in read_records(path):
        try:
            yield _scenario_tracks(record, f"{os.path.basename(path)}:{offset}")
        except ValueError as error:
            raise ValueError(
                f"{os.fspath(path)!r} must hold tf.Example messages of the Waymo Open Motion "
                f"Dataset. Got a record at byte {offset} that cannot be used: {error}."
            ) from None


def _moving(tracks: Tracks) -> Tracks:
    """Return the trajectories that change their height over the past, and do not move far."""
    x, y, z = np.abs(tracks.positions[:, N_PAST - 1] - tracks.positions[:, 0]).T
    keep = (z > _MIN_CLIMB) & (x < _MAX_MOVE) & (y < _MAX_MOVE)
    return Tracks(*(column[keep] for column in tracks))


def read_tracks(paths: list[str | os.PathLike]) -> tuple[Tracks, int]:
    """Return the trajectories of files that pass the filters, and the number of scenarios.

    Parameters
    ----------
    paths : list of str or path-like

    Returns
    -------
    tracks : Tracks
    n_scenarios : int

    Raises
    ------
    ValueError
        If a file is damaged or in another format, or if no trajectory passes.
    """
    n_records, n_valid, kept = 0, 0, []
    for path in paths:
        for tracks in _read_scenarios(path):
            n_records += 1
            n_valid += len(tracks.positions)
            kept.append(_moving(tracks))
    tracks = Tracks(*map(np.concatenate, zip(*kept, strict=True))) if kept else None
    if tracks is None or not len(tracks.positions):
        raise ValueError(
            f"'paths' must hold a trajectory with {_N_VALID} valid steps that moves, over the "
            f"first {_CURRENT}, by more than {_MIN_CLIMB} m in z and less than {_MAX_MOVE} m in x "
            f"and y. Got none in {len(paths)} files with {n_records} scenarios, of which {n_valid} "
            "trajectories have valid steps."
        )
    return tracks, n_records
