"""`deliv.audit/1` and its neighbours: what is written is read back, is safe to print, and is what the schemas say."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from deliverability import api
from deliverability.arbitration import Arbitration, Basis, FixChoice, NextFix
from deliverability.cli import run
from deliverability.cli._given import GIVEN
from deliverability.cli._request import STORED
from deliverability.demo import AFTER, BEFORE, DOMAIN, HELO, SENDER, zones
from deliverability.diff import diff
from deliverability.diff import to_json as diff_to_json
from deliverability.document import Audit, DocumentError, from_json, to_document, to_json, to_json_line
from deliverability.findings import (
    Action,
    Effort,
    Evidence,
    Finding,
    Fix,
    Lack,
    Outcome,
    Owner,
    RecordChange,
    Reference,
    Role,
    Severity,
    Subject,
)
from deliverability.lookup import Answer, Status
from deliverability.messages.given import OFFLINE, RECEIVED
from deliverability.protocols.blocklists import Which
from deliverability.shape import schema
from deliverability.verdict import Verdict, Word
from support.schemas import faults

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
STAGES = {"before": BEFORE, "after": AFTER}

# what is written and read back

HOSTILE: Final = "".join(
    map(chr, chain(range(0x20), range(0x7F, 0xA1), (0x61C, 0x200E, 0x202E, 0x2066, 0x2028, 0xFEFF)))
)
texts = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(HOSTILE)), max_size=20)
octets = st.binary(max_size=20)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts)
plain = st.recursive(
    scalars, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(texts, v, max_size=3)), max_leaves=5
)
objects = st.dictionaries(texts, plain, max_size=3)


def tuples(of: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=size).map(tuple)


ids = st.from_regex(r"[a-z]{1,5}(-[a-z]{1,5})?", fullmatch=True)
spans = st.one_of(st.none(), st.tuples(st.integers(0, 99), st.integers(0, 99)))
changes = st.builds(
    RecordChange,
    st.sampled_from(Action),
    texts,
    texts,
    st.none() | st.integers(0),
    st.none() | texts,
    st.none() | texts,
)
fixes = st.builds(
    Fix, texts, st.sampled_from(Effort), st.sampled_from(Owner), st.booleans(), tuples(changes), st.booleans()
)
findings = st.builds(
    Finding,
    check=ids,
    outcome=st.sampled_from(Outcome),
    severity=st.sampled_from(Severity),
    subject=texts,
    case=texts,
    title=texts,
    data=objects,
    evidence=tuples(st.builds(Evidence, texts, texts, texts, texts, spans, texts)),
    fix=st.none() | fixes,
    references=tuples(st.builds(Reference, st.sampled_from(["RFC 7208", "RFC 9989", "Some rule"]), texts)),
    lack=st.none() | st.sampled_from(Lack),
    settle=texts,
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    texted = draw(st.booleans())
    strings = (
        tuple(sorted(draw(tuples(st.lists(octets, min_size=1, max_size=3).map(tuple))), key=b"".join)) if texted else ()
    )
    if len({b"".join(parts) for parts in strings}) < len(strings):
        strings = strings[:1]  # one RRset holds no text twice, however it is cut
    records = tuple(b"".join(p).decode("latin-1") for p in strings) if texted else tuple(sorted(draw(tuples(texts))))
    return Answer(
        name=draw(texts),
        rdtype="TXT" if texted else "A",
        status=Status.OK if records else draw(st.sampled_from([s for s in Status if s is not Status.OK])),
        records=records,
        strings=strings,
        ttl=draw(st.none() | st.integers(0, 2**31)),
        cname_chain=draw(tuples(texts)),
        authenticated=draw(st.none() | st.booleans()),
        truncated=draw(st.booleans()),
        source=draw(st.none() | texts),
        ms=draw(st.none() | st.integers(0, 10**6)),
    )


def options(given: Mapping[str, Any]) -> dict[str, Any]:
    """What every audit says of its options, and more."""
    own: dict[str, Any] = {
        "selectors": [],
        "ips": [],
        "helo": None,
        "role": "auto",
        "select": [],
        "ignore": [],
        "timeout": 30.0,
    }
    return {**given, **own, "resolver": [], "zone": [], "overlay": []}


arbitrations = st.none() | st.builds(
    Arbitration,
    severity=st.sampled_from(Severity),
    basis=st.sampled_from(Basis),
    effort=st.none() | st.sampled_from(Effort),
    score=st.floats(0, 1000, allow_nan=False),
    affected=st.none() | st.integers(0, 10**9),
    of=st.none() | st.integers(0, 10**9),
    before=tuples(ids),
    because=tuples(texts),
)

audits = st.builds(
    Audit,
    deliv_version=texts,
    ruleset=st.just("2026.11"),
    subject=st.builds(Subject, texts, st.sampled_from(Role), texts),
    started_at=st.just("2026-11-21T09:00:00Z"),
    options=objects.map(options),
    vantage=objects.map(lambda given: {**given, "resolvers": [], "ipv6": None, "port25": None}),
    verdict=st.builds(Verdict, st.sampled_from(Word), texts, tuples(texts)),
    next_best_fix=st.none()
    | st.builds(NextFix, ids, texts, texts, tuples(st.builds(FixChoice, ids, texts, arbitrations)), arbitrations),
    findings=tuples(findings),
    facts=st.dictionaries(texts, objects, max_size=3),
    dns=tuples(answers()),
    observations=tuples(objects.map(lambda given: {**given, "kind": "https"})),
    rates=st.none() | objects,
    comparison=st.none() | objects,
    listings=st.dictionaries(texts, tuples(texts), max_size=3),
)


@settings(max_examples=25)
@given(audits)
def test_what_is_written_is_read_back_and_gives_the_same_bytes(audit: Audit) -> None:
    """Who answered and how long it took are in the document, though they do not count in comparisons."""
    text = to_json(audit)
    again = from_json(text)

    assert again == audit
    assert to_json(again) == text


@settings(max_examples=25)
@given(audits)
def test_no_character_from_outside_stands_there_raw(audit: Audit) -> None:
    text = to_json_line(audit)

    assert re.fullmatch("[ -~]+\n", text)
    assert from_json(text) == audit


# what the schemas say


@cache
def validator_of(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def sample(when: str) -> Audit:
    """The audit of the sample sender, as `--zone` gives it."""
    [audit] = api.audit(
        DOMAIN, resolver=zones(STAGES[when]), selectors=STAGES[when].selectors, ips=[SENDER], helo=HELO, now=NOW
    )
    return audit


NAMES = [
    "audit",
    "bounces",
    "checks",
    "comparison",
    "config",
    "diff",
    "dmarc",
    "gate",
    "messages",
    "plan",
    "rates",
    "recipients",
    "tls",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_as_it_is_published(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", name]) == 0
    assert json.loads(capsys.readouterr().out) == schema(name)


def test_every_option_that_an_audit_keeps_is_described() -> None:
    kept = {*STORED, *GIVEN, OFFLINE, RECEIVED, "policy"}

    assert set(schema("audit")["properties"]["options"]["properties"]) == kept


def test_the_schemas_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert capsys.readouterr().out.split() == NAMES


WORDS = (Action, Basis, Effort, Lack, Outcome, Owner, Role, Severity, Status, Which, Word)


def enumerations(node: Any) -> Iterator[frozenset[str]]:
    """Every list of words in a schema; `auto` and null are not words of the vocabulary."""
    if isinstance(node, dict):
        if "enum" in node:
            yield frozenset(node["enum"]) - {"auto", None}
        yield from chain.from_iterable(map(enumerations, node.values()))
    elif isinstance(node, list):
        yield from chain.from_iterable(map(enumerations, node))


def test_the_schemas_have_the_words_of_the_vocabulary() -> None:
    spelled = {words for name in ("audit", "checks", "diff") for words in enumerations(schema(name))}

    assert spelled == {frozenset(word.value for word in words) for words in WORDS}


@settings(max_examples=25)
@given(audits)
def test_any_audit_fits_the_schema(audit: Audit) -> None:
    validator_of("audit").validate(to_document(audit))


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_schema_describes_all_of_a_real_audit(when: str) -> None:
    assert faults("audit", json.loads(to_json(sample(when)))) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_real_audit_survives_its_document(when: str) -> None:
    text = to_json(sample(when))

    assert to_json(from_json(text)) == text


def test_the_schema_describes_all_of_a_real_diff() -> None:
    before, after = sample("before"), sample("after")

    assert faults("diff", json.loads(diff_to_json(before, after, diff(before, after)))) == []


def test_the_schema_describes_all_of_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["checks", "-f", "json"]) == 0
    assert faults("checks", json.loads(capsys.readouterr().out)) == []


# what is no such document

FULL = Audit(
    deliv_version="0.1.0",
    ruleset="2026.11",
    subject=Subject("example.test", Role.SENDING, "it sends"),
    started_at="2026-11-21T09:00:00Z",
    options=options({}),
    vantage={"resolvers": ["192.0.2.53"], "ipv6": None, "port25": None},
    verdict=Verdict(Word.FIX_FIRST, "Not yet in order.", ("Nobody answered.",)),
    next_best_fix=NextFix("spf-all", "example.test", "Anybody can send.", (FixChoice("mx-null", "example.test"),)),
    findings=(
        Finding(
            check="spf-all",
            outcome=Outcome.FAIL,
            severity=Severity.HIGH,
            subject="example.test",
            case="neutral",
            title="SPF ends in ?all",
            data={"term": "?all"},
            evidence=(Evidence("spf_term", "example.test", "TXT", "v=spf1 ?all", (7, 11), "says nothing"),),
            fix=Fix(
                "End in ~all.",
                records=(RecordChange(Action.REPLACE, "example.test", "TXT", 300, "v=spf1 ?all", "v=spf1 ~all"),),
                reaudited=True,
            ),
            references=(Reference("RFC 7208", "5.1"),),
            lack=None,
        ),
        Finding(
            "mx-null", Outcome.UNKNOWN, Severity.HIGH, "example.test", "unknown", "?", lack=Lack.ANSWER, settle="Ask."
        ),
    ),
    facts={"spf": {"domain": "example.test"}},
    dns=(
        Answer(
            name="example.test",
            rdtype="TXT",
            status=Status.OK,
            records=("v=spf1 ?all",),
            strings=((b"v=spf1 ", b"?all"),),
            ttl=300,
            cname_chain=("alias.test",),
            authenticated=True,
            truncated=True,
            source="192.0.2.53",
            ms=2,
        ),
    ),
    observations=({"kind": "https", "url": "https://mta-sts.example.test/"},),
    rates={"sent": 1},
    comparison={"grade": "E0"},
    listings={"example.test": ("_dmarc.example.test",)},
)
"""One of everything that a document can hold."""

Path = tuple[str | int, ...]
GONE: Final = object()
OTHERS: Final[dict[str, Any]] = {
    "gone": GONE,
    "null": None,
    "true": True,
    "a number": -7,
    "a fraction": 0.5,
    "a word": "other",
    "a list": [],
    "a list of a word": ["other"],
    "a list of a number": [1],
    "an object": {},
    "an object of a word": {"other": "other"},
}
"""What may stand in a place where something else belongs."""


def places(node: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a document below its top."""
    if path:
        yield path
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield from places(value, (*path, key))


