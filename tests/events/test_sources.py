"""Every source: its module is whole, its fixtures are recognised and read as written down, and nothing makes it fail.

A new source is a module in `deliverability/events/sources`, its name in `SOURCES`, and a folder of fixtures here: files
as the service sends them, each with `FILE.expected` beside it, an event a line (columns that say nothing left out).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.events.reasons import Persistence, Reason
from deliverability.events.recognise import recognise
from deliverability.events.schema import COLUMNS, IGNORED, Type
from deliverability.events.source import Source
from deliverability.events.sources import SOURCES
from support.events import Event, Reader, values_of

FIXTURES = Path(__file__).parent / "fixtures"
ZONE = "Europe/Berlin"
"""Of the times without an offset in the fixtures."""


def fixtures() -> list[Path]:
    return sorted(path for path in FIXTURES.rglob("*.*") if path.suffix != ".expected")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("spool"), ZONE)


each_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
each_fixture = pytest.mark.parametrize("path", fixtures(), ids=lambda path: f"{path.parent.name}/{path.name}")


@pytest.fixture(scope="module")
def loaded(reader: Reader) -> Callable[[Path], list[Event]]:
    """The events of a fixture, which is read once for all tests."""
    return cache(lambda path: reader.load(SOURCES[path.parent.name], path))


def shown(event: Event) -> Event:
    """An event as its golden line has it."""
    left_out = {"provider", "source_line", "part"}
    return {
        name: getattr(value, "isoformat", lambda v=value: v)() for name, value in event.items() if name not in left_out
    }


@each_fixture
def test_a_fixture_is_recognised_as_its_folders_source(path: Path) -> None:
    found = recognise(values_of(path))

    assert found.source is SOURCES[path.parent.name], found.reason
    assert found.reason.startswith(f"{path.parent.name}: rows have ")


@each_fixture
def test_a_fixture_is_read_as_it_is_written_down(path: Path, loaded: Callable[[Path], list[Event]]) -> None:
    events = loaded(path)

    golden = path.with_name(f"{path.name}.expected").read_text(encoding="utf-8").splitlines()
    assert [shown(event) for event in events] == [json.loads(line) for line in golden]


@each_fixture
def test_no_row_of_a_fixture_is_lost_or_without_a_type(path: Path, loaded: Callable[[Path], list[Event]]) -> None:
    source = SOURCES[path.parent.name]
    rows = [row for value in values_of(path) for row in source.rows(value)]

    events = loaded(path)

    assert rows
    assert {event["source_line"] for event in events} == set(range(len(rows)))
    assert all("type" in event for event in events)


@each_source
def test_fixtures_show_every_type_that_a_source_knows(source: Source, loaded: Callable[[Path], list[Event]]) -> None:
    paths = [path for path in fixtures() if path.parent.name == source.name]

    seen = {event["type"] for path in paths for event in loaded(path)}

    assert seen - {Type.UNKNOWN} == set(source.types.values()) - {Type.UNKNOWN}


@each_source
def test_a_module_says_only_what_the_vocabulary_has(source: Source) -> None:
    assert set(source.types.values()) <= {*Type, IGNORED}
    assert set(source.fields) <= set(COLUMNS)
    assert set(source.classes.values()) <= {*Reason, *Persistence}
    assert set(source.raw.values()) <= {"VARCHAR", "JSON"}
    assert set(source.aliases) <= set(source.raw)
    assert all(word == word.lower() for word in (*source.types, *source.classes))
    assert source.name == "generic" or all(page.startswith("https://") for page in source.documentation)


@each_source
def test_names_of_columns_differ_by_more_than_case(source: Source) -> None:
    names = [name.lower() for name in (*source.raw, *(head for heads in source.aliases.values() for head in heads))]

    assert len(names) == len(set(names))


@each_source
def test_a_word_that_a_source_does_not_name_is_unknown(source: Source, reader: Reader) -> None:
    """Written into the field that carries the word, which differs by source: at least one must take it."""
    words = re.findall(r"\w+", source.kind)
    carriers = [name for name in source.raw if name in words]

    read = [event for name in carriers for event in reader.read(source, [{name: "no such word"}])]

    assert Type.UNKNOWN in {event.get("type") for event in read}


def hostile(source: Source) -> st.SearchStrategy[Any]:
    """Objects with a source's keys and the words that it knows, and anything at all in them."""
    words = st.sampled_from(
        [*source.types, *source.classes, "1791795600", "2026-10-12T09:00:00Z", "[", '["a"]', "1e400", ""]
    )
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | words
    keys = st.sampled_from(_keys(source)) | st.text(max_size=4)
    anything = st.recursive(
        scalars | words.map(str.title),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=6,
    )
    return (
        st.dictionaries(st.sampled_from([*source.raw, *source.envelope, *source.types]), anything, max_size=10)
        | anything
    )


