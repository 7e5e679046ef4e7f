"""The picture of a basis shows maps that commute with the group, and all of them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SE, SO, O, Reflection, Z
from softeq_sklearn.inspection import BasisDisplay
from softeq_sklearn.projection import equivariant_basis
from softeq_sklearn.representations import ColumnSchema, Scalar, Vector, as_representation

CASES = [
    ("Scalar+Vector", "Vector", SO(2)),
    ("2*Vector", "T(2)", O(2).embed(3, axes=(0, 1))),
    ("Vector", "T(2)", SO(3)),
    ("Vector", "Vector", Z(4)),
    ("T(2)", "Scalar+Vector", Reflection(2)),
]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize(("rep_in", "rep_out", "group"), CASES)
def test_maps_commute_with_the_group(rep_in, rep_out, group):
    maps = BasisDisplay.from_representations(rep_in, rep_out, group).maps
    rep_in, rep_out = as_representation(rep_in), as_representation(rep_out)
    for g in group.sample(5, random_state=0):
        moved = rep_out.rho(g) @ maps @ np.linalg.inv(rep_in.rho(g))
        np.testing.assert_allclose(moved, maps, atol=1e-12)


@pytest.mark.parametrize(("rep_in", "rep_out", "group"), CASES)
def test_maps_are_an_echelon_basis_of_all(rep_in, rep_out, group):
    display = BasisDisplay.from_representations(rep_in, rep_out, group, max_maps=99)
    flat = display.maps.reshape(len(display.maps), -1)
    basis = equivariant_basis(as_representation(rep_in) >> as_representation(rep_out), group)
    assert len(flat) == basis.shape[1] == np.linalg.matrix_rank(flat)
    np.testing.assert_allclose(flat @ basis @ basis.T, flat, atol=1e-12)
    alone = (np.abs(flat) > 0).sum(axis=0) == 1
    assert (np.isclose(flat, 1) & alone).any(axis=1).all(), "each map has a 1 that is its own"


def test_what_is_drawn():
    columns = ColumnSchema({"mass": Scalar, ("x", "y"): Vector})
    display = BasisDisplay.from_representations(columns, "Scalar + Vector", SO(2))
    assert display.plot() is display
    assert len(display.ax_) == len(display.images_) == len(display.maps) == 3
    for image, matrix in zip(display.images_, display.maps, strict=True):
        np.testing.assert_array_equal(image.get_array(), matrix)
        low, high = image.get_clim()
        assert low == -high, "white is zero"
    labels = [label.get_text() for label in display.ax_[0].get_xticklabels()]
    assert labels == ["mass", "x", "y"]
    assert [label.get_text() for label in display.ax_[0].get_yticklabels()] == ["Scalar", "Vector"]
    np.testing.assert_array_equal(display.ax_[0].get_yticks(), [0, 1.5])


@pytest.mark.parametrize("rep_in", ["5*Scalar + 5*Vector", "Vector * (Scalar + T(2))", "30*Scalar"])
def test_names_are_within_the_figure(rep_in):
    display = BasisDisplay.from_representations(rep_in, "Scalar+T(2)", O(2).embed(3, axes=(0, 1)))
    display.figure_.draw_without_rendering()
    whole = display.figure_.bbox
    for panel in display.ax_:
        for text in (*panel.get_xticklabels(), *panel.get_yticklabels(), panel.title):
            box = text.get_window_extent()
            assert box.x0 >= whole.x0 - 1 and box.x1 <= whole.x1 + 1
            assert box.y0 >= whole.y0 - 1 and box.y1 <= whole.y1 + 1


def test_large_bases_are_cut():
    display = BasisDisplay.from_representations("3*Vector", "3*Vector", SO(2), max_maps=4)
    assert len(display.ax_) == 4
    assert display.n_left_out == 14
    assert display.figure_.get_supxlabel() == "and 14 more maps"


def test_of_a_fit():
    X = np.random.RandomState(0).standard_normal((30, 4))
    model = SoftEquivariantRegressor(
        {"rotations": SO(2)}, "2*Vector", "Vector", hidden_channels=8, max_epochs=1
    )
    with pytest.raises(NotFittedError):
        BasisDisplay.from_estimator(model, "rotations")
    model.fit(X, X[:, :2])
    display = BasisDisplay.from_estimator(model, "rotations")
    expected = BasisDisplay.from_representations("2*Vector", "Vector", SO(2))
    np.testing.assert_array_equal(display.maps, expected.maps)
    assert BasisDisplay.from_estimator(model, O(2)).maps.shape == (2, 2, 4)
    with pytest.raises(ValueError, match=r"one of the candidates \['rotations'\]. Got 'turns'"):
        BasisDisplay.from_estimator(model, "turns")


def test_given_axes():
    figure, axes = plt.subplots(1, 2)
    display = BasisDisplay.from_representations("Vector", "Vector", SO(2), ax=axes, cmap="gray")
    assert display.figure_ is figure and list(display.ax_) == list(axes)
    assert display.images_[0].get_cmap().name == "gray"
    with pytest.raises(ValueError, match="one Axes for each of 2 maps. Got 1"):
        display.plot(axes[0])
    with pytest.raises(TypeError, match="'ax' must be"):
        display.plot([axes[0], "no axes"])


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (("Vector", "Scalar", SO(2)), {}, ValueError, "must allow a map other than zero"),
        (("Point", "Point", SE(2)), {}, ValueError, "Points"),
        (("Vector", "Vector", SO(2)), {"max_maps": 0}, ValueError, "max_maps"),
    ],
)
def test_what_cannot_be_drawn(arguments, options, error, words):
    with pytest.raises(error, match=words):
        BasisDisplay.from_representations(*arguments, **options)


def test_estimators_of_other_libraries_are_refused():
    with pytest.raises(TypeError, match="must be a network estimator of the package.*Got Linear"):
        BasisDisplay.from_estimator(LinearRegression(), SO(2))


def test_wrong_arrays_are_refused():
    with pytest.raises(ValueError, match=r"Got shape \(2, 2\)"):
        BasisDisplay(np.eye(2))
    with pytest.raises(ValueError, match="'pieces_in' must have sizes that add up to 2. Got"):
        BasisDisplay(np.eye(2)[None], pieces_in=[(1, "a")])
