"""Null space of a large positive semidefinite operator, by filtered subspace iteration.

A random block of vectors is multiplied by a Chebyshev polynomial of the operator that is 1 at 0 and
small where the eigenvalues are large, and diagonalised within the block (Zhou, Saad, Tiago and
Chelikowsky, "Self-consistent-field calculations using Chebyshev-filtered subspace iteration",
J. Comput. Phys. 219, 2006). The block grows until some of its vectors are clearly not null: then a
random start has met all of the null space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from softeq_sklearn.exceptions import ProblemTooLargeError

# Eigenvalues relative to the bound of the spectrum: null below the first, clearly not above the
# second; in between the rank would not be clear, and the iteration does not converge.
NULL, CLEARLY_NONZERO = 1e-12, 1e-8
# Length of G x for a null vector x of length 1, relative to the bound of the spectrum.
RESIDUAL = 1e-13
_DEGREE = 24
_LANCZOS_STEPS = 12
_N_PROBES = 8
_LOWEST_PROBE = 1e-5

Operator = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class IterationResult:
    """What the iteration found, and how it ended.

    Parameters
    ----------
    vectors : ndarray of shape (size, rank)
        Orthonormal columns.
    converged : bool
        Whether the vectors are null to working precision, and all others in the block clearly not.
    n_iterations : int
        Number of filters applied, over all block sizes.
    residual : float
        Largest length of G x among the vectors, relative to the bound of the spectrum.
    """

    vectors: np.ndarray
    converged: bool
    n_iterations: int
    residual: float


def null_space_by_iteration(
    apply: Operator, size: int, *, max_block: int, max_iterations: int = 100
) -> IterationResult:
    """Return the null space of a positive semidefinite operator G.

    Parameters
    ----------
    apply : callable
        G on arrays of shape (size, m).
    size : int
        Number of unknowns.
    max_block : int
        Number of vectors that fit in memory.
    max_iterations : int, default=100
        For each block size.

    Returns
    -------
    IterationResult

    Raises
    ------
    ProblemTooLargeError
        If more than `max_block` vectors are needed.
    """
    rng = np.random.default_rng(0)
    bound = _upper_bound(apply, rng.standard_normal(size))
    if bound == 0:
        return IterationResult(np.eye(size), True, 0, 0.0)
    vectors, n_iterations = np.empty((size, 0)), 0
    width = _first_width(apply, rng.standard_normal((size, _N_PROBES)), bound)
    while width <= max_block:
        fresh = rng.standard_normal((size, width - vectors.shape[1]))
        block = np.concatenate([vectors, fresh], axis=1)
        vectors, result = _iterate(apply, block, bound, max_iterations)
        n_iterations += result.n_iterations
        # A block that is null throughout, or nearly, may have missed some null vectors.
        if width == size or result.vectors.shape[1] <= 0.95 * width:
            return IterationResult(result.vectors, result.converged, n_iterations, result.residual)
        width = min(2 * width, size)
    raise ProblemTooLargeError(
        f"The null space of an operator on {size} unknowns needs a block of {width} vectors; at "
        f"most {max_block} fit in memory."
    )


def _upper_bound(apply: Operator, start: np.ndarray) -> float:
    """Return a bound of the spectrum from a few Lanczos steps: largest Ritz value plus residual.

    Y. Zhou and R.-C. Li, "Bounding the spectrum of large Hermitian matrices", Linear Algebra Appl.
    435, 2011.
    """
    basis = [start / np.linalg.norm(start)]
    diagonal, off_diagonal = [], [0.0]
    for _ in range(_LANCZOS_STEPS):
        image = apply(basis[-1][:, None])[:, 0]
        diagonal.append(basis[-1] @ image)
        # Full orthogonalisation: for so few steps it costs nothing.
        for vector in basis:
            image = image - (vector @ image) * vector
        off_diagonal.append(float(np.linalg.norm(image)))
        if off_diagonal[-1] <= 1e-10 * max(diagonal):
            break
        basis.append(image / off_diagonal[-1])
    values = eigvalsh_tridiagonal(diagonal, off_diagonal[1 : len(diagonal)])
    return float(values[-1] + off_diagonal[-1])


def _first_width(apply: Operator, probes: np.ndarray, bound: float) -> int:
    """Return a block size a little above the rank, which random vectors estimate.

    The squared length of what is left of a standard normal vector after many filters has the rank
    as its mean.
    """
    size, rank, lower = len(probes), np.inf, bound
    while lower > _LOWEST_PROBE * bound:
        lower /= 2
        probes = _filter(apply, probes, lower, bound)
        before, rank = rank, (probes**2).sum(axis=0).mean()
        if rank > 0.98 * before:
            break
    return min(int(1.15 * rank) + 16, size)


def _iterate(
    apply: Operator, block: np.ndarray, bound: float, max_iterations: int
) -> tuple[np.ndarray, IterationResult]:
    """Filter one block until its null vectors are settled; return it all, and the result."""
    block, values, image = _rayleigh_ritz(apply, block)
    lower = 0.9 * bound
    for iteration in range(1, max_iterations + 1):
        # What lies above the largest Ritz value of the block is damped. Where the whole block is
        # null that value says nothing, so that the bound comes down step by step.
        lower = min(max(values[-1], lower / 2), 0.9 * bound)
        block, values, image = _rayleigh_ritz(apply, _filter(apply, block, lower, bound))
        rank = int((values <= NULL * bound).sum())
        residual = np.linalg.norm(image[:, :rank], axis=0).max(initial=0.0) / bound
        if residual <= RESIDUAL and _is_settled(block, values, image, rank, bound):
            return block, IterationResult(block[:, :rank], True, iteration, residual)
    return block, IterationResult(block[:, :rank], False, max_iterations, residual)


def _is_settled(
    block: np.ndarray, values: np.ndarray, image: np.ndarray, rank: int, bound: float
) -> bool:
    """Whether the first vector after the null ones is an eigenvector, to 10 %, of the next value.

    Null vectors grow fastest under the filter: once the next eigenvector has come out, no null
    vector is left among the others.
    """
    if rank == len(values):
        return True
    following = values[rank]
    error = np.linalg.norm(image[:, rank] - following * block[:, rank])
    return bool(following > CLEARLY_NONZERO * bound and error <= 0.1 * following)


def _rayleigh_ritz(apply: Operator, block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return eigenvectors of G within the span of the block, eigenvalues ascending, and G x."""
    block = np.linalg.qr(block)[0]
    image = apply(block)
    values, combinations = np.linalg.eigh(block.T @ image)
    return block @ combinations, values, image @ combinations


def _filter(apply: Operator, block: np.ndarray, lower: float, upper: float) -> np.ndarray:
    """Apply the Chebyshev polynomial that is 1 at 0 and smallest on [lower, upper]."""
    centre, half = (upper + lower) / 2, (upper - lower) / 2
    ratio = first = -half / centre
    before, now = block, (apply(block) - centre * block) * (ratio / half)
    for _ in range(_DEGREE - 1):
        following = 1 / (2 / first - ratio)
        after = apply(now)
        after -= centre * now
        after *= 2 * following / half
        after -= (ratio * following) * before
        before, now, ratio = now, after, following
    return now
