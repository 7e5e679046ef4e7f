"""The interface of every group: generators, tags, sampling, membership, identity as a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from softeq_sklearn.groups._conformal import are_conformal, orthogonal_generators
from softeq_sklearn.groups._elements import (
    as_affine,
    as_elements,
    compose,
    exponential,
    inverse,
    is_affine_shape,
    linear_part,
    sampled_generators,
    unit_generators,
)
from softeq_sklearn.groups._finite import FiniteGroup, are_permutation_matrices, finite_group
from softeq_sklearn.groups._validation import check_generators, check_integer

# Generators within this distance, relative to their largest entry, count as exactly structured.
STRUCTURE_TOLERANCE = 1e-12
N_LETTERS = 4


class Group(ABC):
    """A group of linear maps x -> A x, or affine maps x -> A x + t, of V = R^d.

    The group is given by generators A_i of its Lie algebra and discrete generators h_k: it consists
    of all products of exp(A_i s) and h_k. It is an immutable value: two groups are equal when they
    have the same generators in the same order, whatever their names.

    An element is an array of shape (d, d), or [A | t] of shape (d, d + 1) in an affine group; see
    `compose`, `inverse`, `exponential` and `linear_part`.

    To write a group of your own use `MatrixGroup`, or inherit: call ``super().__init__`` with the
    generators, and give `_arguments`, the constructor arguments that rebuild the group. `_sample`,
    `_contains` and `_order` have general answers and may be replaced by better ones.

    Parameters
    ----------
    dim : int
        The dimension d of V.
    lie_algebra, discrete_generators : ndarray or None, default=None
        Float64 arrays of shape (n, d, d) or (n, d, d + 1); None is no generator.

    Attributes
    ----------
    dim : int
        The dimension d of V.
    lie_algebra : ndarray of shape (n, d, d) or (n, d, d + 1)
        Generators A_i, read-only; n may be 0.
    discrete_generators : ndarray of shape (m, d, d) or (m, d, d + 1)
        Generators h_k, read-only; m may be 0.

    Raises
    ------
    ValueError
        If the generators do not have these shapes, or are not finite.
    TypeError
        If they are not real.

    Examples
    --------
    >>> from softeq_sklearn.groups import O
    >>> group = O(2)
    >>> group.dim, group.is_affine, group.is_orthogonal, group.is_permutation
    (2, False, True, False)
    >>> group.order is None
    True
    >>> group.lie_algebra
    array([[[ 0., -1.],
            [ 1.,  0.]]])
    """

    dim: int
    lie_algebra: np.ndarray
    discrete_generators: np.ndarray

    def __init__(
        self,
        dim: int,
        lie_algebra: np.ndarray | None = None,
        discrete_generators: np.ndarray | None = None,
    ) -> None:
        given = {"lie_algebra": lie_algebra, "discrete_generators": discrete_generators}
        generators = {
            name: check_generators(type(self).__name__, name, array, dim)
            for name, array in given.items()
            if array is not None
        }
        affine = any(is_affine_shape(array) for array in generators.values())
        none = np.empty((0, dim, dim + affine))
        self.__dict__["dim"] = dim
        for name in given:
            self.__dict__[name] = _frozen(generators.get(name, none), affine)

    @property
    @abstractmethod
    def _arguments(self) -> tuple[Any, ...]:
        """The positional constructor arguments that rebuild this group."""

    # What the generators say

    @property
    def is_affine(self) -> bool:
        """Whether elements are affine maps [A | t], which act on a Point as x -> A x + t."""
        return is_affine_shape(self.lie_algebra)

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether all (linear parts of) elements are orthogonal matrices.

        Read off the generators: A_i + A_i^T = 0 and h_k^T h_k = I, where the largest entry of the
        difference may be 1e-12 of the largest entry of A_i and of h_k^T h_k, of each on its own.
        """
        A = unit_generators(linear_part(self.lie_algebra))
        if _max_entry(A + _transposed(A)) > STRUCTURE_TOLERANCE:
            return False
        h = linear_part(self.discrete_generators)
        if not len(h):
            return True
        gram = _transposed(h) @ h
        return _max_entry(gram - np.eye(self.dim)) <= STRUCTURE_TOLERANCE * max(
            1.0, _max_entry(gram)
        )

    @cached_property
    def is_conformal(self) -> bool:
        """Whether all (linear parts of) elements are a positive factor times an orthogonal matrix.

        Read off the generators: A_i + A_i^T = 2 c I and h_k^T h_k = s^2 I, with the tolerances of
        `is_orthogonal`. Every orthogonal group is conformal.

        Examples
        --------
        >>> from softeq_sklearn.groups import SL, SO, Scaling, generated_by
        >>> similarities = generated_by(SO(3), Scaling(3))
        >>> similarities.is_conformal, similarities.is_orthogonal, SL(3).is_conformal
        (True, False, False)
        """
        return self.is_orthogonal or are_conformal(
            linear_part(self.lie_algebra),
            linear_part(self.discrete_generators),
            STRUCTURE_TOLERANCE,
        )

    @cached_property
    def orthogonal_part(self) -> Group:
        """The group of the orthogonal matrices R of elements rho R of a conformal group.

        Its generators are A_i - c I and h_k / s, less those that do nothing. Affine groups keep
        their translations. An orthogonal group is its own orthogonal part.

        Raises
        ------
        ValueError
            If the group is not conformal.

        Examples
        --------
        >>> from softeq_sklearn.groups import SO, Scaling, generated_by
        >>> generated_by(SO(2), Scaling(2)).orthogonal_part == SO(2)
        True
        >>> Scaling(3).orthogonal_part
        Trivial(3)
        """
        if self.is_orthogonal:
            return self
        if not self.is_conformal:
            raise ValueError(
                "Only a conformal group, whose elements are multiples of orthogonal matrices, has "
                f"an orthogonal part. Got {self!r}."
            )
        from softeq_sklearn.groups._linear import Trivial
        from softeq_sklearn.groups._matrix_group import MatrixGroup

        lie, discrete = orthogonal_generators(
            self.lie_algebra, self.discrete_generators, STRUCTURE_TOLERANCE
        )
        if not len(lie) and not len(discrete):
            return Trivial(self.dim)
        return MatrixGroup(
            lie if len(lie) else None,
            discrete if len(discrete) else None,
            name=f"orthogonal part of {self!r}",
        )

    @cached_property
    def is_permutation(self) -> bool:
        """Whether all elements are permutation matrices: it is linear, and only permutes axes.

        Read off the generators: no Lie algebra, and entries of h_k within 1e-12 of 0 and 1.
        """
        if self.is_affine or self.lie_algebra.any():
            return False
        return bool(are_permutation_matrices(self.discrete_generators, STRUCTURE_TOLERANCE).all())

    @cached_property
    def order(self) -> int | None:
        """Number of elements, None when it is infinite or unknown. Computed on first use."""
        return self._order()

    @cached_property
    def key(self) -> tuple[int, tuple[int, ...], bytes, tuple[int, ...], bytes]:
        """The content of the generators, hashable: what equality and caches go by."""
        lie, discrete = self.lie_algebra, self.discrete_generators
        return self.dim, lie.shape, lie.tobytes(), discrete.shape, discrete.tobytes()

    # Elements

    def sample(self, n: int, random_state: int | np.random.RandomState | None = None) -> np.ndarray:
        """Draw random elements; each class says from which distribution.

        Uniform (Haar) for the compact and finite groups where that is known, bounded for all
        others. In general: uniform for finite groups; else exp(A) h with A a random Lie algebra
        element of bounded norm and h a random element of the finite group that the discrete
        generators generate, or a product of at most 4 of them and their inverses. The spectral
        norm of A is uniform in [0, 1], or in [0, 2 pi] for orthogonal linear groups, where it is
        the largest angle of the rotation in radians.

        A combines the A_i with normal coefficients, each first divided by its own size: the
        largest entry of its linear part, or of its translation if the linear part is 0. In the
        norm a generator with a linear part counts with that part only, a pure translation with
        its translation: a turn about a point reaches the same angles wherever the point is.

        Parameters
        ----------
        n : int
            Number of elements.
        random_state : int, RandomState instance or None, default=None
            As everywhere in scikit-learn; an int gives the same elements at each call.

        Returns
        -------
        elements : ndarray of shape (n, d, d) or (n, d, d + 1)
            The elements, in float64.

        Raises
        ------
        TypeError
            If `n` is no integer.
        ValueError
            If `n` is negative, or nothing makes a random state of `random_state`.
        """
        n = check_integer(f"{type(self).__name__}.sample", "n", n, minimum=0)
        return self._sample(n, check_random_state(random_state))

    def contains(self, g: ArrayLike, tol: float = 1e-8) -> bool | np.ndarray:
        """Tell whether matrices are elements of this group, by its defining equation.

        Parameters
        ----------
        g : array-like of shape (d, d) or (d, d + 1), or a stack with one leading axis
            In a linear group only (d, d).
        tol : float, default=1e-8
            Largest entry by which the equation may fail, relative to the entries of its terms. For
            groups that keep a form which is not positive, those terms are squares of entries that
            cancel: with entries above 1e4 their sum is rounding, and other matrices pass, too.

        Returns
        -------
        contained : bool, or ndarray of bool of shape (n,) for a stack
            Whether each is an element; not so if it has entries that are not finite.

        Raises
        ------
        ValueError
            If the shape is not that of elements of this group.
        TypeError
            If the entries are not real.
        NotImplementedError
            If no closed test is known: infinite groups given by generators only.
        """
        g = as_elements(g)
        shape = (self.dim, self.dim + self.is_affine)
        if g.ndim > 3 or g.shape[-2:] != shape:
            raise ValueError(
                f"'g' must have shape {shape} or (n, {shape[0]}, {shape[1]}) for {self!r}. "
                f"Got shape {g.shape} instead."
            )
        contained = np.isfinite(g).all(axis=(-2, -1))
        stack = np.where(contained[..., None, None], g, 0.0).reshape(-1, *shape)
        contained = contained & self._contains(stack, tol).reshape(contained.shape)
        return bool(contained) if g.ndim == 2 else contained

    def embed(self, dim: int, axes: Sequence[int]) -> Group:
        """Let the group act on some axes of a larger space and leave the others alone.

        Parameters
        ----------
        dim : int
            Dimension of the larger space.
        axes : sequence of int
            Different axes in range(dim), one for each axis of this group, in its order.

        Returns
        -------
        group : Group
            Samples like this group.

        Raises
        ------
        ValueError, TypeError
            If `dim` or `axes` do not fit.

        Examples
        --------
        >>> from softeq_sklearn.groups import SO
        >>> about_z = SO(2).embed(3, axes=(0, 1))
        >>> about_z
        SO(2).embed(3, axes=(0, 1))
        >>> about_z.lie_algebra
        array([[[ 0., -1.,  0.],
                [ 1.,  0.,  0.],
                [ 0.,  0.,  0.]]])
        """
        from softeq_sklearn.groups._composed import EmbeddedGroup

        return EmbeddedGroup(self, dim, axes)

    # General answers, for groups of which only the generators are known

    @cached_property
    def _finite_part(self) -> FiniteGroup | None:
        """The group that the discrete generators generate, None if infinite or unknown."""
        discrete = self.discrete_generators
        are_permutations = not is_affine_shape(discrete) and bool(
            are_permutation_matrices(discrete, STRUCTURE_TOLERANCE).all()
        )
        return finite_group(discrete, are_permutations)

    @property
    def _finite(self) -> FiniteGroup | None:
        return None if self.lie_algebra.any() else self._finite_part

    def _order(self) -> int | None:
        return None if self._finite is None else self._finite.order

    def _contains(self, g: np.ndarray, tol: float) -> np.ndarray:
        """Tell for a finite stack, shape (n, d, d) or (n, d, d + 1), which are elements."""
        if self._finite is None:
            raise NotImplementedError(
                f"No membership test is known for {self!r}: it is not one of the named families, "
                "and not a finite group small enough to be enumerated."
            )
        return self._finite.contains(g, tol)

    def _sample(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        """Draw `n` elements; the arguments are checked."""
        discrete = self._sample_discrete(n, rng)
        if not len(self.lie_algebra):
            return discrete
        return compose(exponential(self._sample_lie_algebra(n, rng)), discrete)

    def _sample_lie_algebra(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        """Draw combinations of the A_i, normal coefficients, scaled to a uniform spectral norm."""
        bound = 2 * np.pi if self.is_orthogonal and not self.is_affine else 1.0
        coefficients = rng.standard_normal((n, len(self.lie_algebra)))
        generators = sampled_generators(self.lie_algebra)
        direction = np.tensordot(coefficients, generators, 1)
        counted = np.tensordot(coefficients, _counted_parts(generators), 1)
        norm = np.linalg.norm(counted, ord=2, axis=(1, 2))
        factor = bound * rng.uniform(size=n) / np.where(norm > 0, norm, 1.0)
        return direction * factor[:, None, None]

    def _sample_discrete(self, n: int, rng: np.random.RandomState) -> np.ndarray:
        if self._finite_part is not None:
            return self._finite_part.sample(n, rng)
        h = self.discrete_generators
        identity = np.broadcast_to(np.eye(*h.shape[1:]), h.shape)
        # As many identities as letters: a lazy walk reaches odd and even words alike.
        letters = np.concatenate([h, inverse(h), identity, identity])
        word = letters[rng.randint(len(letters), size=n)]
        for _ in range(N_LETTERS - 1):
            word = compose(word, letters[rng.randint(len(letters), size=n)])
        return word

    # Identity as a value

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"groups are immutable: cannot set {name!r} of {type(self).__name__}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(
            f"groups are immutable: cannot delete {name!r} of {type(self).__name__}"
        )

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Group) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._arguments))})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Rebuilding, unlike copying the state, keeps the arrays read-only.
        return type(self), self._arguments

    def __copy__(self) -> Group:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Group:
        return self


def _frozen(generators: np.ndarray, affine: bool) -> np.ndarray:
    """Return a read-only copy of a stack of generators, affine if asked, without -0.0."""
    # Adding zero turns -0.0 into 0.0: equal generators, equal bytes.
    generators = (as_affine(generators) if affine else generators) + 0.0
    generators.setflags(write=False)
    return generators


def _counted_parts(generators: np.ndarray) -> np.ndarray:
    """Return what counts in the norm of samples: linear parts, translations of those without."""
    if not is_affine_shape(generators):
        return generators
    counted = generators.copy()
    # How far a turn moves the origin says where its centre is, not how large it is.
    counted[linear_part(generators).any(axis=(1, 2)), :, -1] = 0.0
    return counted


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrices, -1, -2)


def _max_entry(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0.0))
