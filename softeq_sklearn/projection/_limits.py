"""How large a problem may be; requests above are refused before anything is allocated."""

from __future__ import annotations

from softeq_sklearn.exceptions import ProblemTooLargeError

# Numbers in a dense result: 2^27 float64 are 1 GB.
MAX_DENSE_ENTRIES = 2**27
# Components of one tensor type; the orbit solver takes about 60 bytes for each.
MAX_UNKNOWNS = 2**25
# Unknowns left by the diagonal generators: a dense eigenproblem of this size takes about 10 s.
MAX_EIGH_SIZE = 4096
# Unknowns left for the iterative solver.
MAX_ITERATIVE_SIZE = 2**20
# Numbers in its block of vectors.
MAX_BLOCK_ENTRIES = 2**26


def check_unknowns(n_unknowns: int, what: str) -> None:
    """Refuse a tensor type with too many components."""
    if n_unknowns > MAX_UNKNOWNS:
        raise ProblemTooLargeError(
            f"{what} has {n_unknowns} unknowns, too many for every solver; at most "
            f"{MAX_UNKNOWNS} are allowed. Use tensors of lower rank or a smaller group."
        )


def check_dense(shape: tuple[int, int], what: str) -> None:
    """Refuse a dense array with too many entries."""
    entries = shape[0] * shape[1]
    if entries > MAX_DENSE_ENTRIES:
        raise ProblemTooLargeError(
            f"{what} of shape {shape} would have {entries} entries; at most {MAX_DENSE_ENTRIES} "
            "are allowed. The projector of `equivariant_projector` needs no dense array."
        )
