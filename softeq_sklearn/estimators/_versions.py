"""A warning where another version of the package has saved an estimator."""

from __future__ import annotations

from softeq_sklearn import __version__
from softeq_sklearn._warnings import warn_user
from softeq_sklearn.exceptions import InconsistentVersionWarning


def warn_of_another_version(name, version):
    """Warn if an estimator was saved with another version than this one.

    Parameters
    ----------
    name : str
        Class of the estimator.
    version : str or None
        What it was saved with; None if that is not known.
    """
    if version != __version__:
        warn_user(InconsistentVersionWarning(name, __version__, version))
