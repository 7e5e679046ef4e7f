"""Values of estimators and of fits as arrays and JSON, and back."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from importlib import import_module

import numpy as np

from softeq_sklearn.representations import ColumnSchema, Rep

# Parts of fitted estimators that are records of values, by package.
RECORDS = {
    "estimators._exploration": ("Exploration",),
    "levels": ("Findings", "LevelEstimate", "Levels", "Support", "UnseenResiduals"),
    "preprocessing._column_scaling": ("ColumnScaling",),
}
_MAX_CHARACTERS = 2**24
_SEQUENCES = {"list": list, "tuple": tuple, "set": set}


def record_kinds():
    """Return the classes of records, a dict from name to class."""
    return {
        name: getattr(import_module(f"softeq_sklearn.{home}"), name)
        for home, names in RECORDS.items()
        for name in names
    }


def encoded(value, arrays):
    """Return a value as what JSON can hold; arrays of numbers are put beside it.

    Parameters
    ----------
    value : object
        Numbers, texts, arrays, records, and containers of them.
    arrays : dict of str to ndarray
        Takes the arrays, under new names.

    Returns
    -------
    object

    Raises
    ------
    TypeError
        If there is anything else in the value.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _encoded_array(value, arrays)
    if isinstance(value, np.random.RandomState):
        return {"random state": encoded(value.get_state(legacy=False), arrays)}
    if isinstance(value, dict):
        return {"dict": [[encoded(k, arrays), encoded(v, arrays)] for k, v in value.items()]}
    if type(value) in _SEQUENCES.values():
        entries = sorted(value) if isinstance(value, set) else value
        return {type(value).__name__: [encoded(entry, arrays) for entry in entries]}
    if isinstance(value, Rep):
        return {"representation": repr(value)}
    if isinstance(value, ColumnSchema):
        return {"schema": encoded(value.__getstate__(), arrays)}
    if is_dataclass(value) and type(value).__name__ in record_kinds():
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        return {"record": [type(value).__name__, encoded(parts, arrays)]}
    raise TypeError(f"value must be made of numbers, texts and arrays. Got {value!r}.")


def decoded(value, arrays):
    """Undo `encoded`.

    Parameters
    ----------
    value : object
        What `encoded` has returned, from a file that nobody needs to trust.
    arrays : dict of str to ndarray
        The arrays, of which each is taken out where it belongs.

    Returns
    -------
    object

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError, RecursionError
        If `encoded` cannot have returned that.
    """
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return np.array(arrays.pop(content))  # once: else a short file could ask for any memory
    if kind == "texts":
        return _texts(*content)
    if kind == "random state":
        return _random_state(decoded(content, arrays))
    if kind == "dict":
        return {decoded(k, arrays): decoded(v, arrays) for k, v in content}
    if kind in _SEQUENCES:
        return _SEQUENCES[kind](decoded(entry, arrays) for entry in content)
    if kind == "representation":
        return Rep.parse(content)
    if kind == "schema":
        schema = object.__new__(ColumnSchema)
        schema.__setstate__(decoded(content, arrays))
        return schema
    if kind == "record":
        name, parts = content
        return record_kinds()[name](**decoded(parts, arrays))
    raise ValueError(f"A value must be of a kind that files of this package hold. Got {kind!r}.")


def decoded_by_name(text, arrays):
    """Undo `encoded` of a dict that was written as JSON.

    Parameters
    ----------
    text : str or bytes
        The JSON.
    arrays : dict of str to ndarray
        The arrays.

    Returns
    -------
    dict

    Raises
    ------
    TypeError
        If it is no dict; or any error of :func:`decoded`.
    """
    content = decoded(json.loads(text), arrays)
    if not isinstance(content, dict):
        raise TypeError(f"there are no values by name, but {content!r:.100}")
    return content


def _texts(texts, is_object):
    """Texts as an array, all of whose entries take the memory of the longest."""
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"Texts must be of type str. Got {texts!r:.100}.")
    if len(texts) * max(map(len, texts), default=0) > _MAX_CHARACTERS:
        raise ValueError(f"Texts must have {_MAX_CHARACTERS} characters at most.")
    return np.array(texts, dtype=object if is_object else str)


def _random_state(content):
    """A generator in a state that numpy, which does not look, can go on from."""
    state, generator = content["state"], np.random.RandomState()
    key = state["key"]
    good = isinstance(key, np.ndarray) and key.shape == (624,) and key.dtype == np.uint32
    if not good or type(state["pos"]) is not int or not 0 <= state["pos"] <= 624:
        raise ValueError("The state of a generator must be 624 numbers and a position in them.")
    generator.set_state(content)
    return generator


def _encoded_array(value, arrays):
    if value.dtype.kind in "OU":
        texts = value.tolist()
        if value.ndim != 1 or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"Arrays of objects must hold texts. Got {value!r}.")
        return {"texts": [texts, value.dtype.kind == "O"]}
    name = f"array {len(arrays)}"
    arrays[name] = np.ascontiguousarray(value).reshape(value.shape)
    return {"array": name}
