"""Warnings that point at the line of the user's code."""

from __future__ import annotations

import sys
import warnings

# Packages whose frames may stand between the user's line and our warning.
_BETWEEN = {"softeq_sklearn", "sklearn", "skorch", "torch", "joblib", "contextlib", "functools"}


def warn_user(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the innermost line that is not of this package or one of those that it is built on.

    How many frames there are in between differs between methods, and between versions of
    scikit-learn. `skip_file_prefixes` does this from Python 3.12 on.

    Parameters
    ----------
    message : str or Warning
        What to say.
    category : type of Warning, default=UserWarning
        Its class; not used if the message is a Warning.
    """
    frame, depth = sys._getframe(1), 2
    while frame.f_back is not None and _is_between(frame):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, category, stacklevel=depth)


def _is_between(frame):
    return frame.f_globals.get("__name__", "").split(".")[0] in _BETWEEN
