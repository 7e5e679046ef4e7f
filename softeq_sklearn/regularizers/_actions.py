"""How a group acts on the columns that a module sees, which are often scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import Group
from softeq_sklearn.groups._validation import check_integer
from softeq_sklearn.representations import Rep, as_representation

# 2^27 numbers of 8 bytes are 1 GB.
_MAX_ENTRIES = 2**27


class ColumnScaling(Protocol):
    """Columns x_s = (x - offset) / factor, as any library keeps them."""

    @property
    def offset(self) -> ArrayLike:
        """Numbers o, of shape (n_columns,)."""

    @property
    def factor(self) -> ArrayLike:
        """Numbers f, of shape (n_columns,)."""


@dataclass(frozen=True, eq=False)
class AffineMaps:
    """Maps x -> M x + t of columns.

    Parameters
    ----------
    matrix : torch.Tensor of shape (n_maps, n_columns, n_columns)
        The matrices M.
    shift : torch.Tensor of shape (n_maps, n_columns)
        The shifts t.

    Examples
    --------
    >>> import torch
    >>> from softeq_sklearn.regularizers import AffineMaps
    >>> maps = AffineMaps(2 * torch.eye(3)[None], torch.ones(1, 3))
    >>> maps(torch.zeros(5, 3)).shape
    torch.Size([1, 5, 3])
    """

    matrix: torch.Tensor
    shift: torch.Tensor

    def __len__(self) -> int:
        return len(self.matrix)

    def __getitem__(self, index: slice | torch.Tensor) -> AffineMaps:
        return AffineMaps(self.matrix[index], self.shift[index])

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Map rows to an array of shape (n_maps, n_samples, n_columns).

        Rows of shape (n_samples, n_columns) go through every map; of rows of shape
        (n_maps, n_samples, n_columns), each stack goes through its own.
        """
        return rows @ self.matrix.mT + self.shift[:, None]

    def to(self, device: torch.device | str, dtype: torch.dtype) -> AffineMaps:
        """Return the maps on a device, in a precision.

        Parameters
        ----------
        device : torch.device or str
            The device.
        dtype : torch.dtype
            The precision.

        Returns
        -------
        AffineMaps
            Copies, or the same tensors where nothing changes.
        """
        return AffineMaps(self.matrix.to(device, dtype), self.shift.to(device, dtype))


@dataclass(frozen=True, eq=False)
class GroupActions:
    """The maps by which one group acts on the rows that a module gets and returns.

    Made by :func:`group_actions`.

    Parameters
    ----------
    group : Group
        The group.
    elements_in, elements_out : AffineMaps
        A pool of sampled elements, on the columns of the input and of the output.
    lie_in, lie_out : AffineMaps
        The generators of the Lie algebra; they map x to the velocity with which it starts to move.
    discrete_in, discrete_out : AffineMaps
        The discrete generators.

    Examples
    --------
    >>> from softeq_sklearn.groups import O
    >>> from softeq_sklearn.regularizers import group_actions
    >>> actions = group_actions(O(3), "2*Vector", "Scalar", 16, random_state=0)
    >>> len(actions.elements_in), len(actions.lie_in), len(actions.discrete_in)
    (16, 3, 1)
    >>> actions.n_in, actions.n_out
    (6, 1)
    """

    group: Group
    elements_in: AffineMaps
    elements_out: AffineMaps
    lie_in: AffineMaps
    lie_out: AffineMaps
    discrete_in: AffineMaps
    discrete_out: AffineMaps

    @property
    def n_in(self) -> int:
        """Number of columns of the input."""
        return self.elements_in.shift.shape[1]

    @property
    def n_out(self) -> int:
        """Number of columns of the output."""
        return self.elements_out.shift.shape[1]

    def with_elements(self, index: slice | torch.Tensor) -> GroupActions:
        """Return the same actions with some elements of the pool only.

        Parameters
        ----------
        index : torch.Tensor of int of shape (n_chosen,) or slice
            Which elements.

        Returns
        -------
        GroupActions
            With a smaller pool.
        """
        return replace(
            self, elements_in=self.elements_in[index], elements_out=self.elements_out[index]
        )

    def to(self, device: torch.device | str, dtype: torch.dtype) -> GroupActions:
        """Return the actions on a device, in a precision.

        Parameters
        ----------
        device : torch.device or str
            The device.
        dtype : torch.dtype
            The precision.

        Returns
        -------
        GroupActions
            Copies, or the same tensors where nothing changes.
        """
        maps = {n: m for n, m in vars(self).items() if isinstance(m, AffineMaps)}
        return GroupActions(self.group, **{n: m.to(device, dtype) for n, m in maps.items()})


