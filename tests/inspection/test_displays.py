"""What all displays have in common: a fit is enough, and matplotlib is needed only to draw."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from softeq_sklearn import SoftEquivariantRegressor, SymmetryLevels
from softeq_sklearn.groups import SO, Reflection
from softeq_sklearn.inspection import (
    BasisDisplay,
    LayerResidualsDisplay,
    LevelsDisplay,
    OrbitDisplay,
    StrengthPathDisplay,
)
from softeq_sklearn.representations import ColumnSchema

NAMES = ["rotations", "flip"]
EPOCHS = 8


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make(**changes):
    arguments = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=EPOCHS, random_state=0)
    groups = {"rotations": SO(2), "flip": Reflection(2)}
    return SoftEquivariantRegressor(groups, "2*Vector", "Vector", **(arguments | changes))


@pytest.fixture(scope="module")
def data():
    X = np.random.RandomState(0).standard_normal((60, 4))
    return X, X[:, :2] * [1, 3]


@pytest.fixture(scope="module", params=[1, 4], ids="{} members".format)
def model(request, data):
    return make(n_members=request.param).fit(*data)


def make_displays(model):
    """Each display of a fit."""
    return [
        LevelsDisplay.from_estimator(model),
        StrengthPathDisplay.from_estimator(model),
        LayerResidualsDisplay.from_estimator(model),
        OrbitDisplay.from_estimator(model, np.arange(4.0), "rotations", outputs=0),
        BasisDisplay.from_estimator(model, "rotations"),
    ]


def test_a_fit_is_enough(model, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("a window was asked for"))
    for display in make_displays(model):
        display.figure_.canvas.draw()


def test_levels_of_a_fit(model):
    display = LevelsDisplay.from_estimator(model)
    assert display.name.tolist() == NAMES
    np.testing.assert_array_equal(display.error, model.levels_.error)
    for column in ("error_low", "error_high", "floor", "verdict"):
        if hasattr(model.levels_, column):
            np.testing.assert_array_equal(getattr(display, column), getattr(model.levels_, column))


def test_levels_of_a_transformer(model, data):
    transformer = SymmetryLevels(model, prefit=True).fit(*data)
    display = LevelsDisplay.from_estimator(transformer)
    np.testing.assert_array_equal(display.error, model.levels_.error)


def test_strengths_of_a_fit(model):
    display = StrengthPathDisplay.from_estimator(model)
    assert display.strength_path.shape == (EPOCHS, 2)
    np.testing.assert_array_equal(display.strength_path, model.strength_path_)
    np.testing.assert_allclose(display.strength_path[-1], model.strengths_)


def test_names_with_dollars_are_no_formulas(data):
    """Of groups, columns and outputs; a formula that does not parse is an error when drawn."""
    X, y = data
    table = pd.DataFrame(X[:, :3], columns=["$x$", "y$^$", "$\\frac$"])
    columns = ColumnSchema({("$x$", "y$^$"): "Vector", "$\\frac$": "Scalar"})
    group = {"$bad\\frac$": SO(2)}
    model = SoftEquivariantRegressor(group, columns, hidden_channels=8, max_epochs=1)
    model.fit(table, y[:, 0])
    row = table.iloc[[0]]
    displays = [
        LevelsDisplay.from_estimator(model),
        StrengthPathDisplay.from_estimator(model),
        LayerResidualsDisplay.from_estimator(model),
        OrbitDisplay.from_estimator(model, row, "$bad\\frac$", output_names=["$\\frac$"]),
        BasisDisplay.from_estimator(model, "$bad\\frac$"),
    ]
    for display in displays:
        display.figure_.canvas.draw()


def test_a_display_draws_again(model):
    for display in make_displays(model):
        first = display.figure_
        assert display.plot() is display
        assert display.figure_ is not first


def test_axes_are_used_and_no_other_figure_is_made(model):
    figure, (above, middle, below) = plt.subplots(3)
    displays = [
        LevelsDisplay.from_estimator(model, ax=above),
        StrengthPathDisplay.from_estimator(model, ax=middle),
        OrbitDisplay.from_estimator(model, np.arange(4.0), "flip", outputs=0, ax=below),
    ]
    assert [np.ravel(display.ax_)[0] for display in displays] == [above, middle, below]
    assert all(display.figure_ is figure for display in displays)
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("draw", [LevelsDisplay, StrengthPathDisplay, LayerResidualsDisplay])
def test_unfitted_estimators_are_refused(draw):
    with pytest.raises(NotFittedError):
        draw.from_estimator(make())
    with pytest.raises(NotFittedError):
        OrbitDisplay.from_estimator(make(), np.arange(4.0), "rotations")


def test_a_fit_without_groups_has_nothing_to_draw(data):
    model = SoftEquivariantRegressor(hidden_channels=8, max_epochs=1).fit(*data)
    with pytest.raises(ValueError, match="'name' must be a sequence of at least one name"):
        LevelsDisplay.from_estimator(model)


@pytest.mark.parametrize("which", range(5))
def test_without_matplotlib_the_message_says_so(model, monkeypatch, which):
    display = make_displays(model)[which]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    name = type(display).__name__
    with pytest.raises(ImportError, match=f"{name}.plot requires matplotlib"):
        display.plot()
    arguments = {3: (np.arange(4.0), "rotations"), 4: ("rotations",)}.get(which, ())
    with pytest.raises(ImportError, match=f"{name}.from_estimator requires matplotlib"):
        type(display).from_estimator(model, *arguments)
