"""Whatever a message holds: an answer, bounded, with what was left out named; and no recipient's address in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.checks.message import MESSAGE
from deliverability.events.plain import from_plain, to_plain
from deliverability.findings import Outcome
from deliverability.mail.message import read
from deliverability.mail.message.bounds import MAX_NESTED, MAX_OCTETS, MAX_PARTS
from deliverability.mail.message.facts import MessageFacts
from deliverability.mail.message.reading import MAX_FAULTS, MAX_LINKS
from support import letters

HEADER = (
    b"From: info@example.test\nDate: Sun, 22 Nov 2026 08:00:00 +0000\nMessage-ID: <1@example.test>\nMIME-Version: 1.0\n"
)
MOST_JSON = 200_000
"""Characters that the facts of one message may have in a document."""


def read_safely(raw: bytes, octets: int | None = None) -> MessageFacts:
    """The facts, which are the same after a way through JSON and small enough for a document, and judged by all."""
    message = read(raw, name="a.eml", octets=octets)
    written = json.dumps(to_plain(message))
    assert from_plain(MessageFacts, json.loads(written)) == message
    assert len(written) < MOST_JSON
    given: dict[str, Any] = {"message": message, "authentication": None, "links_listed": None}
    for one in MESSAGE:
        subjects = [finding.subject for finding in one.judge(given, "example.test")]
        assert len(subjects) == len(set(subjects)), one.id
    return message


def multipart(parts: int) -> bytes:
    body = b"--b\nContent-Type: text/plain\n\nx\n" * parts
    return HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n" + body + b"--b--\n"


def nested(depth: int) -> bytes:
    levels = (b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (i, i + 1) for i in range(depth))
    return HEADER + b"Content-Type: multipart/mixed; boundary=b0\n\n" + b"".join(levels) + b"text\n"


def html(body: bytes) -> bytes:
    return HEADER + b"Content-Type: text/html; charset=utf-8\n\n" + body


def test_ten_thousand_parts_are_counted_and_the_first_are_looked_into() -> None:
    message = read_safely(multipart(10_000))

    assert message.part_count == 10_000
    assert len(message.parts) == MAX_PARTS + 1
    assert message.left_out == ("parts",)
    assert message.faults == ()  # that no end is seen is the bound's doing


def test_the_bound_on_parts_leaves_out_nothing_that_is_within_it() -> None:
    message = read_safely(multipart(MAX_PARTS))

    assert (message.part_count, message.left_out, message.faults) == (MAX_PARTS, (), ())


def test_parts_within_parts_are_opened_up_to_a_bound() -> None:
    within, beyond = read_safely(nested(MAX_NESTED - 1)), read_safely(nested(5000))

    assert within.left_out == ()
    assert len(within.parts) == MAX_NESTED
    assert beyond.left_out == ("nested",)
    assert len(beyond.parts) <= MAX_NESTED + 1


def test_a_message_of_200_mb_is_read_to_a_bound_and_keeps_its_true_size() -> None:
    begun = HEADER + b"\n" + b"good day\n" * (MAX_OCTETS // 8)
    message = read_safely(begun, octets=200 << 20)

    assert message.octets == 200 << 20
    assert message.looked_at <= MAX_OCTETS
    assert message.left_out == ("octets", "lines")


def test_what_may_stand_in_the_part_that_was_left_out_is_unknown() -> None:
    message = read_safely(HEADER + b"List-ID: <a.example.test>\n\n" + b"good day " * (MAX_OCTETS // 8))
    given: dict[str, Any] = {"message": message, "authentication": None, "links_listed": None}
    outcomes = {one.id: {finding.outcome for finding in one.judge(given, "example.test")} for one in MESSAGE}

    for check in ("message-unsubscribe-link", "message-links", "message-template-residue"):
        assert outcomes[check] == {Outcome.UNKNOWN}, check


def test_an_archive_is_not_opened() -> None:
    header = HEADER + b"Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n"
    (part,) = read_safely(header + b"UEsDBBQA" * 9).parts

    assert (part.kind, part.decoded) == ("application/zip", 54)


HOSTILE = {
    "newlines": b"\n" * 400_000,
    "carriage returns": b"a: b\r" * 200_000,
    "one long field": b"From: " + b"(" * 400_000,
    "colons": HEADER + b"From: " + b"a@b:" * 4000 + b"\n\n",
    "many fields": b"X: y\n" * 200_000,
    "many names": b"".join(b"X-%d: y\n" % i for i in range(5000)) + b"\n",
    "folded lines": b"X: y\n" + b" z\n" * 300_000,
    "enclosed in itself": HEADER + b"Content-Type: message/rfc822\n\n" * 2000,
    "digest": HEADER + b"Content-Type: multipart/digest; boundary=b\n\n" + b"--b\n\n" * 5000,
    "boundaries": HEADER + b"".join(b"X: boundary=b%d\n" % i for i in range(900)) + b"\n" + b"--b1\n" * 20_000,
    "tags that open": html(b"<a " * 200_000),
    "tags that never close": html(b"<a href=x " * 50_000 + b">"),
    "quotes": html(b'<a href="' * 50_000 + b">" * 1000),
    "comments": html(b"<!--" * 100_000),
    "brackets": html(b"<" * 400_000),
    "scripts": html(b"<script>" * 50_000),
    "links": html(b"".join(b"<a href='https://h%d.example/'>x</a>" % i for i in range(3000))),
    "braces": html(b"{{" * 200_000),
    "greetings": html(b"dear \n" * 50_000),
    "addresses": HEADER + b"\n" + b"http://x/a@" * 40_000,
    "punycode": HEADER + b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 100_000,
    "rot13": HEADER + b"Content-Type: text/plain; charset=rot13\n\n\xff",
    "utf-7": HEADER + b"Content-Type: text/plain; charset=utf-7\n\n" + b"+AAA" * 100_000,
    "surrogates": HEADER
    + b"Content-Type: text/html; charset=utf-7\n\n+2AA-<a href='https://a.example/+2AA-'>+2AA-</a>",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_messages_have_facts(raw: bytes) -> None:
    message = read_safely(raw)

    assert len(message.links) <= MAX_LINKS
    assert len(message.faults) <= MAX_FAULTS


GRAINS = st.sampled_from(
    [
        *(b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"\n--b\n"),
        *(b"\r\n", b"\n", b"\r", b"\n\n", b" ", b"\t", b"\0", b"\xff", b"<", b">", b'"', b"(", b",", b";", b":", b"@"),
        *(b"=?utf-8?Q?", b"?=", b"text/html", b"; charset=", b"utf-16", b"Content-Transfer-Encoding: base64", b"=3D"),
        *(
            b"<a href='",
            b"https://",
            b"ada@home.example",
            b"{{",
            b"}}",
            b"%7B",
            b"List-Unsubscribe: <",
            b"\xed\xa0\x80",
        ),
    ]
)


@settings(max_examples=200)
@given(st.lists(st.one_of(GRAINS, st.binary(max_size=6)), max_size=60).map(b"".join))
def test_any_octets_have_facts(raw: bytes) -> None:
    read_safely(raw)


@settings(max_examples=100)
@given(st.data())
def test_a_letter_that_was_damaged_has_facts_without_the_recipients_address(data: st.DataObject) -> None:
    raw = bytearray(letters.letter())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.one_of(GRAINS, st.binary(max_size=3)))
    message = read_safely(bytes(raw))

    assert letters.SECRET + "@" not in json.dumps(to_plain(message))


@pytest.mark.parametrize(
    "place",
    [
        "To: {}\n\n",
        "To: {}\nSubject: {}\nMessage-ID: <{}>\nFeedback-ID: {}\nList-ID: {} <{}>\nX-Campaign: {}\n\n",
        "From: {}\nReply-To: {}\nSender: {}\nReturn-Path: <{}>\n\n",
        'From: "{}" <{}>\n\n',
        "List-Unsubscribe: <mailto:{}>, <https://a.example/{}?x={}#{}>, {}\n\n",
        "Precedence: {}\nDate: {}\nMIME-Version: {}\nAuto-Submitted: {}\nList-Unsubscribe-Post: {}\n\n",
        "Subject: x\n{}\nX: y\n\n",
        "{}: x\n\n",
        "Content-Type: text/plain; charset={}\nContent-Transfer-Encoding: {}\n\n\xe9\n",
        "Content-Type: text/html\n\n<a href='https://a.example/{}?{}={}'>{}</a> Dear {}, {{{{ {} }}}} *|{}|*\n",
        "Content-Type: text/html\n\n<a href='mailto:{}'>x</a><a href='{}:x'>x</a><a href='https://{}/'>x</a>\n",
    ],
)
def test_no_place_of_a_message_gives_an_address_away(place: str) -> None:
    raw = place.replace("{{{{", "\x01").replace("}}}}", "\x02").replace("{}", letters.RECIPIENT)
    message = read_safely(raw.replace("\x01", "{{").replace("\x02", "}}").encode())
    given: dict[str, Any] = {"message": message, "authentication": None, "links_listed": None}
    findings = [finding for one in MESSAGE for finding in one.judge(given, "example.test")]

    assert letters.SECRET not in json.dumps(to_plain(message))
    assert letters.SECRET not in json.dumps(to_plain(tuple(findings)), default=str)
