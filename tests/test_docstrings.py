"""Docstrings say what goes in and comes out, with shapes, what is raised, and where it is from."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

from tests.test_public_api import OBJECTS

# Rules of numpydoc that we do not follow.
IGNORED = {
    "ES01": "one sentence may be all there is to say",
    "RT02": "a value has a name where sentences speak of it",
    "SA01": "not every name has relatives; where there is a section, it is checked",
    "SS05": "what begins with a noun, 'Names of ...', is taken for a verb in the third person",
}
# What they find wrong with names that are right.
ALLOWED = [
    ("EX01", r".+\..+", "methods are in the examples of their classes"),
    ("EX01", r"\w+(Error|Warning)", "it is raised, not made"),
    ("PR01", r".+\.on_\w+", "skorch calls hooks, all with the arguments that it documents"),
    ("PR01", "CrossEntropy|RowLoss|SquaredError", "torch makes *args of no arguments"),
    ("YD01", "threads_for", "it is a context, and yields nothing"),
]
# What leads to checks that cannot fail: of elements and generators that are our own.
NEVER_RAISES = {
    *("Cube", "O11", "O13", "RubiksCube", "SO11p", "SO13", "SO13p"),
    *("Group.is_conformal", "Group.is_orthogonal", "Rep.centred"),
    *("Orbits", "Orbits.at_anchor", "Orbits.elements", "estimate_level"),
}
# Packages whose classes and functions are methods of somebody, but for these.
METHODS = {"nn", "projection", "regularizers"}
NO_METHODS = {
    *("AffineMaps", "FeatureLayout", "GroupActions", "cache_info", "clear_cache"),
    *("hidden_layout", "named_strengths", "stack_members"),
}
ROOT = Path(__file__).parents[1]


def plain(item):
    """The function of a method, a property or a decorated function."""
    for inner in ("__func__", "fget", "func"):
        item = getattr(item, inner, item)
    return inspect.unwrap(item)


def is_ours(item):
    return (getattr(item, "__module__", None) or "").startswith("softeq_sklearn")


def documented():
    """Public classes and functions, then their public methods and properties, with the classes."""
    items = [
        item for _, item in OBJECTS.values() if inspect.isroutine(item) or inspect.isclass(item)
    ]
    yield from ((item, None) for item in items)
    for kind in filter(inspect.isclass, items):
        for base in filter(is_ours, kind.__mro__):
            for name, item in vars(base).items():
                if inspect.isfunction(plain(item)) and not name.startswith("_"):
                    yield item, kind


DOCUMENTED = {plain(item).__qualname__: (item, kind) for item, kind in documented()}
NAMES = pytest.mark.parametrize(
    ("name", "item", "kind"),
    [pytest.param(name, *what, id=name) for name, what in DOCUMENTED.items()],
)


def doc_of(item):
    return get_doc_object(getattr(item, "__func__", item))


@NAMES
def test_numpydoc(name, item, kind):
    errors = [error for error in validate(doc_of(item))["errors"] if error[0] not in IGNORED]
    allowed = {code for code, names, _ in ALLOWED if re.fullmatch(names, name)}
    assert not [error for error in errors if error[0] not in allowed]
    examples = "".join(doc_of(item)["Examples"])
    assert not examples or ">>> " in examples


def says(text, value):
    """Whether a default value is the one that a docstring names."""
    try:
        return text == str(value) or ast.literal_eval(text) == value
    except ValueError:
        return text == getattr(value, "__name__", None)


@NAMES
def test_defaults(name, item, kind):
    entries = [entry for entry in doc_of(item)["Parameters"] if entry.type != "None"]
    parameters = inspect.signature(plain(item)).parameters if entries else {}
    for entry in entries:
        names, (_, named, text) = entry.name.split(", "), entry.type.partition("default=")
        texts = text.split(", ") if len(names) > 1 and ", " in text else [text] * len(names)
        for parameter, value in zip(names, texts, strict=True):
            default = parameters[parameter.lstrip("*")].default
            assert says(value, default) if named else default is inspect.Parameter.empty, entry


@NAMES
def test_arrays_have_shapes(name, item, kind):
    doc = doc_of(item)
    for section in ("Parameters", "Attributes", "Returns", "Yields"):
        for entry in doc[section]:
            if re.search(r"\b(array|array-like|frame|ndarray|Tensor)s?\b", entry.type):
                assert "of shape (" in " ".join([entry.type, *entry.desc]), entry


@NAMES
def test_formulas_and_methods_have_sources(name, item, kind):
    """A paper with its year, or the page that derives them."""
    text, package = inspect.getdoc(item), plain(item).__module__.split(".")[1]
    if "math:" in text or (package in METHODS and not kind and name not in NO_METHODS):
        assert re.search(r"\[\d\]_|docs/\w+\.md|\b(19|20)\d\d\b", text)
    assert all((ROOT / page).exists() for page in re.findall(r"docs/\w+\.md", text))


def what_raises(item, kind):
    """A function with a statement "raise", or a check by scikit-learn, that an item leads to.

    It leads to what it calls by a name that is global, or an attribute of self or super().
    """
    todo, seen = [(item, kind)], set()
    for item, kind in todo:
        item = plain(item)
        if item in seen:
            continue
        seen.add(item)
        if inspect.isclass(item) and is_ours(item):
            made_by = ("__init__", "__new__", "__post_init__")
            todo += [
                (vars(base)[n], item) for base in item.__mro__ for n in made_by if n in vars(base)
            ]
        elif not is_ours(item):
            if re.match("_?(check|validate)_(?!random_state)", getattr(item, "__name__", "")):
                return item.__name__
        elif inspect.isfunction(item) and item.__code__.co_filename != "<string>":
            for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(item)))):
                if isinstance(node, ast.Raise) and "NotImplementedError" not in ast.unparse(node):
                    return item.__qualname__
                if isinstance(node, ast.Call):
                    called = ast.unparse(node.func)
                    owner, _, name = called.rpartition(".")
                    if owner in ("self", "cls", "super()") and kind:
                        todo += [(vars(b)[name], kind) for b in kind.__mro__ if name in vars(b)]
                    space = item.__globals__
                    target = getattr(space.get(owner), name, None) if owner else space.get(name)
                    todo.append((target, None))
    return None


@NAMES
def test_errors_are_named(name, item, kind):
    if name not in NEVER_RAISES:
        assert doc_of(item)["Raises"] or not what_raises(item, kind)


def test_exceptions_are_needed():
    assert NO_METHODS <= set(DOCUMENTED)
    assert NEVER_RAISES <= {
        name for name, (item, kind) in DOCUMENTED.items() if what_raises(item, kind)
    }
