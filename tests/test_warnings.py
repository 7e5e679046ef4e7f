"""Warnings point at the user's line, however deep in the package they arise."""

import warnings

import numpy as np
import pandas as pd
import pytest

from softeq_sklearn import EquivariantRegressor, SymmetrizedRegressor
from softeq_sklearn._warnings import warn_user
from softeq_sklearn.groups import SO
from softeq_sklearn.representations import ColumnSchema, Scalar, Vector


def test_a_warning_points_at_its_caller():
    with pytest.warns(UserWarning, match="look here") as caught:
        warn_user("look here")
    assert caught[0].filename == __file__


@pytest.mark.parametrize("method", ["fit", "partial_fit", "meta"])
def test_warnings_of_fits_point_at_the_line_of_fit(method):
    table = pd.DataFrame(np.random.RandomState(0).randn(30, 2), columns=["x", "y"])
    columns = ColumnSchema({("x", "y"): Vector}), ColumnSchema({"x": Scalar})
    if method == "meta":
        fit = SymmetrizedRegressor(None, SO(2), *columns).fit
    else:
        model = EquivariantRegressor(SO(2), *columns, hidden_channels=4, max_epochs=1)
        fit = getattr(model, method)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(table, table)
    (warning,) = [w for w in caught if "inputs and targets at once" in str(w.message)]
    assert warning.filename == __file__
