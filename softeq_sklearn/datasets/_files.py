"""The files that come with the package."""

from __future__ import annotations

from importlib.resources import files

import numpy as np


def data_file(name: str):
    """Return the file of that name in the folder of data."""
    return files("softeq_sklearn.datasets") / "data" / name


def description(name: str) -> str:
    """Return the description of a data set, with its source and terms."""
    return data_file(f"{name}.rst").read_text(encoding="utf-8")


def arrays(name: str) -> dict[str, np.ndarray]:
    """Return the arrays of a data set by name."""
    with data_file(f"{name}.npz").open("rb") as packed, np.load(packed) as content:
        return dict(content)
