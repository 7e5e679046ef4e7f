import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from softeq_sklearn import FrameAveragingRegressor
from softeq_sklearn.datasets import make_inertia
from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import SE, SO, C, E, O, S, Translation
from softeq_sklearn.metrics import equivariance_error
from softeq_sklearn.representations import as_representation

REGRESSORS = {
    "linear": Ridge(),
    "neighbours": KNeighborsRegressor(3),
    "tree": DecisionTreeRegressor(),
    "boosting": HistGradientBoostingRegressor(max_iter=5),
    "pipeline": make_pipeline(StandardScaler(), KernelRidge(kernel="rbf")),
}
CASES = [
    (O(2), "2*Vector", "Vector"),
    (O(3), "2*Vector", "Scalar"),
    (O(3), "2*Vector + Scalar", "Vector"),
    (O(3), "Vector", "T(2)"),
    (O(3), "T(2)", "T(2)"),
    (O(3), "T(2)", "Vector"),  # only zero is equivariant
    (SO(2), "Vector + Scalar", "T(2)"),
    (SO(3), "2*Vector", "Vector"),
    (SO(3), "T(3)", "Vector"),
    (SO(3), "Vector.T + T(1, 1)", "2*Scalar + T(0, 2)"),
    (E(2), "3*Point", "Point"),
    (E(2), "3*Point", "Scalar"),
    (SE(3), "3*Point + Vector", "Vector + Point"),
    (SE(3), "2*Point", "Vector"),
    (S(3), "2*Vector", "Vector"),
    (S(3), "Vector + T(2)", "T(2)"),
    (S(4), "T(2)", "Scalar"),
    (Translation(2), "2*Point", "Point"),
    (O(1), "2*Vector", "Vector"),
    (SO(1), "2*Vector", "Vector"),
    (E(1), "3*Point", "Point"),
    (SE(1), "3*Point", "Vector"),
    (S(1), "2*Vector", "Vector"),
    (SE(2), "Point + Scalar", "Point + Vector + Scalar"),  # one point has no directions
    (O(2).embed(3, axes=(0, 1)), "2*Vector", "Vector"),
    (SO(2).embed(3, axes=(2, 0)), "Vector + T(2)", "T(2)"),
    (SE(2).embed(3, axes=(1, 2)), "3*Point", "Point"),
    (S(2).embed(3, axes=(2, 0)), "2*Vector", "Vector"),
]


def table(group, rep_in, rep_out, rows=60, seed=0):
    """Random rows, and targets that have no symmetry."""
    rng = np.random.RandomState(seed)
    n_in, n_out = (as_representation(rep).dim(group) for rep in (rep_in, rep_out))
    X = rng.standard_normal((rows, n_in))
    return X, np.tanh(X @ rng.standard_normal((n_in, n_out))) + rng.standard_normal(n_out)


def fitted(regressor, group, rep_in, rep_out, X, Y, **arguments):
    arguments = {"random_state": 0} | arguments
    return FrameAveragingRegressor(regressor, group, rep_in, rep_out, **arguments).fit(X, Y)


@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize("group, rep_in, rep_out", CASES, ids=str)
def test_exactly_equivariant(name, group, rep_in, rep_out):
    """At new rows and at those that it was fitted to, where trees may have their splits."""
    X, Y = table(group, rep_in, rep_out)
    model = fitted(REGRESSORS[name], group, rep_in, rep_out, X[:40], Y[:40])
    errors = equivariance_error(
        model, X, group, rep_in, rep_out, n_elements=8, per_sample=True, random_state=0
    )
    assert errors.max() < 1e-9


