"""Bad input: an error with the name, the rule and the value, before any training."""

import re
from collections import UserDict

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import (
    HasMethods,
    InvalidParameterError,
    generate_invalid_param_val,
    make_constraint,
)

from softeq_sklearn import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
)
from softeq_sklearn.exceptions import ProblemTooLargeError
from softeq_sklearn.groups import SE, SO, C, O, Reflection, S
from softeq_sklearn.representations import Scalar

ESTIMATORS = [EquivariantRegressor, ResidualPathwayRegressor, SoftEquivariantRegressor]


def refused(model, recorder, X, Y, error, *messages):
    """Assert that both ways of fitting raise the error with all messages and train nothing."""
    for method in ("fit", "partial_fit"):
        fresh = clone(model).set_params(callbacks=[recorder])
        with pytest.raises(error) as info:
            getattr(fresh, method)(X, Y)
        for message in messages:
            assert re.search(message, str(info.value)), str(info.value)
        assert not hasattr(fresh, "net_")
    assert recorder.n_trainings == 0


def broken(part, value):
    """The first number of a copy replaced."""
    part = part.astype(object if isinstance(value, str) else type(value + 0.0))
    part[0, 0] = value
    return part


def test_early_stopping_without_held_out_rows(make, plane, recorder):
    X, Y = plane
    for fraction, n_rows in ((0, 80), (0.1, 5)):
        model = make(early_stopping=True, validation_fraction=fraction, callbacks=[recorder])
        message = f"early_stopping needs .* Got validation_fraction={fraction} of {n_rows} rows"
        with pytest.raises(ValueError, match=message):
            model.fit(X[:n_rows], Y[:n_rows])
    assert recorder.n_trainings == 0
    model.partial_fit(X, Y)  # which holds out no rows, and does not stop


@pytest.mark.parametrize("which", ["X", "y"])
@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_numbers_whose_squares_are_none(make, plane, recorder, which, unit):
    X, Y = plane
    X, Y = (unit * X, Y) if which == "X" else (X, unit * Y)
    message = "squares can be added. Got values that vary by .*e.(200|199|201); choose other units"
    refused(make(), recorder, X, Y, ValueError, message)


@pytest.mark.parametrize("which", ["X", "y"])
@pytest.mark.parametrize(
    "value, error, message",
    [
        (np.nan, ValueError, "Input {} contains NaN"),
        (np.inf, ValueError, "Input {} contains infinity"),
        (-np.inf, ValueError, "Input {} contains infinity"),
        (1j, ValueError, "Complex data not supported(.|\n)*1.?j"),
        ("a word", ValueError, "could not convert string to float.*a word"),
    ],
)
def test_entries(make, plane, recorder, which, value, error, message):
    X, Y = plane
    if which == "X":
        X = broken(X, value)
    else:
        Y = broken(Y, value)
    refused(make(), recorder, X, Y, error, message.format(which))


@pytest.mark.parametrize(
    "value", [np.nan, np.inf, 1j, "a word"], ids=["nan", "infinity", "complex", "text"]
)
def test_entries_at_prediction(make, plane, value):
    X, Y = plane
    model = make().fit(X, Y)
    with pytest.raises(ValueError, match="NaN|infinity|Complex|a word"):
        model.predict(broken(X, value))


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_sparse_data(make, plane, recorder, container):
    X, Y = plane
    refused(make(), recorder, container(X), Y, TypeError, "Sparse data was passed for X", "dense")
    refused(make(), recorder, X, container(Y), TypeError, "Sparse data was passed for y", "float64")
    with pytest.raises(TypeError, match="Sparse data"):
        make().fit(X, Y).predict(container(X))


def test_empty_data(make, plane, recorder):
    X, Y = plane
    refused(make(), recorder, X[:0], Y[:0], ValueError, r"0 sample.*\(0, 4\).*minimum of 1")
    refused(make(), recorder, X[:, :0], Y, ValueError, r"0 feature.*\(80, 0\).*minimum of 1")
    refused(make(), recorder, X, Y[:, :0], ValueError, r"0 feature.*\(80, 0\).*minimum of 1")
    with pytest.raises(ValueError, match="0 sample"):
        make().fit(X, Y).predict(X[:0])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda X, Y: (X[:, 0], Y), "Expected 2D array, got 1D array"),
        (lambda X, Y: (X[:, :, None], Y), "dim 3"),
        (lambda X, Y: (X, Y[:, :, None]), "dim 3"),
        (lambda X, Y: (X, Y[:10]), r"inconsistent numbers of samples: \[80, 10\]"),
        (lambda X, Y: (X, None), "requires y to be passed.* None"),
        (lambda X, Y: (X, 3.0), "singleton|[Ii]nvalid|scalar|Expected"),
    ],
    ids=["X 1d", "X 3d", "y 3d", "lengths", "no y", "scalar y"],
)
def test_shapes(make, plane, recorder, change, message):
    refused(make(), recorder, *change(*plane), (ValueError, TypeError), message)