def damaged(document: Any, path: Path, other: Any) -> Any:
    """`document` with something else at `path`."""
    copied = copy.deepcopy(document)
    *above, last = path
    place = copied
    for key in above:
        place = place[key]
    if other is GONE:
        del place[last]
    else:
        place[last] = other
    return copied


def test_the_document_of_the_tests_has_one_of_everything() -> None:
    assert faults("audit", to_document(FULL)) == []
    assert from_json(to_json(FULL)) == FULL


def read(text: str) -> Audit | str:
    """The audit, or what is wrong with the text, in words."""
    try:
        return from_json(text)
    except DocumentError as error:
        return str(error)


@pytest.mark.parametrize("path", list(places(to_document(FULL))), ids=lambda path: ".".join(map(str, path)))
def test_a_document_with_something_else_in_a_place_is_refused_or_makes_sense(path: Path) -> None:
    """Where the place allows it (a note may be any text), what is read is again an audit by the schema.

    Only an option that is missing stays missing: the reader knows what it stands for.
    """
    validator = validator_of("audit")
    found = {name: read(json.dumps(damaged(to_document(FULL), path, other))) for name, other in OTHERS.items()}
    made = {name: audit for name, audit in found.items() if isinstance(audit, Audit)}

    wrong = {name: list(validator.iter_errors(to_document(audit))) for name, audit in made.items()}

    assert [(name, e.message) for name in wrong for e in wrong[name] if e.validator != "required"] == []
    assert [words for words in found.values() if isinstance(words, str) and "\n" in words] == []


