import numpy as np
from numpy.testing import assert_array_equal

from softeq_sklearn.meta._fixed_axes import FixedAxes


def test_axes_are_those_of_the_space():
    axes = FixedAxes(2)
    basis, ties = axes.fit(None, None)(np.ones((3, 4)))
    assert_array_equal(basis, np.tile(np.eye(2), (3, 1, 1)))
    assert ties.shape == (3, 1) and not ties.any()
    assert_array_equal(axes.flips, [[1, 1]])