@pytest.mark.parametrize("name, data", [("rep_in", "X"), ("rep_out", "y")])
@pytest.mark.parametrize("value", ["3*Vector", "Scalar", "T(3)", 5 * Scalar])
def test_columns_that_do_not_match(make, plane, recorder, name, data, value):
    n_columns = {"X": 4, "y": 2}[data]
    refused(
        make(**{name: value}),
        recorder,
        *plane,
        ValueError,
        f"{name} must have one column for each column of {data}",
        re.escape(f"{name}={value}"),
        f"{data} with {n_columns} columns",
    )


def test_columns_that_do_not_match_without_groups(make_soft, plane, recorder):
    model = make_soft(groups=(), rep_in="3*Vector")
    refused(model, recorder, *plane, ValueError, r"rep_in=3\*Vector .* X with 4 columns")
    # The columns of X say that the plane is meant; y has to agree.
    model = make_soft(groups=(), rep_out="2*Vector")
    refused(model, recorder, *plane, ValueError, r"rep_out=2\*Vector \(4 columns\) for y with 2")


def test_one_dimensional_target_is_one_column(make, plane, recorder):
    X, Y = plane
    refused(make(), recorder, X, Y[:, 0], ValueError, "rep_out=Vector .* y with 1 columns")


def test_columns_at_prediction(make, plane):
    X, Y = plane
    model = make().fit(X, Y)
    with pytest.raises(ValueError, match="X has 3 features, but .* is expecting 4 features"):
        model.predict(X[:, :3])


@pytest.mark.parametrize("name", ["rep_in", "rep_out", "hidden_channels"])
@pytest.mark.parametrize(
    "text, place", [("5*Scalr", "'Scalr'"), ("Vector +", "the end"), ("", "the end"), ("2", ".")]
)
def test_text_that_does_not_parse(make, plane, recorder, name, text, place):
    model = make(**{name: text})
    refused(model, recorder, *plane, ValueError, f"^{name}: ", place, re.escape(repr(text)))


def test_text_is_not_evaluated(make, plane, recorder):
    text = "__import__('os').getcwd()"
    refused(make(rep_in=text), recorder, *plane, ValueError, "^rep_in: ", re.escape(text[:10]))


@pytest.mark.parametrize("value", ["3*Point", "Vector * Point.T", "0*Scalar"])
def test_hidden_layers_that_cannot_be(make, plane, recorder, value):
    model = make(hidden_channels=value)
    refused(model, recorder, *plane, ValueError, "hidden_channels ", re.escape(value))


@pytest.mark.filterwarnings("ignore:The groups .* translate")
def test_points_only_in_the_output(plane, recorder):
    X, Y = plane
    for model in (
        EquivariantRegressor(SE(2), "2*Vector", "Point"),
        SoftEquivariantRegressor([SE(2)], "2*Vector", "Point"),
        SoftEquivariantRegressor([SO(2)], "2*Vector", "Point"),
        SoftEquivariantRegressor((), "2*Vector", "Point"),
    ):
        refused(model, recorder, X, Y, ValueError, "rep_out may have Points only", "2.Vector")


def test_a_problem_too_large(recorder):
    """The sizes are named at once, not after minutes or a crash."""
    X = np.zeros((5, 20))
    for model in (
        EquivariantRegressor(SO(20), "Vector", "Vector", hidden_channels="T(8)"),
        SoftEquivariantRegressor([SO(20)], "Vector", "Vector", hidden_channels="T(8)"),
    ):
        refused(model, recorder, X, X, ProblemTooLargeError, "25600000000 columns", "d = 20")


