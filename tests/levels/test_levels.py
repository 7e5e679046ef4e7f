"""The table of levels, printed and as a frame."""

import dataclasses
import html
import html.parser
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from softeq_sklearn.levels import Levels

NAMES = ["SO(2)", "a longer name", '<b>R & "D"\'s</b>']


@pytest.fixture
def levels():
    return Levels(
        name=np.array(NAMES),
        strength=np.array([1.0, 0.0, 1.25e-7]),
        penalty=np.array([0.0, 123456.0, 0.0123456]),
        error=np.array([0.0, 1.0, 0.123456]),
    )


@pytest.fixture
def nothing():
    return Levels(np.array([], dtype=str), np.zeros(0), np.zeros(0), np.zeros(0))


class Table(html.parser.HTMLParser):
    """Read the cells of a table and check that tags are closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.rows = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        assert self.open[-1] in ("td", "th"), "text outside of a cell"
        self.rows[-1][-1] += data


def test_repr_is_a_table(levels):
    lines = repr(levels).splitlines()
    assert lines[0].split() == ["group", "strength", "penalty", "error"]
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1  # columns stand below each other
    for line, name in zip(lines[1:], NAMES, strict=True):
        assert line.startswith(name)
    assert lines[1].split()[-3:] == ["1", "0", "0.0000"]
    assert lines[2].split()[-3:] == ["0", "1.23e+05", "1.0000"]
    assert lines[3].split()[-3:] == ["1.25e-07", "0.0123", "0.1235"]
    assert str(levels) == repr(levels)


def test_short_names_do_not_squeeze_the_title(levels):
    short = Levels(np.array(["a"]), *(np.array([1.0]) for _ in range(3)))
    assert repr(short).splitlines()[0].startswith("group ")
    assert len({len(line) for line in repr(short).splitlines()}) == 1


def test_html_is_the_same_table(levels):
    rows = Table(levels._repr_html_()).rows
    assert rows[0] == ["group", "strength", "penalty", "error"]
    assert [row[0] for row in rows[1:]] == NAMES
    for row, line in zip(rows[1:], repr(levels).splitlines()[1:], strict=True):
        assert row[1:] == line.split()[-3:]


def test_names_are_escaped(levels):
    assert "<b>" not in levels._repr_html_()


def test_frame(levels):
    frame = levels.to_frame()
    assert frame.columns.tolist() == [
        *("strength", "penalty", "error", "error_low", "error_high", "floor"),
        *("verdict", "supported", "reason"),
    ]
    assert frame.index.name == "group" and frame.index.tolist() == NAMES
    for column in frame.columns:
        assert_array_equal(frame[column], getattr(levels, column))


def test_nothing(nothing):
    assert len(nothing) == 0
    assert "no groups" in repr(nothing)
    assert Table(nothing._repr_html_()).rows == [["group", "strength", "penalty", "error"]]
    assert nothing.to_frame().shape == (0, 9)


def test_without_members_nothing_is_known(levels):
    for column in ("error_low", "error_high", "floor"):
        assert np.isnan(getattr(levels, column)).all()
    assert set(levels.verdict) == {"cannot tell"}


def test_intervals_are_shown_where_they_are_known(levels):
    known = dataclasses.replace(
        levels,
        error_low=np.array([0.0, 0.9, np.nan]),
        error_high=np.array([0.01, 1.0, np.nan]),
        floor=np.array([0.002, 0.05, np.nan]),
        verdict=np.array(["exact", "broken", "cannot tell"]),
    )
    titles, *rows = Table(known._repr_html_()).rows
    assert titles[4:] == ["error_low", "error_high", "floor", "verdict"]
    assert rows[0][4:] == ["0.0000", "0.0100", "0.0020", "exact"]
    assert rows[2][4:] == ["nan", "nan", "nan", "cannot tell"]
    lines = repr(known).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split() == titles
    assert lines[2].endswith("broken")


def test_reasons_stand_below(levels):
    said = dataclasses.replace(levels, reason=np.array(["", "", "the interval ends at <1>"]))
    sentence = f"{NAMES[2]}: cannot tell, since the interval ends at <1>."
    *table, last = repr(said).splitlines()
    assert table == repr(levels).splitlines() and last == sentence
    table, note = said._repr_html_().split("</table>")
    assert table + "</table>" == levels._repr_html_()
    assert note == f"<p>{html.escape(sentence)}</p>"
    assert said.to_frame().reason.tolist() == ["", "", "the interval ends at <1>"]


def test_pickle_and_no_assignment(levels):
    twin = pickle.loads(pickle.dumps(levels))
    assert repr(twin) == repr(levels)
    with pytest.raises(AttributeError):
        levels.error = np.zeros(3)