@given(st.data())
def test_a_document_that_was_cut_or_overwritten_is_refused_or_read(data: st.DataObject) -> None:
    text = to_json(FULL)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    found = read(text[:start] + data.draw(texts) + text[end:])

    assert isinstance(found, Audit) or "\n" not in found


def written(old: str, new: str) -> str:
    """The document of the tests with `new` in place of `old`, which must be in it."""
    before, found, after = to_json(FULL).partition(old)
    assert found
    return before + new + after


NO_AUDITS: Final = {
    "nothing": "",
    "null": "null",
    "a list": "[]",
    "a number": "7",
    "an object": "{}",
    "a later schema": '{"schema": "deliv.audit/2"}',
    "another document": '{"schema": "deliv.gate/1"}',
    "a long schema": '{"schema": "' + "x" * 10_000 + '"}',
    "a list for a schema": '{"schema": ["deliv.audit/1"]}',
    "a bare schema": '{"schema": "deliv.audit/1"}',
    "too deep": "[" * 100_000,
    "too long a number": '{"schema": "deliv.audit/1", "deliv_version": ' + "9" * 5_000 + "}",
    "a byte order mark": "\ufeff{}",
    "no number": written('"sent":1', '"sent":NaN'),
    "an infinite number": written('"sent":1', '"sent":1e999'),
    "too deep to be written": written('"sent":1', '"sent":' + "[" * 300 + "]" * 300),
    "a text record beyond octets": written('"records":["v=spf1 ?all"]', '"records":["v=spf1 中"]'),
    "half a character": written("it sends", "\\ud800"),
    "no date": written("2026-11-21T09", "2026-13-21T09"),
}


