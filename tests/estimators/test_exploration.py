"""Exploration: which candidates the data break, and what becomes of the others."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.estimators import _exploration, _imposing, _residual_models, _soft
from softeq_sklearn.estimators._residual_tests import residual_scores
from softeq_sklearn.groups import SE, SL, SO, O, Reflection, Translation
from softeq_sklearn.inspection import discover
from softeq_sklearn.levels import BROKEN_SCORE, LevelEstimate
from softeq_sklearn.representations import Point, Scalar, Vector

AXES = {"x": Reflection(2, axis=0), "y": Reflection(2, axis=1)}


def rows(n=400, stretch=1.5, noise=0.05):
    """A map that keeps reflections of the axes, and rotations if nothing is stretched."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n, 4))
    Y = X[:, :2] + X[:, 2:] * np.array([1.0, stretch]) + noise * rng.standard_normal((n, 2))
    return X, Y


def fitted(X, Y, groups, **parameters):
    return SoftEquivariantRegressor(
        groups, 2 * Vector, Vector, hidden_channels=24, n_hidden_layers=1, tuning="explore",
        max_epochs=60, random_state=0, **parameters,
    ).fit(X, Y)  # fmt: skip


def test_what_holds_is_imposed_and_what_is_broken_is_released():
    groups = {"rotations": SO(2), **AXES}
    model = fitted(*rows(), groups)
    strengths = dict(zip(groups, model.strengths_, strict=True))
    errors = dict(zip(groups, model.levels_.error, strict=True))
    assert strengths["x"] == strengths["y"] == 1
    assert errors["x"] == errors["y"] == 0
    assert strengths["rotations"] <= 0.01
    assert errors["rotations"] > 0.05
    assert model._exploration.broken == {"rotations"}


def test_a_single_candidate_is_tested_too():
    X, Y = rows()
    broken = fitted(X, Y, {"rotations": SO(2)})
    holds = fitted(*rows(stretch=1.0), {"rotations": SO(2)})
    assert broken.strengths_[0] <= 0.01 and broken.levels_.error[0] > 0.05
    assert holds.strengths_[0] == 1 and holds.levels_.error[0] == 0
    # Exact in float64, but for the rounding of weights.
    moved = X @ np.kron(np.eye(2), [[0.0, 1.0], [-1.0, 0.0]])
    turned = holds.predict(X) @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(holds.predict(moved), turned, atol=1e-5)


def test_members_have_verdicts_by_the_scores():
    model = fitted(*rows(), {"rotations": SO(2), **AXES}, n_members=3)
    verdicts = dict(zip(model.levels_.name, model.levels_.verdict, strict=True))
    assert verdicts["rotations"] in ("approximate", "broken")
    assert verdicts["x"] in ("exact", "cannot tell")
    # What a softer fit takes on stays in the interval of what was imposed.
    assert (model.levels_.floor > 0).all()
    assert (model.levels_.error_high >= model.levels_.floor).all()


def test_same_seed_same_exploration():
    X, Y = rows(n=150)
    first, second = (fitted(X, Y, AXES) for _ in range(2))
    assert_array_equal(first.predict(X), second.predict(X))
    assert first._exploration.scores == second._exploration.scores


def score_of_residuals(group, rep, X, residuals):
    return residual_scores({"group": group}, rep, Scalar, X, residuals, 0)["group"]


def test_what_the_last_test_finds_is_released_and_training_goes_on(monkeypatch):
    """Residuals of the trained members put right an exploration that has found nothing."""
    monkeypatch.setattr(_exploration, "_scores", lambda explorer, names, *rest: (
        dict.fromkeys(names, 0.0), dict.fromkeys(names, LevelEstimate(0.01, 0, 0, 0)), set()
    ))  # fmt: skip
    model = fitted(*rows(), {"rotations": SO(2), **AXES}, n_members=3)
    found, levels = model._exploration, model.levels_
    assert found.released == {"rotations"} and found.scores["rotations"] > BROKEN_SCORE
    assert model.strengths_[0] <= 0.01 and levels.error[0] > 0.05
    assert levels.verdict[0] in ("approximate", "broken")
    assert levels.supported.tolist() == [False, True, True]
    assert len(model.history_) == len(model.strength_path_) == 2 * model.max_epochs


