"""The page of a report: what it says is what the fit says, and a browser shows all of it."""

import json
import re
import shutil
import subprocess
from html import unescape

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression

from softeq_sklearn import SoftEquivariantClassifier, SoftEquivariantRegressor
from softeq_sklearn.groups import SO, O, Reflection
from softeq_sklearn.inspection import accuracy_table, report
from softeq_sklearn.representations import ColumnSchema, Scalar, Vector

SMALL = dict(hidden_channels=16, n_hidden_layers=1, max_epochs=8, random_state=0)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
# Without these a browser asks for things on the network.
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Errors are caught from the first line on, and written where the test finds them.
WATCH = """<script>
const seen = {errors: [], requests: []};
window.addEventListener("error", (event) => seen.errors.push(String(event.message || event.target.src)), true);
for (const kind of ["error", "warn"]) {
  const write = console[kind];
  console[kind] = (...words) => { seen.errors.push(words.join(" ")); write(...words); };
}
</script>"""  # noqa: E501
TELL = """<script>
window.addEventListener("load", () => {
  seen.images = [...document.images].map((i) => [i.alt, i.naturalWidth, i.getBoundingClientRect().width]);
  seen.requests = performance.getEntriesByType("resource").map((r) => r.name);
  seen.wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  const place = document.createElement("script");
  place.id = "seen"; place.type = "application/json"; place.textContent = JSON.stringify(seen);
  document.body.append(place);
});
</script>"""  # noqa: E501


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    assert not plt.get_fignums()


@pytest.fixture(scope="module")
def data():
    X = np.random.RandomState(0).standard_normal((80, 4))
    return X, X[:, :2] * [1, 3]


@pytest.fixture(scope="module")
def model(data):
    groups = {"rotations": SO(2), "flip <b>": Reflection(2), "both": O(2)}
    model = SoftEquivariantRegressor(groups, "2*Vector", "Vector", n_members=3, **SMALL)
    return model.fit(*data)