def group_actions(
    group: Group,
    rep_in: Rep | str,
    rep_out: Rep | str,
    n_elements: int,
    random_state: int | np.random.RandomState | None = None,
    scale_in: ColumnScaling | None = None,
    scale_out: ColumnScaling | None = None,
) -> GroupActions:
    r"""Make the maps by which a group acts on the rows of a module.

    A module that was trained on scaled columns :math:`x_s = (x - o) / f` sees an element
    :math:`x \mapsto M x + t` and a generator of the Lie algebra :math:`x \mapsto A x + a` as

    .. math::
        x_s \mapsto \frac{M (f x_s + o) + t - o}{f}, \qquad x_s \mapsto \frac{A (f x_s + o) + a}{f}.

    That is a change of variables; docs/scaling.md says how estimators scale columns.

    Parameters
    ----------
    group : Group
        The group.
    rep_in, rep_out : Rep or str
        How it acts on the columns of the input and of the output, in the user's units.
    n_elements : int
        Number of elements, drawn by ``group.sample``, which says from which distribution.
        Translations are of the size that it gives in the user's units.
    random_state : int, RandomState instance or None, default=None
        Governs which elements are drawn.
    scale_in, scale_out : object or None, default=None
        The scaling of the module's input and output: any object with arrays `offset` and `factor`
        of shape (n_columns,). None is no scaling.

    Returns
    -------
    GroupActions
        Maps in float64, on the CPU.

    Raises
    ------
    ValueError
        If there is no element to draw, or a scaling has another shape, a factor of 0 or entries
        that are not finite.
    ProblemTooLargeError
        If the matrices would have more than 2^27 entries.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> from softeq_sklearn.groups import Translation
    >>> from softeq_sklearn.regularizers import group_actions
    >>> cm = SimpleNamespace(offset=[0.0, 0.0], factor=[0.01, 0.01])
    >>> actions = group_actions(Translation(2), "Point", "Scalar", 1, 0, scale_in=cm)
    >>> actions.lie_in.shift  # a move by one metre, in centimetres
    tensor([[100.,   0.],
            [  0., 100.]], dtype=torch.float64)
    """
    if not isinstance(group, Group):
        raise TypeError(f"'group' must be a Group. Got {group!r} instead.")
    n_elements = check_integer("group_actions", "n_elements", n_elements, minimum=1)
    rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
    _check_size(group, rep_in, rep_out, n_elements)
    elements = group.sample(n_elements, random_state)
    maps = {}
    for side, rep, scale in (("in", rep_in, scale_in), ("out", rep_out, scale_out)):
        scaling = _Scaling.of(scale, rep.dim(group), f"scale_{side}")
        maps[f"elements_{side}"] = scaling.elements([rep.rho(g) for g in elements])
        maps[f"lie_{side}"] = scaling.velocities([rep.drho(A) for A in group.lie_algebra])
        maps[f"discrete_{side}"] = scaling.elements([rep.rho(h) for h in group.discrete_generators])
    return GroupActions(group, **maps)


def check_actions(actions: Mapping[str, GroupActions]) -> None:
    """Refuse actions that no module can have in common.

    Parameters
    ----------
    actions : mapping of str to GroupActions
        The actions of each group.
    """
    if not isinstance(actions, Mapping) or not actions:
        raise ValueError(f"actions must be a mapping of names to GroupActions. Got {actions!r}.")
    for name, item in actions.items():
        if not isinstance(item, GroupActions):
            raise TypeError(f"actions must be made by group_actions. Got {item!r} for {name!r}.")
    sizes = {name: (item.n_in, item.n_out) for name, item in actions.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            "actions must be on the same numbers of columns in and out for all groups. "
            f"Got {sizes}."
        )


def _check_size(group: Group, rep_in: Rep, rep_out: Rep, n_elements: int) -> None:
    n_maps = n_elements + len(group.lie_algebra) + len(group.discrete_generators)
    n_in, n_out = rep_in.dim(group), rep_out.dim(group)
    if n_maps * (n_in**2 + n_out**2) > _MAX_ENTRIES:
        raise ProblemTooLargeError(
            f"{n_maps} maps of {n_in} columns in and {n_out} out are matrices of "
            f"{n_maps * (n_in**2 + n_out**2)} entries; at most {_MAX_ENTRIES} are allowed. "
            "Take fewer elements."
        )


@dataclass(frozen=True)
class _Scaling:
    """Columns x_s = (x - offset) / factor; both of shape (n_columns,)."""

    offset: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, scale: ColumnScaling | None, n_columns: int, name: str) -> _Scaling:
        if scale is None:
            return cls(np.zeros(n_columns), np.ones(n_columns))
        arrays = []
        for part in ("offset", "factor"):
            array = np.asarray(getattr(scale, part), dtype=np.float64)
            if array.shape != (n_columns,) or not np.isfinite(array).all():
                raise ValueError(
                    f"{name}.{part} must be finite, one number for each of the {n_columns} "
                    f"columns. Got {array!r}."
                )
            arrays.append(array)
        if not arrays[1].all():
            raise ValueError(f"{name}.factor must not be 0. Got {arrays[1]!r}.")
        return cls(*arrays)

    def elements(self, matrices: list[np.ndarray]) -> AffineMaps:
        """Maps of the scaled columns from matrices M, or [M | t], of the user's columns."""
        linear, moved = self._split(matrices)
        return self._maps(linear, moved - self.offset)

    def velocities(self, matrices: list[np.ndarray]) -> AffineMaps:
        """Vector fields on the scaled columns from A, or [A | a], on the user's."""
        return self._maps(*self._split(matrices))

    def _split(self, matrices: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Linear parts, and where the offset goes."""
        n = len(self.offset)
        stack = np.reshape(matrices, (len(matrices), n, -1)) if matrices else np.zeros((0, n, n))
        linear, translation = stack[:, :, :n], stack[:, :, n:].sum(axis=2)
        return linear, linear @ self.offset + translation

    def _maps(self, linear: np.ndarray, shift: np.ndarray) -> AffineMaps:
        matrix = linear * self.factor / self.factor[:, None]
        return AffineMaps(torch.tensor(matrix), torch.tensor(shift / self.factor))
