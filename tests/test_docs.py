"""The reference pages have all public names, each once, and the pages of the site are reachable."""

import ast
import doctest
import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.test_public_api import MODULES, public

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path for path in (DOCS / "api").glob("*.rst") if path.stem != "index")


def listed(page):
    """The objects that a reference page lists."""
    text = page.read_text(encoding="utf-8")
    module = importlib.import_module(re.search(r"currentmodule:: (\S+)", text)[1])
    names = re.findall(r"^\.\. data:: (\w+)$", text, re.MULTILINE)
    for summary in re.findall(r"autosummary::\n(?:   :.+\n)*\n((?:   \w+\n)+)", text):
        names += summary.split()
    return [getattr(module, name) for name in names]


def test_every_public_name_is_on_one_reference_page():
    count = Counter(id(item) for page in PAGES for item in listed(page))
    everything = {id(item): name for module in MODULES for name, item in public(module).items()}
    assert {name for key, name in everything.items() if key not in count} == set()
    assert {everything.get(key, key) for key, n in count.items() if n > 1} == set()
    assert set(count) == set(everything)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_reference_pages_are_linked(page):
    assert f"   {page.stem}\n" in (DOCS / "api" / "index.rst").read_text(encoding="utf-8")
    assert listed(page)


def test_the_code_of_getting_started_runs(capsys):
    text = (DOCS / "getting_started.md").read_text(encoding="utf-8")
    code = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    # Fewer members and epochs than on the page, which take a minute less.
    exec(code.replace(LONG, "n_members=4, max_epochs=50"), {})  # noqa: S102
    header, about_z, about_x, *_ = capsys.readouterr().out.splitlines()
    assert header.split() in [line.split() for line in text.splitlines()]
    assert about_z.split()[-1] in ("exact", "tell") and about_x.split()[-1] == "broken"


def test_from_a_table_to_levels_in_eight_statements():
    text = (DOCS / "getting_started.md").read_text(encoding="utf-8")
    (code,) = [c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "levels_" in c]
    statements = ast.parse(code[code.index("\nmasses") :]).body
    assert len(statements) <= 8


def test_the_same_on_real_data():
    text = (DOCS.parent / "examples" / "plot_football.py").read_text(encoding="utf-8")
    first, *others = [cell for cell in text.split("# %%\n") if "ColumnSchema(" in cell]
    assert not others and "levels_" in first and len(ast.parse(first).body) <= 8


# A fit that takes a minute, and a smaller one for tests.
LONG, SHORT = "n_members=10", "n_members=2, hidden_channels=8, max_epochs=3"


def sessions_of(name):
    """Text of a page, and its blocks that begin with a prompt."""
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    return text, re.findall(r"```python\n(>>>.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("name", ["groups", "levels", "representations", "scaling"])
def test_what_pages_show_is_what_comes_out(name):
    """All blocks of a page but long fits, one after the other."""
    blocks = [block for block in sessions_of(name)[1] if LONG not in block]
    assert blocks
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest("".join(blocks), {}, name, name, 0)
    result = doctest.DocTestRunner(optionflags=options).run(test)
    assert result.attempted and not result.failed


def test_the_fit_of_levels():
    """It has the groups and columns of the table that the page shows, and the page explains."""
    text, blocks = sessions_of("levels")
    (block,) = [block for block in blocks if LONG in block]
    code = [e.source for e in doctest.DocTestParser().get_examples(block.replace(LONG, SHORT))]
    exec("".join(code[:-1]), space := {})  # noqa: S102
    levels = eval(code[-1], space)  # noqa: S307
    after = text[text.index(block) + len(block) :]
    table = re.search(r"^```\n(group .*?)```", after, re.DOTALL | re.MULTILINE)[1].splitlines()
    assert table[0].split() == str(levels).splitlines()[0].split()
    assert [row.split("  ")[0] for row in table[1:]] == levels.name.tolist()
    explained = {
        n
        for names in re.findall(r"^\| ([\w, ]+) \|", text, re.MULTILINE)
        for n in names.split(", ")
    }
    assert set(levels.to_frame().columns) - {"reason"} <= explained
    assert "the column `reason`" in text


def test_every_page_is_in_a_table_of_contents():
    tables = "".join((DOCS / f"{name}.md").read_text("utf-8") for name in ("index", "user_guide"))
    entries = {
        line for table in re.findall(r"```{toctree}\n(.*?)```", tables, re.DOTALL)
        for line in table.split("\n")
    }  # fmt: skip
    missing = {path.stem for path in DOCS.glob("*.md")} - entries
    assert missing == {"index"}