def test_with_a_part_the_whole_is_broken():
    """Also where the whole moves rows to where there are none, and no test can look at it."""
    groups = {
        "all": SO(3),
        "about z": SO(2).embed(3, axes=(0, 1)),
        "about x": SO(2).embed(3, axes=(1, 2)),
    }
    scores = {"all": 0.0, "about z": 4.0, "about x": 1.0}
    found = _exploration.Exploration(scores, {}, 0.01, {"all"})
    found.break_wholes(groups)
    assert found.scores == {"all": 4.0, "about z": 4.0, "about x": 1.0}
    assert found.broken == {"all", "about z"} and found.untested == {"all"}
    found.break_wholes(groups)
    assert found.broken == {"all", "about z"}


def test_a_whole_that_keeps_no_lengths_is_left_out_with_its_part(monkeypatch):
    """SL(2) shapes the network for all, and contains rotations, which are broken."""
    monkeypatch.setattr(_exploration, "_scores", lambda explorer, names, *rest: (
        {name: 5.0 * (name == "turns") for name in names},
        dict.fromkeys(names, LevelEstimate(0.001, 0.01, 0.01, 0.01, n_members=3)),
        {"SL(2)"} & {*names},
    ))  # fmt: skip
    monkeypatch.setattr(_soft, "misspecified", lambda *arguments, **options: [])
    model = fitted(*rows(n=150), {"turns": SO(2), "x": AXES["x"], "SL(2)": SL(2)})
    assert model._left_out == ("SL(2)",) and model.strengths_[2] == 0


def test_the_whole_loses_its_strength_with_a_part():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((300, 3)) + [0.0, 0.0, 10.0]  # turns of z go to where there are none
    y = X[:, 0] + 0.1 * X[:, 2]
    groups = {"about z": SO(2).embed(3, axes=(0, 1)), "all": SO(3)}
    model = SoftEquivariantRegressor(
        groups, Vector, Scalar, hidden_channels=16, tuning="explore", max_epochs=30, random_state=0
    ).fit(X, y)
    assert model._exploration.untested == {"all"}
    assert model._exploration.released == {"about z", "all"}
    assert (model.strengths_ <= 0.01).all()


def test_only_exact_symmetries_are_supported():
    """After another epoch the network keeps nothing exactly any more."""
    X, Y = rows()
    model = fitted(X, Y, AXES, n_members=2)
    assert model.levels_.supported.all()
    assert not model.partial_fit(X, Y).levels_.supported.any()


def test_when_trees_are_asked(monkeypatch):
    """Where no one else finds anything, unless they are not wanted."""

    class Trees:
        def fit(self, X, y):
            raise InterruptedError

    monkeypatch.setattr(_residual_models, "forest", lambda seed: Trees())
    rng = np.random.RandomState(0)
    X, noise = rng.standard_normal((200, 2)), rng.standard_normal((200, 1))
    arguments = {"turns": SO(2)}, Vector, Scalar, X
    assert residual_scores(*arguments, X[:, :1] + noise, 0)["turns"] > BROKEN_SCORE
    assert residual_scores(*arguments, noise, 0, trees=False)["turns"] < BROKEN_SCORE
    with pytest.raises(InterruptedError):
        residual_scores(*arguments, noise, 0)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"n_members": 1}, [True]),
        ({"n_members": 2}, [False, True]),
        ({"n_members": 2, "validation_fraction": 0}, [True]),
    ],
)
def test_trees_are_asked_by_the_last_test(monkeypatch, options, asked):
    seen = []

    def scores(groups, *rest, trees=True, skewed=False):
        seen.append(trees)
        return dict.fromkeys(groups, 0.0)

    for module in (_exploration, _imposing):
        monkeypatch.setattr(module, "residual_scores", scores)
    fitted(*rows(n=150), {"x": AXES["x"]}, **options)
    assert seen == asked


