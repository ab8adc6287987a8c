"""Lists as they come: encodings, columns, broken quotes, JSON lines, Parquet; no row is lost, and each has its line."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections import Counter
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.intake.trouble import Refused
from deliverability.recipients import rows as module
from deliverability.recipients.rows import lists_of, wide_fields

Cell = str | None


def read(path: Path, raw: bytes, column: str | None = None) -> tuple[list[Cell], list[str], Counter[str], str]:
    """The cells with addresses, why others are none, lines by encoding, and the column's name."""
    path.write_bytes(raw)
    spoken = Counter[str]()
    cells: list[Cell] = []
    faults: list[str] = []
    name = ""
    with wide_fields():
        for one in lists_of(str(path), column, spoken):
            name = one.column
            for cell, _, fault in one.rows:
                cells.append(cell)
                faults += [f"{one.place.line}:{fault}"] if fault else []
    return cells, faults, spoken, name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list"


@pytest.mark.parametrize(
    ("raw", "cells", "column"),
    [
        (b"a@x.com\nb@y.com\n", ["a@x.com", "b@y.com"], "1"),
        (b"a@x.com", ["a@x.com"], "1"),
        (b'"a@x.com"\n\n"b@y.com"\n', ["a@x.com", "b@y.com"], "1"),
        (b"E-Mail\r\na@x.com\r\n", ["a@x.com"], "E-Mail"),
        (b"id,Email Address\n1, a@x.com \n2,\n", ["a@x.com", ""], "Email Address"),
        (b"id;email\n1;a@x.com\n", ["a@x.com"], "email"),
        (b"id\temail\r1\ta@x.com\r", ["a@x.com"], "email"),
        (b"1|a@x.com\n2|b@y.com\n", ["a@x.com", "b@y.com"], "2"),
        (b"address,email\nHigh Street 1,a@x.com\n", ["a@x.com"], "email"),
        (b"owner,kontakt\nKim,a@x.com\nLee,b@x.com\n", ["a@x.com", "b@x.com"], "?"),
        (b'name,email\n"Kim, M.\nof Seoul",a@x.com\n', ["a@x.com"], "email"),
        (b'{"email": "a@x.com", "n": 1}\n{"email": null}\n', ["a@x.com", ""], "email"),
    ],
)
def test_the_column_is_found(path: Path, raw: bytes, cells: list[Cell], column: str) -> None:
    found = read(path, raw)

    assert (found[0], found[1], found[3]) == (cells, [], column)


KOREAN = "이름,이메일\n김지은,kim@example.com\n"


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        (KOREAN.encode(), {"utf-8": 2}),
        (KOREAN.encode("utf-8-sig"), {"utf-8": 2}),
        (KOREAN.encode("utf-16"), {"utf-16": 2}),
        (KOREAN.encode("utf-16-be"), {"utf-16": 2}),
        (KOREAN.encode("utf-32"), {"utf-32": 2}),
        (KOREAN.encode("euc-kr"), {"euc-kr": 2}),
        ("name,이메일\n김,kim@example.com\n".encode() + "이,lee@example.com\n".encode("euc-kr"), None),
    ],
)
def test_korean_is_read_whatever_it_is_written_in(path: Path, raw: bytes, spoken: dict[str, int] | None) -> None:
    cells, faults, found, column = read(path, raw)

    assert (cells[0], faults, column) == ("kim@example.com", [], "이메일")
    assert found == (spoken or {"utf-8": 2, "euc-kr": 1})


def test_encodings_that_are_mixed_are_told_line_by_line(path: Path) -> None:
    raw = "name,email\nÅsa,a@x.com\n".encode("cp1252") + "김,b@x.com\n".encode() + "똠,c@x.com\n".encode("cp949")
    hanja = "Zoëé,e@x.com\n".encode("cp1252")  # as EUC-KR two octets of that are one letter, and no Hangul

    cells, _, spoken, _ = read(path, raw + "이,d@x.com\n".encode("euc-kr") + hanja)

    assert cells == ["a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com"]
    assert spoken == {"utf-8": 2, "windows-1252": 3, "euc-kr": 1}


def test_a_quote_that_is_never_closed_takes_no_other_row_along(path: Path) -> None:
    cells, _, _, _ = read(path, b'name,email\n"Kim,a@x.com\nLee,b@x.com\n' + b"Park,c@x.com\n" * 300)

    assert cells == ["a@x.com", "b@x.com", *["c@x.com"] * 300]


def test_many_quotes_that_are_never_closed_are_read_line_by_line(path: Path) -> None:
    cells, _, _, _ = read(path, b"name,email\n" + b'"Kim,a@x.com\n' * 401)

    assert cells == ["a@x.com"] * 401


def test_a_row_that_is_too_short_has_its_line(path: Path) -> None:
    cells, faults, _, _ = read(path, b'name,email\n\n"two\nlines",a@x.com\nLee\nPark,b@x.com\n')

    assert cells == ["a@x.com", None, "b@x.com"]
    assert faults == ["5:too-few-columns"]


