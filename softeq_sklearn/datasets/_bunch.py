"""The form in which every data set is returned."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch


def dataset(
    data: np.ndarray,
    target: np.ndarray,
    *,
    feature_names: list[str],
    target_names: list[str],
    return_X_y: bool,
    as_frame: bool,
    **contents,
):
    """Return a Bunch, or the pair (data, target), as the loaders of scikit-learn do.

    Parameters
    ----------
    data : ndarray of shape (n_samples, n_features)
    target : ndarray of shape (n_samples, n_outputs) or (n_samples,)
    feature_names, target_names : list of str
        Names of the columns.
    return_X_y : bool
        Return ``(data, target)`` instead of the Bunch.
    as_frame : bool
        Data and target as pandas DataFrames, a 1-d target as a Series; the Bunch then also has both
        in `frame`.
    **contents
        What else belongs into the Bunch.
    """
    frame = None
    if as_frame:
        import pandas as pd

        data = pd.DataFrame(data, columns=feature_names)
        if target.ndim == 1:
            target = pd.Series(target, name=target_names[0])
        else:
            target = pd.DataFrame(target, columns=target_names)
        frame = pd.concat([data, target], axis=1)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        feature_names=feature_names,
        target_names=target_names,
        **contents,
    )
