"""Rows written back with what speaks against each; none is lost, and nothing of them is changed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.lists.read import Wanted, recipients
from deliverability.lookup import Answer, Status, ZoneResolver
from deliverability.recipients.clean import CannotWrite
from deliverability.recipients.facts import RecipientsFacts
from support.lists import ZONE, emails, read, small_disk
from support.sending import put

ROWS = (
    'name,email,note\n"Kim, M.",a@example.com,=1+1\nLee,A@example.com,\nPark,info@example.com,\n'
    "Choi,a@null.example.com,\nNo,no address,x\n,,\nShort\nLong,b@example.com,x,y\n"
)


def written(text: str, name: str, **wanted: Any) -> tuple[RecipientsFacts, list[str]]:
    found = read(text, clean=Path(name), **wanted)
    return found, Path(name).read_text(encoding="utf-8").splitlines()


def test_all_rows_and_all_columns_are_written_back_with_a_reason() -> None:
    found, text = written(ROWS, "out.csv", resolver=ZoneResolver.from_text(ZONE))

    assert list(csv.reader(text)) == [
        ["name", "email", "note", "deliv_reason"],
        ["Kim, M.", "a@example.com", "=1+1", ""],
        ["Lee", "A@example.com", "", "repeated"],
        ["Park", "info@example.com", "", "role"],
        ["Choi", "a@null.example.com", "", "domain-takes-no-mail"],
        ["No", "no address", "x", "invalid:no-at-sign"],
        ["", "", "", "empty"],
        ["Short", "", "", "unreadable:too-few-columns"],
        ["Long", "b@example.com", "x", "", "y"],
    ]
    assert (found.rows, found.cleaned) == (8, 6)


def test_a_row_that_is_no_address_and_holds_one_has_both_reasons() -> None:
    put("gone.txt", b"a@example.com\n")
    _, text = written(emails(["Kim <a@example.com>", "Lee <b@example.com>"]), "out.csv", suppressions=("gone.txt",))

    assert text[1:] == [
        "Kim <a@example.com>,invalid:display-name;suppressed",
        "Lee <b@example.com>,invalid:display-name",
    ]


def test_rows_of_a_table_are_written_as_json_lines() -> None:
    _, text = written(ROWS, "out.ndjson")

    assert [json.loads(line) for line in text[:2]] == [
        {"deliv_reason": "", "name": "Kim, M.", "email": "a@example.com", "note": "=1+1"},
        {"deliv_reason": "repeated", "name": "Lee", "email": "A@example.com", "note": ""},
    ]
    assert len(text) == 8


def test_objects_keep_their_own_text() -> None:
    raw = '{"email": "a@example.com", "price": 1.10}\n{"email":"x"}\n{}\nbroken\n'
    _, text = written(raw, "out.ndjson")

    assert text[0] == '{"email": "a@example.com", "price": 1.10, "deliv_reason": ""}'
    assert [json.loads(line) for line in text[1:]] == [
        {"deliv_reason": "invalid:no-at-sign", "email": "x"},
        {"deliv_reason": "empty"},
        {"deliv_reason": "unreadable:not-json", "deliv_row": "broken"},
    ]


def test_rows_that_were_written_before_keep_what_was_said_of_them_then() -> None:
    raw = '{"email": "x", "deliv_reason": "invalid:mine"}\n{"email": "x", "deliv\\u005freason": 1}\n'
    _, text = written(raw, "out.ndjson")

    assert [json.loads(line, object_pairs_hook=list) for line in text] == [
        [("email", "x"), ("deliv_reason", "invalid:mine"), ("deliv_reason_", "invalid:no-at-sign")],
        [("email", "x"), ("deliv_reason", 1), ("deliv_reason_", "invalid:no-at-sign")],
    ]
    _, text = written("email,deliv_reason\nx@x.com,old\n", "out.csv")
    assert text == ["email,deliv_reason,deliv_reason_", "x@x.com,old,"]


def test_columns_of_one_name_are_told_apart() -> None:
    _, text = written("email,,tag,tag,,5\na@x.com,1,2,3,4,5,6\nb@x.com,1\n", "out.ndjson")

    assert [json.loads(line) for line in text] == [
        {"email": "a@x.com", "2": "1", "tag": "2", "tag_": "3", "5": "4", "5_": "5", "7": "6", "deliv_reason": ""},
        {"email": "b@x.com", "2": "1", "deliv_reason": ""},
    ]


def test_what_a_spreadsheet_wrote_is_written_for_a_spreadsheet() -> None:
    put("list.csv", 'sep=;\r\nName;E-Mail\r\nMüller;a@x.com\r\n"J;\rK";b@x.com\r\n'.encode("cp1252"))
    found = recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    assert (found.rows, found.addresses, found.columns) == (2, 2, ("E-Mail",))
    wanted = '\ufeffsep=;\r\nName;E-Mail;deliv_reason\r\nMüller;a@x.com;\r\n"J;\rK";b@x.com;\r\n'
    assert Path("out.csv").read_bytes().decode() == wanted


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_mark_is_kept(mark: bytes) -> None:
    put("list.csv", mark + b"email\na@x.com\n")
    recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    assert Path("out.csv").read_bytes() == mark + b"email,deliv_reason\na@x.com,\n"


def test_a_line_that_declares_the_delimiter_is_no_row() -> None:
    assert recipients([put("list.csv", b"sep=|\n")]).rows == 0
    assert read("SEP=|\na,1|a@x.com\nb,2|b@x.com\n").addresses == 2


def test_a_quoted_column_is_read_as_what_it_says() -> None:
    found, text = written('"email"\n"a@x.com"\n"""Kim"" b@x.com"\n', "out.csv")

    assert (found.columns, found.addresses, found.invalid) == (("email",), 1, 1)
    assert text == ["email,deliv_reason", "a@x.com,", '"""Kim"" b@x.com",invalid:space']


