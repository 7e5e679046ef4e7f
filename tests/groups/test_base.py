"""The laws that every group obeys, over the table of cases in conftest.py."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest

import softeq_sklearn.groups as groups
from softeq_sklearn.groups import (
    SL,
    SO,
    Group,
    MatrixGroup,
    O,
    Reflection,
    Trivial,
    compose,
    exponential,
    inverse,
    linear_part,
)
from softeq_sklearn.groups._elements import identity_elements
from softeq_sklearn.groups._finite import enumerate_elements

NAMESPACE = {name: getattr(groups, name) for name in groups.__all__}


# Generators


def test_generators_are_read_only_float64_stacks(group):
    width = group.dim + group.is_affine
    for generators in (group.lie_algebra, group.discrete_generators):
        assert generators.dtype == np.float64
        assert generators.shape == (len(generators), group.dim, width)
        assert not generators.flags.writeable
        assert not np.signbit(generators[generators == 0]).any()
        with pytest.raises(ValueError, match="read-only"):
            generators[...] = 0.0


def test_named_lie_algebras_have_entries_0_and_1(group):
    if not isinstance(group, MatrixGroup):
        assert np.isin(group.lie_algebra, (-1.0, 0.0, 1.0)).all()


def test_no_generator_is_an_identity_or_comes_twice(group):
    for generators, nothing in (
        (group.lie_algebra, np.zeros(group.lie_algebra.shape[1:])),
        (group.discrete_generators, np.eye(*group.discrete_generators.shape[1:])),
    ):
        assert not any(np.array_equal(generator, nothing) for generator in generators)
        assert len({generator.tobytes() for generator in generators}) == len(generators)


def test_lie_algebra_is_linearly_independent(group):
    n = len(group.lie_algebra)
    assert n == 0 or np.linalg.matrix_rank(group.lie_algebra.reshape(n, -1)) == n


def test_order(case):
    assert case.group.order == case.order


def test_order_agrees_with_enumeration(case):
    if case.order is not None and case.order < 1000:
        assert len(enumerate_elements(case.group.discrete_generators)) == case.order


def test_orthogonal_tag_agrees_with_samples(case):
    A = linear_part(case.group.sample(20, random_state=0))
    defect = np.abs(np.swapaxes(A, 1, 2) @ A - np.eye(case.group.dim)).max()
    assert case.group.is_orthogonal is case.is_orthogonal
    assert bool(defect < 1e-12) is case.is_orthogonal


def test_permutation_tag_agrees_with_samples(group):
    g = group.sample(20, random_state=0)
    permutes = np.isin(g, (0.0, 1.0)).all() and (g.sum(axis=2) == 1).all()
    assert group.is_permutation is bool(permutes and not group.is_affine)


def test_tags_allow_rounding_but_no_more():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    slip = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert MatrixGroup(lie_algebra=[1e6 * (turn + 1e-14 * slip)]).is_orthogonal
    assert not MatrixGroup(lie_algebra=[turn + 1e-10 * slip]).is_orthogonal
    assert MatrixGroup(discrete_generators=[turn + 1e-14 * slip]).is_orthogonal
    assert not MatrixGroup(discrete_generators=[turn + 1e-10 * slip]).is_orthogonal
    assert MatrixGroup(discrete_generators=[abs(turn) + 1e-14 * slip]).is_permutation
    assert not MatrixGroup(discrete_generators=[abs(turn) + 1e-10 * slip]).is_permutation


# Elements


def test_samples_are_elements(case):
    if case.has_test:
        assert case.contains(case.group.sample(50, random_state=0)).all()


def test_generators_are_elements(case):
    if case.has_test:
        assert case.contains(case.group.discrete_generators).all()


def test_exponentials_of_the_lie_algebra_are_elements(case, rng):
    if case.has_test:
        coefficients = rng.uniform(-1, 1, size=(20, len(case.group.lie_algebra)))
        A = np.tensordot(coefficients, case.group.lie_algebra, 1)
        assert case.contains(exponential(A)).all()


def test_products_and_inverses_stay_inside(case):
    if case.has_test:
        g, h = case.group.sample(100, random_state=0).reshape(2, 50, *case.group.key[1][1:])
        assert case.contains(compose(g, h)).all()
        assert case.contains(inverse(g)).all()
        assert case.contains(compose(g, inverse(g))).all()


def test_identity_is_an_element(case):
    if case.has_test:
        identity = identity_elements(1, case.group.dim, case.group.is_affine)[0]
        assert case.contains(identity) is True


def test_contains_refuses_singular_and_missing_values(case):
    if case.has_test:
        shape = case.group.lie_algebra.shape[1:]
        outsiders = np.stack([np.zeros(shape), np.full(shape, np.nan), np.full(shape, np.inf)])
        assert case.contains(outsiders).tolist() == [False] * 3


def test_contains_refuses_slightly_wrong_elements_but_allows_rounding(case):
    if case.has_test and case.judge is None and not case.is_open:
        change = np.zeros(case.group.lie_algebra.shape[1:])
        change[0, 0] = 1.0
        g = case.group.sample(20, random_state=0)
        assert not case.contains(g + 1e-3 * change).any()
        assert case.contains(g + 1e-12 * change).all()
        assert not case.contains(g + 1e-12 * change, tol=1e-14).any()


def test_contains_checks_the_shape(group):
    for shape in ((group.dim + 1, group.dim + 1), (2, 2, group.dim, group.dim)):
        with pytest.raises(ValueError, match="'g' must have shape .* Got shape"):
            group.contains(np.ones(shape))


def test_contains_says_when_it_cannot_tell():
    with pytest.raises(NotImplementedError, match="No membership test is known for MatrixGroup"):
        MatrixGroup(lie_algebra=SO(2).lie_algebra).contains(np.eye(2))


def test_samples_do_not_leave_the_documented_bounds(case):
    values = np.linalg.svd(linear_part(case.group.sample(300, random_state=0)), compute_uv=False)
    assert values.max() <= case.bound * (1 + 1e-12)
    assert values.min() >= 1 / case.bound * (1 - 1e-12)


# Sampling


def test_samples_are_float64_stacks(group):
    for n in (0, 1, 7):
        elements = group.sample(n, random_state=0)
        assert elements.shape == (n, group.dim, group.dim + group.is_affine)
        assert elements.dtype == np.float64


@pytest.mark.usefixtures("global_generators_untouched")
def test_same_random_state_same_samples(group):
    first = group.sample(5, random_state=3)
    np.testing.assert_array_equal(first, group.sample(5, random_state=3))
    rng = np.random.RandomState(3)
    np.testing.assert_array_equal(first, group.sample(5, random_state=rng))


def test_other_random_state_other_samples(case):
    if case.order is None or case.order > 10:
        first = case.group.sample(20, random_state=0)
        assert not np.array_equal(first, case.group.sample(20, random_state=1))


def test_samples_are_independent_copies(group):
    samples = group.sample(3, random_state=0)
    samples[...] = 7.0
    assert not (group.sample(3, random_state=0) == 7.0).all()
    assert not (group.lie_algebra == 7.0).any()


@pytest.mark.parametrize("n", [-1, 1.5, "3", None, True])
def test_sample_checks_the_number(n):
    with pytest.raises((ValueError, TypeError), match=r"'n' parameter of SO\.sample must be"):
        SO(2).sample(n)


def test_finite_groups_are_sampled_uniformly(case, assert_uniform):
    if case.order is not None and case.order <= 24:
        assert_uniform(case.group, case.order)


# Values


@pytest.mark.parametrize(
    "name", ["dim", "lie_algebra", "discrete_generators", "order", "key", "is_orthogonal", "new"]
)
def test_attributes_cannot_be_set_or_deleted(group, name):
    with pytest.raises(AttributeError, match="groups are immutable"):
        setattr(group, name, 1)
    with pytest.raises(AttributeError, match="groups are immutable"):
        delattr(group, name)


def test_equality_goes_by_the_generators(group):
    same = [
        generators if len(generators) else None
        for generators in (group.lie_algebra, group.discrete_generators)
    ]
    if any(generators is not None for generators in same):
        copy_ = MatrixGroup(*same, name="a copy")
        assert copy_ == group
        assert hash(copy_) == hash(group)
        assert copy_.key == group.key
    assert group != group.embed(group.dim + 1, axes=range(group.dim))
    assert group != "a group"


def test_different_groups_are_different(group):
    assert {SO(2): 1, O(2): 2, Trivial(2): 3}[SO(2)] == 1
    others = [SO(2), O(2), SL(2), Trivial(2), Trivial(3), Reflection(2), Reflection(2, axis=1)]
    assert all(a != b for a, b in pairwise(others))
    assert sum(group == other for other in others) <= 1


def test_repr_evaluates_back(group):
    rebuilt = eval(repr(group), dict(NAMESPACE))
    assert rebuilt == group
    assert type(rebuilt) is type(group)
    assert repr(rebuilt) == repr(group)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(group, protocol):
    loaded = pickle.loads(pickle.dumps(group, protocol))
    assert loaded == group
    assert repr(loaded) == repr(group)
    assert not loaded.lie_algebra.flags.writeable
    assert not loaded.discrete_generators.flags.writeable
    np.testing.assert_array_equal(loaded.sample(2, random_state=0), group.sample(2, random_state=0))


def test_copies_are_the_group_itself(group):
    assert copy.copy(group) is group
    assert copy.deepcopy([group])[0] is group


def test_a_group_of_your_own_needs_generators_and_arguments():
    class Turns(Group):
        def __init__(self):
            super().__init__(2, lie_algebra=[[[0, -1], [1, 0]]])

        @property
        def _arguments(self):
            return ()

    assert Turns() == SO(2)
    assert repr(Turns()) == "Turns()"
    assert SO(2).contains(Turns().sample(5, random_state=0)).all()


def test_a_group_of_your_own_with_wrong_generators_is_refused():
    class Wrong(Group):
        _arguments = ()

        def __init__(self):
            super().__init__(3, lie_algebra=np.zeros((1, 2, 2)))

    with pytest.raises(ValueError, match=r"'lie_algebra' parameter of Wrong .* d = 3.*\(1, 2, 2\)"):
        Wrong()
    with pytest.raises(TypeError, match="abstract"):
        Group(2)