@pytest.mark.parametrize("text", NO_AUDITS.values(), ids=NO_AUDITS)
def test_what_is_no_audit_at_all_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        from_json(text)

    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_a_document_of_another_kind_is_told_what_it_is() -> None:
    with pytest.raises(DocumentError, match=r'not a deliv audit, which is "deliv.audit/1": it is "deliv.gate/1"'):
        from_json('{"schema": "deliv.gate/1"}')


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ('"status":"ok","records":["v=spf1 ?all"]', '"status":"nxdomain","records":["v=spf1 -all"]', Status.OK),
        ('"status":"ok","records":["v=spf1 ?all"]', '"status":"ok","records":[]', Status.NODATA),
        ('"status":"ok","records":["v=spf1 ?all"]', '"status":"timeout","records":[]', Status.TIMEOUT),
    ],
    ids=["a record put in", "the record taken out", "nobody answered"],
)
def test_where_only_the_records_of_an_answer_were_edited_they_are_right(old: str, new: str, status: Status) -> None:
    [answer] = from_json(written(old, new)).dns

    assert answer.status is status
    assert answer.strings == tuple((record.encode(),) for record in answer.records)


def test_strings_of_an_answer_that_has_none_are_nothing() -> None:
    [answer] = from_json(written('"type":"TXT","status"', '"type":"A","status"')).dns

    assert answer.strings == ()
