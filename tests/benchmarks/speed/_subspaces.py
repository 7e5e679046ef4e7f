"""Time of all equivariant subspaces of a network, in a process of its own.

``python -m tests.benchmarks.speed._subspaces`` prints the seconds.
"""

from __future__ import annotations

import time

from softeq_sklearn.groups import SO, O, Reflection, S
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.regularizers import ProjectionPenalty
from tests.benchmarks.speed._timing import Figure, printed_by

WIDTH = 384
GROUPS = {
    "O(3)": O(3),
    "turns about z": SO(2).embed(3, axes=(0, 1)),
    "reflection": Reflection(3),
    "S(3)": S(3),
}


def network_and_penalty():
    """Make a network, whose start and penalty need the basis of every block of each layer."""
    network = SoftEquivariantNetwork(
        "5*Scalar + 5*Vector", "T(2)", list(GROUPS.values()), hidden_channels=WIDTH
    )
    ProjectionPenalty(network, GROUPS, 1.0)


def subspaces():
    """Seconds of the first network of a process."""
    (seconds,) = printed_by("_subspaces")
    what = f"network of {WIDTH} channels and penalty of {len(GROUPS)} groups, cold"
    yield Figure(what, seconds, 1.0, unit=" s")


if __name__ == "__main__":
    start = time.perf_counter()
    network_and_penalty()
    print(time.perf_counter() - start)
