"""How large a problem may be; requests above are refused before anything is allocated."""

from __future__ import annotations

from softeq_sklearn.exceptions import ProblemTooLargeError

# Numbers in a dense array, a result or a step on the way, of which there may be a few copies:
# 2^26 float64 are 0.5 GB.
MAX_DENSE_ENTRIES = 2**26
# Components of one tensor type; orbits take about 100 bytes for each.
MAX_UNKNOWNS = 2**23
# Unknowns that the diagonal generators leave: a dense eigenproblem of this size takes about 10 s.
MAX_EIGH_SIZE = 4096
# The same for the iterative solver, and numbers in its block of vectors.
MAX_ITERATIVE_SIZE = 2**20
MAX_BLOCK_ENTRIES = 2**25

# Columns of X or y: with groups their covariance is dense; without, a layer has some hundred
# weights for each, which training keeps several times.
MAX_DATA_COLUMNS = 2**13
MAX_COLUMNS_WITHOUT_GROUPS = 2**17

USE_THE_PROJECTOR = "The projector of equivariant_projector, used with @, needs no such array."


def check_data_columns(name: str, n_columns: int, with_groups: bool) -> None:
    """Refuse data whose covariance or network could not be held in memory."""
    if with_groups and n_columns > MAX_DATA_COLUMNS:
        raise ProblemTooLargeError(
            f"{name} has {n_columns} columns, whose covariance is too large; with groups at most "
            f"{MAX_DATA_COLUMNS} are allowed. Leave out columns, or combine some, in a way that "
            "the groups respect."
        )
    if n_columns > MAX_COLUMNS_WITHOUT_GROUPS:
        raise ProblemTooLargeError(
            f"{name} has {n_columns} columns, whose network is too large; at most "
            f"{MAX_COLUMNS_WITHOUT_GROUPS} are allowed. Leave out columns, or combine some."
        )


def check_unknowns(order: int, d: int) -> None:
    """Refuse a tensor type with too many components for every solver."""
    if d**order > MAX_UNKNOWNS:
        raise ProblemTooLargeError(
            f"Tensors with {order} axes over a space of dimension {d} have {d**order} unknowns, "
            f"too many for every solver; at most {MAX_UNKNOWNS} are allowed. Use tensors with "
            "fewer axes."
        )


def check_dense(what: str, n_rows: int, n_columns: int, hint: str) -> None:
    """Refuse a dense array with too many entries."""
    if n_rows * n_columns > MAX_DENSE_ENTRIES:
        raise ProblemTooLargeError(
            f"{what} of shape ({n_rows}, {n_columns}) would have {n_rows * n_columns} entries; at "
            f"most {MAX_DENSE_ENTRIES} are allowed. {hint}"
        )
