"""Warnings that point at the line of the user's code."""

from __future__ import annotations

import sys
import warnings

# Whose frames lie between a user's line and a warning of ours.
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
        The class, where the message is none itself.
    """
    frame, depth = sys._getframe(1), 2
    while frame.f_back is not None and _is_between(frame):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, category, stacklevel=depth)


def _is_between(frame):
    return frame.f_globals.get("__name__", "").split(".")[0] in _BETWEEN