@pytest.mark.parametrize(
    "groups, error, message",
    [
        (SO(2), TypeError, r"groups must be a sequence or a mapping.*write groups=\[SO\(2\)\]"),
        (3, TypeError, "groups must be a sequence or a mapping of groups, .* Got 3"),
        ("SO(2)", TypeError, r"groups must be a sequence or a mapping of groups, .* Got 'SO\(2\)'"),
        (None, TypeError, "groups must be a sequence or a mapping of groups, .* Got None"),
        ({SO(2)}, TypeError, r"groups must be a sequence or a mapping of groups, .* Got {SO\(2\)}"),
        ([SO(2), 5], TypeError, "groups must hold Group objects, such as .* Got 5"),
        ([SO], TypeError, "groups must hold Group objects, such as .* Got <class"),
        ({"a": None}, TypeError, "groups must hold Group objects, such as .* Got None for 'a'"),
        ({1: SO(2)}, TypeError, "names of groups must be strings. Got 1"),
        ([SO(2), C(4), SO(2)], ValueError, r"different from each other. Got \[SO\(2\), C\(4\)"),
        ([SO(2), SO(3)], ValueError, "same dimension.*'SO.2.': 2, 'SO.3.': 3"),
        ({"a": SO(2), "b": S(4)}, ValueError, "same dimension.*'a': 2, 'b': 4"),
    ],
)
def test_groups(make_soft, plane, recorder, groups, error, message):
    refused(make_soft(groups=groups), recorder, *plane, error, message)


@pytest.mark.parametrize("group", [[SO(2)], "SO(2)", SO, 2])
def test_group(make_exact, plane, recorder, group):
    refused(make_exact(group=group), recorder, *plane, ValueError, "'group' parameter", "Group")


@pytest.mark.parametrize(
    "strengths, message",
    [
        (-1, "'strengths' parameter .* Got -1"),
        (np.inf, "'strengths' parameter .* Got inf"),
        (np.nan, "'strengths' parameter .* Got nan"),
        ("1", "'strengths' parameter .* Got '1'"),
        (None, "'strengths' parameter .* Got None"),
        ([1, 2], r"'strengths' parameter .* Got \[1, 2\]"),
        ({"rotations": 1}, r"exactly the groups \['rotations', 'reflection'\].*'reflection'"),
        ({}, r"exactly the groups .* no strength for \['rotations', 'reflection'\]"),
        ({"rotations": 1, "reflection": 1, "C(4)": 1}, r"unknown names \['C\(4\)'\]"),
        ({"rotations": 1, "reflection": 1, "C(4)": 1, 7: 1}, r"unknown names \['C\(4\)', 7\]"),
        ({"rotations": 1, "reflection": -2}, "at least 0. Got -2 for 'reflection'"),
        ({"rotations": np.inf, "reflection": 1}, "finite.* Got inf for 'rotations'"),
        ({"rotations": np.nan, "reflection": 1}, "finite.* Got nan for 'rotations'"),
        ({"rotations": "1", "reflection": 1}, "numbers.* Got '1' for 'rotations'"),
        ({"rotations": None, "reflection": 1}, "numbers.* Got None for 'rotations'"),
    ],
)
def test_strengths(make_soft, plane, recorder, strengths, message):
    refused(make_soft(strengths=strengths), recorder, *plane, ValueError, "strengths", message)


def test_strength_of_no_group(make_soft, plane, recorder):
    model = make_soft(groups=(), strengths={"SO(2)": 1.0})
    refused(model, recorder, *plane, ValueError, r"strengths .*unknown names \['SO\(2\)'\]")


def test_mappings_of_any_kind(make_soft, plane):
    groups = UserDict({"rotations": SO(2), "reflection": Reflection(2)})
    strengths = UserDict({"rotations": 1.0, "reflection": 2})
    assert make_soft(groups=groups, strengths=strengths).fit(*plane).levels_.name[0] == "rotations"


@pytest.mark.parametrize("tuning", ["bayes", "Ratio", "", None, 1])
def test_tuning(make_soft, plane, recorder, tuning):
    refused(
        make_soft(tuning=tuning), recorder, *plane, ValueError, "'tuning'", "'ratio'", repr(tuning)
    )


MISSING = [] if torch.cuda.is_available() else ["cuda", "cuda:0"]


@pytest.mark.parametrize("name", ["gpu", "", "meta", "cpu:x", "cuda:99", *MISSING])
def test_unknown_device(make, plane, recorder, name):
    message = re.escape(f"Got {name!r} instead")
    refused(
        make(device=name), recorder, *plane, ValueError, "device must be 'auto', .* or", message
    )


