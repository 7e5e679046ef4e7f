"""Files of weights, in the format of safetensors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from softeq_sklearn.persistence._plain_values import decoded_by_name, encoded

_KEY = "softeq_sklearn"
# What contents lead to that no file of ours has.
_DECODING_ERRORS = AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError


def write_weights(path, content):
    """Write values to a file.

    Parameters
    ----------
    path : str or Path
        The file.
    content : dict
        Numbers, texts, arrays, records, and containers of them.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    TypeError
        If there is anything else among the values.
    FileNotFoundError
        If there is no such folder.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"path must be in a folder that exists. Got {str(path)!r}.")
    arrays = {}
    about = json.dumps(encoded(content, arrays))
    _safetensors().numpy.save_file(arrays, path, metadata={_KEY: about})


def read_weights(path):
    """Read the values of a file, running nothing that is in it.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict

    Raises
    ------
    ImportError
        If safetensors is not installed.
    ValueError
        If the file is not one of these.
    """
    safetensors = _safetensors()
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            about = (file.metadata() or {})[_KEY]
            arrays = {name: np.asarray(file.get_tensor(name)) for name in file.keys()}
        return decoded_by_name(about, arrays)
    except (safetensors.SafetensorError, *_DECODING_ERRORS) as error:
        raise ValueError(
            f"path must be a file of save_weights. Got {str(path)!r} "
            f"({type(error).__name__}: {error})."
        ) from error


def _safetensors():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "save_weights and from_weights need safetensors: "
            "python -m pip install 'softeq-sklearn[persistence]'"
        ) from error
    return safetensors