def test_residuals_show_what_depends_on_the_place():
    """Also for groups without a uniform law, whose elements exchange places of rows."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((600, 4))
    noise, steps = 0.3 * rng.standard_normal((600, 1)), (X[:, :1] - X[:, 2:3]) ** 2
    arguments = Translation(2), 2 * Point, X
    assert score_of_residuals(*arguments, X[:, 1:2] + noise) > BROKEN_SCORE
    assert score_of_residuals(*arguments, steps + noise) < BROKEN_SCORE


def test_where_residuals_say_nothing():
    """With few rows, and for groups that move rows to where there are none."""
    X = np.random.RandomState(0).standard_normal((200, 2))
    assert score_of_residuals(O(2), Vector, X[:40], X[:40, :1]) == 0
    assert score_of_residuals(SL(2), Vector, X, X[:, :1]) == 0


def test_what_is_imposed_contains_nothing_broken():
    """Two planes generate the third, which is broken: the surer one of the two is imposed."""
    planes = {"xy": (0, 1), "yz": (1, 2), "xz": (0, 2)}
    groups = {name: SO(2).embed(3, axes=axes) for name, axes in planes.items()}
    found = SimpleNamespace(scores={"xy": 1.0, "yz": -1.0, "xz": 4.0}, broken={"xz"})
    estimator = SimpleNamespace(_exploration=found, _penalized=groups)
    assert list(_imposing._holding(estimator)) == ["yz"]
    found.broken = set()
    assert set(_imposing._holding(estimator)) == set(planes)


@pytest.mark.parametrize(("growth", "imposed"), [(1.0, {"turns", "SL"}), (9.0, {"turns"})])
def test_what_no_test_can_look_at_is_imposed_only_if_it_costs_nothing(monkeypatch, growth, imposed):
    """Where it does, the other candidates are imposed without it."""
    projected = []
    module = SimpleNamespace(
        state_dict=dict, load_state_dict=lambda state: projected.clear(), project=projected.append
    )
    estimator = SimpleNamespace(
        _exploration=_exploration.Exploration({"turns": 0.0, "SL": 0.0}, {}, 1.0, {"SL"}),
        _penalized={"turns": SO(2), "SL": SL(2)},
        _exact=None,
        module_=module,
    )

    def squared_errors(estimator, X, Y):
        volumes = projected and not projected[-1].is_orthogonal
        return np.full(5, growth if volumes else 1.0)

    monkeypatch.setattr(_imposing, "_squared_errors", squared_errors)
    rows = np.zeros((5, 2)), np.zeros((5, 1)), np.arange(5)
    assert set(_imposing.impose(estimator, *rows)) == imposed


def test_one_member_supports_and_denies_nothing():
    X, Y = rows()
    model = fitted(X, Y, {"rotations": SO(2), **AXES})
    assert set(model._imposed) == {"x", "y"}
    assert not model.levels_.supported.any()
    with pytest.raises(ValueError, match="n_members of 2 or more.*Got n_members=1"):
        discover(model)


def test_a_warm_start_keeps_to_its_parameters():
    """What was explored serves later fits, unless they do not explore."""
    X, Y = rows()
    model = fitted(X, Y, {"rotations": SO(2), **AXES}, warm_start=True)
    explored = model._exploration
    model.set_params(max_epochs=10).fit(X, Y)
    assert model._exploration is explored and model.strengths_[0] <= 0.01
    model.set_params(tuning="fixed", strengths=0.5).fit(X, Y)
    assert model._exploration is None
    assert_array_equal(model.strengths_, 0.5)
    late = fitted(X, Y, AXES, warm_start=True)
    late = clone(late).partial_fit(X, Y)
    assert late._exploration is None
    assert late.fit(X, Y)._exploration is not None


def test_a_projected_copy_has_no_scores():
    X, Y = rows()
    model = fitted(X, Y, {"rotations": SO(2)}, n_members=2)
    assert model.levels_.verdict[0] in ("approximate", "broken")
    projected = model.project_to("rotations", X=X).levels_
    assert projected.error[0] < 1e-6 and projected.verdict[0] == "cannot tell"


def test_scores_of_several_groups_are_the_same():
    """Scores do not depend on the company, but for the elements drawn."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((300, 2))
    residuals = X[:, :1] + 0.1 * rng.standard_normal((300, 1))
    both = residual_scores({"turns": SO(2), **AXES}, Vector, Scalar, X, residuals, 0)
    assert both["turns"] > BROKEN_SCORE and both["x"] > BROKEN_SCORE
    assert abs(both["y"]) < BROKEN_SCORE
    assert both["turns"] == score_of_residuals(SO(2), Vector, X, residuals)