def test_a_list_without_a_head_and_in_another_encoding_is_written_in_utf_8() -> None:
    put("list.csv", "김,a@example.com\n이,b@example.com\n".encode("euc-kr"))
    recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    assert Path("out.csv").read_bytes() == "김,a@example.com,\n이,b@example.com,\n".encode("utf-8-sig")


@pytest.mark.parametrize(
    ("name", "said"),
    [("list.csv", "is the list itself"), ("out.xlsx", "names no format")],
)
def test_nothing_is_written_where_it_cannot_be(name: str, said: str) -> None:
    with pytest.raises(CannotWrite, match=said):
        read(emails(["a@example.com"]), clean=Path(name))


@pytest.mark.parametrize("kind", ["suppressions", "events", "disposable"])
def test_what_a_list_is_held_against_is_not_written_over(kind: str) -> None:
    put("kept.csv", b"email\na@example.com\n")
    Path("link.csv").symlink_to("kept.csv")

    with pytest.raises(CannotWrite, match="is one of the inputs itself"):
        read(
            emails(["a@example.com"]),
            clean=Path("link.csv"),
            **{kind: "kept.csv" if kind == "disposable" else ("x", "kept.csv")},
        )


def test_a_list_that_is_broken_off_is_not_written() -> None:
    text = "email\na@example.com\n" + "x" * (5 << 20)

    with pytest.raises(CannotWrite, match="not one list that could be read to its end"):
        read(text, clean=Path("out.csv"))
    assert not Path("out.csv").exists()


def meddle() -> None:
    put("list.csv", Path("list.csv").read_bytes() + b"late@example.com\n")


class Meddling:
    """A resolver that adds a row to the list while it is read."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        meddle()
        return Answer(name=name, rdtype=rdtype, status=Status.NXDOMAIN)


def test_a_list_that_changes_while_it_is_read_is_not_written() -> None:
    with pytest.raises(CannotWrite, match="changed while it was read"):
        read(emails(["a@example.com"]), clean=Path("out.csv"), resolver=Meddling())
    assert not Path("out.csv").exists()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.sampled_from(
    ["a@x.com", "=1+1", "\r", "a\rb", "a\r\nb", '"', '""', " ", "\t", ";", ",", "\0", "\x85", "\u2028", "김"]
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


@given(
    st.lists(st.lists(TEXT, max_size=4), max_size=8),
    st.sampled_from(",;\t|"),
    st.booleans(),
    st.sampled_from(ENCODINGS),
)
@settings(max_examples=40, deadline=None)
def test_rows_in_are_rows_out(rows: list[list[str]], by: str, has_head: bool, encoding: str) -> None:
    """Every cell of every row, in its order: with the reason taken out, all that was added is empty cells."""
    table = [*([["id", "email"]] if has_head else []), *[["0", "a@x.com"]] * 9, *(row for row in rows if row)]
    with Path("list.csv").open("w", encoding=encoding, newline="") as out:
        csv.writer(out, delimiter=by, quoting=csv.QUOTE_ALL).writerows(table)
    found = recipients(["list.csv"], Wanted(clean=Path("out.csv")))

    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        back = list(csv.reader(file, delimiter=by))
    assert [row[:2] + row[3:] for row in back] == [[*row, *[""] * (2 - len(row))] for row in table]
    assert len(back) == found.rows + has_head


@given(
    st.lists(
        st.dictionaries(TEXT, TEXT | st.integers() | st.none() | st.lists(TEXT, max_size=2), max_size=3), max_size=6
    )
)
@settings(max_examples=25, deadline=None)
def test_objects_in_are_objects_out(objects: list[dict[str, Any]]) -> None:
    objects = [{"email": "a@x.com"}, *objects]
    Path("list.ndjson").write_text("".join(json.dumps(one) + "\n" for one in objects))
    recipients(["list.ndjson"], Wanted(clean=Path("out.ndjson")))

    back = [json.loads(line) for line in Path("out.ndjson").read_text(encoding="utf-8").splitlines()]
    assert [{key: value for key, value in one.items() if key != "deliv_reason"} for one in back] == objects


def test_a_full_disk_is_named_and_nothing_is_left_there() -> None:
    Path("out").mkdir()
    path = put("list.csv", emails(f"reader{n}@example.com" for n in range(3_000)).encode())

    with small_disk(20_000), pytest.raises(OSError, match="too large") as caught:
        recipients([path], Wanted(clean=Path("out/clean.csv")))

    assert caught.value.filename == "out/clean.csv"
    assert list(Path("out").iterdir()) == []