def _keys(source: Source) -> list[str]:
    """The keys that a source's SQL looks for inside JSON."""
    paths = " ".join((source.kind, source.explode, *source.fields.values()))
    return sorted(
        {*re.findall(r"[A-Za-z][\w-]+", " ".join(re.findall(r"'\$[^']*'", paths))), *source.envelope, "string"}
    )


@each_source
def test_no_json_makes_a_source_fail_or_lose_a_row(source: Source, reader: Reader) -> None:
    @settings(max_examples=5)  # each plans a query, whatever the number of its rows
    @given(st.lists(hostile(source), max_size=24))
    def holds(values: list[Any]) -> None:
        rows = [row for value in values for row in source.rows(value)]
        events = reader.read(source, values)
        assert {event["source_line"] for event in events} == set(range(len(rows)))

    holds()


def test_every_folder_of_fixtures_is_a_sources() -> None:
    assert {path.parent.name for path in fixtures()} == set(SOURCES)


def test_text_from_outside_is_not_in_the_reason_of_a_file_that_nobody_knows() -> None:
    found = recognise([{"ada@example.test": 1, "\x1b[31m": 2, "colour": 3}])

    assert found.source is None
    assert found.reason.startswith("rows have colour, which is no known service's; known are sendgrid, ses, ")
    assert "@" not in found.reason
    assert "\x1b" not in found.reason


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no rows to tell the service by; known are "),
        ([1, "a", None, [{}]], "no row is an object with named fields; known are "),
        ([{}], "no row is an object with named fields; known are "),
        ([{"@": 1}], "the names of the columns are no known service's; known are "),
    ],
)
def test_what_has_no_names_is_said_to_have_none(rows: list[Any], said: str) -> None:
    found = recognise(rows)

    assert found.source is None
    assert found.reason.startswith(said)
    assert "\n" not in found.reason


def test_rows_of_two_services_in_one_file_are_nobodys() -> None:
    rows = [{"sg_event_id": "a", "sg_message_id": "b"}] * 2 + [{"eventType": "Send", "mail": {}}]

    found = recognise(rows)

    assert found.source is None
    assert found.reason == "rows look like more than one service's (sendgrid 2, ses 1): name it by --source"


def test_the_reason_names_the_keys() -> None:
    found = recognise([{"sg_event_id": "a", "sg_message_id": "b", "email": "x", "event": "open", "timestamp": 1}])

    assert found.reason == "sendgrid: rows have sg_event_id and sg_message_id"


def test_some_broken_rows_do_not_hide_whose_file_it_is() -> None:
    found = recognise([None, {"colour": 1}, {"eventType": "Send", "mail": {}}])

    assert found.source is SOURCES["ses"]


def test_canonical_columns_are_a_sign_only_where_there_is_no_other() -> None:
    canonical = {"type": "sent", "ts": "2026-10-12T09:00:00Z", "recipient": "ada@example.test"}

    assert recognise([canonical]).source is SOURCES["generic"]
    assert recognise([{**canonical, "nodeid": "n"}]).source is SOURCES["kumomta"]


OTHERS = [
    {"mandrill_events": "[]"},
    {"events": [{"event": "open", "email": "a@example.test", "timestamp": 1, "message_id": "m", "event_id": "e"}]},
    {"event": "open", "time": 1, "MessageID": 1, "email": "a@example.test"},
    {"type": "email.sent", "created_at": "2026-10-12T09:00:00Z", "data": {"email_id": "1"}},
    {"results": [{"recipient": "a@example.test", "source": "Manually Added", "type": "transactional"}]},
]
"""What services without a module send: Mandrill, Mailtrap, Mailjet, Resend; and a suppression list of SparkPost's."""


@pytest.mark.parametrize("value", OTHERS, ids=str)
def test_what_no_module_knows_is_not_taken_for_a_neighbours(value: Any) -> None:
    assert recognise([value]).source is None