DEGENERATE = {
    "vectors": (
        "2*Vector + Scalar",
        3,
        [
            [0, 0, 0, 0, 0, 0, 1],
            [1, 2, 3, 2, 4, 6, 0.3],  # along a line
            [1, 2, 3, 0, 0, 0, 0.3],  # a single vector
            [0, 0, 3, 0, 0, 0, 0],
            [1, 1, 0, 1, -1, 0, 2],  # orthogonal, of equal length
            [1, 0, 0, 0, 1e-8, 1e-8, 1],  # nearly a single vector
        ],
        [O(3), SO(3), O(2).embed(3, axes=(0, 1)), SO(2).embed(3, axes=(2, 0)), S(3)],
    ),
    "points": (
        "4*Point",
        2,
        [
            [1, 1, 1, -1, -1, -1, -1, 1],  # a square
            [6, 4, 6, 2, 4, 2, 4, 4],
            [1, 2, 1, 2, 1, 2, 1, 2],  # repeated
            [0, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 1, 1, 2, 2, 3, 3],  # along a line
            [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000],
        ],
        [E(2), SE(2), O(2), SO(2), Translation(2), S(2)],
    ),
    "matrices": (
        "T(2)",
        3,
        [
            [1, 0, 0, 0, 1, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 0, 0, 0, 0],
            [1, 0, 0, 0, 1, 0, 0, 0, 2],  # an axis of rotation
            [1, 0, 0, 0, -1, 0, 0, 0, 0],
            [0, 1, 0, -1, 0, 0, 0, 0, 0],
        ],
        [O(3), SO(3), S(3), O(2).embed(3, axes=(0, 1))],
    ),
    # From here on the group of the axes that cannot be told apart moves the row.
    "three-fold tensors": (
        "T(3)",
        2,
        [[1, 0, 0, -1, 0, -1, -1, 0], [0, 2, 2, 0, 2, 0, 0, -2]],
        [O(2), SO(2)],
    ),
    "regular graphs": (
        "T(2)",
        4,
        [
            [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0],  # a ring
            [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0],  # two pairs
        ],
        [S(4)],
    ),
}


@pytest.mark.parametrize("rep_out", ["Scalar", "Vector", "T(2)"])
@pytest.mark.parametrize(
    "kind, group",
    [(kind, group) for kind, (_, _, _, groups) in DEGENERATE.items() for group in groups],
    ids=str,
)
def test_degenerate_rows(kind, group, rep_out):
    """Exact also where axes are interchangeable, and where such rows were fitted to."""
    rep_in, _, rows, _ = DEGENERATE[kind]
    rows = np.array(rows, dtype=float)
    X, Y = table(group, rep_in, rep_out)
    X[: 5 * len(rows)] = np.repeat(rows, 5, axis=0)
    for name in ("neighbours", "boosting", "pipeline"):
        model = fitted(REGRESSORS[name], group, rep_in, rep_out, X, Y)
        errors = equivariance_error(
            model, rows, group, rep_in, rep_out, n_elements=16, per_sample=True, random_state=0
        )
        assert errors.max() < 1e-9, name


@pytest.mark.parametrize(
    "kind, group",
    [(kind, group) for kind, (_, _, _, groups) in DEGENERATE.items() for group in groups],
    ids=str,
)
def test_a_transformed_table_gives_the_same_function(kind, group):
    """Training sees nothing that depends on the choice of interchangeable axes."""
    rep_in, _, rows, _ = DEGENERATE[kind]
    rep_in, rep_out = as_representation(rep_in), as_representation("Vector + T(2)")
    X, Y = table(group, rep_in, rep_out)
    X[: len(rows)] = rows
    (g,) = group.sample(1, random_state=3)
    regressor = KernelRidge(kernel="rbf", gamma=0.1)
    expected = fitted(regressor, group, rep_in, rep_out, X, Y).predict(X)
    transformed = rep_in.act(g, X), rep_out.act(g, Y)
    model = fitted(regressor, group, rep_in, rep_out, *transformed)
    assert_allclose(model.predict(X), expected, atol=1e-7)


@pytest.mark.parametrize("size", [1e-6, 1e-5, 2e-5, 3e-5, 5e-5, 1e-4, 1e-3])
def test_nearly_interchangeable_axes(size):
    """Rounding turns their axes by at most 1e-16 over what counts as equal."""
    X, Y = table(O(3), "2*Vector", "Vector")
    rows = np.array([[1, 0, 0, 0, size, 0], [1, 2, 3, 2, 4, 6 + size]])
    for group in (O(3), SO(3)):
        model = fitted(REGRESSORS["neighbours"], group, "2*Vector", "Vector", X, Y)
        assert equivariance_error(model, rows, group, "2*Vector", "Vector", random_state=0) < 1e-6


