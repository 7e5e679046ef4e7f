"""Members trained side by side: prediction, spread, levels with intervals."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO, S, Scaling
from softeq_sklearn.levels import verdict


def test_prediction_is_the_mean_of_the_members(make_soft, plane):
    X, Y = plane
    model = make_soft(n_members=3).fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == Y.shape
    assert_array_equal(mean, model.predict(X))
    members = model._member_function()(X)
    assert members.shape == (3, *Y.shape)
    assert_allclose(mean, members.mean(axis=0), rtol=1e-12)
    assert_allclose(std, np.std(members, axis=0, ddof=1), rtol=1e-12)
    assert (std > 0).all()


def test_a_one_dimensional_target_stays_so(make_soft, table):
    X, y = table
    model = make_soft(groups=(), rep_in=None, rep_out=None, n_members=2).fit(X, y)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == y.shape
    assert len(model.levels_) == 0


def test_levels_have_intervals_and_verdicts(make_soft, plane):
    levels = make_soft(n_members=4, max_epochs=30).fit(*plane).levels_
    assert np.isfinite(levels.floor).all()
    assert (levels.error_low <= levels.error).all() and (levels.error <= levels.error_high).all()
    assert "verdict" in repr(levels)
    # The target has SO(2) broken; the penalty of 30 epochs has not hidden that.
    assert levels.error_low[0] > 0 and levels.verdict[0] in ("approximate", "broken")
    assert levels.verdict[1] == verdict(levels.error[1], levels.error_low[1], levels.error_high[1])


def test_one_member_has_no_interval(make_soft, plane):
    X, Y = plane
    model = make_soft().fit(X, Y)
    for column in ("error_low", "error_high", "floor"):
        assert np.isnan(getattr(model.levels_, column)).all()
    assert set(model.levels_.verdict) == {"cannot tell"}
    with pytest.raises(ValueError, match=r"n_members of 2 or more.*Got n_members=1"):
        model.predict(X, return_std=True)


def test_same_seed_same_members(make_soft, plane):
    X, Y = plane
    first, second = (make_soft(n_members=3).fit(X, Y) for _ in range(2))
    assert_array_equal(first.predict(X), second.predict(X))
    other = make_soft(n_members=3, random_state=1).fit(X, Y)
    assert not np.allclose(first.predict(X), other.predict(X))


def test_clone_pickle_and_going_on(make_soft, plane):
    X, Y = plane
    model = make_soft(n_members=3).fit(X, Y)
    assert clone(model).n_members == 3
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict(X, return_std=True)[1], model.predict(X, return_std=True)[1])
    again = twin.partial_fit(X, Y)
    assert again.predict(X, return_std=True)[1].shape == Y.shape
    with pytest.raises(ValueError, match="n_members=2 after 3"):
        make_soft(n_members=3, warm_start=True).fit(X, Y).set_params(n_members=2).fit(X, Y)


def test_all_members_are_projected(make_soft, plane):
    X, Y = plane
    model = make_soft(n_members=3).fit(X, Y)
    exact = model.project_to(SO(2), X=X)
    assert exact.levels_.error[0] < 1e-6
    assert exact.levels_.floor[0] < 1e-5
    assert exact.levels_.verdict[0] == "cannot tell"  # what the data say of it was not looked at


@pytest.mark.parametrize(
    "arguments", [{"architecture": "emlp"}, {"regularizer": "sampled"}, {"regularizer": "lie"}]
)
def test_what_cannot_be_trained_side_by_side_is_refused(make_soft, plane, arguments):
    with pytest.raises(ValueError, match=r"n_members must be 1 .* Got n_members=2"):
        make_soft(n_members=2, **arguments).fit(*plane)


@pytest.mark.parametrize("n_members", [0, -1, 2.5, "ten", None])
def test_a_number_of_members_is_needed(make_soft, plane, n_members):
    with pytest.raises(ValueError, match="n_members"):
        make_soft(n_members=n_members).fit(*plane)


@pytest.mark.parametrize("group", [S(3), Scaling(3)])
def test_groups_whose_nonlinearity_has_a_single_number(group):
    """Permutations, and scalings, whose orthogonal part is trivial: a factor for each member."""
    X = np.random.RandomState(0).standard_normal((80, 3))
    model = SoftEquivariantRegressor(
        [group], "Vector", hidden_channels=8, n_hidden_layers=1, max_epochs=50, random_state=0
    ).fit(X, X.prod(axis=1))  # 150 steps
    many = clone(model).set_params(n_members=2, tuning="explore").fit(X, X.prod(axis=1))
    assert many.module_.layers[-2].pointwise.shape == (2,)
    assert np.isfinite(many.predict(X)).all()


def test_nothing_of_the_rows_stays_in_the_net(make_soft, plane):
    X, Y = plane
    net = make_soft(n_members=2, tuning="evidence", max_epochs=8).fit(X, Y).net_
    tuner = dict(net.callbacks_)["StrengthTuner"]
    assert tuner._evidence is None and len(tuner.effective_numbers_)
    assert net.iterator_train__weights is None and net.train_split is None


def test_a_warm_start_has_no_interval(make_soft, plane):
    """Rows that are unseen now may have been trained on before."""
    X, Y = plane
    model = make_soft(n_members=2, warm_start=True).fit(X, Y)
    assert np.isfinite(model.levels_.error_high).all()
    levels = model.fit(X, Y).levels_
    assert np.isnan(levels.error_high).all()
    assert all("after partial_fit or a warm start" in reason for reason in levels.reason)
