"""Fixed spaces that were solved before, by content of the generators, bounded in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import NamedTuple

from softeq_sklearn.projection._orbits import OrbitSpace
from softeq_sklearn.projection._solver import DenseSpace

# Least recently used entries are dropped above these. Spaces that hold nothing but zero take no
# bytes, but a key.
MAX_CACHE_BYTES = 2**28
MAX_CACHE_ENTRIES = 10_000


class CacheInfo(NamedTuple):
    """Use of the cache since it was last cleared."""

    hits: int
    misses: int
    n_entries: int
    n_bytes: int


class _Cache:
    """Values by key, the least recently used dropped when they take too much memory."""

    def __init__(self) -> None:
        self._lock = RLock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._entries: OrderedDict[Hashable, DenseSpace | OrbitSpace] = OrderedDict()
            self._hits = self._misses = self._bytes = 0

    def get(
        self, key: Hashable, solve: Callable[[], DenseSpace | OrbitSpace]
    ) -> DenseSpace | OrbitSpace:
        with self._lock:
            if key in self._entries:
                self._hits += 1
                self._entries.move_to_end(key)
                return self._entries[key]
            self._misses += 1
        value = solve()
        with self._lock:
            self._store(key, value)
        return value

    def _store(self, key: Hashable, value: DenseSpace | OrbitSpace) -> None:
        if key in self._entries or value.nbytes > MAX_CACHE_BYTES:
            return
        self._entries[key] = value
        self._bytes += value.nbytes
        while self._bytes > MAX_CACHE_BYTES or len(self._entries) > MAX_CACHE_ENTRIES:
            self._bytes -= self._entries.popitem(last=False)[1].nbytes

    def info(self) -> CacheInfo:
        with self._lock:
            return CacheInfo(self._hits, self._misses, len(self._entries), self._bytes)


cache = _Cache()


def clear_cache() -> None:
    """Forget all fixed spaces that this process has solved; those on disk stay.

    Examples
    --------
    >>> from softeq_sklearn.projection import cache_info, clear_cache
    >>> clear_cache()
    >>> cache_info()
    CacheInfo(hits=0, misses=0, n_entries=0, n_bytes=0)
    """
    cache.clear()


def cache_info() -> CacheInfo:
    """Return hits, misses, number of entries and bytes of the cache.

    Fixed spaces of tensor types are kept by word and by content of the generators, never by a
    name. At most 256 MB are kept; the least recently used ones go first.

    Each process has a cache of its own. Where the environment variable ``SOFTEQ_SKLEARN_CACHE``
    names a directory, spaces that are not in memory are looked for there before they are solved,
    and kept there (:class:`joblib.Memory`): a search with many workers then solves each about once.
    The files are pickles, so the directory has to be one that only you can write to. It may be
    deleted at any time.

    Returns
    -------
    CacheInfo
        A named tuple ``(hits, misses, n_entries, n_bytes)``, the last in bytes.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.projection import cache_info, clear_cache, type_basis
    >>> clear_cache()
    >>> first, second = type_basis((1, 1), SO(3)), type_basis((1, 1), SO(3))
    >>> cache_info().hits, cache_info().misses
    (1, 1)
    """
    return cache.info()