def test_one_vector_predicts_along_itself():
    X, Y = table(O(3), "Vector", "Vector")
    for group in (O(3), SO(3)):
        prediction = fitted(Ridge(), group, "Vector", "Vector", X, Y).predict(X)
        assert_allclose(np.cross(prediction, X), 0, atol=1e-9)
        assert np.linalg.norm(prediction, axis=1).min() > 1e-3


def test_rotations_allow_what_reflections_forbid():
    """The cross product of two vectors is a Vector of SO(3), and no Vector of O(3)."""
    X, _ = table(O(3), "2*Vector", "Vector", rows=300)
    Y = np.cross(X[:, :3], X[:, 3:])
    features = make_pipeline(PolynomialFeatures(2), LinearRegression())
    rotated = fitted(features, SO(3), "2*Vector", "Vector", X, Y)
    assert rotated.score(X, Y) > 0.9
    assert_allclose(fitted(features, O(3), "2*Vector", "Vector", X, Y).predict(X), 0, atol=1e-6)


def test_translations_of_points():
    """Points and their differences are learnt by a line, wherever the points are."""
    X, _ = table(SE(2), "3*Point", "Point")
    Y = X[:, :2] + 2 * (X[:, 2:4] - X[:, 4:])
    model = fitted(LinearRegression(), Translation(2), "3*Point", "Point", X, Y)
    far = X + np.tile([1e3, -1e3], 3)
    assert_allclose(model.predict(far), Y + [1e3, -1e3], atol=1e-6)


def test_permutations_learn_sorted_columns():
    X, _ = table(S(4), "Vector", "Scalar", rows=50)
    model = fitted(LinearRegression(), S(4), "Vector", "Scalar", X, X.max(axis=1))
    assert_allclose(model.predict(X), X.max(axis=1), atol=1e-12)
    model = fitted(LinearRegression(), S(4), "Vector", "Vector", X, X**2)
    assert_array_equal(model.predict(X[:, ::-1]), model.predict(X)[:, ::-1])


def test_equal_components_get_equal_predictions():
    X, Y = table(S(4), "Vector", "Vector", rows=50)
    model = fitted(REGRESSORS["tree"], S(4), "Vector", "Vector", X, Y)
    a, b, c, d = model.predict(np.array([[1.0, 2.0, 1.0, 0.5]]))[0]
    assert a == c and len({a, b, d}) == 3


def test_inner_regressor_alone_is_not_equivariant():
    for group, rep_in, rep_out in CASES[:5]:
        X, Y = table(group, rep_in, rep_out)
        alone = REGRESSORS["neighbours"].fit(X, Y)
        assert equivariance_error(alone, X, group, rep_in, rep_out, random_state=0) > 0.01


def test_a_frame_of_another_group_does_not_help():
    X, Y = table(O(3), "2*Vector", "Vector")
    smaller = fitted(KNeighborsRegressor(), SO(3), "2*Vector", "Vector", X, Y)
    assert equivariance_error(smaller, X, O(3), "2*Vector", "Vector", random_state=0) > 0.01
    about_z = O(2).embed(3, axes=(0, 1))
    embedded = fitted(KNeighborsRegressor(), about_z, "2*Vector", "Vector", X, Y)
    assert equivariance_error(embedded, X, about_z, "2*Vector", "Vector", random_state=0) < 1e-9
    assert equivariance_error(embedded, X, O(3), "2*Vector", "Vector", random_state=0) > 0.01


def test_learns_an_equivariant_function_better():
    data = make_inertia(400, noise=0.0, axis=2, random_state=0)
    X, Y = data.data, data.target
    inner = make_pipeline(StandardScaler(), KernelRidge(kernel="rbf", alpha=0.01, gamma=0.02))
    alone = inner.fit(X[:200], Y[:200]).score(X[200:], Y[200:])
    model = fitted(inner, O(3), data.rep_in, data.rep_out, X[:200], Y[:200])
    assert 1 - model.score(X[200:], Y[200:]) < 0.6 * (1 - alone)


