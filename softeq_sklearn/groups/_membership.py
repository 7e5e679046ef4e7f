"""Which matrices are in a group that is given by generators."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np

from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups._base import Group
from softeq_sklearn.groups._elements import (
    compose,
    exponential,
    homogeneous,
    identity_elements,
    inverse,
    is_affine_shape,
    linear_part,
    unit_generators,
)
from softeq_sklearn.groups._finite import EnumeratedGroup
from softeq_sklearn.groups._frame import Frame
from softeq_sklearn.groups._lie_closure import TOLERANCE, closure_and_clarity
from softeq_sklearn.groups._logarithm import principal_logarithm
from softeq_sklearn.groups._matrix_group import MatrixGroup

# Fixed tensors are compared up to the highest order with at most this many components, and up to
# the ninth: 9 axes in the plane, 6 in space, 5 in four dimensions, 4 in six, 2 up to 36.
MAX_TENSOR_SIZE = 1300
MAX_TENSOR_ORDER = 9
# Where V and its dual differ there is a type for each number of dual axes, and a solve for each.
MAX_MIXED_ORDER = 4
# Up to this dimension these orders tell all infinite compact groups apart; there are seven kinds in
# space. In four dimensions there are reflection groups of 14400 elements with the same tensors as
# O(4) up to order 11.
MAX_DECIDED_DIM = 3
# Frequencies of a generator are commensurable if their ratios are fractions with at most this
# denominator.
MAX_DENOMINATOR = 1000
# An element is compared with this many elements of the finite part, times the identity component.
MAX_COSETS = 48
# Elements of the identity component by which one without a logarithm is turned.
N_SHIFTS = 8
# Exponentials of larger matrices overflow.
_LARGE_LOGARITHM = 100.0


class Membership:
    """Which matrices are in a group, or in its Lie algebra: True, False or None if undecided.

    Parameters
    ----------
    group : Group
        The group.
    frame : Frame or None
        Where affine matrices are compared, or a linear group with these; None for linear ones.
    """

    def __init__(self, group: Group, frame: Frame | None) -> None:
        self.group = group
        self.frame = frame
        self.affine = frame is not None

    def has_direction(self, A: np.ndarray) -> bool | None:
        """Tell whether exp(s A) is in the closure of the group for all s."""
        A = unit_generators(A[None])[0] if self.frame is None else self.frame.lie(A[None])[0]
        if self._spans(A):
            return True
        if self._is_closed or self._is_outside(exponential(A / np.linalg.norm(A))):
            return self._no
        return True if self._is_compact and self.group.dim <= MAX_DECIDED_DIM else None

    def has_element(self, h: np.ndarray) -> bool | None:
        """Tell whether a matrix is in the closure of the group."""
        if not self._has_closed_test:
            return self._by_proof_or_tensors(
                h if self.frame is None else self.frame.elements(h[None])[0]
            )
        own = self._in_own_shape(h)
        return own is not None and bool(self.group.contains(own, TOLERANCE))

    def _by_proof_or_tensors(self, h: np.ndarray) -> bool | None:
        if self._is_reached(h):
            return True
        if self._is_outside(h):
            return self._no
        return True if self._is_compact and self.group.dim <= MAX_DECIDED_DIM else None

    @property
    def _no(self) -> bool | None:
        """The answer no, if neither the origin nor a rank makes it doubtful."""
        clear = self._closure[1] and (self.frame is None or self.frame.is_clear(TOLERANCE))
        return False if clear else None

    def _in_own_shape(self, h: np.ndarray) -> np.ndarray | None:
        """Return the element in the shape of the group's, None if it moves what they leave."""
        if self.frame is None or self.group.is_affine:
            return h
        moves = np.abs(h[:, -1]).max(initial=0.0) if is_affine_shape(h) else 0.0
        return None if moves > TOLERANCE * self.frame.largest else linear_part(h)

    @cached_property
    def _framed(self) -> Group:
        """The group in the frame, with generators of size 1."""
        if self.frame is not None:
            return self.frame.group(self.group)
        lie = unit_generators(self.group.lie_algebra)
        if np.array_equal(lie, self.group.lie_algebra):
            return self.group
        return MatrixGroup(lie, self.group.discrete_generators)

    @cached_property
    def _has_closed_test(self) -> bool:
        identity = identity_elements(1, self.group.dim, self.group.is_affine)
        try:
            self.group.contains(identity)
        except NotImplementedError:
            return False
        return True

    @cached_property
    def _is_compact(self) -> bool:
        """Whether the closure is compact, and all of it linear."""
        return self.group.is_orthogonal and not self.group.is_affine

    @cached_property
    def _is_closed(self) -> bool:
        """Whether the generators reach the whole closure: then its Lie algebra is theirs.

        A compact group that circles and finitely many elements generate is closed.
        """
        if self._has_closed_test:
            return True
        finite = self.group._finite_part is not None
        return self._is_compact and finite and all(map(_is_circle, self.group.lie_algebra))

    @cached_property
    def _closure(self) -> tuple[np.ndarray, bool]:
        return closure_and_clarity(self._framed)

    @property
    def _basis(self) -> np.ndarray:
        return self._closure[0]

    def _spans(self, A: np.ndarray) -> bool:
        vector = A.ravel()
        rest = vector - (vector @ self._basis.T) @ self._basis
        return bool(np.linalg.norm(rest) <= TOLERANCE * np.linalg.norm(vector))

    def _is_reached(self, h: np.ndarray) -> bool:
        """Whether h = f exp(A) with f in the finite part, or a generator, and A in the algebra."""
        cosets = self._cosets
        rest = compose(inverse(cosets), h)
        if np.abs(rest - np.eye(*h.shape)).max(axis=(1, 2)).min() <= TOLERANCE:
            return True
        return any(self._has_logarithm(g) for g in rest)

    @cached_property
    def _cosets(self) -> np.ndarray:
        finite = self._framed._finite_part
        elements = self._framed.discrete_generators
        if isinstance(finite, EnumeratedGroup) and finite.order <= MAX_COSETS:
            elements = finite.elements
        else:
            elements = np.concatenate([elements, inverse(elements)])
        identity = identity_elements(1, self.group.dim, self.affine)
        return np.concatenate([identity, elements])

    def _has_logarithm(self, g: np.ndarray) -> bool:
        """Whether g, or g times an element of the identity component, is exp(A).

        A half turn has no unique logarithm; after another turn it has one.
        """
        return any(self._is_exponential(compose(g, shift)) for shift in self._shifts)

    @cached_property
    def _shifts(self) -> np.ndarray:
        rng = np.random.RandomState(0)
        shape = self.group.dim, self.group.dim + self.affine
        directions = rng.standard_normal((N_SHIFTS, len(self._basis))) @ self._basis
        identity = identity_elements(1, self.group.dim, self.affine)
        return np.concatenate([identity, exponential(directions.reshape(-1, *shape))])

    def _is_exponential(self, g: np.ndarray) -> bool:
        matrix = homogeneous(g)
        values = np.linalg.eigvals(matrix)
        if (values.real[np.abs(values.imag) <= TOLERANCE * np.abs(values)] <= 0).any():
            return False
        try:
            with np.errstate(all="ignore"):  # what does not converge is found out here
                A = principal_logarithm(matrix)[: g.shape[0], : g.shape[1]]
        except np.linalg.LinAlgError:
            return False
        if not np.abs(A).max() < _LARGE_LOGARITHM:
            return False
        close = np.abs(exponential(A) - g).max() <= TOLERANCE * max(1.0, np.abs(g).max())
        return bool(close and self._spans(A))

    def _is_outside(self, h: np.ndarray) -> bool:
        """Whether a matrix has not what is common to all elements of the group."""
        return self._has_other_determinant(h) or self._moves_a_tensor(h)

    def _has_other_determinant(self, h: np.ndarray) -> bool:
        sign, size = np.linalg.slogdet(linear_part(h))
        signs, sizes = np.linalg.slogdet(linear_part(self._framed.discrete_generators))
        traces = np.einsum("nii->n", linear_part(self._framed.lie_algebra))
        keeps_size = np.abs(np.append(traces, sizes)).max(initial=0.0) <= TOLERANCE
        return bool(
            (sign < 0 and (signs > 0).all()) or (keeps_size and abs(size) > TOLERANCE * len(h))
        )

    def _moves_a_tensor(self, h: np.ndarray) -> bool:
        """Whether a matrix moves a tensor that the group fixes."""
        matrix = homogeneous(h)
        dual = np.linalg.inv(matrix).T
        for word, basis in self._fixed_tensors:
            tensors = basis.reshape(*(len(matrix),) * len(word), -1)
            moved = tensors
            for letter in word:
                # The first axis goes to the end, so that each axis has its turn.
                moved = np.tensordot(moved, (matrix if letter == 1 else dual).T, ([0], [0]))
            moved = np.moveaxis(moved, 0, -1)
            size = max(1.0, np.abs(moved).max(initial=0.0))
            if np.abs(moved - tensors).max(initial=0.0) > TOLERANCE * size:
                return True
        return False

    @cached_property
    def _fixed_tensors(self) -> list[tuple[tuple[int, ...], np.ndarray]]:
        # The projection package is built on this one.
        from softeq_sklearn.projection import type_basis

        group = self._linear_group
        found = []
        largest = MAX_TENSOR_ORDER if group.is_orthogonal else MAX_MIXED_ORDER
        for order in range(1, largest + 1):
            if group.dim**order > MAX_TENSOR_SIZE:
                break
            for n_dual in range(1 if group.is_orthogonal else order + 1):
                word = (1,) * (order - n_dual) + (-1,) * n_dual
                try:
                    found.append((word, type_basis(word, group)))
                except (ProblemTooLargeError, ValueError):
                    # No clear rank: this type says nothing, in either direction.
                    continue
        return found

    @cached_property
    def _linear_group(self) -> Group:
        """The group, acting on one axis more if affine elements are compared."""
        if not self.affine:
            return self._framed
        lie, discrete = self._framed.lie_algebra, self._framed.discrete_generators
        return MatrixGroup(homogeneous(lie, corner=0.0), homogeneous(discrete))


def _is_circle(A: np.ndarray) -> bool:
    """Whether exp(s A) comes back to the identity, for a skew matrix A."""
    frequencies = np.abs(np.linalg.eigvals(A).imag)
    largest = frequencies.max(initial=0.0)
    if largest == 0:
        return True
    ratios = frequencies / largest
    fractions = [Fraction(ratio).limit_denominator(MAX_DENOMINATOR) for ratio in ratios]
    return all(
        abs(ratio - float(fraction)) < 1e-9
        for ratio, fraction in zip(ratios, fractions, strict=True)
    )
