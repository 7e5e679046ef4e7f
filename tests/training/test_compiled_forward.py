"""Compiled training against training as it is."""

import copy
import pickle
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from softeq_sklearn import EquivariantRegressor, SoftEquivariantRegressor
from softeq_sklearn.groups import SO, O
from softeq_sklearn.training._compiled_forward import CompiledForward
from tests.training.test_net import data, make_net


class Backend:
    """A backend of torch.compile that runs what it is given as it is, and counts."""

    def __init__(self):
        self.n_compiled = self.n_calls = 0

    def __call__(self, graph, inputs):
        self.n_compiled += 1

        def run(*arguments):
            self.n_calls += 1
            return graph(*arguments)

        return run


def refuse(graph, inputs):
    raise RuntimeError("there is no compiler")


@pytest.fixture(autouse=True)
def nothing_compiled_before():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def trained(**changes):
    """A net trained on 50 rows in batches of 20, so that the last batch is smaller."""
    X, y = data(50)
    order = np.random.RandomState(0)
    return make_net(module__seed=0, iterator_train__random_state=order, **changes).fit(X, y)


def assert_same_weights(net, other, tolerance=0.0):
    weights, others = net.module_.state_dict(), other.module_.state_dict()
    assert list(weights) == list(others)
    for name, weight in weights.items():
        torch.testing.assert_close(weight, others[name], rtol=tolerance, atol=tolerance)


def test_same_weights_and_the_module_stays_what_it_is():
    backend = Backend()
    net = trained(compile=True, compile__backend=backend)
    plain = trained()
    assert type(net.module_) is type(plain.module_)
    assert_same_weights(net, plain)


def test_only_batches_of_the_first_size_in_training_are_compiled():
    backend = Backend()
    X, _ = data(50)
    net = trained(compile=True, compile__backend=backend)
    assert (backend.n_compiled, backend.n_calls) == (1, 2 * net.max_epochs)
    net.predict(X[:20])
    assert backend.n_calls == 2 * net.max_epochs


def test_other_groups_of_the_same_size_are_not_mixed_up():
    first, second = (O(2).embed(3, axes=axes) for axes in [(0, 1), (1, 2)])
    X = np.random.RandomState(0).standard_normal((40, 6)).astype(np.float32)
    for group in (first, second):
        nets = [
            make_net(
                groups={"group": group},
                strengths=1.0,
                module__groups=[group],
                module__seed=0,
                iterator_train__random_state=np.random.RandomState(0),
                compile=compile,
                compile__backend=Backend(),
            ).fit(X, X[:, :3])
            for compile in (True, False)
        ]
        assert_same_weights(*nets)


def test_where_torch_cannot_compile_training_goes_on():
    with pytest.warns(UserWarning, match="without compiling.*there is no compiler") as caught:
        net = trained(compile=True, compile__backend=refuse)
    assert len(caught) == 1
    assert_same_weights(net, trained())


def test_faults_of_the_module_are_errors():
    class Faulty(nn.Linear):
        def forward(self, X):
            raise ZeroDivisionError("of the module")

    forward = CompiledForward(backend=Backend())
    with pytest.raises(ZeroDivisionError, match="of the module"):
        forward(Faulty(2, 2), torch.zeros(3, 2))


def test_copies_and_pickles_train_on():
    X, y = data(50)
    net = trained(compile=True, compile__backend=Backend())
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert_same_weights(twin, net)
        before = twin._compiled.options["backend"].n_calls
        twin.partial_fit(X, y)
        assert twin._compiled.options["backend"].n_calls == before + 2 * net.max_epochs


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # those of the compiler
def test_by_a_real_compiler():
    net = trained(compile=True, module__hidden_channels=4)
    assert net._compiled._function is not None
    assert_same_weights(net, trained(module__hidden_channels=4), tolerance=1e-5)


@pytest.mark.parametrize("kind", [SoftEquivariantRegressor, EquivariantRegressor])
def test_estimators_train_compiled_to_the_same_weights(kind, monkeypatch):
    backend = Backend()
    monkeypatch.setattr(torch, "compile", _with_backend(torch.compile, backend))
    X, y = data(60)
    settings = dict(hidden_channels=16, max_epochs=2, batch_size=20, random_state=0)
    models = [
        kind(_groups_of(kind), "2*Vector", "Vector", compile=compile, **settings).fit(X, y)
        for compile in ("default", False)
    ]
    assert backend.n_calls == 4  # two of three batches in each epoch have the first one's size
    assert_same_weights(*(model.net_ for model in models))
    np.testing.assert_array_equal(*(model.predict(X) for model in models))


def _groups_of(kind):
    return SO(2) if kind is EquivariantRegressor else [SO(2)]


def _with_backend(compile, backend):
    def compiled(module, **options):
        assert options.pop("mode") == "default"  # which no backend of one's own knows
        return compile(module, backend=backend, **options)

    return compiled


def test_exploring_networks_are_not_compiled(monkeypatch):
    """They train for a few hundred steps, in which compiling never pays."""
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda module, **options: compiled.append(1) or module)
    X, y = data(60)
    model = SoftEquivariantRegressor(
        [SO(2)],
        "2*Vector",
        "Vector",
        tuning="explore",
        hidden_channels=8,
        max_epochs=3,
        compile=True,
        random_state=0,
    ).fit(X, y)
    assert model._exploration is not None
    assert compiled == [1]


def test_unknown_mode_is_refused():
    X, y = data(20)
    with pytest.raises(ValueError, match="'compile' parameter.*max-autotune.*'fast'"):
        SoftEquivariantRegressor(compile="fast").fit(X, y)