@pytest.fixture(scope="module")
def page(model, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "page.html"
    assert report(model, *data, path, cv=2, random_state=3, title="A & B") == path
    return path.read_text(encoding="utf-8")


def cells(page, section):
    """Rows of the first table of a section, as plain text."""
    table = page.partition(f'<section id="{section}">')[2].partition("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]
    texts = ([re.sub("<.*?>", "", c) for c in re.split(r"</t[dh]>", row)[:-1]] for row in rows)
    return [[unescape(text).strip() for text in row] for row in texts]


def test_levels_are_those_of_the_fit(model, page):
    rows = cells(page, "levels")
    assert [row[0] for row in rows] == ["rotations", "flip <b>", "both"]
    levels = model.levels_
    assert [row[1] for row in rows] == levels.verdict.tolist()
    assert [row[2] for row in rows] == [f"{error:.4f}" for error in levels.error]
    ends = zip(levels.error_low, levels.error_high, strict=True)
    assert [row[3] for row in rows] == [f"{low:.4f} to {high:.4f}" for low, high in ends]
    for name, reason in zip(levels.name, levels.reason, strict=True):
        assert not reason or f"cannot tell, since {reason}" in unescape(page), name
    assert "rotations is part of both." in page


def test_accuracies_are_those_of_the_table(model, data, page):
    seed = int(np.random.RandomState(3).randint(np.iinfo(np.int32).max))
    table = accuracy_table(model, *data, cv=2, random_state=seed)
    rows = cells(page, "accuracy")
    assert [row[0] for row in rows[:3]] == table.index.tolist()
    assert table.index.tolist() == ["soft", "plain", "exact all candidates"]
    assert [row[1] for row in rows[:3]] == [f"{loss:.4g}" for loss in table.loss]


def test_words_are_escaped(page):
    assert "<title>A &amp; B</title>" in page
    assert page.count("<body>") == page.count("</body>") == 1
    assert "<b>" not in page.partition('<section id="settings">')[0]


def test_nothing_comes_from_elsewhere(page):
    loaded = re.findall(r"""(?:src|srcset)\s*=\s*["']([^"']{0,40})""", page)
    assert len(loaded) >= 5
    assert all(source.startswith("data:image/png;base64,") for source in loaded)
    links = re.findall(r"<link[^>]*href=\"([^\"]*)\"", page)
    assert links == ["data:,"], "an empty icon, which a browser would otherwise ask for"
    assert "@import" not in page


@pytest.mark.skipif(BROWSER is None, reason="no Chromium to look at the page with")
@pytest.mark.parametrize("width", [1200, 420])
def test_in_a_browser(page, width, tmp_path):
    watched = page.replace("<head>", f"<head>{WATCH}", 1).replace("</body>", f"{TELL}</body>", 1)
    (tmp_path / "page.html").write_text(watched, encoding="utf-8")
    done = subprocess.run(
        [
            BROWSER,
            *OPTIONS,
            f"--window-size={width},900",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            (tmp_path / "page.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r'<script id="seen"[^>]*>(.*?)</script>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    seen = json.loads(unescape(found[1]))
    assert seen["errors"] == []
    assert [name for name in seen["requests"] if not name.startswith("data:")] == []
    assert not seen["wide"], "nothing is wider than the window"
    pictures = [alt for alt, _, _ in seen["images"]]
    assert len(pictures) == page.count("<img ") == 5
    assert all(natural > 300 and shown > 200 for _, natural, shown in seen["images"]), pictures


def test_of_a_single_member(data, tmp_path):
    model = SoftEquivariantRegressor([SO(2)], "2*Vector", "Vector", **SMALL).fit(*data)
    text = report(model, *data, tmp_path / "page.html", cv=None).read_text(encoding="utf-8")
    assert "n_members=10" in text
    assert 'id="accuracy"' not in text and 'class="verdict' not in text
    assert "nan" not in re.sub("<[^>]*>", "", text.partition('<section id="training">')[0])


def test_of_a_table_and_classes(tmp_path):
    rng = np.random.RandomState(0)
    table = pd.DataFrame(rng.standard_normal((90, 3)), columns=["mass", "x", "y"])
    labels = np.where(table.x**2 + table.y**2 > 1.5, "far", "near")
    schema = ColumnSchema({"mass": Scalar, ("x", "y"): Vector}, units={"mass": "kg"})
    model = SoftEquivariantClassifier([SO(2)], schema, n_members=2, **SMALL).fit(table, labels)
    path = report(model, table, labels, str(tmp_path / "page.html"), cv=2, random_state=0)
    text = path.read_text(encoding="utf-8")
    assert [row[0] for row in cells(text, "accuracy")[:3]] == ["soft", "plain", "exact SO(2)"]
    assert "kg" in text and "<title>Symmetries of 90 rows</title>" in text


def test_labels_and_columns_are_escaped(tmp_path):
    """Wherever they stand, also in what scikit-learn shows of the estimator."""
    rng, evil = np.random.RandomState(0), "</script><img src=x>"
    table = pd.DataFrame(rng.standard_normal((60, 3)), columns=[evil, "x", "y"])
    labels = np.where(table.x > 0, evil, "<i>other")
    schema = ColumnSchema({evil: Scalar, ("x", "y"): Vector}, units={evil: evil})
    model = SoftEquivariantClassifier({evil: SO(2)}, schema, n_members=2, **SMALL)
    path = report(model.fit(table, labels), table, labels, tmp_path / "page.html", cv=None)
    text = path.read_text(encoding="utf-8")
    assert evil not in text and "<i>other" not in text
    assert text.count("<img ") == text.count('src="data:image/png;base64,')


def test_without_intervals(data, tmp_path):
    """Members that were trained in parts have seen every row."""
    model = SoftEquivariantRegressor([SO(2)], "2*Vector", "Vector", n_members=2, **SMALL)
    model.partial_fit(*data)
    assert np.isnan(model.levels_.error_high).all()
    path = report(model, *data, tmp_path / "page.html", cv=None)
    (row,) = cells(path.read_text(encoding="utf-8"), "levels")
    assert row[3] == "not known" and "nan" not in row


def test_a_frozen_estimator_and_settings_of_the_user(model, data, page, tmp_path):
    """A dark style or tight files change no picture."""
    options = {"cv": 2, "random_state": 3, "title": "A & B"}
    with plt.rc_context({"savefig.bbox": "tight", "axes.facecolor": "black"}):
        path = report(FrozenEstimator(model), *data, tmp_path / "page.html", **options)
        assert plt.rcParams["axes.facecolor"] == "black"
    texts = page, path.read_text(encoding="utf-8")
    first, second = (re.findall('png;base64,([^"]*)', text) for text in texts)
    assert first == second and len(first) == 5


def test_figures_are_closed_after_an_error(model, data, tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", None)
    with pytest.raises(TypeError):
        report(model, *data, tmp_path / "page.html", cv=None)
    assert not plt.get_fignums()


def test_equal_groups_are_said_to_be_so(data, tmp_path):
    groups = {"one": SO(2), "other": SO(2)}
    model = SoftEquivariantRegressor(groups, "2*Vector", "Vector", **SMALL).fit(*data)
    text = report(model, *data, tmp_path / "page.html", cv=None).read_text(encoding="utf-8")
    assert text.count("one and other are the same group.") == 1
    assert "is part of" not in text


def test_the_same_again(model, data, page, tmp_path):
    again = report(model, *data, tmp_path / "page.html", cv=2, random_state=3, title="A & B")
    without_ids = [
        re.sub(r"sk-(container-id|estimator-id)-\d+", "", text)
        for text in (page, again.read_text(encoding="utf-8"))
    ]
    assert without_ids[0] == without_ids[1]


def test_refused_before_anything_is_computed(model, data, tmp_path, monkeypatch):
    monkeypatch.setattr("softeq_sklearn.inspection._report.symmetry_report", None)
    path = tmp_path / "page.html"
    with pytest.raises(FileNotFoundError, match="folder that exists. Got"):
        report(model, *data, tmp_path / "none" / "page.html")
    with pytest.raises(IsADirectoryError, match="must be a file. Got the folder"):
        report(model, *data, tmp_path)
    own = SoftEquivariantRegressor(
        [SO(2)], "2*Vector", "Vector", module=torch.nn.Linear(4, 2), regularizer="lie", **SMALL
    ).fit(*data)
    with pytest.raises(ValueError, match="cv must be None where no exact .*module of your own"):
        report(own, *data, path)
    with pytest.raises(TypeError, match="must be a SoftEquivariantRegressor"):
        report(LinearRegression().fit(*data), *data, path)
    with pytest.raises(NotFittedError):
        report(clone(model), *data, path)
    exact = clone(model).set_params(exact_group="rotations", n_members=1).fit(*data)
    with pytest.raises(ValueError, match="must have no exact group"):
        report(exact, *data, path)
    none = SoftEquivariantRegressor(hidden_channels=8, max_epochs=1).fit(*data)
    with pytest.raises(ValueError, match="must have candidate groups to report on. Got none"):
        report(none, *data, path)
    assert not path.exists()
