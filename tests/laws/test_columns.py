"""Laws of the user's columns: their order, and that of the representation, changes nothing."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import strategies as st

from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SE, SL, SO, Group
from softeq_sklearn.nn import SoftEquivariantNetwork
from softeq_sklearn.projection import equivariant_projector
from softeq_sklearn.regularizers import ProjectionPenalty
from softeq_sklearn.representations import ColumnSchema, Point, Rep, Scalar, Vector
from tests import dense_reference as dense
from tests.laws import _reference as reference
from tests.laws._law import law
from tests.laws._strategies import acts_about_origin, any_groups, elements, seeds


@dataclass(frozen=True)
class Order:
    """The terms of a table in one order and in another one."""

    terms: tuple[Rep, ...]
    permutation: tuple[int, ...]
    dim: int

    @property
    def rep(self):
        return sum(self.terms, 0 * Scalar)

    @property
    def permuted(self):
        return sum((self.terms[i] for i in self.permutation), 0 * Scalar)

    @property
    def columns(self):
        """Where each column of the other order stands in the first one."""
        ends = np.cumsum([term.dim(self.dim) for term in self.terms])
        places = np.split(np.arange(ends[-1]), ends[:-1])
        return np.concatenate([places[i] for i in self.permutation])


def check_action(order, g, X):
    """Rows in the other order are moved as those in the first."""
    columns = order.columns
    moved = order.rep.act(g, X)
    np.testing.assert_allclose(order.permuted.act(g, X[:, columns]), moved[:, columns], atol=1e-12)


def check_projector(P, P_permuted, into, out):
    """Projectors of linear maps are the same, in the other order of rows and columns."""
    n_in, n_out = len(into), len(out)
    index = np.arange(n_in * n_out).reshape(n_out, n_in)[np.ix_(out, into)].reshape(-1)
    expected = P.to_dense()[np.ix_(index, index)]
    np.testing.assert_allclose(P_permuted.to_dense(), expected, rtol=0, atol=1e-10)


def check_penalty(network, network_permuted, group, weight, bias, into, out, expected):
    """The penalty of a linear map is half its squared distance, in whichever order it stands."""
    dense.write_linear(network, weight, bias)
    dense.write_linear(network_permuted, weight[np.ix_(out, into)], bias[out])
    for each in (network, network_permuted):
        value = ProjectionPenalty(each, {"G": group}, 1.0)(each).item()
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)


def check_network(network, network_permuted, X, into, out):
    """Networks of one seed compute the same, to the last bit."""
    with torch.no_grad():
        expected, actual = network(X)[:, out], network_permuted(X[:, into])
    assert torch.equal(actual, expected)


def check_estimators(model, permuted, X, X_permuted, y, out):
    """Estimators that are fitted to the two tables predict the same, to the last bit."""
    expected = model.fit(X, y).predict(X).reshape(y.shape)
    y_permuted = y[:, out]
    actual = permuted.fit(X_permuted, y_permuted).predict(X_permuted).reshape(y.shape)
    np.testing.assert_array_equal(actual, expected[:, out])


# Cases

TERMS = [
    Scalar,
    Vector,
    Vector.T,
    Vector * Vector,
    Vector * Vector.T,
    Vector.T * Vector,
    Vector * (Scalar + Vector),
]


@st.composite
def orders(draw, group, max_columns, *, points=False, keep_types=False):
    """Terms that fit, and a permutation of them.

    Two vectors are two channels, which start with different weights: for networks that are the same
    to the last bit the order of terms of one type is kept.
    """
    terms = TERMS[:-1] if keep_types else TERMS
    room, chosen = max_columns, []
    for term in draw(st.lists(st.sampled_from(terms + [Point] * points), min_size=1, max_size=5)):
        if term.dim(group) <= room:
            chosen.append(term)
            room -= term.dim(group)
    chosen = chosen or [Scalar]
    permutation = draw(st.permutations(range(len(chosen))))
    if keep_types:
        types = [_type(term, group) for term in chosen]
        places = {t: iter(sorted(i for i in permutation if types[i] == t)) for t in types}
        permutation = [next(places[types[i]]) for i in permutation]
    return Order(tuple(chosen), tuple(permutation), group.dim)


def _type(term, group):
    """What distinguishes the channels of a term; V and its dual are one type in some networks."""
    (word,) = term.words
    return tuple(sorted(map(abs, word) if group.is_conformal else word))


@dataclass(frozen=True)
class Table:
    """A group, and two orders of the columns of the input and of the output."""

    group: Group
    into: Order
    out: Order
    seed: int

    @property
    def X(self):
        return self._rows(self.seed, self.into)

    @property
    def y(self):
        return self._rows(self.seed + 1, self.out)

    def _rows(self, seed, order):
        return np.random.default_rng(seed).standard_normal((10, order.rep.dim(self.group)))


@st.composite
def tables(draw, max_columns=6, keep_types=False):
    group = draw(any_groups().filter(acts_about_origin))
    into = draw(orders(group, max_columns, points=True, keep_types=keep_types))
    out = draw(orders(group, max_columns, keep_types=keep_types))
    return Table(group, into, out, draw(seeds))


def networks(table, **settings):
    """Networks for the two orders, of one seed."""
    return [
        SoftEquivariantNetwork(rep_in, rep_out, [table.group], **settings).double()
        for rep_in, rep_out in (
            (table.into.rep, table.out.rep),
            (table.into.permuted, table.out.permuted),
        )
    ]


@law(st.data())
def test_actions_follow_the_columns(data):
    group = data.draw(any_groups())
    order = data.draw(orders(group, 16, points=True))
    X = np.random.default_rng(data.draw(seeds)).standard_normal((3, order.rep.dim(group)))
    check_action(order, data.draw(elements(group)), X)


@law(tables())
def test_projectors_follow_the_columns(table):
    P, P_permuted = (
        equivariant_projector(rep_in >> rep_out, table.group)
        for rep_in, rep_out in (
            (table.into.rep, table.out.rep),
            (table.into.permuted, table.out.permuted),
        )
    )
    check_projector(P, P_permuted, table.into.columns, table.out.columns)


@law(tables(max_columns=5))
def test_penalties_follow_the_columns(table):
    weight, bias = linear_map(table)
    expected = dense_penalty(table, weight, bias)
    columns = table.into.columns, table.out.columns
    pair = networks(table, n_hidden_layers=0, architecture="emlp")
    check_penalty(*pair, table.group, weight, bias, *columns, expected)


@law(tables(keep_types=True))
def test_networks_follow_the_columns(device, table):
    pair = networks(table, hidden_channels=8, n_hidden_layers=1, seed=table.seed % 1000)
    X = torch.from_numpy(table.X).to(device)
    pair = [network.to(device) for network in pair]
    check_network(*pair, X, table.into.columns, table.out.columns)


@pytest.mark.filterwarnings("ignore:The (groups|columns) .*")  # drawn ones may move nothing
@law(tables(max_columns=4, keep_types=True), st.randoms(use_true_random=False), share=0.25)
def test_estimators_follow_the_columns(table, random):
    shuffled = [*range(table.X.shape[1])]
    random.shuffle(shuffled)
    check_estimators(*fits(table, shuffled))


def fits(table, shuffled):
    """Estimators of the two orders, and their tables.

    The second one has a schema: its columns have names, and stand in any order in the frame.
    """
    settings = dict(
        hidden_channels=6, n_hidden_layers=1, max_epochs=2, batch_size=8, random_state=0
    )
    X, y, groups = table.X, table.y, {"G": table.group}
    names = [f"x{i}" for i in range(X.shape[1])]
    named = [names[i] for i in table.into.columns]
    model = SoftEquivariantRegressor(groups, table.into.rep, table.out.rep, **settings)
    schema = ColumnSchema({tuple(named): table.into.permuted})
    permuted = SoftEquivariantRegressor(groups, schema, table.out.permuted, **settings)
    frame = pd.DataFrame(X, columns=names)[[names[i] for i in shuffled]]
    return model, permuted, X, frame, y, table.out.columns


def linear_map(table):
    rng = np.random.default_rng(table.seed)
    n_in, n_out = table.into.rep.dim(table.group), table.out.rep.dim(table.group)
    return rng.standard_normal((n_out, n_in)), rng.standard_normal(n_out)


def dense_penalty(table, weight, bias):
    """Half the squared distance to the subspace, by dense constraints."""
    P = reference.map_projector(table.into.rep, table.out.rep, table.group)
    Q = reference.projector(table.out.rep, table.group)
    parts = ((P, weight.reshape(-1)), (Q, bias))
    return sum(np.sum((own - projector @ own) ** 2) / 2 for projector, own in parts)


# What each check is for: a permutation of the columns that is not that of the representation.

INTO = Order((Vector, Scalar, Point, Point), (1, 2, 0, 3), 2)
OUT = Order((Scalar, Vector), (1, 0), 2)
TABLE = Table(SE(2), INTO, OUT, 0)


class Mismatched(Order):
    """Columns in the first order, whatever the representation."""

    @property
    def columns(self):
        return np.arange(self.rep.dim(self.dim))


NOT_INTO = Mismatched(INTO.terms, INTO.permutation, 2)


def test_actions_that_do_not_follow_are_told():
    (g,) = SE(2).sample(1, 0)
    check_action(INTO, g, TABLE.X)
    with pytest.raises(AssertionError):
        check_action(NOT_INTO, g, TABLE.X)


def test_projectors_that_do_not_follow_are_told():
    P = equivariant_projector(INTO.rep >> OUT.rep, SE(2))
    permuted = equivariant_projector(INTO.permuted >> OUT.permuted, SE(2))
    check_projector(P, permuted, INTO.columns, OUT.columns)
    for wrong in (
        (permuted, NOT_INTO.columns, OUT.columns),
        (permuted, INTO.columns, np.arange(3)),
        (P, INTO.columns, OUT.columns),
    ):
        with pytest.raises(AssertionError):
            check_projector(P, *wrong)


def test_penalties_that_do_not_follow_are_told():
    table = Table(SL(2), Order((Vector, Vector.T), (1, 0), 2), OUT, 0)
    weight, bias = linear_map(table)
    pair = networks(table, n_hidden_layers=0)
    arguments = *pair, table.group, weight, bias
    expected = dense_penalty(table, weight, bias)
    check_penalty(*arguments, table.into.columns, OUT.columns, expected)
    for into, out in ((np.arange(4), OUT.columns), (table.into.columns, np.arange(3))):
        with pytest.raises(AssertionError):
            check_penalty(*arguments, into, out, expected)


def test_networks_that_do_not_follow_are_told():
    pair = networks(TABLE, hidden_channels=8, n_hidden_layers=1)
    X = torch.from_numpy(TABLE.X)
    check_network(*pair, X, INTO.columns, OUT.columns)
    other = networks(TABLE, hidden_channels=8, n_hidden_layers=1, seed=1)[1]
    for wrong in (
        (pair[1], X, NOT_INTO.columns, OUT.columns),
        (pair[1], X, INTO.columns, np.arange(3)),
        (other, X, INTO.columns, OUT.columns),
    ):
        with pytest.raises(AssertionError):
            check_network(pair[0], *wrong)


def test_estimators_that_do_not_follow_are_told():
    right = Table(SO(2), Order((Vector, Scalar), (1, 0), 2), OUT, 0)
    check_estimators(*fits(right, [2, 0, 1]))
    wrong = Table(SO(2), Mismatched((Vector, Scalar), (1, 0), 2), OUT, 0)
    with pytest.raises(AssertionError):
        check_estimators(*fits(wrong, [2, 0, 1]))
