"""What a file of weights has of a fitted estimator, and the estimator that it makes."""

from __future__ import annotations

import hashlib
from numbers import Integral

import numpy as np

from softeq_sklearn import __version__
from softeq_sklearn.estimators._fit_tasks import CALLBACK_ATTRIBUTES
from softeq_sklearn.estimators._plain_net import net_from
from softeq_sklearn.estimators._versions import warn_of_another_version
from softeq_sklearn.groups import Group
from softeq_sklearn.representations import ColumnSchema, Rep

# Attributes that follow from parameters.
_RESOLVED = {
    "_exact",
    "_fit_parameters",
    "_held",
    "_strengths",
    "_structure",
    "_groups",
    "_rep_in",
    "_rep_out",
    "_dim",
    "_shaping",
    "_hidden",
}
# What a file that was changed leads to.
_FILLING_ERRORS = AttributeError, IndexError, KeyError, RuntimeError, TypeError
_SIMPLE = bool, int, float, str, np.number, np.bool_, Rep, ColumnSchema, type(None)


def contents_of(estimator):
    """Return what a file has of a fitted estimator.

    Parameters
    ----------
    estimator : BaseEquivariantEstimator
        Fitted.

    Returns
    -------
    dict
        Of texts, numbers, arrays and records.

    Raises
    ------
    ValueError
        If its network is not plain data.
    """
    state = estimator.__getstate__()
    if not isinstance(state["net_"], dict):
        raise ValueError(
            f"save_weights needs a network of ours and regularizer='projection'. Got {estimator!r}."
        )
    parameters = estimator.get_params(deep=False) | estimator._fit_parameters
    parameters["callbacks"] = parameters["checkpoint"] = None
    if not isinstance(parameters["random_state"], Integral):
        parameters["random_state"] = None
    simple = {name: value for name, value in parameters.items() if _is_simple(value)}
    fitted = {
        name: value
        for name, value in state.items()
        if name not in {*parameters, *_RESOLVED, *CALLBACK_ATTRIBUTES}
    }
    return {
        "class": type(estimator).__name__,
        "version": __version__,
        "parameters": simple,
        "needed": [name for name in parameters if name not in simple],
        "structure": in_words(estimator._structure),
        "fitted": fitted,
    }


def estimator_from(cls, contents, parameters):
    """Return the fitted estimator of a file.

    Parameters
    ----------
    cls : type
        Class of the estimator.
    contents : dict
        What the file has.
    parameters : dict
        Parameters of the constructor that the user gives.

    Returns
    -------
    estimator

    Raises
    ------
    ValueError
        If they do not go together.
    """
    _check_parts(contents)
    if contents["class"] != cls.__name__:
        raise ValueError(
            f"path must be a file of a {cls.__name__}. Got one of a {contents['class']}."
        )
    warn_of_another_version(cls.__name__, contents["version"])
    missing = [name for name in contents["needed"] if name not in parameters]
    if missing:
        raise ValueError(
            f"{' and '.join(missing)} must be given as in the constructor, since no file holds "
            f"them. Got {list(parameters)}."
        )
    strange = set(contents["parameters"]) - set(cls._get_param_names())
    if strange:
        raise ValueError(f"path must be a file of save_weights. Got parameters {strange}.")
    estimator = cls(**contents["parameters"] | parameters)
    estimator._validate_params()
    try:
        _fill(estimator, contents["structure"], dict(contents["fitted"]))
    except _FILLING_ERRORS as error:
        raise ValueError(
            "path must be a file of save_weights as it was written. "
            f"Got {type(error).__name__}: {error}"
        ) from error
    return estimator


def _check_parts(contents):
    """Refuse what has not the parts of a file, of their types."""
    kinds = {"class": str, "version": str, "parameters": dict, "needed": list, "structure": dict}
    for name, kind in (kinds | {"fitted": dict}).items():
        if not isinstance(contents.get(name), kind):
            raise ValueError(
                f"path must be a file of save_weights, with the part {name!r}. "
                f"Got {contents.get(name)!r:.100}."
            )
    names = [*contents["needed"], *contents["parameters"], *contents["fitted"]]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"path must be a file of save_weights. Got names {names!r:.100}.")


def _fill(estimator, structure, fitted):
    """Give an estimator the attributes of its fit."""
    net = fitted.pop("net_")
    for name in fitted:
        if not name.isidentifier() or callable(getattr(type(estimator), name, None)):
            raise ValueError(f"path must be a file of save_weights. Got an attribute {name!r}.")
    vars(estimator).update(fitted)
    n_in, n_out = (len(fitted[name].offset) for name in ("_scale_in", "_scale_out"))
    estimator._resolve(n_in, n_out, keep=False, left_out=fitted["_left_out"])
    _check_same(structure, in_words(estimator._structure))
    _check_columns(fitted, n_in, n_out)
    estimator.net_ = net_from(estimator, net)
    if not np.isfinite(estimator._function()(np.zeros((1, n_in)))).all():
        raise ValueError("path must be a file of save_weights. Got weights that are no numbers.")


def _check_columns(fitted, n_in, n_out):
    """Refuse what says of columns and targets what no fit says."""
    labels = fitted.get("classes_"), n_out
    names = fitted.get("feature_names_in_"), n_in
    right = [
        fitted["n_features_in_"] == n_in,
        isinstance(fitted["_schema_in"], ColumnSchema | None),
        "classes_" in fitted or isinstance(fitted["_one_dimensional"], bool),
        *(array is None or _has_shape(array, (n,)) for array, n in (labels, names)),
    ]
    for name, n in (("_scale_in", n_in), ("_scale_out", n_out)):
        scale = fitted[name]
        right += [_is_finite(array, (n,)) for array in (scale.offset, scale.factor)]
    if not all(right):
        raise ValueError("path must be a file of save_weights. Got columns that do not fit.")


def _has_shape(array, shape):
    return isinstance(array, np.ndarray) and array.shape == shape


def _is_finite(array, shape):
    return _has_shape(array, shape) and array.dtype == np.float64 and np.isfinite(array).all()


def _is_simple(value):
    """Whether a parameter is in the file, such as a dict of strengths."""
    if isinstance(value, dict):
        return all(_is_simple(entry) for entry in value.values())
    return isinstance(value, _SIMPLE)


def in_words(value):
    """Return what tells structures apart, as texts; of groups a digest of their generators.

    Parameters
    ----------
    value : object
        Groups, representations, numbers, and dicts and lists of them.

    Returns
    -------
    str, or a dict or list of such
    """
    if isinstance(value, dict):
        return {name: in_words(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_words(entry) for entry in value]
    if isinstance(value, Group):
        digest = hashlib.sha256(value.lie_algebra.tobytes())
        digest.update(value.discrete_generators.tobytes())
        return f"{value!r}, generators {digest.hexdigest()[:16]}"
    return repr(value.item() if isinstance(value, np.generic) else value)


def _check_same(saved, given):
    candidates = saved.get("groups"), given["groups"]
    if candidates[0] != candidates[1] and sorted(map(str, candidates[0])) == sorted(
        map(str, candidates[1])
    ):
        orders = [[name for name, _ in groups] for groups in candidates]
        raise ValueError(
            f"The groups must stand in the order of the file, {', '.join(orders[0])}. "
            f"Got {', '.join(orders[1])}."
        )
    changed = [
        f"{name}: {given[name]} for a file with {saved[name]}"
        for name in given
        if given[name] != saved[name]
    ]
    if changed:
        raise ValueError(f"The parameters must be those of the file. Got {'; '.join(changed)}.")
