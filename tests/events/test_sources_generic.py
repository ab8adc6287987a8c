"""Columns that the user names: what a map may say, what it may not, and how rows are read by it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.events.recognise import recognise
from deliverability.events.sources import SOURCES
from deliverability.events.sources.generic import generic_source
from support.events import Reader, only

NESTED = {"type": "what.kind", "ts": "when", "recipient": "to.0", "campaign": "meta.Campaign Name", "url": "what.link"}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("spool"))


def test_names_paths_and_words_of_the_users_own(reader: Reader) -> None:
    source = generic_source(NESTED, {"Opn": "opened", "noise": "ignored"}, "Asia/Tokyo", name="shop")
    row = {
        "what": {"kind": "OPN", "link": "https://x.example"},
        "when": "2026-10-12 18:00:00",
        "to": ["A@Example.test"],
    }

    event = only(reader.read(source, [{**row, "meta": {"Campaign Name": "October"}}]))

    assert event["type"] == "opened"
    assert event["ts"] == datetime.fromisoformat("2026-10-12T09:00:00")
    assert (event["recipient"], event["campaign"], event["url"]) == ("a@example.test", "October", "https://x.example")
    assert event["provider"] == "shop"


def test_a_head_of_a_table_may_have_dots(reader: Reader) -> None:
    source = generic_source(NESTED)

    event = only(reader.read(source, [{"what.kind": "sent", "when": "1791795600", "to.0": "a@example.test"}]))

    assert (event["type"], event["recipient"]) == ("sent", "a@example.test")


def test_a_map_is_recognised_by_the_columns_that_it_needs() -> None:
    shop = generic_source(NESTED, name="shop")

    found = recognise([{"what": {}, "when": "", "to": []}], {**SOURCES, "shop": shop})

    assert found.source is shop
    assert found.reason == "shop: rows have to, what and when"


@pytest.mark.parametrize("ours", ["word", "kind", "item", "part", "type", "order", "Group"])
def test_any_name_of_a_column_can_be_the_types(reader: Reader, ours: str) -> None:
    event = only(reader.read(generic_source({"type": ours}), [{ours: "sent", "ts": "2026-10-12T09:00:00Z"}]))

    assert event["type"] == "sent"


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_a_time_with_an_offset_needs_no_zone(reader: Reader, zone: str | None) -> None:
    event = only(reader.read(generic_source({}, None, zone), [{"type": "sent", "ts": "2026-10-12T11:00:00+02:00"}]))

    assert event["ts"] == datetime.fromisoformat("2026-10-12T09:00:00")


@pytest.mark.parametrize(
    ("said", "service"),
    [("SendGrid", "sendgrid"), ("", "shop"), (None, "shop"), ("a@example.test", "shop"), ("two words", "shop")],
)
def test_a_row_may_say_which_service_it_came_from(reader: Reader, said: str | None, service: str) -> None:
    row = {"type": "sent", "ts": "2026-10-12T09:00:00Z", "esp": said, "provider": "gmail"}

    assert only(reader.read(generic_source({"provider": "esp"}, name="shop"), [row]))["provider"] == service
    assert only(reader.read(generic_source({}, name="shop"), [row]))["provider"] == "shop"


def test_a_word_that_the_user_does_not_name_is_unknown(reader: Reader) -> None:
    assert only(reader.read(generic_source({}, {"a": "sent"}), [{"type": "b"}]))["type"] == "unknown"


@pytest.mark.parametrize("reason", ["no such reason", "unknown_user"])
def test_a_reason_is_one_of_ours_or_none(reader: Reader, reason: str) -> None:
    event = only(reader.read(generic_source({}), [{"type": "bounced", "reason": reason, "persistence": "for ever"}]))

    assert event.get("reason") == (reason if reason == "unknown_user" else None)
    assert "persistence" not in event


@pytest.mark.parametrize(
    ("columns", "types", "zone", "said"),
    [
        (
            {"tme": "when"},
            None,
            None,
            "columns: there is no column 'tme'; the columns are provider, event_id, type, ts, recipient, ",
        ),
        ({"source_file": "f"}, None, None, "columns: there is no column 'source_file'; "),
        ({"ts": ""}, None, None, "columns: ts needs the name of a column, up to 200 characters"),
        ({"ts": 7}, None, None, "columns: ts needs the name of a column, up to 200 characters"),
        ({"ts": "x" * 201}, None, None, "columns: ts needs the name of a column, up to 200 characters"),
        ({"ts": "a..b"}, None, None, "columns: ts = 'a..b' is no name of a column and no dotted path"),
        ({"ts": 'a"; DROP'}, None, None, "columns: ts = 'a\"; DROP' is no name of a column and no dotted path"),
        ({"ts": "a\nb"}, None, None, "columns: ts = 'a\\nb' is no name of a column and no dotted path"),
        ({"ts": "When", "url": "when"}, None, None, "columns: 'When' and 'when' differ by case alone"),
        ({}, {"a": "openned"}, None, "types: 'openned' is no type of event; they are queued, sent, "),
        ({}, {"a": 1}, None, "types: 1 is no type of event; they are queued, sent, "),
        ({}, None, "Europe/Nowhere", "zone: 'Europe/Nowhere' is no time zone; names are like Europe/Berlin"),
        ({}, None, "../etc/passwd", "zone: '../etc/passwd' is no time zone; names are like Europe/Berlin"),
    ],
)
def test_a_map_that_cannot_be_is_one_clear_line(columns: Any, types: Any, zone: Any, said: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(said)) as caught:
        generic_source(columns, types, zone)

    assert "\n" not in str(caught.value)


def test_any_map_is_read_or_refused(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    names = st.text(max_size=12) | st.sampled_from(["a'b", "a.b.0", "$", "*", "a.*", "a b.c'd", "[0]", "ä.ö", "a.-1"])
    words = st.dictionaries(st.text(max_size=6), st.sampled_from(["sent", "opened", "ignored"]), max_size=3)

    @given(st.dictionaries(st.sampled_from(["type", "ts", "recipient", "tags", "machine"]), names), words)
    def holds(columns: dict[str, str], types: dict[str, str]) -> None:
        try:
            source = generic_source(columns, types)
        except ValueError:
            return
        rows = [dict.fromkeys(source.raw, value) for value in ("x", {"b": ["sent"]}, ["y"], None, 1)]
        assert len(reader.read(source, rows)) == len(rows)

    holds()
