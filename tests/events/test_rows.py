"""CSV as it comes: columns that move, rows that do not fit, quotes without an end; bounded."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.events.reading import rows
from deliverability.events.reading.rows import Row, csv_rows
from deliverability.events.reading.values import Broken

cell = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff\r"), max_size=8)


def found(text: str | bytes, delimiter: str = ",") -> list[Row | Broken]:
    return list(csv_rows(io.BytesIO(text.encode() if isinstance(text, str) else text), delimiter))


def fields(text: str | bytes) -> list[dict[str, str]]:
    return [row.fields for row in found(text) if isinstance(row, Row)]


@given(st.lists(st.lists(cell, min_size=2, max_size=2), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_any_cells_come_back_as_they_were_written(cells: list[list[str]], end: str) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator=end).writerows([["name", "said"], *cells])
    wanted = [
        {k: v for k, v in zip(("name", "said"), row, strict=True) if v} for row in cells if row != ["name", "said"]
    ]
    assert fields(file.getvalue()) == [row for row in wanted if set(row.values()) != {"name", "said"}]


def test_a_second_head_is_obeyed() -> None:
    assert fields("a,b\n1,2\nB,A\n3,4\n") == [{"a": "1", "b": "2"}, {"B": "3", "A": "4"}]


def test_rows_that_do_not_fit_are_named_by_their_line_and_the_rest_goes_on() -> None:
    got = found('a,b\n1,2\n3\n"x\ny",4\n5,6,7\n\n8,9\n')
    assert [(row.line, getattr(row, "reason", "")) for row in got] == [
        (2, ""),
        (3, "wrong-number-of-columns"),
        (4, ""),
        (6, "wrong-number-of-columns"),
        (8, ""),
    ]


def test_a_quote_without_an_end_takes_its_own_line_along_and_no_other() -> None:
    got = found('a,b\n1,2\n"3,4\n5,6\n7,8\n')
    assert [(row.line, isinstance(row, Broken)) for row in got] == [(2, False), (3, True), (4, False), (5, False)]


def test_lines_are_not_read_again_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_AGAIN", 3)
    assert [row.line for row in found("a,b\n" + '"1\n' * 10)] == [2, 3, 4, 5, 7, 9, 11]


def test_a_quote_without_an_end_in_a_long_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_FIELD", 1_000)
    got = found('a,b\n"1,2\n' + "3,4\n" * 10_000)
    assert (got[0], len(got)) == (Broken(2, "not-csv", "field larger than field limit (1000)"), 10_001)


def test_a_line_that_does_not_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ROW", 5_000)
    got = found("a,b\n1,2\n" + "x" * 100_000 + "\n3,4\n")
    assert [row.fields for row in got if isinstance(row, Row)] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert {row.line for row in got if isinstance(row, Broken)} == {3}
    assert got[-1].line == 4


def test_a_row_of_many_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ROW", 5_000)
    monkeypatch.setattr(rows, "MAX_AGAIN", 0)
    got = found("a,b\n" + '"\n",' * 100_000 + "1\n")
    assert "not-csv" in {row.reason for row in got if isinstance(row, Broken)}
    assert len(got) > 10


def test_octets_that_are_no_text_are_replaced() -> None:
    assert fields(b"a,b\nCaf\xe9,x\0y\n") == [{"a": "Caf\ufffd", "b": "x\ufffdy"}]


def test_reading_leaves_the_limit_of_the_csv_module_as_it_was() -> None:
    before = csv.field_size_limit()
    iterator = csv_rows(io.BytesIO(b"a,b\n1,2\n3,4\n"), ",")
    next(iterator)
    assert csv.field_size_limit() == before
