"""Rows of the members."""

import numpy as np

from softeq_sklearn.estimators._bootstrap import bootstrap_weights, unseen_rows


def test_members_have_rows_of_their_own():
    weights = bootstrap_weights(72, 5, 0)
    assert weights.shape == (5, 72) and (weights.sum(axis=1) == 72).all()
    assert (weights == 0).any(axis=1).all()
    assert len({tuple(row) for row in weights}) == 5
    assert bootstrap_weights(72, 1, 0) is None


def test_rows_are_unseen_where_they_were_held_out_or_not_drawn():
    train = np.array([0, 2, 3, 5])
    unseen = unseen_rows(6, train, 3, 0)
    assert unseen[:, [1, 4]].all()
    np.testing.assert_array_equal(unseen[:, train], bootstrap_weights(4, 3, 0) == 0)
