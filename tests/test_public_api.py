"""The public names of every package, and what importing does; docstrings have their own tests."""

import importlib
import importlib.metadata
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import softeq_sklearn

ROOT = Path(softeq_sklearn.__file__).parent
PACKAGES = ["softeq_sklearn"] + sorted(
    module.name
    for module in pkgutil.walk_packages(softeq_sklearn.__path__, "softeq_sklearn.")
    if module.ispkg and not module.name.rpartition(".")[2].startswith("_")
)
# A package of exceptions is a module with a public name.
MODULES = PACKAGES + sorted(
    module.name
    for module in pkgutil.iter_modules(softeq_sklearn.__path__, "softeq_sklearn.")
    if not module.ispkg and not module.name.rpartition(".")[2].startswith("_")
)


def public(module_name):
    """Names and objects that a module declares public."""
    module = importlib.import_module(module_name)
    names = getattr(module, "__all__", None) or [
        name
        for name, item in vars(module).items()
        if not name.startswith("_") and getattr(item, "__module__", None) == module_name
    ]
    return {name: getattr(module, name) for name in names}


OBJECTS = {id(item): (name, item) for module in MODULES for name, item in public(module).items()}


def test_packages_are_found():
    names = {name.rpartition(".")[2] for name in PACKAGES}
    assert names >= {"estimators", "groups", "inspection", "nn", "projection", "representations"}


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_a_sorted_list_of_strings(package):
    names = importlib.import_module(package).__all__
    assert all(isinstance(name, str) for name in names)
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.startswith("_")]


@pytest.mark.parametrize("package", PACKAGES)
def test_names_exist_and_star_import_works(package):
    space = {}
    exec(f"from {package} import *", space)  # noqa: S102
    del space["__builtins__"]
    assert set(space) == set(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_public_is_missing(package):
    """What an `__init__` imports or defines is in its list, other than its own modules."""
    module = importlib.import_module(package)
    found = {
        name
        for name, item in vars(module).items()
        if not name.startswith("_")
        and not inspect.ismodule(item)
        and getattr(item, "__module__", package).partition(".")[0] == "softeq_sklearn"
    }
    assert found <= set(module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_files_of_a_package_are_private(package):
    module = importlib.import_module(package)
    files = {
        item.name
        for item in pkgutil.iter_modules(module.__path__)
        if not item.ispkg and not item.name.startswith("_")
    }
    assert files <= {"exceptions"}


@pytest.mark.parametrize("package", PACKAGES[1:])
def test_public_objects_are_ours(package):
    for name, item in public(package).items():
        if hasattr(item, "__module__"):
            assert item.__module__.startswith("softeq_sklearn."), name


def test_root_has_the_estimators():
    names = set(softeq_sklearn.__all__)
    assert names >= {"SoftEquivariantRegressor", "SymmetryLevels", "reference_settings"}
    assert names >= set(public("softeq_sklearn.estimators"))
    elsewhere = {id(item) for package in PACKAGES[1:] for item in public(package).values()}
    assert all(id(getattr(softeq_sklearn, name)) in elsewhere for name in names)


@pytest.mark.parametrize("module", MODULES)
def test_modules_say_what_they_are(module):
    assert importlib.import_module(module).__doc__.partition("\n")[0].endswith(".")


def python(code):
    """Run code in a fresh interpreter and return what it prints, as JSON."""
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT.parent,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_import_changes_nothing_global():
    code = """
import json, os, random, sys, warnings
import numpy as np, sklearn, torch
from sklearn import get_config
def state():
    return {
        "random": repr(random.getstate()),
        "numpy": repr(np.random.get_state(legacy=True)),
        "torch": torch.get_rng_state().numpy().tobytes().hex(),
        "errors": np.geterr(),
        "printing": repr(np.get_printoptions()),
        "dtype": str(torch.get_default_dtype()),
        "device": str(torch.get_default_device()),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "gradients": torch.is_grad_enabled(),
        "config": repr(get_config()),
        "filters": repr(warnings.filters),
        "environment": dict(os.environ),
        "recursion": sys.getrecursionlimit(),
        "path": sys.path,
    }
before = state()
import skorch, scipy.linalg, scipy.sparse.csgraph, sklearn.utils.validation
between = state()
import softeq_sklearn, softeq_sklearn.testing, softeq_sklearn.datasets
after = state()
print(json.dumps([name for name in after if after[name] != between[name]]))
"""
    assert python(code) == []


def test_import_prints_nothing_and_needs_no_extra():
    """Plotting, data frames and tests have packages that users may not have."""
    code = """
import json, sys
import builtins
imported = builtins.__import__
def without_extras(name, *rest, **more):
    if name.partition(".")[0] in ("matplotlib", "pandas", "hypothesis", "pytest"):
        raise ModuleNotFoundError(name)
    return imported(name, *rest, **more)
builtins.__import__ = without_extras
import importlib, pkgutil
import softeq_sklearn
for module in pkgutil.iter_modules(softeq_sklearn.__path__, "softeq_sklearn."):
    importlib.import_module(module.name)
import numpy as np
from softeq_sklearn import SoftEquivariantRegressor
from softeq_sklearn.groups import SO
X = np.random.RandomState(0).standard_normal((20, 2))
model = SoftEquivariantRegressor([SO(2)], "Vector", hidden_channels=8, max_epochs=1)
print(json.dumps(len(model.fit(X, X[:, 0]).levels_)))
"""
    assert python(code) == 1


def test_mathematics_needs_no_torch():
    """Groups, representations and projections can be used where there is no torch."""
    code = """
import json, sys
import softeq_sklearn
from softeq_sklearn import datasets, groups, metrics, projection, representations
projection.equivariant_basis(representations.T(2), groups.SO(3))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "skorch"})))
"""
    assert python(code) == []


def test_packages_are_there_without_an_import():
    code = """
import json, pkgutil
import softeq_sklearn
names = [m.name for m in pkgutil.iter_modules(softeq_sklearn.__path__) if m.name[0] != "_"]
names += softeq_sklearn.__all__
there = dir(softeq_sklearn)
print(json.dumps([n for n in names if n not in there or not hasattr(softeq_sklearn, n)]))
"""
    assert python(code) == []


def test_unknown_names_are_errors():
    with pytest.raises(AttributeError, match="'softeq_sklearn' has no attribute 'SoftRegressor'"):
        softeq_sklearn.SoftRegressor  # noqa: B018


def test_version_is_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.?(dev|a|b|rc)\d+)?", softeq_sklearn.__version__)
    project = ROOT.parent / "pyproject.toml"
    if not project.exists():
        pytest.skip("installed without the repository")
    import tomllib

    settings = tomllib.loads(project.read_text())
    assert "version" in settings["project"]["dynamic"]
    assert "version" not in settings["project"]
    assert settings["tool"]["hatch"]["version"]["path"] == "softeq_sklearn/__init__.py"
    places = [
        path
        for path in ROOT.rglob("*.py")
        if re.search(r"^__version__\s*=", path.read_text(), re.MULTILINE)
    ]
    assert places == [ROOT / "__init__.py"]


def test_installed_version():
    try:
        installed = importlib.metadata.version("softeq-sklearn")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not installed, only importable")
    assert installed == softeq_sklearn.__version__


def test_typed():
    assert (ROOT / "py.typed").exists()
