"""A hypothesis strategy for the elements of a group."""

from __future__ import annotations

import numpy as np

from softeq_sklearn.groups import Group, exponential
from softeq_sklearn.testing._hypothesis import st

_MAX_SEED = 2**32 - 1


def elements(group: Group):
    """Strategy for the elements of a group: the identity, its generators, and random elements.

    Random elements are those of ``group.sample``: bounded, and far from the identity. Examples
    shrink towards the identity.

    Parameters
    ----------
    group : Group
        The group.

    Returns
    -------
    hypothesis.strategies.SearchStrategy[ndarray]
        Elements of shape (d, d), or (d, d + 1) for an affine group.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given
    >>> from softeq_sklearn.groups import SO
    >>> from softeq_sklearn.testing import elements
    >>> @given(elements(SO(3)))
    ... def test_rotations_keep_volumes(g):
    ...     assert abs(np.linalg.det(g) - 1) < 1e-12
    >>> test_rotations_keep_volumes()
    """
    identity = np.eye(group.dim, group.dim + group.is_affine)
    strategies = [st.builds(identity.copy)]
    if len(group.discrete_generators):
        strategies.append(st.sampled_from(tuple(group.discrete_generators)).map(np.copy))
    if len(group.lie_algebra):
        strategies.append(
            st.builds(_one_parameter, st.sampled_from(tuple(group.lie_algebra)), st.floats(-1, 1))
        )
    strategies.append(st.integers(0, _MAX_SEED).map(lambda seed: group.sample(1, seed)[0]))
    return st.one_of(strategies)


def _one_parameter(A, angle):
    """The exponential of angle * A / |A|, so that the element is bounded whatever A."""
    norm = np.linalg.norm(A, ord=2)
    return exponential(A * (angle / norm if norm else 0.0))
