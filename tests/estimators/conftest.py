"""Small data and fits that the tests of the estimators share."""

import signal

import numpy as np
import pytest
from skorch.callbacks import Callback

from softeq_sklearn import (
    EquivariantRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
)
from softeq_sklearn.groups import SO, Reflection

# A fit with these takes a few hundredths of a second.
SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=4, batch_size=16, random_state=0)


@pytest.fixture
def plane():
    """Two vectors in the plane and a target that the reflection of x keeps and rotations do not."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 4))
    return X, X[:, :2] * [1, 3] + 0.1 * X[:, 2:]


@pytest.fixture
def table():
    """A table without representations and a 1-d target."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 3))
    return X, X[:, 0] + X[:, 1] ** 2


@pytest.fixture
def make_soft():
    """Return a function that makes a small soft regressor for the data of `plane`."""

    def make(**changes):
        groups = {"rotations": SO(2), "reflection": Reflection(2)}
        arguments = SMALL | {"groups": groups, "rep_in": "2*Vector", "rep_out": "Vector"}
        return SoftEquivariantRegressor(**(arguments | changes))

    return make


@pytest.fixture
def make_exact():
    """Return a function that makes a small exact regressor for the data of `plane`."""

    def make(**changes):
        arguments = SMALL | {"group": SO(2), "rep_in": "2*Vector", "rep_out": "Vector"}
        return EquivariantRegressor(**(arguments | changes))

    return make


@pytest.fixture
def make_residual():
    """Return a function that makes a small residual pathway regressor for the data of `plane`."""

    def make(**changes):
        arguments = SMALL | {"group": SO(2), "rep_in": "2*Vector", "rep_out": "Vector"}
        return ResidualPathwayRegressor(**(arguments | changes))

    return make


@pytest.fixture(params=["soft", "exact", "residual"])
def make(request):
    """Any of the three functions: what the base class does holds for all."""
    return request.getfixturevalue(f"make_{request.param}")


class Recorder(Callback):
    """Remember the rows of a training, and whether there was one."""

    def __init__(self):
        self.n_trainings = 0

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.n_trainings += 1
        self.inputs, self.targets = X, y


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def control_c():
    """What presses Control-C, which does what it does in a terminal: jobs behind one ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
