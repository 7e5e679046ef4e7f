import numpy as np
import pandas as pd

from softeq_sklearn.datasets._bunch import dataset

NAMES = {"feature_names": ["a", "b"], "target_names": ["y"]}


def test_arrays():
    data, target = np.ones((3, 2)), np.zeros((3, 1))
    bunch = dataset(data, target, return_X_y=False, as_frame=False, year=[1, 2, 3], **NAMES)
    assert bunch.data is data and bunch.target is target and bunch.frame is None
    assert bunch.year == [1, 2, 3]
    assert bunch.feature_names == ["a", "b"]


def test_frames_and_pair():
    data, target = np.ones((3, 2)), np.zeros((3, 1))
    X, y = dataset(data, target, return_X_y=True, as_frame=True, **NAMES)
    pd.testing.assert_frame_equal(X, pd.DataFrame(data, columns=["a", "b"]))
    pd.testing.assert_frame_equal(y, pd.DataFrame(target, columns=["y"]))
    bunch = dataset(data, target, return_X_y=False, as_frame=True, **NAMES)
    assert list(bunch.frame.columns) == ["a", "b", "y"]


def test_one_dimensional_target():
    data, target = np.ones((3, 2)), np.arange(3.0)
    assert dataset(data, target, return_X_y=False, as_frame=False, **NAMES).target is target
    bunch = dataset(data, target, return_X_y=False, as_frame=True, **NAMES)
    pd.testing.assert_series_equal(bunch.target, pd.Series(target, name="y"))
    assert list(bunch.frame.columns) == ["a", "b", "y"]
