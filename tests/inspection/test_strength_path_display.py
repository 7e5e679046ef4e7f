"""The picture of strengths shows the path that it was given."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from sklearn.exceptions import NotFittedError

from softeq_sklearn.inspection import StrengthPathDisplay
from softeq_sklearn.inspection._strength_path_display import spread

NAMES = ["SO(2)", "flip", "C(4)"]
PATH = np.array([[1.0, 1.0, 1.0], [1.0, 0.5, 0.4], [1.0, 0.02, 0.021], [1.0, 0.003, 0.0031]])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def boxes(display):
    """Rectangles of the names when the figure is drawn, from the top down."""
    display.figure_.draw_without_rendering()
    rectangles = [label.get_window_extent() for label in display.labels_]
    return sorted(rectangles, key=lambda box: -box.y0)


def test_lines_are_the_columns():
    display = StrengthPathDisplay(PATH, NAMES)
    assert display.plot() is display
    assert len(display.lines_) == 3 and not display.bands_
    for line, column in zip(display.lines_, PATH.T, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
        np.testing.assert_array_equal(line.get_ydata(), column)
    assert display.ax_.get_yscale() == "log"
    assert display.ax_.get_xlim() == (1, 4)


def test_everything_is_within_the_limits():
    low, high = StrengthPathDisplay(PATH, NAMES).plot().ax_.get_ylim()
    assert 0 < low < 0.003 and 1 < high < 10


def test_names_stand_at_the_ends_of_their_lines():
    display = StrengthPathDisplay(PATH[:, :2], NAMES[:2]).plot()
    assert [label.get_text() for label in display.labels_] == NAMES[:2]
    display.figure_.draw_without_rendering()
    for label, line, end in zip(display.labels_, display.lines_, PATH[-1, :2], strict=True):
        assert label.get_color() == line.get_color()
        height = display.ax_.transData.transform((4, end))[1]
        box = label.get_window_extent()
        assert box.y0 < height < box.y1
        assert box.x0 > display.ax_.get_window_extent().x1


@pytest.mark.parametrize("n_groups", [1, 3, 8, 30])
@pytest.mark.parametrize("end", ["same", "close", "apart"])
def test_names_do_not_overlap(n_groups, end):
    ends = {"same": 0, "close": 0.01, "apart": 0.3}[end] * np.arange(n_groups)
    path = np.stack([np.ones(n_groups), np.exp(-ends)])
    rectangles = boxes(StrengthPathDisplay(path, [f"g{i}" for i in range(n_groups)]).plot())
    pairs = zip(rectangles, rectangles[1:], strict=False)
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in pairs)


def test_groups_differ_in_colour_or_dashes():
    path = np.ones((3, 28))
    lines = StrengthPathDisplay(path, [str(i) for i in range(28)]).plot().lines_
    assert len({(to_hex(line.get_color()), line.get_linestyle()) for line in lines}) == 28


def test_zeros_are_drawn_at_zero():
    path = PATH.copy()
    path[2:, 1] = 0
    display = StrengthPathDisplay(path, NAMES).plot()
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), path[:, 1])
    ax = display.ax_
    assert ax.get_yscale() == "symlog"
    assert ax.get_ylim()[0] < 0
    heights = ax.transData.transform([(1, v) for v in (0, 0.0031, 0.031, 0.31)])[:, 1]
    steps = np.diff(heights)
    assert steps[0] > 0
    assert steps[1] == pytest.approx(steps[2], rel=1e-6), "logarithmic above the smallest strength"


@pytest.mark.parametrize("path", [np.zeros((5, 2)), np.ones((5, 2)), [[1.0, 1.0]], [[0.0, 0.0]]])
def test_paths_without_change(path):
    display = StrengthPathDisplay(path, ["a", "b"]).plot()
    low, high = display.ax_.get_ylim()
    assert low < np.min(path) and high > np.max(path)
    display.figure_.draw_without_rendering()
    visible = [t for t in display.ax_.get_yticks() if low <= t <= high]
    assert visible, "a scale without a number says nothing"


@pytest.mark.parametrize("path", [PATH, PATH[:, :, None] * [1, 2]])
def test_infinite_strengths_are_drawn_on_the_border(path):
    finite = StrengthPathDisplay(np.delete(path, 0, axis=1), NAMES[1:]).plot().ax_.get_ylim()
    path = path.copy()
    path[:, 0] = np.inf
    display = StrengthPathDisplay(path, NAMES).plot()
    assert display.ax_.get_ylim() == finite
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [finite[1]] * 4)
    assert [label.get_text() for label in display.labels_] == ["SO(2) (∞)", "flip", "C(4)"]
    assert display.labels_[0].get_position()[1] == pytest.approx(1)
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize("value", [0, np.inf])
def test_only_infinite_strengths(value):
    display = StrengthPathDisplay([[np.inf, value]] * 3, NAMES[:2]).plot()
    display.figure_.draw_without_rendering()
    assert np.isfinite(display.ax_.get_ylim()).all()


def test_one_epoch_is_a_dot():
    assert StrengthPathDisplay([[1.0, 2.0]], ["a", "b"]).plot().lines_[0].get_marker() == "o"


def test_layers_are_a_mean_and_a_range():
    path = np.random.RandomState(0).uniform(0.1, 1, size=(6, 3, 4))
    display = StrengthPathDisplay(path, NAMES).plot()
    assert len(display.bands_) == 3
    for group, (line, band) in enumerate(zip(display.lines_, display.bands_, strict=True)):
        np.testing.assert_allclose(line.get_ydata(), path[:, group].mean(axis=-1))
        vertices = band.get_paths()[0].vertices
        for epoch in range(6):
            drawn = vertices[vertices[:, 0] == epoch + 1, 1]
            assert drawn.min() == path[epoch, group].min()
            assert drawn.max() == path[epoch, group].max()
    low, high = display.ax_.get_ylim()
    assert low < path.min() and high > path.max()


def test_given_axes_and_style_are_used():
    figure, (ax, other) = plt.subplots(1, 2)
    display = StrengthPathDisplay(PATH, NAMES).plot(ax, linewidth=5)
    assert display.ax_ is ax and display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert not other.lines
    assert {line.get_linewidth() for line in display.lines_} == {5}


def test_subfigures():
    ax = plt.figure(layout="constrained").subfigures(1, 2)[1].subplots()
    assert StrengthPathDisplay(PATH, NAMES).plot(ax).ax_ is ax


def test_from_estimator():
    model = SimpleNamespace(strength_path_=PATH, levels_=SimpleNamespace(name=np.array(NAMES)))
    _, ax = plt.subplots()
    display = StrengthPathDisplay.from_estimator(model, ax=ax)
    assert display.ax_ is ax
    np.testing.assert_array_equal(display.strength_path, PATH)
    assert display.name.tolist() == NAMES


@pytest.mark.parametrize(
    ("path", "name", "error", "words"),
    [
        (PATH, NAMES[:2], ValueError, r"\(n, 2\) of strengths .* Got shape \(4, 3\)"),
        (PATH[0], NAMES, ValueError, r"\(n, 3\) of strengths .* Got shape \(3,\)"),
        (PATH[:0], NAMES, ValueError, r"Got shape \(0, 3\)"),
        (-PATH, NAMES, ValueError, "at least 0. Got -1.0"),
        (PATH * np.nan, NAMES, ValueError, "at least 0. Got nan"),
        (PATH * 1j, NAMES, TypeError, "Got dtype complex128"),
        (PATH, [], ValueError, "'name' must be"),
    ],
)
def test_wrong_arguments_are_refused(path, name, error, words):
    with pytest.raises(error, match=words):
        StrengthPathDisplay(path, name)


def test_estimators_without_a_path_are_refused():
    with pytest.raises(
        NotFittedError, match="'estimator' must be fitted and have 'strength_path_'"
    ):
        StrengthPathDisplay.from_estimator(SimpleNamespace())
    with pytest.raises(TypeError, match="'ax' must be"):
        StrengthPathDisplay(PATH, NAMES).plot(ax="no axes")


@given(
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=20),
    st.floats(0, 0.2),
)
def test_spread_keeps_gaps_order_and_limits(positions, gap):
    positions = np.array(positions)
    moved = spread(positions, gap)
    order = np.argsort(positions, kind="stable")
    room = min(gap, 1 / max(len(positions) - 1, 1))
    assert np.diff(np.sort(moved)).min(initial=np.inf) >= room - 1e-9
    assert -1e-9 <= moved.min() and moved.max() <= 1 + 1e-9
    lower, upper = moved[order][:-1], moved[order][1:]
    differ = np.diff(positions[order]) > 0
    assert (upper[differ] >= lower[differ] - 1e-12).all()
    far_apart = np.diff(np.sort(positions)).min(initial=np.inf) >= gap
    if far_apart:
        np.testing.assert_allclose(moved, positions, atol=1e-9)


def test_spread_moves_as_little_as_may_be():
    np.testing.assert_allclose(spread(np.array([0.5, 0.52, 0.9]), 0.1), [0.46, 0.56, 0.9])
    np.testing.assert_allclose(
        spread(np.array([0.5, 0.5]), 0.2), [0.6, 0.4], err_msg="first on top"
    )
