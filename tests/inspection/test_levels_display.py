"""The picture of levels shows the arrays that it was given."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from softeq_sklearn.inspection import Levels, LevelsDisplay

NAMES = ["SO(2)", "flip", "C(4)", "Scaling(2)"]
ERROR = np.array([0.0, 0.04, 0.3, 0.1])
LOW = np.array([0.0, 0.03, 0.25, np.nan])
HIGH = np.array([0.006, 0.06, 0.4, np.nan])
FLOOR = np.array([0.01, 0.012, np.nan, 0.008])
TRUE = np.array([0.0, 0.05, np.nan, 0.11])
VERDICT = ["exact", "approximate", "broken", "cannot tell"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def display():
    return LevelsDisplay(
        NAMES,
        ERROR,
        error_low=LOW,
        error_high=HIGH,
        floor=FLOOR,
        verdict=VERDICT,
        true_error=TRUE,
    )


@pytest.mark.parametrize("scale", ["sqrt", "linear", "symlog"])
def test_dots_stand_at_the_levels(display, scale):
    assert display.plot(scale=scale) is display
    assert list(display.points_) == VERDICT
    for row, verdict in enumerate(VERDICT):
        np.testing.assert_array_equal(display.points_[verdict].get_xydata(), [[ERROR[row], row]])


def test_verdicts_differ_in_colour_and_in_marker(display):
    dots = display.plot().points_.values()
    assert len({to_hex(dot.get_color()) for dot in dots}) == 4
    assert len({dot.get_marker() for dot in dots}) == 4


def test_names_stand_beside_their_dots_the_first_on_top(display):
    ax = display.plot().ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES
    np.testing.assert_array_equal(ax.get_yticks(), range(4))
    bottom, top = ax.get_ylim()
    assert bottom > 3 and top < 0


def test_intervals_where_there_are_some(display):
    segments = display.plot().intervals_.get_segments()
    expected = [[(LOW[row], row), (HIGH[row], row)] for row in range(3)]
    np.testing.assert_array_equal(segments, expected)
    colors = [to_hex(color) for color in display.intervals_.get_colors()]
    assert colors == [to_hex(display.points_[v].get_color()) for v in VERDICT[:3]]


def test_floors_are_bars_from_zero(display):
    bars = display.plot().floors_.patches
    assert [bar.get_width() for bar in bars] == [0.01, 0.012, 0.008]
    assert [bar.get_y() + bar.get_height() / 2 for bar in bars] == [0, 1, 3]
    assert {bar.get_x() for bar in bars} == {0}


def test_true_errors_are_hollow(display):
    points = display.plot().true_points_
    np.testing.assert_array_equal(points.get_xydata(), [(0, 0), (0.05, 1), (0.11, 3)])
    assert points.get_markerfacecolor() == "none"


@pytest.mark.parametrize("scale", ["sqrt", "linear", "symlog"])
def test_the_axis_starts_at_zero_and_holds_everything(display, scale):
    low, high = display.plot(scale=scale).ax_.get_xlim()
    assert low == 0
    assert 0.4 < high < 0.5


def test_an_exact_network_does_not_magnify_rounding():
    ax = LevelsDisplay(["a"], [1e-15]).plot().ax_
    assert ax.get_xlim()[1] > 0.01


def test_small_levels_are_spread_by_the_square_root(display):
    place = display.plot().ax_.transLimits + display.ax_.transAxes
    scaled = display.ax_.transScale.transform([(0.01, 0), (0.04, 0)])
    first, second = (place.transform(scaled) - place.transform([(0, 0)]))[:, 0]
    assert second == pytest.approx(2 * first)


@pytest.mark.parametrize("width", [2.5, 4, 12])
@pytest.mark.parametrize("largest", [0.003, 0.02, 0.3, 1.0])
def test_ticks_do_not_overlap(width, largest):
    _, ax = plt.subplots(figsize=(width, 2), layout="constrained")
    LevelsDisplay(["a", "b"], [0.0, largest]).plot(ax)
    ax.figure.draw_without_rendering()
    labels = [t for t in ax.get_xticklabels() if t.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    assert len(boxes) >= 3
    assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False))
    ticks = ax.get_xticks()
    assert [float(label.get_text()) for label in labels] == pytest.approx(list(ticks))
    assert ticks[-1] <= ax.get_xlim()[1]


@pytest.mark.parametrize("n_groups", [1, 2, 8, 30])
def test_names_and_legend_do_not_overlap(n_groups):
    display = LevelsDisplay(
        [f"O(2) about {i}" for i in range(n_groups)],
        np.full(n_groups, 0.1),
        error_low=np.full(n_groups, 0.05),
        error_high=np.full(n_groups, 0.2),
        verdict=np.resize(VERDICT, n_groups),
    ).plot()
    display.figure_.draw_without_rendering()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert all(upper.y0 > lower.y1 for upper, lower in zip(boxes, boxes[1:], strict=False))
    legend = display.ax_.get_legend().get_window_extent()
    assert legend.x0 > display.ax_.get_window_extent().x1
    assert 0 <= legend.y0 and legend.x1 <= display.figure_.bbox.x1


def test_legend_names_what_is_drawn(display):
    legend = display.plot().ax_.get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == [*VERDICT, "95 % interval", "floor of the fit", "true error"]


@pytest.mark.parametrize("nan", [None, np.full(4, np.nan)])
def test_one_member_has_dots_only(nan):
    display = LevelsDisplay(NAMES, ERROR, error_low=nan, error_high=nan, floor=nan).plot()
    assert display.intervals_ is display.floors_ is display.true_points_ is None
    np.testing.assert_array_equal(display.points_["level"].get_xdata(), ERROR)
    assert display.ax_.get_legend() is None


def test_an_interval_need_not_hold_the_level():
    display = LevelsDisplay(["a"], [0.1], error_low=[0.2], error_high=[0.3]).plot()
    np.testing.assert_array_equal(display.intervals_.get_segments(), [[(0.2, 0), (0.3, 0)]])


def test_given_axes_and_style_are_used(display):
    figure, (ax, other) = plt.subplots(1, 2)
    display.plot(ax, markersize=3)
    assert display.ax_ is ax and display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert not other.lines
    assert all(dot.get_markersize() == 3 for dot in display.points_.values())


def test_subfigures(display):
    figure = plt.figure(layout="constrained")
    ax = figure.subfigures(1, 2)[0].subplots()
    assert display.plot(ax).ax_ is ax


def test_from_estimator_reads_levels():
    numbers = {"strength": ERROR, "penalty": ERROR}
    model = SimpleNamespace(levels_=Levels(name=np.array(NAMES), error=ERROR, **numbers))
    display = LevelsDisplay.from_estimator(model, true_error={"flip": 0.07}, scale="linear")
    assert display.name.tolist() == NAMES
    np.testing.assert_array_equal(display.error, ERROR)
    np.testing.assert_array_equal(display.true_points_.get_xydata(), [(0.07, 1)])
    assert display.ax_.get_xscale() == "linear"


def test_from_estimator_reads_intervals_floor_and_verdict():
    columns = dict(error_low=LOW, error_high=HIGH, floor=FLOOR, verdict=np.array(VERDICT))
    levels = SimpleNamespace(name=np.array(NAMES), error=ERROR, **columns)
    _, ax = plt.subplots()
    display = LevelsDisplay.from_estimator(SimpleNamespace(levels_=levels), ax=ax)
    assert display.ax_ is ax
    for name, column in columns.items():
        np.testing.assert_array_equal(getattr(display, name), column)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"name": "SO(2)"}, ValueError, "'name' must be .* Got 'SO"),
        ({"name": []}, ValueError, r"'name' must be .* Got \[\]"),
        ({"error": [0.1, 0.2]}, ValueError, r"'error' must be .*\(4,\).* Got shape \(2,\)"),
        ({"error": [0.1, 0.2, -0.5, 0.3]}, ValueError, r"'error' must be .* Got -0\.5"),
        ({"error": [0.1, 0.2, np.nan, 0.3]}, ValueError, "'error' must be .* Got nan"),
        ({"error": ["a"] * 4}, TypeError, "'error' must be .* Got dtype <U1"),
        ({"error_high": [np.inf] * 4}, ValueError, "'error_high' must be .* Got inf"),
        ({"error_high": None}, ValueError, "'error_low' and 'error_high' must be given together"),
        ({"floor": 0.1}, ValueError, r"'floor' must be .* Got shape \(\)"),
        ({"true_error": [0.1]}, ValueError, r"'true_error' must be .* Got shape \(1,\)"),
        ({"verdict": ["exact"] * 3}, ValueError, "'verdict' must have .* of 4 groups"),
        ({"verdict": ["exact"] * 3 + ["maybe"]}, ValueError, "'verdict' must have .* Got 'maybe'"),
    ],
)
def test_wrong_arrays_are_refused(changes, error, words):
    arrays = dict(
        name=NAMES,
        error=ERROR,
        error_low=LOW,
        error_high=HIGH,
        floor=FLOOR,
        verdict=VERDICT,
        true_error=TRUE,
    )
    with pytest.raises(error, match=words):
        LevelsDisplay(**(arrays | changes))


def test_wrong_ways_to_draw_are_refused(display):
    with pytest.raises(ValueError, match="'scale' must be one of .* Got 'log'"):
        display.plot(scale="log")
    with pytest.raises(TypeError, match="'ax' must be matplotlib Axes or None. Got 3"):
        display.plot(ax=3)
    with pytest.raises(NotFittedError, match="'estimator' must be fitted and have 'levels_'"):
        LevelsDisplay.from_estimator(SimpleNamespace())


def test_names_of_true_errors_are_checked():
    fitted = SimpleNamespace(levels_=Levels(np.array(["a"]), *np.ones((3, 1))))
    with pytest.raises(ValueError, match=r"true_error must name groups of \['a'\]. Got \['q'\]"):
        LevelsDisplay.from_estimator(fitted, true_error={"q": 0.1})


def test_where_the_estimator_is_in_what_holds_it():
    with pytest.raises(NotFittedError, match=r"write pipeline\[-1\]"):
        LevelsDisplay.from_estimator(make_pipeline(Ridge()))
    with pytest.raises(NotFittedError, match="write search.best_estimator_"):
        LevelsDisplay.from_estimator(SimpleNamespace(best_estimator_=Ridge()))
