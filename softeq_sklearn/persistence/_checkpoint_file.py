"""Files that a fit writes while it goes on, and that a killed one leaves whole."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np

from softeq_sklearn.persistence._plain_values import decoded_by_name, encoded

# Name of the array that holds everything but arrays, as JSON.
_ABOUT = "about"


def write_checkpoint(path, content):
    """Write values to a file, which is the old one until all of it is there.

    Parameters
    ----------
    path : Path
        The file, in a folder that exists.
    content : dict
        Numbers, texts, arrays, records, and containers of them.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    arrays = {}
    about = json.dumps(encoded(content, arrays)).encode()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays, **{_ABOUT: np.frombuffer(about, np.uint8)})
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_checkpoint(path):
    """Read the values of a file, running nothing that is in it.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Empty if there is no file.

    Raises
    ------
    ValueError
        If the file is damaged, as its checksums or its parts tell.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return {}
    try:
        with stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return decoded_by_name(arrays.pop(_ABOUT).tobytes(), arrays)
    except Exception as error:  # of archives, headers, texts: bytes that are lost lead to any
        raise ValueError(
            "checkpoint must be a folder of whole files. Got a damaged one, "
            f"{str(path)!r} ({type(error).__name__}: {error}): delete it to begin anew."
        ) from error
