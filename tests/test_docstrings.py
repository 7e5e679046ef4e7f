"""Docstrings say what goes in and comes out, with shapes and units, what is raised, and sources."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest
from numpydoc.docscrape import Parameter, get_doc_object
from numpydoc.validate import validate

import softeq_sklearn.datasets
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
METHODS = {"levels", "meta", "metrics", "nn", "preprocessing", "projection", "regularizers"}
NO_METHODS = {
    *("AffineMaps", "FeatureLayout", "GroupActions", "cache_info", "clear_cache"),
    *("Findings", "Judgement", "LevelEstimate"),
    *("hidden_layout", "named_strengths", "stack_members"),
}
DATASETS = softeq_sklearn.datasets.__all__
# Units that each quantity is said to have, as patterns; several where columns are of several kinds.
DEVIATIONS = r"units of the standard deviation of a coordinate"
POINTS = {"noise": "pure number", "shift data": DEVIATIONS, "target": "pure numbers: lengths"}
UNITS = {
    "load_mocap": {"n_past n_ahead": "steps of 0.05 s", "data target": "metres", "time": "seconds"},
    "load_soccer": {"n_past n_ahead": "steps of 0.2 s", "data target": "metres", "time": "seconds"},
    "load_storms": {
        "n_past n_ahead": "six-hour steps",
        "scalars": "in degrees.*in knots.*in hPa",
        "data": "in km.*in their units",
        "target": "in km",
        "time": "UTC",
        "latitude longitude": "in degrees",
    },
    "make_cosine_similarity": POINTS,
    "make_distances": POINTS,
    "make_inertia": {
        "noise noise_std": "pure number",
        "shift": DEVIATIONS,
        "data": f"{DEVIATIONS}, masses are pure numbers",
        "target": "units of `data`",
    },
    "make_radius": POINTS,
    "read_waymo_motion": {
        "normalization": r"1\.05 m.*1\.23 m.*-0\.23 m.*1\.31 m.*metres",
        "data target": "metres.*units of `scale`",
        "origin mean scale": "in metres",
    },
    "track_windows": {
        "position": "in any unit",
        "time": "in any unit",
        "interval": "unit of `time`",
        "max_step steps displacement": "unit of `position`",
    },
    "EquivarianceBound": {"bound largest_found": "units of y", "radius": "in their units"},
    "OrbitDisplay": {"t": "degrees", "values": "units of the outputs"},
    "SoftEquivariantRegressor.predict": {"y_std": "units of y"},
    "Support": {"mean": "units of the columns"},
    "assert_equivariant": {"atol": "units of f"},
    "equivariance_bound": {"radius": "units of scaled rows"},
}
# Numbers of data sets that name something, or count.
NAMES_OF_THINGS = {
    *("agent", "agent_type", "joint", "period", "player", "rows", "scenario", "storm", "team"),
    *("track", "year"),
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


def entries_of(item):
    """Triples (names, type, text) of what goes in and comes out, and of the parts of a Bunch."""
    doc = doc_of(item)
    for section in ("Parameters", "Attributes", "Returns", "Yields"):
        # numpydoc adds class attributes that are None, without a word.
        for entry in filter(lambda entry: entry.desc, doc[section]):
            parts = [Parameter(entry.name, entry.type, [])]
            for line in entry.desc:
                begins = entry.type.endswith("Bunch`") and re.match(r"([\w, ]+) : (.+)", line)
                if begins:
                    parts.append(Parameter(*begins.groups(), []))
                else:
                    parts[-1].desc.append(line)
            yield from ((e.name.split(", "), e.type, " ".join(e.desc)) for e in parts)


@NAMES
def test_arrays_have_shapes(name, item, kind):
    """Also those that annotations call arrays; of a function, a shape in what it is said to do."""
    made_by = item.__init__ if inspect.isclass(item) else plain(item)
    annotations = getattr(made_by, "__annotations__", {})
    for names, type_, text in entries_of(item):
        array = re.search(r"\b(array|array-like|frame|ndarray|Tensor)s?\b", type_)
        hints = " ".join(str(annotations.get(n.lstrip("*"), "")) for n in names)
        if array or re.search("ArrayLike|ndarray|Tensor", hints):
            assert "of shape (" in f"{type_} {text}", names


@NAMES
def test_quantities_have_units(name, item, kind):
    said = {
        n: (type_, re.sub(r"\s+", " ", text))
        for names, type_, text in entries_of(item)
        for n in names
    }
    units = {n: unit for names, unit in UNITS.get(name, {}).items() for n in names.split()}
    assert [n for n in units if not re.search(units[n], said[n][1])] == []
    if name in DATASETS:
        quantities = {n for n, (type_, _) in said.items() if re.search("array|float", type_)}
        assert quantities - NAMES_OF_THINGS <= set(units)


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
    assert NO_METHODS | set(UNITS) <= set(DOCUMENTED)
    said = [entries_of(DOCUMENTED[name][0]) for name in DATASETS]
    assert {n for entries in said for names, *_ in entries for n in names} >= NAMES_OF_THINGS
    assert NEVER_RAISES <= {
        name for name, (item, kind) in DOCUMENTED.items() if what_raises(item, kind)
    }