@pytest.mark.parametrize("entry", [1, "EarlyStopping", object, print, ("name", 3), ("name",)])
def test_callbacks(make, plane, entry):
    model = make(callbacks=[entry])
    with pytest.raises(TypeError, match="callbacks must hold skorch callbacks. Got"):
        model.fit(*plane)
    assert not hasattr(model, "net_")


def cases():
    """Every parameter with constraints, of every estimator, with values against them."""
    for estimator in ESTIMATORS:
        for name, constraints in estimator._parameter_constraints.items():
            constraints = [make_constraint(constraint) for constraint in constraints]
            values = [object()]
            for constraint in constraints:
                if isinstance(constraint, HasMethods):
                    continue
                try:
                    values.append(generate_invalid_param_val(constraint))
                except NotImplementedError:
                    pass
            for value in values:
                if not any(constraint.is_satisfied_by(value) for constraint in constraints):
                    yield pytest.param(estimator, name, value, id=f"{estimator.__name__}-{name}")


@pytest.mark.parametrize("estimator, name, value", list(cases()))
def test_every_parameter_is_checked(plane, recorder, estimator, name, value):
    X, Y = plane
    if name == "callbacks":
        recorder = None
    model = estimator(callbacks=[recorder]).set_params(**{name: value})
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of .*Got"):
        model.fit(X, Y)
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of .*Got"):
        model.partial_fit(X, Y)
    assert not hasattr(model, "net_")


@pytest.mark.parametrize(
    "name, values",
    [
        ("hidden_channels", [0, -1, 1.5]),
        ("n_hidden_layers", [-1, 0.5]),
        ("weight_decay", [-1e-9, np.inf, np.nan, "1"]),
        ("learning_rate", [0, -1, np.inf, np.nan]),
        ("max_epochs", [0, -1, 2.0, np.inf]),
        ("batch_size", [0, -1, 1.5, "all", None]),
        ("validation_fraction", [-0.1, 1, 1.0, 2, np.nan, None]),
        ("early_stopping", [1.5, "yes", None]),
        ("warm_start", [1.5, "yes", None]),
        ("device", [None, 0, torch.device("cpu")]),
        ("random_state", [-1, 1.5, "zero"]),
        ("verbose", [-1, "yes"]),
        ("rep_in", [3, ["Vector"], 2.5]),
        ("rep_out", [3, ["Vector"], 2.5]),
    ],
)
def test_ranges(make, plane, recorder, name, values):
    for value in values:
        refused(
            make(**{name: value}),
            recorder,
            *plane,
            InvalidParameterError,
            f"The '{name}' parameter of",
            f"Got {re.escape(repr(value))}",
        )


def test_unknown_parameters():
    with pytest.raises(TypeError, match="stength"):
        SoftEquivariantRegressor(stength=1)
    with pytest.raises(ValueError, match="Invalid parameter 'stength' for estimator"):
        SoftEquivariantRegressor().set_params(stength=1)


def test_constructors_check_nothing(make):
    """As everywhere in scikit-learn: parameters are checked in fit."""
    model = make(rep_in=object(), max_epochs=-3, device="none")
    assert model.get_params()["max_epochs"] == -3


def test_groups_of_another_dimension_than_the_columns(make_soft, plane, recorder):
    X, Y = plane
    for group, hint in ((SO(1), r"\(Group.embed\(2\)\)."), (SO(3), "would have 4 columns.$")):
        message = f"The groups act on {group.dim} dimensions; in 2 it would have 4 columns"
        refused(make_soft(groups=[group]), recorder, X, Y, ValueError, message, hint)


def test_a_search_goes_on_after_bad_parameters(make_exact, plane):
    search = GridSearchCV(make_exact(), {"group": [SO(3), O(2)]}, cv=2)
    with (
        pytest.warns(FitFailedWarning, match="rep_in must have one column"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search.fit(*plane)
    assert search.best_params_ == {"group": O(2)}


def test_callbacks_are_checked_before_exploring(make_soft, plane, monkeypatch):
    monkeypatch.setattr("softeq_sklearn.estimators._soft.explore", None)
    with pytest.raises(TypeError, match="callbacks"):
        make_soft(tuning="explore", callbacks=[print]).fit(*plane)
