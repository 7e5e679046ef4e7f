"""Fixed spaces on disk, which many processes share: opt in by an environment variable."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

from joblib import Memory

from softeq_sklearn import __version__
from softeq_sklearn.groups import Group
from softeq_sklearn.projection._orbits import OrbitSpace
from softeq_sklearn.projection._solver import DenseSpace
from softeq_sklearn.representations._words import Word

# Names the directory. Workers of a search inherit it, whatever starts them.
LOCATION = "SOFTEQ_SKLEARN_CACHE"


def from_disk(
    solve: Callable[[Word, Group], DenseSpace | OrbitSpace], word: Word, group: Group
) -> DenseSpace | OrbitSpace:
    """Return ``solve(word, group)``, from the directory if it is there; kept there if not.

    Without a directory in the environment nothing is read or written.

    Raises
    ------
    ValueError
        If the environment names something that cannot be such a directory.
    """
    location = os.environ.get(LOCATION)
    if not location:
        return solve(word, group)
    # A text, since joblib's hash of nested tuples depends on which parts are one object. Other
    # versions may solve in other ways.
    content = repr((__version__, tuple(map(int, word)), group.key))
    return _kept_in(location)(sha256(content.encode()).hexdigest(), solve, word, group)


@cache
def _kept_in(location: str) -> Callable[..., Any]:
    try:
        memory = Memory(location, verbose=0)
    except OSError as error:
        raise ValueError(
            f"{LOCATION} must name a directory that can be made and written to. Got {location!r}."
        ) from error
    return memory.cache(_solved, ignore=["solve", "word", "group"])


def _solved(digest: str, solve: Callable[[Word, Group], Any], word: Word, group: Group) -> Any:
    return solve(word, group)