def test_rotations_about_a_far_origin_are_not_tested():
    """Moved Points lie where there are none, so that nothing speaks against the symmetry."""
    X = np.random.RandomState(0).standard_normal((300, 6))
    y = np.linalg.norm(X[:, :3] - X[:, 3:], axis=1, keepdims=True)
    arguments = {"turns": SO(3), "motions": SE(3)}, 2 * Point, Scalar
    noise = 0.1 * np.random.RandomState(1).standard_normal((300, 1))
    far = residual_scores(*arguments, X + 10, y + noise, 0)
    assert far["turns"] == 0 and abs(far["motions"]) < BROKEN_SCORE
    broken = residual_scores(*arguments, X + 10, X[:, 2:3] + noise, 0)
    assert broken["turns"] == 0 and broken["motions"] > BROKEN_SCORE


def test_of_groups_with_one_score_the_first_is_imposed():
    """Whatever the order of a set, which depends on PYTHONHASHSEED."""
    planes = {"b": (0, 1), "a": (1, 2), "c": (0, 2)}
    groups = {name: SO(2).embed(3, axes=axes) for name, axes in planes.items()}
    for order in ("abc", "bac"):
        found = SimpleNamespace(scores=dict.fromkeys("abc", 0.0) | {"c": 4.0}, broken={"c"})
        penalized = {name: groups[name] for name in order}
        estimator = SimpleNamespace(_exploration=found, _penalized=penalized)
        assert list(_imposing._holding(estimator)) == [order[0]]


def test_units_of_outputs_hide_nothing():
    """A noisy output in large units, by a power of two, beside one that breaks the symmetry."""
    X = np.random.RandomState(0).standard_normal((300, 2))
    noise = np.random.RandomState(1).standard_normal((2, 300))
    Y = np.stack([noise[0], X[:, 0] + 0.1 * noise[1]], axis=1)
    fits = [
        SoftEquivariantRegressor(
            {"turns": SO(2)},
            Vector,
            2 * Scalar,
            tuning="explore",
            n_members=2,
            hidden_channels=8,
            n_hidden_layers=1,
            max_epochs=10,
            random_state=0,
        ).fit(X, Y * [size, 1])
        for size in (1, 2.0**20)
    ]
    scores = [fit._exploration.scores["turns"] for fit in fits]
    assert scores[0] == pytest.approx(scores[1], rel=1e-3) and scores[0] > 3
    assert [fit._imposed for fit in fits] == [(), ()]


def test_too_few_rows_to_find_anything():
    model = SoftEquivariantRegressor(
        [SO(2)], Vector, tuning="explore", hidden_channels=8, max_epochs=2, random_state=0
    ).fit([[1.0, 2.0]], [1.0])
    assert model._exploration.scores == {"SO(2)": 0.0}
    assert np.isfinite(model.predict([[1.0, 2.0]])).all()


@pytest.mark.parametrize(("n", "tested"), [(45, False), (300, True)])
def test_few_rows_are_no_test(n, tested):
    """What regressors of residuals have not looked at, no verdict takes for seen."""
    model = fitted(*rows(n, stretch=1.0, noise=0.0), {"rotations": SO(2)}, n_members=4)
    assert model._imposed == ("rotations",), "nothing speaks against it"
    assert not model._exploration.untested, "which is about groups that no number of rows can test"
    findings = model._findings["rotations"]
    assert findings.tested is tested
    missed = findings.residuals
    assert missed.hidden_part(True) < missed.hidden_part(False)
    assert (model.levels_.error_high[0] >= missed.hidden_part(False)) is not tested


@pytest.mark.parametrize("breaking", [0.0, 1.5])
def test_scores_of_classes(breaking):
    """Residuals of classes are skewed, and only broken symmetries are found broken."""
    scores = []
    for seed in range(6):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((400, 2))
        p = 1 / (1 + np.exp(4 - (X**2).sum(axis=1) - breaking * X[:, 0]))
        symmetric = 1 / (1 + np.exp(4 - (X**2).sum(axis=1)))
        residuals = ((rng.uniform(size=400) < p) - symmetric)[:, None]
        arguments = {"turns": SO(2)}, Vector, Scalar, X, residuals, seed
        scores.append(residual_scores(*arguments, trees=False, skewed=True)["turns"])
    assert min(scores) > BROKEN_SCORE if breaking else max(scores) < BROKEN_SCORE


def test_what_is_found_goes_to_the_log(make_soft, plane, caplog):
    with caplog.at_level("INFO", logger="softeq_sklearn"):
        make_soft(tuning="explore").fit(*plane)
    scores, imposed = [record.getMessage() for record in caplog.records]
    assert scores.startswith("scores of the exploration, broken from 3 on: {'rotations': ")
    assert imposed.startswith("imposed: [")
