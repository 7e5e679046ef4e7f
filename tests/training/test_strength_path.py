import numpy as np
import pytest

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, Reflection
from softeq_sklearn.training import StrengthTuner
from softeq_sklearn.training._strength_path import strength_path

GROUPS = {"rotations": SO(2), "unused": SO(2), "reflection": Reflection(2)}
STRENGTHS = {"rotations": 2.0, "unused": 0.0, "reflection": 3.0}


def fitted(tuning, max_epochs=8, **parameters):
    X = np.random.RandomState(0).standard_normal((60, 4))
    Y = X[:, :2] + X[:, 2:] * np.array([1, 3])
    return SoftEquivariantRegressor(
        GROUPS, "2*Vector", "Vector", hidden_channels=8, n_hidden_layers=1, tuning=tuning,
        max_epochs=max_epochs, random_state=0, **{"strengths": STRENGTHS, **parameters},
    ).fit(X, Y)  # fmt: skip


def test_constant_path():
    model = fitted("fixed")
    np.testing.assert_array_equal(model.strength_path_, 8 * [[2.0, 0.0, 3.0]])


def test_ratio_is_on_the_path():
    model = fitted(StrengthTuner("ratio", start=0.5))
    np.testing.assert_array_equal(model.strength_path_[:3], 3 * [[2.0, 0.0, 3.0]])
    np.testing.assert_array_equal(model.strength_path_[-1], model.strengths_)
    np.testing.assert_array_equal(model.strengths_, model.levels_.strength)


@pytest.mark.parametrize("tuning", ["evidence", "dual"])
def test_strengths_change_in_every_epoch(tuning):
    model = fitted(StrengthTuner(tuning, start=0.3, again=False))
    path = model.strength_path_
    assert path.shape == (8, 3)
    assert np.all(path[:, 1] == 0)
    assert np.all(np.diff(path[2:, [0, 2]], axis=0) != 0)
    np.testing.assert_array_equal(path[-1], model.strengths_)


@pytest.mark.parametrize("method", ["ratio", "evidence", "dual"])
def test_strengths_of_layers(method):
    model = fitted(StrengthTuner(method, start=0.3, per_layer=True))
    path = model.strength_path_
    assert path.shape == (8, 3, 2)
    assert np.all(path[:, 1] == 0)
    assert np.any(path[-1, 0, 0] != path[-1, 0, 1])
    np.testing.assert_allclose(model.strengths_, np.sqrt(path[-1].prod(axis=1)), rtol=1e-12)


def test_one_group_is_tuned_where_it_is_not_compared():
    groups = {"rotations": SO(2)}
    common = {"groups": groups, "strengths": 1.0, "rep_in": "2*Vector", "rep_out": "Vector"}
    X = np.random.RandomState(0).standard_normal((40, 4))
    for tuning, tuned in (("evidence", True), ("dual", True), ("ratio", False)):
        model = SoftEquivariantRegressor(
            **common, hidden_channels=8, tuning=tuning, max_epochs=6, random_state=0
        ).fit(X, X[:, :2])
        assert (model.strengths_[0] != 1.0) == tuned


def test_later_fits_go_on():
    model = fitted("ratio", warm_start=True)
    X = np.random.RandomState(0).standard_normal((60, 4))
    model.partial_fit(X, X[:, :2])
    assert model.strength_path_.shape == (9, 3)
    np.testing.assert_array_equal(model.strength_path_[8], model.strength_path_[7])
    model.fit(X, X[:, :2])
    assert len(model.strength_path_) == len(model.history_) == 17


def test_no_groups():
    X = np.random.RandomState(0).standard_normal((40, 3))
    model = SoftEquivariantRegressor(max_epochs=2, hidden_channels=8, random_state=0)
    assert model.fit(X, X[:, 0]).strength_path_.shape == (2, 0)


def test_members_share_strengths():
    assert fitted("evidence", n_members=2).strength_path_.shape == (8, 3)


def test_array_of_a_history():
    history = [{"strengths": {"a": 1.0, "b": 2.0}}, {"strengths": {"a": 3.0, "b": 4.0}}]
    np.testing.assert_array_equal(strength_path(history, ["b", "a"]), [[2, 1], [4, 3]])
    history[1]["strengths"]["b"] = (5.0, 6.0)
    np.testing.assert_array_equal(
        strength_path(history, ["b", "a"]), [[[2, 2], [1, 1]], [[5, 6], [3, 3]]]
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tuning": "evidence", "penalty": "log"}, "must go with penalty='squared'"),
        ({"tuning": "dual", "regularizer": "sampled"}, "regularizer='projection'. Got 'dual'"),
        ({"tuning": StrengthTuner("ratio", per_layer=True), "penalty": "cosine"}, "per_layer=True"),
        ({"tuning": "evidence", "exact_group": "rotations"}, "'evidence' with an exact_group"),
    ],
)
def test_tuning_that_does_not_go_with_the_penalty(parameters, message):
    with pytest.raises(ValueError, match=message):
        fitted(**parameters)