def test_a_line_after_a_broken_quote_keeps_its_number(path: Path) -> None:
    _, faults, _, _ = read(path, b'name,email\n"Kim,a@x.com\nLee\nPark,b@x.com\nChoi\n')

    assert faults == ["3:too-few-columns", "5:too-few-columns"]


def test_what_is_no_object_is_a_row_too(path: Path) -> None:
    cells, faults, _, _ = read(path, b'{"email": "a@x.com"}\n[1]\n{bad\n{"email": 7}\n' + b"[" * 5000 + b"\n")

    assert cells == ["a@x.com", None, None, None, None]
    assert faults == ["2:not-json", "3:not-json", "4:not-text", "5:not-json"]


def test_nul_octets_stay_in_their_cells(path: Path) -> None:
    cells, faults, _, _ = read(path, b"name,email\nK\0m,a@x.com\nLee,b\0@x.com\n")

    assert (cells, faults) == (["a@x.com", "b\0@x.com"], [])
    assert read(path, b"a\0@x.com\n\x1b[1mb@x.com\n\x1a")[0] == ["a\0@x.com", "\x1b[1mb@x.com", "\x1a"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "spreadsheet"),
        (bytes(range(256)) * 2 + b"\0" * 200, "not-text"),
        (Random(1).randbytes(60), "not-text"),
        (b"name,email\n" + b"Kim,a\0@x.com\n" * 2 + b"\x01" * 3, "not-text"),
        (b'{\n "email": "a@x.com"\n}\n', "not-json-lines"),
        (b'[{"email": "a@x.com"}]\n', "json-array"),
        (b"name,city\nKim,Seoul\n", "no-address-column"),
        (b"a@x.com\n" + b"x" * (5 << 20), "line-too-long"),
        (b"PAR1 and nothing else", "not-parquet"),
    ],
)
def test_what_is_no_list_is_refused_in_a_word(path: Path, raw: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read(path, raw)

    assert refused.value.reason == reason


def test_a_spreadsheet_is_told_from_an_archive_of_lists(path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.csv", "email\na@x.com\n")
        archive.writestr("b.csv", "email\nb@x.com\n")
    assert read(path, held.getvalue())[0] == ["a@x.com", "b@x.com"]

    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(Refused, match="spreadsheet"):
        read(path, held.getvalue())


def test_a_compressed_list_is_read(path: Path) -> None:
    assert read(path, gzip.compress(b"email\na@x.com\n"))[0] == ["a@x.com"]


def test_parquet_is_read_a_batch_at_a_time(path: Path) -> None:
    duckdb.sql(
        f"""COPY (SELECT i AS id, CASE WHEN i % 10 = 3 THEN NULL ELSE 'a' || i || '@x.com' END AS email
        FROM range(25000) t(i)) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)"""
    )
    cells, faults, _, column = read(path, path.read_bytes())

    assert (len(cells), cells[:4], faults, column) == (25_000, ["a0@x.com", "a1@x.com", "a2@x.com", ""], [], "email")
    assert cells == ["" if number % 10 == 3 else f"a{number}@x.com" for number in range(25_000)]


@pytest.mark.parametrize("column", ["e-mail 2", "E-Mail 2", "2"])
def test_the_user_names_the_column(path: Path, column: str) -> None:
    assert read(path, b"email,e-mail 2\na@x.com,b@y.com\n", column)[0] == ["b@y.com"]


def test_a_column_that_is_not_there_is_named_with_those_that_are(path: Path) -> None:
    with pytest.raises(Refused, match=r"no-such-column.*columns: name, email"):
        read(path, b"name,email\nKim,a@x.com\n", "emial")


CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n\x1c\x1d\x1e\x85\u2028\u2029"), max_size=12
)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20), st.sampled_from(",;\t"))
@settings(max_examples=50)
def test_no_row_of_a_table_is_lost(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]], by: str
) -> None:
    import csv

    out = io.StringIO()
    csv.writer(out, delimiter=by).writerows([("id", "email"), ("0", "a@x.com"), *((n, f"{e}@x.com") for n, e in table)])

    cells, faults, _, _ = read(tmp_path_factory.getbasetemp() / "table.csv", out.getvalue().encode())

    assert faults == []
    assert cells == ["a@x.com", *(f"{email}@x.com".strip() for _, email in table)]


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_any_octets_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    try:
        cells, _, _, _ = read(tmp_path_factory.getbasetemp() / "any", raw)
    except Refused:
        return
    assert len(cells) <= raw.count(b"\n") + raw.count(b"\r") + 1


def test_the_bound_on_broken_quotes_is_met(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BROKEN_QUOTES", 2)

    two = b'"two\nlines",b@x.com\n'
    cells, faults, _, _ = read(path, b"name,email\n" + two + b'"Kim,a@x.com\n' * 9 + two)
    assert cells.count("a@x.com") == 9
    # one row before the bound is met; then every line is one
    assert (cells[0], cells[-2:], faults) == ("b@x.com", [None, "b@x.com"], ["13:too-few-columns"])
