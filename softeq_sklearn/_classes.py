"""Class labels: which there are, whether they suffice, and labels as numbers."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._missing import is_pandas_na, is_scalar_nan

from softeq_sklearn._warnings import warn_user
from softeq_sklearn.representations import ColumnSchema


def one_hot(y, classes):
    """Return the probabilities of rows whose class is known: a one beside zeros.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    classes : ndarray of shape (n_classes,)
        All classes.

    Returns
    -------
    ndarray of float64 of shape (n_samples, n_classes)

    Raises
    ------
    ValueError
        If a label is missing or none of the classes.
    """
    check_labels(y)
    y = np.asarray(y).reshape(-1)
    strange = np.setdiff1d(y, classes)
    if len(strange):
        raise ValueError(
            f"y must have the classes {classes.tolist()} only. Got {strange.tolist()}, too."
        )
    return (y[:, None] == classes).astype(np.float64)


def classes_of(y):
    """Return the sorted classes of labels that are no numbers, None for numbers.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels or numbers.

    Returns
    -------
    ndarray or None

    Raises
    ------
    ValueError
        If some labels are missing.
    """
    y = np.asarray(y)
    if y.dtype.kind not in "OSU" or (y.ndim > 1 and y.shape[1] != 1):
        return None
    try:
        y.astype(np.float64)
    except (TypeError, ValueError):
        check_labels(y)
        return np.unique(y)
    return None


def check_labels(y, name="y"):
    """Refuse missing labels, which neither sort nor compare.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    name : str, default="y"
        What they are called, for the message.

    Raises
    ------
    ValueError
        If a label is None, NaN or what pandas has for a missing value.
    """
    labels = np.asarray(y).reshape(-1)
    if labels.dtype.kind == "f":
        missing = np.flatnonzero(np.isnan(labels))
    elif labels.dtype.kind == "O":
        missing = np.flatnonzero([_is_missing(label) for label in labels])
    else:
        return
    if len(missing):
        raise ValueError(
            f"{name} must have no missing labels. Got {len(missing)} of {len(labels)} missing "
            f"(None or NaN), the first at position {missing[0]}."
        )


def _is_missing(label):
    return label is None or is_pandas_na(label) or is_scalar_nan(label)


def check_class_names(rep_out, classes):
    """Refuse a schema whose names are not the classes, in their order.

    Parameters
    ----------
    rep_out : Rep, ColumnSchema, str or None
        What a user gave as the representation of classes; only a schema has names.
    classes : ndarray of shape (n_classes,)
        All classes, sorted.

    Raises
    ------
    ValueError
        If a name is no class as a text, or not at its place.
    """
    if not isinstance(rep_out, ColumnSchema):
        return
    names, labels = list(rep_out.names), [str(label) for label in classes]
    if names == labels:
        return
    strange = [name for name in names if name not in labels]
    missing = [label for label in labels if label not in names]
    differences = [f"{strange} are no classes"] * bool(strange)
    differences += [f"{missing} have no name"] * bool(missing)
    difference = " and ".join(differences) or "labels that sort in this order would fit"
    raise ValueError(
        f"rep_out must name the sorted classes of y, {labels}. Got {names}; {difference}."
    )


def check_class_counts(y, n_folds):
    """Refuse folds that no class has enough rows for, and warn of classes that have not.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels.
    n_folds : int or object
        Number of stratified folds; anything else is not looked at.

    Raises
    ------
    ValueError
        If all classes have fewer rows than there are folds.

    Warns
    -----
    UserWarning
        If some have: they are not in each fold.
    """
    if not isinstance(n_folds, Integral):
        return
    classes, counts = np.unique(np.asarray(y).reshape(-1), return_counts=True)
    rows = dict(zip(classes.tolist(), counts.tolist(), strict=True))
    if counts.max() < n_folds:
        raise ValueError(
            f"cv must be at most {counts.max()}, the number of rows of the most frequent class. "
            f"Got {n_folds} and the classes {rows}."
        )
    rare = {name: count for name, count in rows.items() if count < n_folds}
    if rare:
        warn_user(
            f"The classes {rare} have fewer rows than the {n_folds} folds: losses of some folds "
            "say nothing of them. Take fewer folds, or join rare classes."
        )