def test_boosting_on_rows_of_whole_numbers():
    """Coordinates that are equal by symmetry fall on splits, unless they are rounded."""
    data = make_inertia(200, noise=0.0, axis=2, random_state=0)
    X = np.rint(data.data)
    boosting = HistGradientBoostingRegressor(max_iter=10)
    trace = data.target[:, [0, 4, 8]].sum(axis=1)
    model = fitted(boosting, O(3), data.rep_in, "Scalar", X, trace)
    assert equivariance_error(model, X, O(3), data.rep_in, "Scalar", random_state=0) < 1e-6


def test_number_of_elements_in_training():
    X, Y = table(O(2), "2*Vector", "Vector")
    shapes = []

    class Recording(Ridge):
        def fit(self, X, y, sample_weight=None):
            shapes.append(
                (X.shape, y.shape, None if sample_weight is None else sample_weight.sum())
            )
            return super().fit(X, y, sample_weight)

    for n_elements in (1, 3, 4, 9, None):
        model = fitted(Recording(), O(2), "2*Vector", "Vector", X, Y, n_elements=n_elements)
        assert equivariance_error(model, X, O(2), "2*Vector", "Vector", random_state=0) < 1e-9
    assert [rows for (rows, _), _, _ in shapes] == [60, 180, 240, 240, 240]
    FrameAveragingRegressor(Recording(), O(2), "2*Vector", "Vector").fit(X, Y, np.full(60, 0.5))
    assert shapes[-1] == ((240, 4), (240, 2), 120)


def test_elements_in_training_are_different_ones():
    X, Y = table(O(2), "2*Vector", "Vector")
    model = fitted(Ridge(), O(2), "2*Vector", "Vector", X, Y, n_elements=3)
    chosen = model._chosen_flips(1000, np.random.RandomState(0))
    assert all(len(set(row)) == 3 for row in chosen)
    assert_allclose(np.bincount(chosen.ravel()) / 3000, 0.25, atol=0.03)


def test_rows_do_not_depend_on_each_other(monkeypatch):
    from softeq_sklearn.meta import _frame_averaging

    X, Y = table(O(3), "2*Vector", "Vector")
    expected = fitted(DecisionTreeRegressor(), O(3), "2*Vector", "Vector", X, Y).predict(X)
    monkeypatch.setattr(_frame_averaging, "_BATCH_NUMBERS", 63)  # batches of 7 rows
    model = fitted(DecisionTreeRegressor(), O(3), "2*Vector", "Vector", X, Y)
    assert_array_equal(model.predict(X), expected)
    assert_array_equal(model.predict(X[5:6]), expected[5:6])


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"group": C(4)}, ValueError, r"group must be O\(n\).* Got C\(4\)"),
        ({"rep_in": "4*Scalar"}, ValueError, r"rep_in must have Vectors.* Got rep_in=4\*Scalar"),
        ({"group": E(2), "rep_out": "Point"}, ValueError, "rep_in must have Points if rep_out"),
        (
            {"group": O(14), "rep_in": "Vector", "rep_out": "2*Scalar"},
            ProblemTooLargeError,
            "14 axes has 16384 elements",
        ),
        ({"n_elements": 0}, ValueError, "'n_elements' parameter .* Got 0"),
    ],
    ids=str,
)
def test_what_has_no_frame_is_refused_before_anything_is_fitted(arguments, error, message):
    class Untouched(Ridge):
        def fit(self, X, y):
            raise AssertionError("fitted before everything was checked")

    arguments = {"group": O(2), "rep_in": "2*Vector", "rep_out": "Vector"} | arguments
    X = np.random.RandomState(0).standard_normal((10, 14 if arguments["group"].dim == 14 else 4))
    with pytest.raises(error, match=message):
        FrameAveragingRegressor(Untouched(), **arguments).fit(X, X[:, :2])
