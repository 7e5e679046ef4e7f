"""The picture of residuals shows the share of each layer's weights outside each subspace."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SL, SO, O, Reflection
from softeq_sklearn.inspection import LayerResidualsDisplay
from softeq_sklearn.inspection._layer_residuals_display import layer_residuals
from softeq_sklearn.nn import SoftEquivariantNetwork, SoftLinear, stack_members
from softeq_sklearn.projection import equivariant_projector
from softeq_sklearn.regularizers import ProjectionPenalty

GROUPS = {"rotations": SO(2), "flip": Reflection(2)}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def network(seed):
    """A network whose weights are all random."""
    made = SoftEquivariantNetwork("Vector", "Vector", list(GROUPS.values()), n_hidden_layers=1)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return made


def test_equal_to_dense_projections():
    """The last layer maps to one Vector: its blocks project one by one."""
    made = network(0)
    last = [m for m in made.modules() if isinstance(m, SoftLinear)][-1]
    weight = last.weight.detach().double().numpy()
    inside = {name: 0.0 for name in GROUPS}
    whole = 0.0
    layout = last.layout_in
    for word in layout.types:
        columns = layout.index_of(word).reshape(layout.channels_of(word), -1)
        rep_in = {(): "Scalar", (1,): "Vector", (1, 1): "T(2)"}[word]
        for copy in columns:
            block = weight[:, copy].reshape(-1)
            whole += block @ block
            for name, group in GROUPS.items():
                projector = equivariant_projector(f"({rep_in}) >> Vector", group)
                inside[name] += np.sum(np.square(projector @ block))
    bias = last.bias.detach().double().numpy()
    whole += bias @ bias
    inside["flip"] += bias @ (equivariant_projector("Vector", GROUPS["flip"]) @ bias)
    for name, residual in zip(GROUPS, layer_residuals(made, GROUPS)[:, -1], strict=True):
        assert residual == pytest.approx(np.sqrt(1 - inside[name] / whole), rel=1e-12)


def test_norms_of_members_are_taken_together():
    singles = [network(seed) for seed in range(3)]
    singles[1].layers[-1].weight.data *= 3  # whose norm then counts for more
    stacked = layer_residuals(stack_members(singles), GROUPS)
    penalties = [ProjectionPenalty(single, GROUPS, 1.0) for single in singles]
    pairs = list(zip(penalties, singles, strict=True))
    whole = sum(penalty.layer_half_squares(single) for penalty, single in pairs)
    for index, name in enumerate(GROUPS):
        outside = sum(penalty.layer_values(single)[name] for penalty, single in pairs)
        np.testing.assert_allclose(stacked[index], np.sqrt(outside / whole), rtol=1e-12)


@pytest.fixture(scope="module")
def model():
    X = np.random.RandomState(0).standard_normal((60, 4))
    model = SoftEquivariantRegressor(
        GROUPS, "2*Vector", "Vector", hidden_channels=16, n_hidden_layers=1, max_epochs=4
    )
    return model.fit(X, X[:, :2] * [1, 3])


def test_of_a_fit(model):
    display = LayerResidualsDisplay.from_estimator(model)
    assert display.name.tolist() == list(GROUPS)
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["linear 1", "linear 2"]
    exact = LayerResidualsDisplay.from_estimator(model.project_to("flip"))
    assert (exact.residual[1] < 1e-6).all()
    assert exact.residual[0].max() > 1e-3, "the other group is not imposed"


def test_of_exact_layers():
    X = np.random.RandomState(0).standard_normal((60, 2))
    model = SoftEquivariantRegressor(
        GROUPS, "Vector", "Vector", exact_group="rotations", hidden_channels=8, max_epochs=2
    ).fit(X, X * [1, 3])
    assert (LayerResidualsDisplay.from_estimator(model).residual[0] < 1e-6).all()


def test_what_is_drawn():
    residual = np.array([[0.0, 0.25, np.nan], [0.5, 0.04, 0.1]])
    display = LayerResidualsDisplay(residual, list(GROUPS))
    assert display.plot(markersize=9) is display
    for line, values in zip(display.lines_, residual, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)
        assert line.get_markersize() == 9
    first, second = (line.get_xdata() for line in display.lines_)
    assert (first < [0, 1, 2]).all() and (second > [0, 1, 2]).all()
    low, high = display.ax_.get_ylim()
    assert low == 0 and high > 0.5
    assert display.ax_.get_yticks()[0] == 0
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == list(GROUPS)


def test_many_groups_differ_in_colour_or_marker():
    names = [f"_{i} $" for i in range(35)]
    display = LayerResidualsDisplay(np.zeros((35, 1)), names).plot()
    assert len({(line.get_color(), line.get_marker()) for line in display.lines_}) == 35
    display.figure_.draw_without_rendering()
    legend, whole = display.ax_.get_legend(), display.figure_.bbox
    box = legend.get_window_extent()
    assert whole.y0 <= box.y0 and box.y1 <= whole.y1 and box.x1 <= whole.x1
    assert display.ax_.get_window_extent().width > 100
    assert [text.get_text().replace("\\$", "$") for text in legend.get_texts()] == names


def test_groups_that_the_network_cannot_tell_are_not_drawn():
    """A network of SO(2) stores V and its dual as one type, which SL(2) moves differently."""
    X = np.random.RandomState(0).standard_normal((60, 2))
    model = SoftEquivariantRegressor(
        {"turns": SO(2), "shears": SL(2)},
        "Vector",
        strengths={"turns": 1.0, "shears": 0.0},
        hidden_channels=8,
        max_epochs=1,
    ).fit(X, X[:, 0])
    display = LayerResidualsDisplay.from_estimator(model)
    assert np.isfinite(display.residual[0]).all()
    assert np.isnan(display.residual[1]).all() and np.isnan(model.levels_.penalty[1])


def test_wrong_arguments_are_refused(model):
    with pytest.raises(ValueError, match=r"residuals in \[0, 1\], or nan. Got 1.5"):
        LayerResidualsDisplay([[1.5]], ["a"])
    with pytest.raises(ValueError, match=r"Got shape \(1, 2\)"):
        LayerResidualsDisplay([[0.5, 0.5]], ["a", "b"])
    with pytest.raises(TypeError, match="must be a SoftEquivariantRegressor"):
        LayerResidualsDisplay.from_estimator(LinearRegression())
    with pytest.raises(NotFittedError, match="'module_'"):
        LayerResidualsDisplay.from_estimator(SoftEquivariantRegressor([O(2)]))
    own = SoftEquivariantRegressor(hidden_channels=8, max_epochs=1).fit(np.eye(9), np.arange(9.0))
    with pytest.raises(ValueError, match="'name' must be a sequence of at least one name"):
        LayerResidualsDisplay.from_estimator(own)
