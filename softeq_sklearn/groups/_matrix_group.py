"""A group that the user gives by matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from softeq_sklearn.groups._base import Group
from softeq_sklearn.groups._validation import check_generators, check_invertible


def _given(value: ArrayLike | None, name: str) -> np.ndarray | None:
    """Check one stack of generators; an empty one is none."""
    if value is None or (isinstance(value, list | tuple) and not len(value)):
        return None
    generators = check_generators("MatrixGroup", name, value)
    return generators if len(generators) else None


class MatrixGroup(Group):
    """A group of your own, from generators of its Lie algebra and discrete generators.

    Finite groups are sampled uniformly. Samples of all others are exp(A) h. Here A is a random Lie
    algebra element with spectral norm uniform in [0, 1], or in [0, 2 pi] for orthogonal linear
    groups, so that whole turns are reached; and h is a random element of the group that the h_k
    generate or, if that is infinite, a product of at most 4 of them and their inverses.

    Parameters
    ----------
    lie_algebra : array-like of shape (n, d, d) or (n, d, d + 1), default=None
        Matrices A_i, or affine [A_i | t_i].
    discrete_generators : array-like of shape (m, d, d) or (m, d, d + 1), default=None
        Invertible matrices h_k, or affine [h_k | t_k]. At least one generator is needed; if one
        of the two stacks is affine, so is the group.
    name : str, default=None
        A name for the reader; it does not enter equality.

    Raises
    ------
    ValueError
        If the shapes do not fit, entries are not finite, or a discrete generator is singular.
    TypeError
        If the entries are not real numbers, or the name is not a text.

    Examples
    --------
    >>> from softeq_sklearn.groups import SO, MatrixGroup
    >>> turns = MatrixGroup(lie_algebra=[[[0, -1], [1, 0]]], name="turns")
    >>> turns
    MatrixGroup(lie_algebra=[[[0.0, -1.0], [1.0, 0.0]]], name='turns')
    >>> turns == SO(2)
    True
    >>> half_turn = MatrixGroup(discrete_generators=[[[-1, 0], [0, -1]]])
    >>> half_turn.order
    2
    """

    name: str | None

    def __init__(
        self,
        lie_algebra: ArrayLike | None = None,
        discrete_generators: ArrayLike | None = None,
        name: str | None = None,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(
                "The 'name' parameter of MatrixGroup must be a string or None. "
                f"Got {name!r} of type {type(name).__name__} instead."
            )
        lie_algebra = _given(lie_algebra, "lie_algebra")
        discrete_generators = _given(discrete_generators, "discrete_generators")
        given = [array for array in (lie_algebra, discrete_generators) if array is not None]
        if not given:
            raise ValueError(
                "MatrixGroup must be given at least one generator in 'lie_algebra' or "
                "'discrete_generators'. Got none instead; Trivial(n) has no generators."
            )
        if discrete_generators is not None:
            check_invertible("MatrixGroup", "discrete_generators", discrete_generators)
        self.__dict__["name"] = name
        super().__init__(given[0].shape[1], lie_algebra, discrete_generators)

    @property
    def _arguments(self) -> tuple[Any, ...]:
        lie, discrete = self.lie_algebra, self.discrete_generators
        return lie if len(lie) else None, discrete if len(discrete) else None, self.name

    def __repr__(self) -> str:
        lie_algebra, discrete_generators, name = self._arguments
        parts = []
        if lie_algebra is not None:
            parts.append(f"lie_algebra={lie_algebra.tolist()}")
        if discrete_generators is not None:
            parts.append(f"discrete_generators={discrete_generators.tolist()}")
        if name is not None:
            parts.append(f"name={name!r}")
        return f"MatrixGroup({', '.join(parts)})"
