"""How the network stores features: sorted by tensor type, channel by channel, samples last.

Users write rows, with columns in any order. Inside the network an array of features has shape
(n_features, n_samples): the features of one tensor type stand together, those of one channel
within them. A mix of channels is then one matrix product, and a product of tensors works on whole
rows of samples, contiguous in memory, however few components a tensor has.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from softeq_sklearn.projection._types import SIZE, UNIT, UNIT_DUAL_POINT
from softeq_sklearn.representations import Rep
from softeq_sklearn.representations._layout import point_columns
from softeq_sklearn.representations._words import COVECTOR, DUAL_POINT, POINT, VECTOR

# What a block of weights is called where features were divided by their row's size.
_OF_UNIT_SIZE = {VECTOR: UNIT, DUAL_POINT: UNIT_DUAL_POINT, SIZE: SIZE}


@dataclass(frozen=True)
class FeatureLayout:
    """Channels of each tensor type, in the order in which the network stores them.

    Parameters
    ----------
    dim : int
        Dimension d of the base space V.
    types : tuple of tuple of int
        One word of letters per tensor type: 1 for an axis in V, -1 for one in its dual, 2 for the
        mean of the Points, 5 for the logarithm of the row's size, an axis of dimension 1. Words
        are sorted (V before its dual); the empty word is a scalar.
    channels : tuple of int
        Number of channels of each type.
    unit_size : bool, default=False
        Whether features were divided by powers of their row's size, so that conformal groups act
        by their orthogonal part, see :class:`~softeq_sklearn.nn.RowSize`.

    Raises
    ------
    ValueError
        If the types are not sorted.

    Examples
    --------
    >>> layout = FeatureLayout(3, ((), (1,)), (4, 2))
    >>> layout.size
    10
    >>> layout.slice_of((1,))
    slice(4, 10, None)
    """

    dim: int
    types: tuple[tuple[int, ...], ...]
    channels: tuple[int, ...]
    unit_size: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if list(self.types) != sorted(self.types, key=_type_order):
            raise ValueError(
                "types must be sorted by rank, V before its dual (see from_channels). "
                f"Got {self.types}."
            )

    def components(self, word: tuple[int, ...]) -> int:
        """Number of components of one channel of a type.

        Parameters
        ----------
        word : tuple of int
            The type.

        Returns
        -------
        int
            Dimension d to the power of the number of axes, without that of letter 5.
        """
        return self.dim ** (len(word) - word.count(SIZE))

    @property
    def size(self) -> int:
        """Total number of features."""
        return sum(self.sizes)

    @property
    def sizes(self) -> list[int]:
        """Number of features of each type."""
        return [
            c * self.components(word) for word, c in zip(self.types, self.channels, strict=True)
        ]

    def slice_of(self, word: tuple[int, ...]) -> slice:
        """Positions of all features of a type.

        Parameters
        ----------
        word : tuple of int
            The type.

        Returns
        -------
        slice
            Of the features.

        Raises
        ------
        ValueError
            If the layout does not have the type.
        """
        here = self.types.index(word)
        start = sum(self.sizes[:here])
        return slice(start, start + self.sizes[here])

    def channels_of(self, word: tuple[int, ...]) -> int:
        """Number of channels of a type.

        Parameters
        ----------
        word : tuple of int
            The type.

        Returns
        -------
        int
            0 for a type that the layout does not have.
        """
        return dict(zip(self.types, self.channels, strict=True)).get(word, 0)

    def index_of(self, word: tuple[int, ...]) -> np.ndarray:
        """Positions of the features of a type, by channel and component.

        Parameters
        ----------
        word : tuple of int
            The type.

        Returns
        -------
        ndarray of int of shape (n_channels, d, ..., d)
            With an axis for each letter; that of letter 5 has length 1.

        Raises
        ------
        ValueError
            If the layout does not have the type.
        """
        here = self.slice_of(word)
        axes = [1 if letter == SIZE else self.dim for letter in word]
        return np.arange(here.start, here.stop).reshape(self.channels_of(word), *axes)

    def with_scalars(self, n_scalars: int) -> FeatureLayout:
        """Return the same layout with more scalar channels, placed after those that are there.

        Parameters
        ----------
        n_scalars : int
            How many more.

        Returns
        -------
        FeatureLayout
            The wider layout.
        """
        channels = dict(zip(self.types, self.channels, strict=True))
        channels[()] = channels.get((), 0) + n_scalars
        wider = FeatureLayout.from_channels(self.dim, channels)
        return replace(wider, unit_size=self.unit_size)

    def of_unit_size(self) -> FeatureLayout:
        """Return the same layout for features that were divided by their row's size.

        Returns
        -------
        FeatureLayout
            With `unit_size` true.
        """
        return replace(self, unit_size=True)

    @property
    def has_points(self) -> bool:
        """Whether the mean of Points is among the features."""
        return (POINT,) in self.types

    def with_size(self) -> FeatureLayout:
        """Return the same layout with the logarithm of the row's size as one more feature.

        Returns
        -------
        FeatureLayout
            With `unit_size` true.
        """
        channels = dict(zip(self.types, self.channels, strict=True)) | {(SIZE,): 1}
        return FeatureLayout.from_channels(self.dim, channels).of_unit_size()

    @classmethod
    def from_channels(cls, dim: int, channels: dict[tuple[int, ...], int]) -> FeatureLayout:
        """Sort the types by rank, then V before its dual.

        Parameters
        ----------
        dim : int
            Dimension d of V.
        channels : dict of tuple of int to int
            Number of channels of each type; a type without channels is left out.

        Returns
        -------
        FeatureLayout
            The layout.
        """
        words = sorted((word for word, c in channels.items() if c), key=_type_order)
        return cls(dim, tuple(words), tuple(int(channels[w]) for w in words))


def _type_order(word: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return len(word), tuple(-letter for letter in word)


def canonical_word(word: tuple[int, ...], orthogonal: bool) -> tuple[tuple[int, ...], np.ndarray]:
    """Sorted word and the axis order that sorts it.

    Where every candidate group is orthogonal, V and its dual are the same representation, so
    that all words of one length are one type.
    """
    letters = tuple(abs(x) if orthogonal else x for x in word)
    order = np.array(
        sorted(range(len(letters)), key=lambda i: (letters[i] in (DUAL_POINT, SIZE), -letters[i])),
        dtype=np.intp,
    )
    return tuple(letters[i] for i in order), order


def block_word(word: tuple[int, ...], unit_size: bool) -> tuple[int, ...]:
    """What `type_basis` calls the type of a block of weights between two layouts."""
    return tuple(_OF_UNIT_SIZE[letter] for letter in word) if unit_size else word


def size_weight(word: tuple[int, ...]) -> int:
    """Power of rho by which an element rho R of a conformal group multiplies a tensor."""
    return sum(-1 if letter == COVECTOR else 1 for letter in word)


@dataclass(frozen=True)
class ColumnMap:
    """Where each feature of a layout stands among the columns that the user wrote.

    Parameters
    ----------
    layout : FeatureLayout
        The layout of the network.
    columns : ndarray of shape (n_features,)
        For each feature of the layout the column of the user.
    point_slots : ndarray of shape (n_points, d)
        For each Point the features of the layout that hold its coordinates.
    weights : ndarray of shape (n_features,)
        For each feature the power of rho by which an element rho R of a conformal group multiplies
        it: p - q for T(p, q), 1 for Points. Features of one type may differ in it where V and its
        dual are stored as one.
    """

    layout: FeatureLayout
    columns: np.ndarray
    point_slots: np.ndarray
    weights: np.ndarray


def input_map(rep: Rep, dim: int, orthogonal: bool) -> ColumnMap:
    """Sort the columns of an input by tensor type.

    k Points take one slot of type POINT and k - 1 slots of type V: `InputColumns` turns them into
    their mean, the only part that a translation moves, and differences, which are Vectors.
    """
    pieces, points = _collect(rep, dim, orthogonal)
    if len(points):
        pieces[(POINT,)] = [points[:1]]
        pieces.setdefault((VECTOR,), []).append(points[1:])
    return _assemble(rep, pieces, points, dim)


def output_map(rep: Rep, dim: int, orthogonal: bool) -> ColumnMap:
    """Sort the columns of an output by tensor type; a Point is stored as a Vector (an offset)."""
    pieces, points = _collect(rep, dim, orthogonal)
    if len(points):
        pieces.setdefault((VECTOR,), []).append(points)
    return _assemble(rep, pieces, points, dim)


def _collect(
    rep: Rep, dim: int, orthogonal: bool
) -> tuple[dict[tuple[int, ...], list[np.ndarray]], np.ndarray]:
    """Columns of each tensor type, arrays of shape (n_channels, n_components), and the Points'."""
    pieces: dict[tuple[int, ...], list[np.ndarray]] = {}
    for block in rep.blocks(dim):
        if POINT in block.word:
            continue
        if DUAL_POINT in block.word:
            raise ValueError(
                "Columns may not be the dual of a Point, on which translations have no linear "
                f"action. Got the representation {rep!r}; use Vector.T for covectors."
            )
        word, order = canonical_word(block.word, orthogonal)
        index = block.index.reshape(-1, *(dim,) * len(word))
        index = index.transpose(0, *(order + 1)).reshape(len(index), -1)
        pieces.setdefault(word, []).append(index)
    return pieces, point_columns(rep, dim)


def _assemble(
    rep: Rep, pieces: dict[tuple[int, ...], list[np.ndarray]], points: np.ndarray, dim: int
) -> ColumnMap:
    stacked = {word: np.concatenate(parts) for word, parts in pieces.items()}
    layout = FeatureLayout.from_channels(dim, {word: len(rows) for word, rows in stacked.items()})
    columns = np.concatenate([stacked[word].reshape(-1) for word in layout.types])
    slot_of_column = np.argsort(columns)
    weights = np.zeros(len(columns), dtype=np.int64)
    for block in rep.blocks(dim):
        weights[slot_of_column[block.index]] = size_weight(block.word)
    return ColumnMap(layout, columns.astype(np.int64), slot_of_column[points], weights)
