"""The picture of an orbit shows f(gx) against g f(x), computed here by hand."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression

from softeq_sklearn import EquivariantRegressor, SoftEquivariantRegressor
from softeq_sklearn.groups import SO, C, Reflection, S, Scaling, Translation
from softeq_sklearn.inspection import OrbitDisplay
from softeq_sklearn.representations import ColumnSchema

SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=4, batch_size=16, random_state=0)
VECTORS = dict(rep_in="Vector", rep_out="Vector")
T = np.linspace(0, 1, 5)


class Stretch(BaseEstimator):
    """A known function of the plane: (x, y) -> (x, 3 y)."""

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return np.asarray(X) * [1.0, 3.0]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    X = np.random.RandomState(0).standard_normal((60, 4))
    return X, X[:, :2] * [1, 3] + 0.1 * X[:, 2:]


@pytest.fixture(scope="module")
def soft(data):
    groups = {"rotations": SO(2), "flip": Reflection(2)}
    return SoftEquivariantRegressor(groups, "2*Vector", "Vector", **SMALL).fit(*data)


def by_columns(lines):
    return np.column_stack([line.get_ydata() for line in lines])


def test_lines_against_closed_forms():
    x, y = 1.0, 0.5
    display = OrbitDisplay.from_estimator(Stretch(), [x, y], SO(2), n_points=9, **VECTORS)
    angle = np.deg2rad(display.t)
    c, s = np.cos(angle), np.sin(angle)
    values = np.column_stack([c * x - s * y, 3 * (s * x + c * y)])
    expected = np.column_stack([c * x - s * 3 * y, s * x + c * 3 * y])
    np.testing.assert_allclose(by_columns(display.lines_), values, atol=1e-12)
    np.testing.assert_allclose(by_columns(display.expected_lines_), expected, atol=1e-12)
    for lines in (display.lines_, display.expected_lines_):
        assert all((line.get_xdata() == display.t).all() for line in lines)


def test_an_equivariant_function_has_no_difference():
    model = LinearRegression(fit_intercept=False).fit(np.eye(2), 2 * np.eye(2))
    display = OrbitDisplay.from_estimator(model, [1.0, 2.0], SO(2), **VECTORS)
    np.testing.assert_allclose(display.values, display.expected, atol=1e-12)


def test_points_move_with_translations():
    reps = dict(rep_in="Point", rep_out="Point")
    display = OrbitDisplay.from_estimator(
        Stretch(), [1.0, 2.0], Translation(2), generator=1, n_points=3, **reps
    )
    np.testing.assert_allclose(display.values, [[1, 3], [1, 6], [1, 9]])
    np.testing.assert_allclose(display.expected, [[1, 5], [1, 6], [1, 7]])


def test_finite_groups_are_dots_at_every_element():
    display = OrbitDisplay.from_estimator(Stretch(), [1.0, 0.0], C(4), **VECTORS)
    np.testing.assert_allclose(display.values, [[1, 0], [0, 3], [-1, 0], [0, -3]], atol=1e-12)
    np.testing.assert_allclose(display.expected, [[1, 0], [0, 1], [-1, 0], [0, -1]], atol=1e-12)
    assert {line.get_linestyle() for line in display.lines_} == {"None"}
    segments = display.differences_[1].get_segments()
    np.testing.assert_allclose(segments[1], [(1, 3), (1, 1)], atol=1e-12)
    assert display.ax_[0].get_xlabel() == "power k of the generator"


def test_the_shaded_area_lies_between_the_lines():
    display = OrbitDisplay(T, T[:, None] ** 2, T[:, None]).plot()
    vertices = display.differences_[0].get_paths()[0].vertices
    for t in T:
        drawn = vertices[np.isclose(vertices[:, 0], t), 1]
        assert {drawn.min(), drawn.max()} == {min(t, t**2), max(t, t**2)}


def test_a_candidate_is_called_by_its_name(soft, data):
    row = data[0][0]
    display = OrbitDisplay.from_estimator(soft, row, "rotations", n_points=5)
    other = OrbitDisplay.from_estimator(soft, row[None], SO(2), n_points=5)
    np.testing.assert_array_equal(display.values, other.values)
    np.testing.assert_allclose(display.values[0], soft.predict(row[None])[0], rtol=1e-12)
    flipped = OrbitDisplay.from_estimator(soft, row, "flip")
    np.testing.assert_allclose(flipped.values[1], soft.predict([row * [-1, 1, -1, 1]])[0])
    np.testing.assert_allclose(flipped.expected[1], soft.predict([row])[0] * [-1, 1])


def test_exact_networks_and_one_output(data):
    X, _ = data
    y = X[:, 0]
    model = EquivariantRegressor(SO(2), "2*Vector", "Scalar", **SMALL).fit(X, y)
    display = OrbitDisplay.from_estimator(model, X[0], SO(2), n_points=5)
    assert display.values.shape == (5, 1)
    np.testing.assert_allclose(display.values, display.expected, atol=1e-9)


def test_members_have_a_band(data):
    X, Y = data
    groups = {"rotations": SO(2)}
    model = SoftEquivariantRegressor(groups, "2*Vector", "Vector", n_members=3, **SMALL)
    display = OrbitDisplay.from_estimator(model.fit(X, Y), X[0], "rotations", n_points=4)
    turned = X[0].copy()
    angle = 2 * np.pi / 3
    rotation = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turned[:2], turned[2:] = rotation @ X[0, :2], rotation @ X[0, 2:]
    mean, std = model.predict(turned[None], return_std=True)
    np.testing.assert_allclose(display.values[1], mean[0])
    np.testing.assert_allclose(display.values_std[1], std[0])
    assert len(display.bands_) == 2
    vertices = display.bands_[0].get_paths()[0].vertices
    drawn = vertices[np.isclose(vertices[:, 0], 120), 1]
    np.testing.assert_allclose([drawn.min(), drawn.max()], [(mean - std)[0, 0], (mean + std)[0, 0]])
    low, high = display.ax_[0].get_ylim()
    assert low < vertices[:, 1].min() and vertices[:, 1].max() < high


def test_one_member_has_no_band(soft, data):
    display = OrbitDisplay.from_estimator(soft, data[0][0], "rotations")
    assert display.values_std is None and not display.bands_


def test_other_regressors_with_a_spread(data):
    X, Y = data
    model = GaussianProcessRegressor(optimizer=None).fit(X, Y[:, 0])
    display = OrbitDisplay.from_estimator(
        model, X[0], SO(2), rep_in="2*Vector", rep_out="Scalar", n_points=3
    )
    assert display.values_std.shape == (3, 1)


def test_outputs_that_differ_most_are_chosen():
    factor = np.array([1, 1, 3, 1.5, 1, 2, 4, 1])

    class Columns(Stretch):
        def predict(self, X):
            return np.repeat(X, 4, axis=1) * factor

    reps = dict(rep_in="Vector", rep_out="8*Scalar", n_points=5)
    display = OrbitDisplay.from_estimator(Columns(), [1.0, 0.7], Scaling(2), **reps)
    titles = [ax.get_title() for ax in display.ax_]
    assert titles == ["output 2", "output 3", "output 5", "output 6"]
    some = OrbitDisplay.from_estimator(
        Columns(), [1.0, 0.7], Scaling(2), outputs=[6, 0], output_names=list("abcdefgh"), **reps
    )
    assert [ax.get_title() for ax in some.ax_] == ["g", "a"]
    np.testing.assert_array_equal(some.values[:, 0], display.values[:, 3])
    one = OrbitDisplay.from_estimator(Columns(), [1.0, 0.7], Scaling(2), outputs=1, **reps)
    assert len(one.ax_) == 1


def test_panels_have_the_units_of_a_schema(data):
    force = ColumnSchema({"east": "Scalar", "north": "Scalar"}, units={"north": "N"})
    given = OrbitDisplay.from_estimator(
        Stretch(), [1.0, 2.0], SO(2), rep_in="Vector", rep_out=force
    )
    assert [ax.get_title() for ax in given.ax_] == ["east", "north (N)"]
    targets = pd.DataFrame(data[1], columns=force.names)
    fitted = SoftEquivariantRegressor([SO(2)], "2*Vector", force, **SMALL).fit(data[0], targets)
    own = OrbitDisplay.from_estimator(fitted, data[0][0], SO(2))
    assert own.output_names.tolist() == ["east", "north (N)"]


def test_data_frames_keep_their_columns(data):
    X, Y = data
    frame = pd.DataFrame(X, columns=list("abcd"))
    groups = {"rotations": SO(2)}
    model = SoftEquivariantRegressor(groups, "2*Vector", "Vector", **SMALL).fit(frame, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # scikit-learn warns of missing names
        display = OrbitDisplay.from_estimator(model, frame.iloc[[0]], "rotations", n_points=3)
        series = OrbitDisplay.from_estimator(model, frame.iloc[0], "rotations", n_points=3)
    np.testing.assert_array_equal(display.values, series.values)


def test_given_axes_and_style_are_used():
    figure, axes = plt.subplots(2, 2)
    display = OrbitDisplay(T, np.ones((5, 2)), np.ones((5, 2))).plot(axes[0], linewidth=4)
    assert list(display.ax_) == list(axes[0]) and display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert {line.get_linewidth() for line in display.lines_ + display.expected_lines_} == {4}
    single = OrbitDisplay(T, np.ones((5, 1)), np.ones((5, 1))).plot(axes[1, 1])
    assert list(single.ax_) == [axes[1, 1]]


@pytest.mark.parametrize("n_outputs", [1, 2, 3, 4, 5, 9])
def test_panels_hold_everything_and_do_not_overlap(n_outputs):
    rng = np.random.RandomState(0)
    values, expected = rng.standard_normal((2, 5, n_outputs))
    std = rng.uniform(size=(5, n_outputs))
    display = OrbitDisplay(T, values, expected, values_std=std).plot()
    assert len(display.ax_) == len(display.figure_.axes) == n_outputs
    display.figure_.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in display.ax_]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        low, high = display.ax_[i].get_ylim()
        assert low < min(expected[:, i].min(), (values - std)[:, i].min())
        assert high > max(expected[:, i].max(), (values + std)[:, i].max())
    (legend,) = display.figure_.legends
    box = legend.get_window_extent()
    assert not any(box.overlaps(other) for other in boxes)
    assert box.x0 >= 0 and box.x1 <= display.figure_.bbox.x1


@pytest.mark.parametrize("size", [0.0, 1.0, 1e6, 1e-9])
def test_rounding_errors_are_not_magnified(size):
    values = np.full((5, 1), size)
    display = OrbitDisplay(T, values * (1 + 1e-12), values).plot()
    low, high = display.ax_[0].get_ylim()
    assert low < size < high
    assert high - low > 0.1 * size
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"group": "SO(3)"}, ValueError, r"'group' must be .*\['rotations', 'flip'\].* Got 'SO"),
        ({"group": 3}, TypeError, "'group' must be a Group or the name of one. Got 3"),
        ({"group": SO(3)}, ValueError, "'rep_in' must have as many dimensions as x has columns"),
        ({"x": np.ones(3)}, ValueError, "'rep_in' must have as many dimensions .* 3 columns"),
        ({"x": np.ones((2, 4))}, ValueError, r"'x' must be .*\(1, n\).* Got shape \(2, 4\)"),
        ({"x": np.full(4, np.nan)}, ValueError, "'x' must be .* Got nan"),
        ({"x": list("abcd")}, TypeError, "'x' must be .* Got dtype"),
        ({"generator": 1}, ValueError, "generator == 1, must be <= 0"),
        ({"generator": "0"}, TypeError, "generator must be an instance of int"),
        ({"group": "flip", "generator": 1}, ValueError, "generator == 1, must be <= 0"),
        ({"n_points": 1}, ValueError, "n_points == 1, must be >= 2"),
        ({"outputs": 2}, ValueError, r"'outputs' must be .* range\(2\). Got 2"),
        ({"outputs": [-1]}, ValueError, r"'outputs' must be .* Got \[-1\]"),
        ({"outputs": []}, TypeError, r"'outputs' must be .* Got \[\]"),
        ({"outputs": "all"}, TypeError, "'outputs' must be .* Got 'all'"),
        ({"rep_out": "Scalar"}, ValueError, "'rep_out' must have as many dimensions"),
        ({"output_names": ["a"]}, ValueError, "'output_names' must hold one name .* 2 outputs"),
        ({"ax": 3}, TypeError, "'ax' must be matplotlib Axes, or an array of them. Got 3"),
    ],
)
def test_wrong_arguments_are_refused(soft, data, changes, error, words):
    arguments = {"x": data[0][0], "group": "rotations"} | changes
    with pytest.raises(error, match=words):
        OrbitDisplay.from_estimator(soft, **arguments)


def test_wrong_estimators_and_axes_are_refused():
    with pytest.raises(NotFittedError):
        OrbitDisplay.from_estimator(SoftEquivariantRegressor(), [1.0], SO(2))
    with pytest.raises(ValueError, match="'rep_in' must be given .* another library. Got None"):
        OrbitDisplay.from_estimator(Stretch(), [1.0, 2.0], SO(2))
    with pytest.raises(ValueError, match="'ax' must be one Axes for each of 2 outputs. Got 1"):
        OrbitDisplay(T, np.ones((5, 2)), np.ones((5, 2))).plot(plt.figure().subplots())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"t": T[:3]}, r"'values' must be an array of shape \(3, n\)"),
        ({"expected": np.ones((5, 3))}, r"'expected' must be .*\(5, 2\).* Got shape \(5, 3\)"),
        ({"values": np.full((5, 2), np.inf)}, "'values' must be .* Got inf"),
        ({"values_std": np.ones(5)}, r"'values_std' must be .* Got shape \(5,\)"),
        ({"output_names": "ab"}, "'output_names' must hold .* Got 'ab'"),
    ],
)
def test_wrong_arrays_are_refused(changes, words):
    arrays = {"t": T, "values": np.ones((5, 2)), "expected": np.ones((5, 2))}
    with pytest.raises(ValueError, match=words):
        OrbitDisplay(**(arrays | changes))


def test_large_permutation_groups():
    class Sorted(Stretch):
        def predict(self, X):
            return np.sort(X, axis=1)

    display = OrbitDisplay.from_estimator(
        Sorted(), np.arange(6.0), S(6), rep_in="Vector", rep_out="Vector", n_points=20
    )
    assert display.values.shape == (20, 4)


@pytest.mark.parametrize("types", [{"a": "Float64"}, {"b": "Int64"}, {"a": "bool", "c": "float32"}])
def test_columns_of_any_types_that_hold_numbers(data, types):
    X, Y = data
    frame = pd.DataFrame(X.round(), columns=list("abcd")).astype(types)
    model = SoftEquivariantRegressor([SO(2)], "2*Vector", "Vector", **SMALL).fit(frame, Y)
    display = OrbitDisplay.from_estimator(model, frame.iloc[[0]], SO(2), n_points=3)
    expected = OrbitDisplay.from_estimator(model, frame.astype(float).iloc[[0]], SO(2), n_points=3)
    np.testing.assert_array_equal(display.values, expected.values)
